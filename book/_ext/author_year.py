"""Bibliography labelled by author and year, as the text cites: a number would send the reader searching."""

from collections import Counter

from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as PlainStyle
from pybtex.style.labels import BaseLabelStyle

import l0lib


def label(entry):
    """Label of one entry: "Li and Ji, 2019", "Gu et al., 2009"."""
    names = [" ".join([*p.prelast_names, *p.last_names]).strip("{}") for p in entry.persons["author"]]
    who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    return f"{who}, {entry.fields['year']}"


class AuthorYearLabels(BaseLabelStyle):
    """Labels that must tell the entries apart, since the text has nothing else."""

    def format_labels(self, sorted_entries):
        """Give the labels in the order of the entries."""
        labels = [label(entry) for entry in sorted_entries]
        twice = [name for name, count in Counter(labels).items() if count > 1]
        if twice:
            raise ValueError(f"labels of the bibliography must differ; got twice: {', '.join(twice)}")
        return labels


class Style(PlainStyle):
    """Entries as in the plain style, sorted by author and year."""

    default_label_style = AuthorYearLabels


def setup(app):
    register_plugin("pybtex.style.formatting", "author_year_labels", Style)
    return {"version": l0lib.__version__, "parallel_read_safe": True, "parallel_write_safe": True}
