"""The list of what each chapter claims, from notebooks, records and tests."""

import importlib
import json

from l0lib.chapters import claims, in_words
from l0lib.experiments.arms import STUDIES


def notebook(folder, name, *texts):
    cells = [{"cell_type": "markdown", "source": text} for text in texts]
    (folder / f"{name}.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")


def test_statements_are_read_with_their_proofs(tmp_path):
    first = ":::{prf:proposition} One\n:label: prop-one\nIt is.\n:::\n\n:::{prf:proof}\nSee.\n:::\n"
    second = "::::{prf:theorem} Two\n:label: prop-two\nIt may be.\n::::\n\nText.\n"
    notebook(tmp_path, "03-a", second + first)
    notebook(tmp_path, "02-b", "nothing", first.replace("one", "three"))
    notebook(tmp_path, "playground", first)
    told = [(it.chapter, it.kind, it.title, it.label, it.proved) for it in claims.statements(tmp_path)]
    assert told == [
        ("02-b", "proposition", "One", "prop-three", True),
        ("03-a", "theorem", "Two", "prop-two", False),
        ("03-a", "proposition", "One", "prop-one", True),
    ]


def test_a_test_is_found_by_its_name_or_its_docstring(tmp_path):
    folder = tmp_path / "tests"
    folder.mkdir()
    functions = (
        "test_prop_one(\n    a,\n):\n    pass\n",
        'test_other():\n    """prop-two: so."""\n',
        "test_none():\n    pass\n",
    )
    text = "\n\n".join(f"def {function}" for function in functions)
    (folder / "test_x.py").write_text(text, encoding="utf-8")
    assert claims.find_tests(["prop-one", "prop-two", "prop-three"], folder) == {
        "prop-one": ["tests/test_x.py::test_prop_one"],
        "prop-two": ["tests/test_x.py::test_other"],
        "prop-three": [],
    }


def test_the_book_claims_what_it_proves_and_every_named_test_is_there():
    given = claims.statements()
    assert len(given) > 30
    assert list(claims.sentences()) == [one.label for one in given], "each has its sentence, in the same order"
    assert all(one.proved for one in given if one.kind != "corollary")
    of = claims.find_tests(one.label for one in given)
    for number in ("05", "06", "12", "13", "14"):
        assert all(of[one.label] for one in given if one.chapter.startswith(number)), number
    for names in of.values():
        for name in names:
            path, _, function = name.partition("::")
            module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
            assert callable(getattr(module, function))
    rows = claims.table().rows
    assert len(rows) == len(given) + len(in_words.QUESTIONS)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_every_answer_names_studies_that_there_are():
    assert in_words.STUDIES.keys() == {ask.__name__ for ask in in_words.QUESTIONS}
    assert {study for studies in in_words.STUDIES.values() for study in studies} <= STUDIES.keys()
