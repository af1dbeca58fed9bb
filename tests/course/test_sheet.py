"""Sheets: one seed gives one sheet to the byte, it fills what was asked for, and it stands by itself."""

import re

import pytest
from bs4 import BeautifulSoup

from tests.browser import ROOT, tool, visit

bank, printing, sheet = tool("bank"), tool("printing"), tool("sheet")
ALL = bank.read()


def built(seed=7, solutions=False, **asked):
    chosen = sheet.select(ALL, seed, **(asked or {"number": 5}))
    return sheet.page([p.drawn(seed) for p in chosen], seed, "Problem sheet", solutions)


@pytest.fixture(scope="module")
def student():
    return built()


@pytest.fixture(scope="module")
def solved():
    return built(solutions=True)


def test_one_seed_gives_one_sheet_and_another_seed_another(student):
    assert built() == student
    assert built(seed=8) != student


def test_solutions_are_in_the_one_and_not_in_the_other(student, solved):
    assert "Solution" not in BeautifulSoup(student, "html.parser").get_text()
    assert solved.count("<h3>Solution</h3>") == 5
    plain = BeautifulSoup(student, "html.parser").get_text()
    for problem in sheet.select(ALL, 7, number=5):
        drawn = problem.drawn(7)
        for line in filter(None, sheet.markdown([drawn.solution])[0].splitlines()):
            text = BeautifulSoup(line, "html.parser").get_text()
            assert len(text) < 30 or text not in plain, text
        assert problem.title in plain


def test_the_seed_stands_with_the_solutions_alone(tmp_path, monkeypatch):
    assert "Seed 7." in built(solutions=True)
    for name in ("ROOT", "SHEETS", "INSTRUCTOR"):
        monkeypatch.setattr(sheet, name, tmp_path)
    monkeypatch.setattr(sheet, "chromium", lambda: None)
    for options in ([], ["--solutions"], ["--title", "Exam"], ["--levels", "1,2"]):
        sheet.main(["90417", "--number", "3", *options])
    student, exam, levels, key = sorted(tmp_path.glob("*.html"), key=lambda p: (p.stem.endswith("solutions"), p.stem))
    assert key.stem.removesuffix("-solutions") in {one.stem for one in (student, exam, levels)}
    for one in (student, exam, levels):
        assert "90417" not in one.name + BeautifulSoup(one.read_text("utf8"), "html.parser").get_text()
    assert "90417" in key.read_text("utf8")


def test_every_problem_of_the_bank_is_set(student):
    """KaTeX stops at a formula that it cannot read, and nothing is left of the marks of Markdown and of formulas."""
    texts = [text for p in ALL for text in (p.drawn(1).question, p.drawn(1).solution)]
    for page in sheet.markdown(texts):
        soup = BeautifulSoup(page, "html.parser")
        for formula in soup.select(".katex, code"):
            formula.decompose()
        assert not re.search(r"[$\\\0]|\*\w|\[\[", soup.get_text()), soup.get_text()


def test_a_sheet_needs_nothing_else(student):
    assert re.findall(r"(?:src|href)=\"(?!#)", student) == []
    assert set(re.findall(r"url\(([^)]{5})", student)) == {"data:"}
    assert "<script" not in student


def test_a_number_of_problems_spreads_over_chapters():
    chosen = sheet.select(ALL, 3, number=14)
    assert len({bank.place(problem).chapter.number for problem in chosen}) == 14
    assert chosen == bank.in_order(chosen)


@pytest.mark.parametrize("minutes", [20, 45, 90])
def test_minutes_are_filled_and_not_exceeded(minutes):
    for seed in range(5):
        taken = sum(problem.minutes for problem in sheet.select(ALL, seed, minutes=minutes))
        assert minutes - 4 <= taken <= minutes


def test_levels_and_chapters_are_kept():
    chosen = sheet.select(ALL, 1, number=4, levels={2, 3}, chapters={4, 5})
    assert {problem.level for problem in chosen} <= {2, 3}
    assert {bank.place(problem).chapter.number for problem in chosen} == {4, 5}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "either number or minutes must be given; got None and None"),
        ({"number": 3, "minutes": 30}, "either number or minutes must be given; got 3 and 30"),
        ({"number": 0}, rf"number must be from 1 to the {len(ALL)} problems that were asked for; got 0"),
        ({"number": 7, "chapters": [4]}, r"number must be from 1 to the \d problems that were asked for; got 7"),
        ({"minutes": 1}, r"minutes must be from \d to \d+, what the problems asked for take; got 1"),
        ({"number": 3, "levels": [4]}, "levels must be among 1 to 3; got 4"),
        ({"number": 3, "chapters": [4, 99]}, r"chapters must be among 1 to \d+; got 99"),
    ],
)
def test_what_cannot_be_had_is_told(asked, told):
    with pytest.raises(ValueError, match=told):
        sheet.select(ALL, 1, **asked)


def test_the_command_tells_in_one_line(capsys):
    for arguments in (["1"], ["1", "--number", "900"]):
        with pytest.raises(SystemExit) as ended:
            sheet.main(arguments)
        said = capsys.readouterr().err
        assert ended.value.code == 2
        assert said.count("\n") == 1
        assert "must be" in said
    with pytest.raises(SystemExit):
        sheet.main(["1", "--number", "3", "--chapters", "four"])
    assert "argument --chapters: must be whole numbers with commas between; got 'four'" in capsys.readouterr().err


def test_a_formula_that_cannot_be_read_is_named():
    with pytest.raises(ValueError, match=r"formulas must be TeX that KaTeX reads; got KaTeX parse error: .*frac"):
        sheet.typeset([(r"\frac{1", False)])


def test_the_script_and_the_style_of_formulas_have_one_version():
    from sphinxcontrib import katex

    version = re.search(r'katex-version:after{content:"([\d.]+)"}', sheet.katex_style())[1]
    script = (ROOT / ".venv").glob("lib*/python*/site-packages/sphinxcontrib/katex.min.js")
    assert f'version:"{version}"' in next(script).read_text("utf8"), katex.__file__


def test_two_prints_are_equal_and_bear_no_date(chromium, solved, tmp_path):
    (tmp_path / "sheet.html").write_text(solved, "utf8")
    prints = []
    for name in ("one.pdf", "two.pdf"):
        printing.print_with(chromium, tmp_path / "sheet.html", tmp_path / name)
        prints.append((tmp_path / name).read_bytes())
    assert prints[0] == prints[1]
    assert prints[0].startswith(b"%PDF-")
    assert b"D:20000101000000" in prints[0]
    assert len(re.findall(rb"/Type ?/Page\b", prints[0])) >= 2


def test_a_sheet_reads_well_on_a_phone(chromium, solved, tmp_path):
    (tmp_path / "sheet.html").write_text(solved, "utf8")
    with visit(chromium, (tmp_path / "sheet.html").as_uri(), viewport={"width": 390, "height": 844}) as view:
        assert view.evaluate("document.documentElement.scrollWidth") <= 390
        assert view.locator(".katex").count() > 10
        assert view.evaluate("document.fonts.check('16px KaTeX_Main')")
