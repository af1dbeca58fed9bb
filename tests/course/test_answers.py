"""Exercises answered on the page: each stored solution passes, each slip is named, and page and notebook agree."""

import json
import math
import re
import subprocess
from collections import Counter
from itertools import combinations, product

import nbformat
import pytest

from l0lib.exercises import EXERCISES_ON_PAGE, check, formulas
from tests.browser import ROOT, tool
from tests.widgets.node import NODE

answers = tool("answers")
ALL = [(stem, answer) for stem, found in answers.read().items() for answer in found]
EACH = pytest.mark.parametrize("answer", [answer for _, answer in ALL], ids=lambda answer: answer.id)
NUMBERS = [answer for _, answer in ALL if answer.kind == "number"]
EACH_NUMBER = pytest.mark.parametrize("answer", NUMBERS, ids=lambda answer: answer.id)
THEORY = {"02", "03", "04", "05", "06", "07", "13"}
SEEDS = range(6)


def ask(**asked):
    done = subprocess.run(
        [NODE, ROOT / "tests/course/answers.mjs"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def drawn(packages):
    """Points of every exercise for several seeds, each with the value that the page's script finds there."""
    asked = [(a, seed) for _, a in ALL for seed in SEEDS]
    found = ask(points=[(a.data, seed) for a, seed in asked])["points"]
    return {(a.id, seed): at for (a, seed), at in zip(asked, found, strict=True)}


@pytest.fixture(scope="module")
def said(drawn):
    """A call ``said(answer, text, seed)``: what the page says of a formula of the description."""

    def typed(answer, text, seed):
        if answer.kind == "formula":
            return text
        return f"{formulas.evaluate(text, drawn[answer.id, seed][0][0]):.12g}"

    asked = [(a, text, seed) for _, a in ALL for text in (a.answer, *(s.answer for s in a.slips)) for seed in SEEDS]
    told = ask(judge=[(a.data, typed(a, text, seed), seed) for a, text, seed in asked])["judge"]
    found = {(a.id, text, seed): one for (a, text, seed), one in zip(asked, told, strict=True)}
    return lambda answer, text, seed: found[answer.id, text, seed]


def test_there_are_sixty_and_enough_in_each_chapter():
    count = Counter(stem[:2] for stem, _ in ALL)
    assert len(ALL) >= 60
    for number in (f"{n:02d}" for n in range(1, 16)):
        assert count[number] >= (4 if number in THEORY else 2), number
    assert {kind for kind in ("formula", "number") if any(a.kind == kind for _, a in ALL)} == {"formula", "number"}


@EACH
def test_the_answer_is_right_by_another_way(answer):
    assert answer.failed() == []


def tokens(text):
    return re.findall(r"\\[a-zA-Z]+|[^\s{}]", text)


def holds(formula, symbol):
    """Whether TeX holds a symbol; one with an index is not the same without it."""
    got, want = tokens(formula), tokens(symbol)
    ends = [i + len(want) for i in range(len(got)) if got[i : i + len(want)] == want]
    return any(got[end : end + 1] != ["_"] for end in ends)


@EACH
def test_a_question_tells_what_each_of_its_symbols_is(answer):
    """It stands alone in an assignment: no symbol is left to the page around it."""
    formulas_in_it = re.findall(r"\$(.+?)\$", answer.question, re.S)
    told = {name for name, s in answer.symbols.items() for f in formulas_in_it if holds(f, answers.tex(name, s))}
    assert told == set(answer.symbols)


def test_a_symbol_is_told_from_others_that_begin_like_it():
    assert holds(r"\tfrac h2(w - v)^2", "h")
    assert holds(r"\alpha_2w", r"\alpha_{2}")
    assert not holds(r"\eta\alpha_2", r"\alpha")
    assert not holds(r"\beta w_0", "b")
    assert not holds(r"\beta w_0", "w")


def every_draw(answer):
    """All that a reader can get of a number exercise, with the right answer to each."""
    choices = product(*(symbol.values for symbol in answer.symbols.values()))
    found = [dict(zip(answer.symbols, chosen, strict=True)) for chosen in choices]
    return [(point, formulas.evaluate(answer.answer, point)) for point in found]


def near(one, other, answer):
    """Whether the page takes one number for the other."""
    return abs(one - other) <= answer.tolerance * max(abs(one), abs(other))


WORDS = {"two": 2, "three": 3, "four": 4}


@EACH_NUMBER
def test_an_answer_is_taken_that_is_rounded_as_the_question_asks(answer):
    """To the digits that it names, or to three; a whole number needs no rounding."""
    named = re.search(r"to (\w+) digits", answer.question)
    digits = WORDS[named[1]] if named else 3
    for point, right in every_draw(answer):
        if right != int(right):
            assert near(float(f"{right:.{digits}g}"), right, answer), point
        if "to one per cent" in answer.question:
            assert near(1.0099 * right, right, answer), point
        if "whole number above" in answer.question:
            assert near(math.ceil(right), right, answer), point


@EACH_NUMBER
def test_numbers_are_drawn_anew_often_enough(answer):
    """A draw with an answer that was there before is none."""
    assert len({f"{right:.3g}" for _, right in every_draw(answer)}) >= 12


@EACH_NUMBER
def test_no_two_slips_of_a_draw_look_alike(answer):
    for point, right in every_draw(answer):
        slips = [formulas.evaluate(slip.answer, point) for slip in answer.slips]
        assert [(a, b) for a, b in combinations([right, *slips], 2) if near(a, b, answer)] == [], point


@pytest.mark.parametrize(("stem", "answer"), ALL, ids=[answer.id for _, answer in ALL])
def test_the_label_that_it_tests_stands_in_the_book(stem, answer):
    """In its own chapter, or for a chapter as a whole by that chapter's label."""
    text = (ROOT / "notebooks" / f"{stem}.ipynb").read_text("utf8")
    assert re.search(rf'\({answer.tests}\)|:label: {answer.tests}\b|"name": "{answer.tests}"', text)


def test_notebooks_and_stored_descriptions_are_as_the_sources_have_them():
    assert answers.main(["--check"]) == 0


@EACH
def test_the_page_takes_the_stored_solution(said, answer):
    for seed in SEEDS:
        assert said(answer, answer.answer, seed)["kind"] == "right"


@EACH
def test_the_page_names_every_slip(said, answer):
    for slip in answer.slips:
        for seed in SEEDS:
            told = said(answer, slip.answer, seed)
            assert told["kind"] in ("slip", "except"), (slip.answer, told)
            assert told["says"].endswith(slip.says), (slip.answer, told)


@EACH
def test_page_and_notebook_compute_the_same(drawn, answer):
    for seed in SEEDS:
        for point, value in drawn[answer.id, seed]:
            assert formulas.evaluate(answer.answer, point) == pytest.approx(value, rel=1e-9, abs=1e-300)
            assert all(point[name] in s.values for name, s in answer.symbols.items() if s.values)


def test_points_cover_edges_and_both_signs():
    exercise = {
        "kind": "formula",
        "symbols": {"w": {"from": -2, "to": 2, "not": [1]}, "eta": {"from": 0.01, "to": 1}},
        "answer": "w*eta",
        "where": ["eta - 0.005"],
    }
    found = ask(points=[(exercise, seed) for seed in range(5)])["points"]
    for at in found:
        w = [point["w"] for point, _ in at]
        assert {-2, 0, 2} <= set(w)
        assert 1 not in w
        assert sum(x < 0 for x in w) > 8
        assert sum(x > 0 for x in w) > 8
        eta = [point["eta"] for point, _ in at]
        assert min(eta) == 0.01
        assert max(eta) == 1
        assert sum(x < 0.1 for x in eta) > 10, "a wide range is drawn evenly in its logarithm"
    assert found[0] != found[1]


ABS = {"id": "x", "kind": "formula", "tolerance": 1e-6, "slips": [], "answer": "exp(-beta*abs(w))/abs(w)"}
ABS["symbols"] = {"w": {"from": -2, "to": 2, "not": [0]}, "beta": {"from": 1, "to": 20}}
ABS["where"] = ["abs(w) - 0.001"]


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("e^(-β|w|)/|w|", "right", "Right."),
        ("1/(abs(w) exp(beta abs(w)))", "right", "Right."),
        ("exp(-beta*w)/w", "except", "Right except where w < 0."),
        ("exp(-beta*abs(w))/w", "except", "Right except where w < 0."),
        ("-exp(-beta*abs(w))/abs(w)", "slip", "Look at the sign: yours is the opposite everywhere."),
        ("2exp(-beta*abs(w))/abs(w)", "slip", "yours is 2 times the right one everywhere"),
        ("exp(-beta*abs(w))/abs(w) + 1", "slip", "yours differs by 1 everywhere"),
        ("log(w)", "wrong", "has no value at w = "),
        ("beta", "wrong", "and it should be"),
        ("0", "wrong", "and it should be"),
        ("", "empty", "No answer yet"),
        ("   ", "empty", "No answer yet"),
        ("exp(-beta*", "unreadable", "no whole formula yet"),
        ("exp(-gamma*w)", "unreadable", "What is gamma? Here you can use w, β."),
        ("import('x')", "unreadable", ""),
        ("constructor(1)", "unreadable", "What is constructor(…)?"),
        ("w = 3", "unreadable", ""),
        ("[1, 2]", "unreadable", ""),
        ("exp", "unreadable", "exp needs brackets"),
        ("max(w)", "unreadable", "two numbers or more"),
        ("|w", "unreadable", "has no partner"),
    ],
)
def test_a_verdict_says_what_to_look_at(packages, text, kind, says):
    (told,) = ask(judge=[(ABS, text, 3)])["judge"]
    assert told["kind"] == kind, told
    assert says in told["says"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2ηαβ", 2 * 0.1 * 0.3 * 5),
        ("2 eta alpha beta", 2 * 0.1 * 0.3 * 5),
        (r"\eta\cdot\alpha", 0.03),
        (r"\eta\alpha\beta", 0.15),
        (r"\eta\alpha\,\beta^{2}", 0.75),
        (r"e^{-\beta\lvert w_0\rvert}", math.exp(-2)),
        (r"\frac{\eta\alpha}{1 - \frac{w_0}{2}}", 0.0375),
        (r"\sqrt{w_0}\operatorname{sign}(w_0)", math.sqrt(0.4)),
        ("eta(1 - alpha)", 0.07),
        ("w0 − w_0/2", 0.2),
        ("w₀²", 0.16),
        ("β^-1", 0.2),
        ("√(w0) + sqrt w0", 2 * math.sqrt(0.4)),
        ("||w0 - 1| - 1|", 0.4),
        ("|w0|·|w0 - 1|", 0.24),
        ("2|w0|", 0.8),
        ("5 %", 0.05),
        ("1e-3", 0.001),
        ("2·10^-4", 0.0002),
        ("0,02", 0.02),
        ("ln(e)", 1),
        ("W(1)", 0.5671432904097838),
        ("-2^2", -4),
        ("pi", math.pi),
    ],
)
def test_what_readers_type_is_read(packages, text, value):
    values = {"eta": 0.1, "alpha": 0.3, "beta": 5, "w0": 0.4}
    (found,) = ask(read=[(text, list(values), values)])["read"]
    assert found.get("value") == pytest.approx(value), found


