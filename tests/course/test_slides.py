"""Decks: each fills its hour, shows only what its chapter has, opens from disk, stays within its frame, and moves."""

import re

import pytest
from pypdf import PdfReader

from tests.browser import ROOT, tool, until, visit

slides = tool("slides")
DECKS = slides.sources()
NAMES = [path.stem for path in DECKS]
SIZES = ((1280, 720), (1920, 1080))
WRITTEN = "# Title\n:minutes: 2\n\n```{notes}\nx\n```\n" + "".join(
    f"\n## Slide {n}\n:section: Summary\n:minutes: 3\n\nText\n\n```{{notes}}\nx\n```\n" for n in range(16)
)


@pytest.fixture(scope="module")
def folder(html, tmp_path_factory):
    """All decks, built once as `make slides` does; ``html`` stands for the executed chapters, which it needs too."""
    target = tmp_path_factory.mktemp("built") / "slides"
    slides.build(target)
    return target


def write(tmp_path, old, new):
    path = tmp_path / "04-zero-attraction.md"
    assert old in WRITTEN
    path.write_text(WRITTEN.replace(old, new, 1), "utf8")
    return path


def test_every_numbered_chapter_but_the_primer_has_a_deck():
    chapters = [path.stem for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb"))]
    assert chapters[1:] == NAMES


@pytest.mark.parametrize("path", DECKS, ids=NAMES)
def test_a_deck_fills_its_hour(path):
    """Fifty minutes in fifteen to twenty-five slides, questions among them, notes to each, mistakes to expect."""
    deck = slides.read(path)
    kinds = [part.kind for slide in deck.slides for part in slide.parts]
    assert kinds.count("predict") >= 2
    assert kinds.count("figure") + kinds.count("table") + kinds.count("explorer") >= 3
    assert kinds.count("notes") == len(deck.slides)
    assert "explorer" in kinds
    notes = [part.body for slide in deck.slides for part in slide.parts if part.kind == "notes"]
    assert sum(note.count("**Mistake to expect:** ") for note in notes) >= 2
    assert all(slide.minutes > 0 for slide in deck.slides)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (":section: Summary\n", "", "needs a `:section:`"),
        (":minutes: 3", ":minutes: long", "must be a number"),
        (":minutes: 3", ":minutes: 4", "must add up to 50; got 51"),
        ("# Title", "## Title", "begins with `# Title`"),
        ("Text", "It is 37 % less.", "not typed; got 37 %"),
        ("Text", 'It is {{ f"{42.7} %" }} less.', 'not typed; got f"{42.7} %"'),
        ("Text", '$1 - {{ f"{-0.427:.3f}" }}$', "in an f-string is computed or read"),
        ("```{notes}\nx", '```{notes}\n{{ f"{98:.0f} %" }}', "in an f-string is computed or read"),
        ("Text", "```{video} x\n```", "a fence is one of"),
        ("```{notes}\nx\n```\n", "", "needs notes"),
        (":section: Summary", ":layout: rows\n:section: Summary", "columns or left out"),
        ("## Slide 3", "## Slide 2", "a title of its own"),
        (":section: Summary", ":colour: red\n:section: Summary", "options are"),
    ],
)
def test_what_is_no_deck_is_refused(tmp_path, old, new, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        slides.read(write(tmp_path, old, new))


@pytest.mark.book
@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("```{figure} fig-none\n```", "has the figures fig-"),
        ("```{table} No such\n```", "0 tables of 04-zero-attraction begin with 'No such'"),
        ("```{table} Arrival\ncolumns: penalty; speed\n```", "has the columns"),
        ("```{table} Arrival\nrows: ℓ9\n```", "has rows"),
        ("```{explorer} clock\n```", "has the explorers trajectories"),
        ("```{explorer} trajectories\nspeed: 3\n```", "got speed"),
        ("```{explorer} trajectories\nbeta: 300\n```", "lies between"),
        ("```{explorer} trajectories\neta: 0.0412345\n```", "is one of"),
        ("```{explorer} trajectories\nequal: maybe\n```", "is true or false"),
        ('{{ cell("Arrival", "ℓ9", "steps counted") }}', "got column 'steps counted' and row 'ℓ9'"),
        ('{{ said("no such words") }}', "must print one text"),
        ("{{ unknown + 1 }}", "name 'unknown' is not defined"),
        ("```{predict}\nNo answer?\n```", "a line ---, and the answer"),
    ],
)
def test_what_the_chapter_has_not_is_refused_by_slide(html, tmp_path, part, said):
    deck = slides.read(write(tmp_path, "Text", part))
    deck.slides[0].title = slides.chapter(deck.name).title
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        slides.Builder(deck, {}).page()
    assert "slide 'Slide 0'" in str(refused.value)


