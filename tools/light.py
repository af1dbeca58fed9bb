"""nbformat without the grammar of international addresses, which jsonschema compiles on import where it is installed.

That is most of what reading a notebook takes a process, seconds of it, and no notebook's schema asks for the format.
What ``sys.modules`` holds as None cannot be imported: jsonschema then does without, as where it is not installed.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import nbformat  # noqa: E402

__all__ = ["nbformat"]