def test_lambert_w_is_that_of_scipy(packages):
    at = [-1 / math.e, -0.367, -0.3, -1e-9, 0.0, 1e-12, 0.1, 1.0, 5.0, 1e3, 1e12, 1e300]
    found = ask(read=[("W(x)", ["x"], {"x": x}) for x in at])["read"]
    want = [formulas.FUNCTIONS["W"](x) for x in at]
    assert [one["value"] for one in found] == pytest.approx(want, rel=1e-7, abs=1e-15)


def test_a_formula_is_drawn_as_it_is_written(packages):
    values = {"eta": 0.1, "w0": 0.4}
    (found,) = ask(read=[("1 - eta*exp(-w0)/|w0|", list(values), values)])["read"]
    assert "<mfrac><mrow><mi>η</mi>" in found["drawn"]
    assert "<msup><mi>e</mi><mrow><mo>−</mo><msub><mi>w</mi><mn>0</mn></msub></mrow></msup>" in found["drawn"]
    assert "<mrow><mo>|</mo><msub><mi>w</mi><mn>0</mn></msub><mo>|</mo></mrow>" in found["drawn"]


def test_nothing_in_the_script_makes_code_of_text():
    script = (ROOT / "book/assets/vendor/answers.iife.js").read_text("utf8")
    assert not re.search(r"\beval\s*\(|new Function\b|\bFunction\s*\(\s*[\"'`]", script)