def test_a_setting_reaches_control_view_and_reset(html):
    made = slides.Explorers()
    place = made.add(slides.chapter("04-zero-attraction"), "trajectories", {"beta": 5, "axis": "log", "equal": False})
    view = next(m["state"] for m in made.state.values() if m["state"].get("kind") == "trajectories")
    control = next(m["state"] for m in made.state.values() if "l0-c-beta" in m["state"].get("_dom_classes", ()))
    assert view["beta"] == control["value"] == 5
    assert view["equal"] is False
    assert {s["name"]: s["start"] for s in view["spec"]}["axis"] == "log"
    assert 'data-kind="trajectories"' in place
    assert len([m for m in made.state.values() if "Link" in m["model_name"]]) == len(view["spec"])


def test_numbers_are_the_chapter_s(html):
    deck = slides.read(ROOT / "course/slides/04-zero-attraction.md")
    maker = slides.Builder(deck, {})
    assert maker.filled('{{ cell("Arrival", "ℓ1", "steps counted") }}', "here") in slides.chapter(deck.name).printed


# What hangs over a slide's edge or into its last line; the insides of formulas and of explorers are their own affair.
OVER = """() => {
  const slide = l0Deck.getCurrentSlide(), foot = slide.querySelector(".source").getBoundingClientRect();
  const counts = ".l0-explorer, .l0-view, .l0-key, .l0-chart";
  const inside = (e) => e.closest(".katex, .l0-fallback, .widget-subarea") && !e.matches(counts);
  const cut = [...slide.querySelectorAll(".katex-display")].filter((e) => e.scrollWidth > e.clientWidth + 1);
  const over = cut.map((e) => `${slide.id}: a formula is cut: ${e.textContent.slice(0, 40)}`);
  const all = [...slide.querySelectorAll("h1, h2, .source, .body, .body *")].filter((e) => !inside(e));
  return over.concat(all.flatMap((e) => {
    const box = e.getBoundingClientRect(), name = `${slide.id}: ${e.tagName}.${e.className}`;
    if (!box.width || !box.height) return [];
    const within = box.left > -1 && box.top > -1 && box.right < innerWidth + 1 && box.bottom < innerHeight + 1;
    if (!within) return [`${name} leaves the frame`];
    if (!e.closest(".source, .title") && box.bottom > foot.top + 1) return [`${name} runs into the last line`];
    return [];
  }));
}"""
READY = (
    "document.documentElement.dataset.deckReady === '1' && (!document.querySelector('.l0-place')"
    " || document.documentElement.dataset.widgetsReady === '1')"
)
# What an explorer draws and says, its controls aside: they move by themselves.
SEEN = """(place) => {
  const view = place.querySelector(".l0-view") ?? place;
  const shown = [...view.querySelectorAll("img")].filter((e) => e.getClientRects().length).map((e) => e.src.length);
  return [...view.querySelectorAll("canvas")].map((e) => e.toDataURL()).join() + view.innerText + shown;
}"""
CONTROLS = ".noUi-handle, .widget-toggle-button:not(.mod-active), .l0-panel button, [tabindex='0']"


