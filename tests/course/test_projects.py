"""The four projects: what each states, its rubric's sum, and worked answers whose numbers are computed."""

import re

import pytest
from bs4 import BeautifulSoup

from tests.browser import tool

projects = tool("projects")
NAMES = [path.stem for path in projects.chosen(projects.PROJECTS, [])]
READ_RECORDS = ["audit-a-table", "beat-a-row"]
TRAIN = ["own-network", "own-penalty"]


def text_of(name, folder=projects.PROJECTS):
    return (folder / f"{name}.md").read_text("utf8")


def test_every_project_has_a_worked_answer_and_no_other_is_there():
    assert NAMES == [path.stem for path in projects.chosen(projects.WORKED, [])] == sorted(READ_RECORDS + TRAIN)


@pytest.mark.parametrize("name", NAMES)
def test_a_project_states_what_a_student_needs(name):
    text = text_of(name)
    assert re.findall(r"^## (.+)$", text, re.M) == ["Aim", "Data", "Budget", "Steps", "Hand in", "Rubric"]
    points = [int(found) for found in re.findall(r"^\| [^|]+ \| (\d+) \|$", text, re.M)]
    assert sum(points) == int(re.search(r"\*\*Points:\*\* (\d+)\.", text)[1])
    assert "laptop" in text.lower()


def test_an_honest_failure_can_earn_all_but_the_points_of_the_victory():
    text = text_of("beat-a-row")
    victory = int(re.search(r"^\| The row is beaten \| (\d+) \|$", text, re.M)[1])
    total = int(re.search(r"\*\*Points:\*\* (\d+)\.", text)[1])
    assert f"can earn {total - victory} points" in text


@pytest.mark.parametrize("name", NAMES)
def test_a_project_is_a_page_by_itself_without_its_answer(name):
    page = projects.document(name, projects.markdown([text_of(name)])[0])
    assert "Worked answer" not in page
    assert "<script" not in page
    assert BeautifulSoup(page, "html.parser").select_one("h1").get_text() == text_of(name).splitlines()[0][2:]


def test_code_of_an_answer_is_run_and_its_values_are_put_in():
    made = projects.worked("# A\n\n```python\nx = 2\nprint('x < 3')\nx + 5\n```\n\nSo x is [[x]], and [[x / 3:2]].\n")
    soup = BeautifulSoup(made, "html.parser")
    assert [pre.get_text() for pre in soup.select(".wide pre")] == ["x < 3\n", "7"]
    assert "So x is 2, and 0.67." in soup.get_text()


def test_an_unknown_name_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        projects.main(["prune-everything"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"name must be one of {', '.join(NAMES)}; got 'prune-everything'\n"


def read(name):
    text = BeautifulSoup(projects.worked(text_of(name, projects.WORKED)), "html.parser").get_text(" ")
    assert "[[" not in text
    return " ".join(text.split())


def test_the_audit_says_what_the_ledger_says():
    from l0lib.paper.tables import TABLES, check_ratio

    said, paper = read("audit-a-table"), TABLES[3]
    off = [row for row in paper.rows if not check_ratio(paper, row).agrees]
    assert f"counts beside them: {len(off)} of {len(paper.rows)}, " in said
    assert all(f"{row.method} ({row.ratio})" in said for row in off)
    assert "superior trade-offs: holds in part" in said


def test_the_row_is_beaten_by_the_rule_of_the_book():
    from l0lib.experiments import results, stored
    from l0lib.paper import compare

    found = results.results(stored.runs("experiment-2"))
    norm, control = (compare.select(found, arm=f"lenet-300-100-{name}", fine_tuned=True) for name in ("NORM", "l2"))
    said = read("beat-a-row")
    assert f"verdict on 'NORM outperforms ℓ2': {compare.verdict(compare.pairs(norm, control))}" in said


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAIN)
def test_answers_that_train_run_to_their_end(name):
    said = read(name)
    if name == "own-penalty":
        assert "400 cases" in said
        assert "; 0 differ from the search" in said
        assert float(re.search(r"prox against the search: ([\d.e-]+);", said)[1]) <= 2e-5
        assert float(re.search(r"gradient against differences: (\d[\d.e-]*)", said)[1]) < 1e-6
        assert "shrinks below the bound True, above it False" in said
        assert "every weight lies within the band: True" in said
    else:
        ratios = [float(x) for x in re.search(r"ℓ0 (([\d.]+× ?)+)", said)[1].replace("×", "").split()]
        assert min(ratios) > 1.5