def stem_of(number):
    return next(path for path in (ROOT / "notebooks").glob(f"{int(number.split('.')[0]):02d}-*.ipynb"))


@pytest.mark.parametrize("number", EXERCISES_ON_PAGE)
def test_the_notebook_names_every_slip_and_takes_no_empty_answer(number):
    exercise = EXERCISES_ON_PAGE[number]
    names = list(exercise["symbols"])
    assert "not answered yet" in check(number, ...).message
    at = {name: symbol["values"][0] for name, symbol in exercise["symbols"].items() if "values" in symbol}
    for slip in exercise["slips"]:
        if exercise["kind"] == "number":
            answer = formulas.evaluate(slip["answer"], at)
        else:

            def answer(*values, slip=slip):
                return formulas.evaluate(slip["answer"], dict(zip(names, values, strict=True)))

        told = check(number, answer)
        assert not told.ok
        assert told.message == f"not yet: {slip['says']}", slip["answer"]


@pytest.mark.parametrize("number", EXERCISES_ON_PAGE)
def test_the_hidden_solution_stands_below_the_exercise(number):
    """Right below it, and its number is that of the values which the exercise prints."""
    cells = nbformat.read(stem_of(number), as_version=4).cells
    label = f"ex-{number.replace('.', '-')}"
    (place,) = [i for i, c in enumerate(cells) if f":label: {label}\n" in c.source]
    assert cells[place + 1].metadata["exercise"] == number
    assert cells[place + 2].source.startswith(f":::{{solution}} {label}\n:class: dropdown\n")


