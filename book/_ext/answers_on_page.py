"""HTML only: exercises whose answer is a formula or a number get a field below the question.

``l0lib/exercises/answers.json`` describes them. The field stands in the page from the start, so that nothing moves when
``load-answers.js`` brings the script that judges; without JavaScript it is not shown, and the exercise stays as it is.
"""

import json
import re

from myst_nb.core.render import sanitize_script_content

from l0lib.exercises import formulas

LOADER, SCRIPT = "load-answers.js", "vendor/answers.iife.js"
#: An exercise as sphinx-exercise writes it: the end of its text is the place of the field.
EXERCISE = re.compile(r'(<div class="[^"]*\bon-page\b[^"]*" id="(ex-(\d+)-(\d+))">.*?</section>)', re.S)

FORM = """
<form class="l0-answer" id="answer-{name}" data-for="{label}" autocomplete="off" novalidate>
<label for="{label}-field">{asked}</label>
<div class="l0-answer-row"><input id="{label}-field" type="text" disabled autocapitalize="off" autocorrect="off" \
spellcheck="false" aria-describedby="{label}-typed">\
<button type="submit" disabled>Check</button>\
{again}</div>
<p class="l0-typed" id="{label}-typed"></p>
<p class="l0-said" role="status"></p>
</form>
"""
AGAIN = '<button type="button" class="l0-again" disabled>New values</button>'


def form(label, exercise):
    """Return the field of an exercise."""
    formula = exercise["kind"] == "formula"
    asked = "Your formula" if formula else "Your number"
    varied = any(len(symbol.get("values", ())) > 1 for symbol in exercise["symbols"].values())
    again = AGAIN if not formula and varied else ""
    return FORM.format(name=exercise["id"], label=label, asked=asked, again=again)


def put(app, pagename, templatename, context, doctree):
    """Give a page's exercises their fields, and the page their descriptions and the script's loader."""
    found = {}

    def with_field(match):
        label, number = match[2], f"{match[3]}.{match[4]}"
        if number not in formulas.EXERCISES:
            raise RuntimeError(f"{pagename}: exercise {number} is not described: run tools/answers.py")
        found[label] = formulas.EXERCISES[number]
        return match[1] + form(label, found[label])

    if doctree is None or "on-page" not in context.get("body", ""):
        return
    body = EXERCISE.sub(with_field, context["body"])
    if not found:
        return
    data = sanitize_script_content(json.dumps(found, ensure_ascii=False, separators=(",", ":")))
    context["body"] = f'{body}<script type="application/json" id="l0-answers">{data}</script>'
    root = "../" * pagename.count("/")
    app.add_js_file(LOADER, loading_method="defer", **{"data-load": f"{root}_static/{SCRIPT}"})
    app.add_css_file("answers.css")


def setup(app):
    """Hook into the build."""
    app.connect("html-page-context", put, priority=450)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
