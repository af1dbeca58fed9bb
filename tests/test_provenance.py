"""The foot of a chapter says where its numbers come from."""

import re

import pytest

from l0lib import provenance


def test_footer_holds_every_fact():
    provenance.start("fast")
    facts = provenance.footer().facts
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", facts["Computed now, on"])
    assert facts["profile"] == "fast"
    assert "numpy" in facts["with"]
    assert re.fullmatch(r"\d+\.\d s", facts["in"])
    assert "cores" in facts["on"]
    assert "<p" in provenance.footer()._repr_html_()


def test_unknown_profile():
    with pytest.raises(ValueError, match="profile must be one of"):
        provenance.start("quick")
