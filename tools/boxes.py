"""Boxes of a source in MyST: fences of colons with a name, such as ``:::{exercise} Title``, options and a text."""

import re
from collections.abc import Iterator


def boxes(text: str, kind: str) -> Iterator[re.Match[str]]:
    """Yield the boxes of a kind in a text, with the groups ``title``, ``options`` and ``body``.

    ``kind`` is the name in braces. A box that holds others has more colons than they; those of its own kind in it are
    not found: look for them in its body.
    """
    head = (
        rf"^(?P<fence>:{{3,}})\{{{re.escape(kind)}\}}[ \t]*(?P<title>[^\n]*?)[ \t]*\n(?P<options>(?::[\w-]+:[^\n]*\n)*)"
    )
    return re.finditer(head + r"(?P<body>.*?)^(?P=fence)[ \t]*$", text, re.M | re.S)
