"""HTML only: a first visit loads and lays out what it shows. Icons and search come as needed.

The theme's icon font has two thousand signs, its style sheet a rule for each, and a page uses a dozen: the built site
keeps those that its pages and its style sheets name. The search's index is loaded where a search is made. And the theme
measures everything that might scroll as soon as the page is there, which lays out what far_blocks.py leaves out;
js-on.js asks each part once it is laid out.
"""

import re
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

# The rule of an icon, `.fa-arrow-up:before{content:"\f062"}`, with all its names; the code is hexadecimal or the sign.
RULE = re.compile(r'((?:\.fa-[\w-]+:{1,2}before,?)+)\{content:"([^"]+)"\}')
FACE = re.compile(r"@font-face\{[^}]*/(fa-[\w-]+)\.woff2[^}]*\}")
SIGN = re.compile(r"\\([ef][0-9a-f]{3})\b|([\ue000-\uf8ff])")
#: The theme's three fonts of icons, and the classes of a page that ask for each.
FONTS = {"fa-solid-900": "fas|fa-solid", "fa-regular-400": "far|fa-regular", "fa-brands-400": "fab|fa-brands"}
COMMENT = re.compile(r"/\*(?!!).*?\*/", re.S)
STYLE, CLASS = re.compile(r"([^{}@;/]+)\{[^{}]*\}"), re.compile(r"\.([\w-]+)")
BRACKETS = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
#: Sheets of which a page uses a tenth.
SHEETS = ("styles/pydata-sphinx-theme.css", "sphinx-design.min.css")
#: What only a search needs.
SEARCH = re.compile(r'\s*<script src="[^"]*\b(?:searchtools|language_data|searchindex)\.js[^"]*"[^>]*></script>')
#: The end of the theme's function that measures: it listens, watches, and measures at once.
MEASURES = re.compile(
    r'window\.addEventListener\("resize",(\w)\),new MutationObserver\(\1\)\.observe\('
    r'document\.getElementById\("main-content"\),\{subtree:!0,childList:!0\}\),\w\(\)(?=\})'
)


def signs(text: str) -> set[int]:
    """Code points of the icons that a style sheet names."""
    return {int(code, 16) if code else ord(sign) for code, sign in SIGN.findall(text)}


def icons_of(sheet: str, names: set[str]) -> tuple[str, set[int]]:
    """Return the theme's style sheet with the rules of the icons ``names`` alone, and the code points that it names."""

    def keep(rule: re.Match) -> str:
        return rule[0] if names & set(re.findall(r"\.(fa-[\w-]+)", rule[1])) else ""

    sheet = RULE.sub(keep, sheet)
    return sheet, signs(sheet)


def write_font(source: Path, target: Path, points: set[int]) -> set[int]:
    """Write those signs of the font ``source`` that are among ``points`` to ``target``, in WOFF; return them."""
    font = TTFont(source)
    found = points & set(font.getBestCmap())
    chosen = subset.Subsetter(subset.Options(layout_features=[], hinting=False, name_IDs=[]))
    chosen.populate(unicodes=found)
    chosen.subset(font)
    font.flavor = "woff"
    font.save(target)
    return found


def thin_icons(static: Path, text: str) -> None:
    """Keep the icons that ``text``, the site's pages, and the style sheets below ``static`` use.

    Raises
    ------
    ValueError
        If a page shows an icon that no font has which it asks for.
    """
    theme = static / "styles" / "pydata-sphinx-theme.css"
    folder = static / "vendor" / "fontawesome" / "webfonts"
    classes = {name for value in re.findall(r'class="([^"]*\bfa[\w-]*\b[^"]*)"', text) for name in value.split()}
    sheet, points = icons_of(theme.read_text("utf-8"), classes)
    for other in static.rglob("*.css"):
        if other != theme and "Font Awesome" in other.read_text("utf-8"):
            points |= signs(other.read_text("utf-8"))
    shown, kept = signs("".join(rule[0] for rule in RULE.finditer(sheet))), set()
    for name, asking in FONTS.items():
        if name == "fa-solid-900" or classes & set(asking.split("|")):
            kept.add(name)
            shown -= write_font(folder / f"{name}.ttf", folder / f"{name}.woff", points)
    if shown:
        raise ValueError(f"every icon of a page must be in a font that it asks for; got {sorted(map(hex, shown))}")
    for font in folder.glob("*.*"):
        if font.suffix != ".woff":
            font.unlink()
    face = r"url(../vendor/fontawesome/webfonts/{}.woff) format(\"woff\")".replace("\\", "")

    def smaller(rule: re.Match) -> str:
        return re.sub(r"src:[^}]*", lambda _: f"src:{face.format(rule[1])}", rule[0]) if rule[1] in kept else ""

    theme.write_text(FACE.sub(smaller, sheet), "utf-8")


def used_rules(sheet: str, words: set[str]) -> str:
    """Return a style sheet without the rules each of whose selectors asks for a class that is none of ``words``."""

    def keep(rule: re.Match) -> str:
        # what stands in brackets, as in `:not(.a)`, says nothing about what must be there
        met = (set(CLASS.findall(selector)) <= words for selector in BRACKETS.sub("", rule[1]).split(","))
        return rule[0] if any(met) else ""

    return STYLE.sub(keep, COMMENT.sub("", sheet))


def thin_styles(static: Path, text: str) -> None:
    """Keep the rules of the theme's style sheets whose classes occur in ``text`` or in a script, which may set them."""
    scripts = "".join(script.read_text("utf-8") for script in static.rglob("*.js"))
    words = set(re.findall(r"[\w-]+", text + scripts))
    for name in SHEETS:
        for sheet in static.glob(name):
            sheet.write_text(used_rules(sheet.read_text("utf-8"), words), "utf-8")


def without_measuring(script: str) -> str:
    """Return the theme's script without its measuring of all that might scroll.

    Raises
    ------
    ValueError
        If it does not stand there once: the theme has changed.
    """
    calm, found = MEASURES.subn("", script)
    if found != 1:
        raise ValueError(f"the theme's script must measure in one place what scrolls; got {found}")
    return calm


def finish(app, error):
    """Thin the built site."""
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    pages = {path: path.read_text("utf-8") for path in out.rglob("*.html") if "_static" not in path.parts}
    text = "".join(pages.values())
    thin_icons(out / "_static", text)
    thin_styles(out / "_static", text)
    theme = out / "_static" / "scripts" / "pydata-sphinx-theme.js"
    theme.write_text(without_measuring(theme.read_text("utf-8")), "utf-8")
    for path, text in pages.items():
        if path.name != "search.html":
            path.write_text(SEARCH.sub("", text), "utf-8")


def setup(app):
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
