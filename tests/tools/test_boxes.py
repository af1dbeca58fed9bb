"""Boxes of a source: of one kind, with what stands in their head, and a box in a box."""

from tests.browser import tool

boxes = tool("boxes").boxes

TEXT = """::::{admonition} Predict
:class: predict answer-1
:name: predict-it

Which?

:::{admonition} Look
:class: dropdown

A reason.
:::
::::

:::{exercise}
What?
:::

```python
# no box
```
"""


def test_a_box_has_title_options_and_text_and_may_hold_another():
    (outer,) = boxes(TEXT, "admonition")
    assert (outer["title"], outer["options"]) == ("Predict", ":class: predict answer-1\n:name: predict-it\n")
    (inner,) = boxes(outer["body"], "admonition")
    assert (inner["title"], inner["body"].strip()) == ("Look", "A reason.")
    assert TEXT[outer.start("body") :].startswith(outer["body"])


def test_a_box_of_another_kind_is_found_by_its_own_name_alone():
    (box,) = boxes(TEXT, "exercise")
    assert (box["title"], box["options"], box["body"]) == ("", "", "What?\n")
    assert list(boxes(TEXT, "solution")) == []
