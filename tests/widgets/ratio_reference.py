"""What the explorer of stored runs must show, recomputed from what the page itself says was stored."""

import numpy as np

from l0lib.compress import wilson_interval
from l0lib.widgets.ratio import nearest


def compression_ratio(v, d):
    arm = d["arm"]
    if arm is None:
        return
    assert all(v[facet] == choice for facet, choice in arm["choices"].items())
    assert d["asked"] == nearest(arm["before"]["requested"] + arm["after"]["requested"], v["ratio"])
    sizes = [layer["parameters"] for layer in arm["layers"]]
    for stage in ("before", "after"):
        here = d[stage]
        assert (here is None) == (d["asked"] not in arm[stage]["requested"])
        if here is None:
            continue
        np.testing.assert_allclose(here["mean"], np.mean(here["errors"]), atol=1e-4)
        images = next(n for n in (10_000, 1_000) if abs(wide(here, n) - (here["high"] - here["low"])) < 1e-3)
        assert images, "the interval is Wilson's for a test set that we have"
        if here["ratio"] is not None:
            assert here["ratio"] >= here["requested"] * (1 - 1e-4)
        assert all(0 <= kept <= size for kept, size in zip(here["kept"], sizes, strict=True))
    shown = d[d["shown"]]
    shares = np.array(shown["kept"]) / sizes
    want = np.where(shares > 1e-4, 1 + np.log10(np.maximum(shares, 1e-9)) / 4, 0)
    np.testing.assert_allclose(d["lengths"], want, rtol=1e-12)
    if shown["first"]:
        assert len(shown["first"]) == np.prod(arm["shape"])


def wide(here, images):
    low, high = wilson_interval(here["mean"] / 100 * images, images)
    return 100 * (high - low)