GOOD = {
    "id": "one",
    "title": "One",
    "kind": "formula",
    "tests": "eq-x",
    "symbols": {"w": {"from": -1, "to": 1}},
    "question": "What?",
    "answer": "2*w",
    "slips": [{"answer": "w", "says": "Twice as much."}],
    "solution": "Twice.",
    "check": ["answer == 2 * w"],
}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"colour": "red"}, "Extra inputs"),
        ({"kind": "essay"}, "Input should be 'formula' or 'number'"),
        ({"slips": []}, "at least 1 item"),
        ({"check": []}, "at least 1 item"),
        ({"answer": "2*v"}, "symbols and functions that are known; got 'v'"),
        ({"answer": "2*"}, "formula must be one that can be read; got '2*'"),
        ({"answer": "__import__('os')"}, "symbols and functions that are known"),
        ({"symbols": {"w": {"from": 1, "to": 1}}}, "from below to"),
        ({"symbols": {"w": {"from": 0, "to": 1}, "exp": [1]}}, "no function's name; got ['exp']"),
        ({"symbols": {"w": {"from": 0, "to": 1}, "v": [1]}}, "got ['v'] unused"),
        ({"kind": "number"}, "must draw each symbol from values; got ranges for ['w']"),
        ({"tolerance": 0}, "greater than 0"),
    ],
)
def test_a_description_that_breaks_a_rule_is_refused(tmp_path, change, told):
    (tmp_path / "x.yaml").write_text(json.dumps([GOOD | change]))
    answers.read.cache_clear()
    with pytest.raises(ValueError, match=r"x\.yaml, exercise 'one': ") as error:
        answers.read(tmp_path)
    assert told in str(error.value)


def test_a_wrong_answer_is_caught_by_its_check():
    wrong = answers.Answer.model_validate(GOOD | {"answer": "3*w"})
    assert wrong.failed()


def test_a_file_that_is_no_list_or_has_one_id_twice_is_named(tmp_path):
    (tmp_path / "x.yaml").write_text("id: one")
    with pytest.raises(ValueError, match=r"x\.yaml must hold a list of exercises; got dict"):
        answers.read(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.yaml").write_text(json.dumps([GOOD, GOOD]))
    with pytest.raises(ValueError, match=r"x\.yaml: id must be the only one of its kind; got 'one' twice"):
        answers.read(other)


def test_zero_is_not_nearly_right(packages):
    asked = [(a.data, "0", seed) for _, a in ALL if a.kind == "number" for seed in SEEDS]
    for (data, _, seed), told in zip(asked, ask(judge=asked)["judge"], strict=True):
        assert told["kind"] != "right", (data, seed)
        assert "digits are right" not in told["says"], (data, seed)