@pytest.mark.parametrize("name", NAMES)
def test_a_deck_stays_within_its_frame_and_its_explorers_move(chromium, folder, name):
    """From disk: no script error, no foreign request; nothing over an edge at either size; keys move explorers."""
    address = (folder / f"{name}.html").as_uri()
    width, height = SIZES[0]
    with visit(chromium, address, ready=None, viewport={"width": width, "height": height}) as page:
        until(page, READY, 120)
        count = page.evaluate("l0Deck.getTotalSlides()")
        assert count == len(slides.read(ROOT / f"course/slides/{name}.md").slides)
        over = []
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            for number in range(count):
                page.evaluate(f"l0Deck.slide({number}, 0, 99)")
                page.wait_for_timeout(30)
                over += [f"{width}: {one}" for one in page.evaluate(OVER)]
        assert over == []
        for place in page.query_selector_all(".l0-place"):
            number = page.evaluate("(e) => l0Deck.getIndices(e.closest('section')).h", place)
            page.evaluate(f"l0Deck.slide({number})")
            before = page.evaluate(SEEN, place)
            assert any(moves(page, place, control, before) for control in place.query_selector_all(CONTROLS)), (
                f"{name}, slide {number + 1}: its explorer does not move"
            )
            assert page.evaluate("l0Deck.getIndices().h") == number  # arrows within an explorer turn no page


def moves(page, place, control, before, tries=40):
    """Give a control the focus and some keys; whether what the explorer shows changes within two seconds."""
    if not control.is_visible():
        return False
    control.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    for _ in range(tries):
        if page.evaluate(SEEN, place) != before:
            return True
        page.wait_for_timeout(50)
    return False


def test_an_answer_waits_for_a_key_and_the_theme_turns(chromium, folder):
    with visit(chromium, (folder / "04-zero-attraction.html").as_uri() + "?theme=light", ready=None) as page:
        until(page, READY, 120)
        page.evaluate("l0Deck.slide(4)")
        answer = "getComputedStyle(document.querySelector('section.present .answer')).visibility"
        assert page.evaluate(answer) == "hidden"
        page.keyboard.press("ArrowRight")
        until(page, f"{answer} === 'visible'")  # it fades in
        back = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(back)
        page.keyboard.press("t")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert page.evaluate(back) != light


def test_the_speaker_sees_notes_and_time(chromium, folder):
    with visit(chromium, (folder / "04-zero-attraction.html").as_uri(), ready=None) as page:
        until(page, READY, 120)
        with page.expect_popup() as opened:
            page.keyboard.press("s")
        speaker = opened.value
        speaker.wait_for_selector(".speaker-controls-notes:not(.hidden) .value strong", timeout=60_000)
        assert speaker.locator(".speaker-controls-notes .value").inner_text().startswith("Minute 0 to 2.")


def test_a_deck_prints_a_slide_a_sheet(chromium, folder, tmp_path):
    name = "04-zero-attraction"
    with visit(chromium, (folder / f"{name}.html").as_uri() + "?print-pdf", ready=None) as page:
        until(page, READY, 120)
        until(page, "document.querySelectorAll('.pdf-page').length > 1", 60)
        page.pdf(path=tmp_path / "deck.pdf", prefer_css_page_size=True, print_background=True)
    sheets = PdfReader(tmp_path / "deck.pdf").pages
    written = slides.read(ROOT / f"course/slides/{name}.md").slides
    assert len(sheets) == len(written)
    for sheet, slide in zip(sheets, written, strict=True):
        assert slide.title.split()[0] in sheet.extract_text()


@pytest.mark.parametrize("shown", [{"java_script_enabled": False}, {"viewport": {"width": 390, "height": 800}}])
def test_without_scripts_and_on_a_phone_the_slides_stand_one_below_the_other(chromium, folder, shown):
    with visit(chromium, (folder / "04-zero-attraction.html").as_uri(), ready=None, **shown) as page:
        tops = [box.bounding_box()["y"] for box in page.locator("section > :is(h1, h2)").all()]
        assert tops == sorted(tops)
        assert len(tops) == len(slides.read(ROOT / "course/slides/04-zero-attraction.md").slides)
        if "viewport" in shown:
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_site_has_the_decks_and_each_chapter_leads_to_its_own(html):
    assert sorted(path.stem for path in (html / "slides").glob("[0-9]*.html")) == NAMES
    for name in NAMES:
        page = (html / "notebooks" / f"{name}.html").read_text("utf8")
        assert f'href="../slides/{name}.html"' in page
        assert f'href="../notebooks/{name}.html#' in (html / "slides" / f"{name}.html").read_text("utf8")
