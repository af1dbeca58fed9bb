"""What each explorer's curves must be, computed with the library from the settings that the page reports."""

import base64

import numpy as np

from l0lib import L0, L1, L2, attraction, landscape
from l0lib.chapters import alpha_beta_map as maps
from l0lib.chapters import networks_in_brief as brief
from l0lib.chapters import sparse_regression as regression
from l0lib.chapters.image_networks import ImageNetwork, Layer
from l0lib.compress import neurons
from l0lib.figures.explorers import STEPS_OF_AN_EPOCH
from l0lib.widgets import RemoveNeurons
from l0lib.widgets.digits import drawn_image
from tests.widgets.ratio_reference import compression_ratio

KINDS = ("l2", "l1", "l0")


def close(got, want, scale=0.0, rtol=1e-12):
    """Equal to 1e-12, relative; ``scale`` is the size of the terms where a difference of them is compared."""
    np.testing.assert_allclose(np.asarray(got, float), np.asarray(want, float), rtol=rtol, atol=rtol * scale)


def arrival(path):
    """The first step at zero (up to rounding) or beyond; infinite if none."""
    hit = np.flatnonzero(path * np.sign(path[0]) <= 1e-9 * abs(path[0]))
    return hit[0] if len(hit) else np.inf


def orbit_equals(path, penalty, w0, eta):
    """Every single step from the page's own state; the whole orbit until it arrives (then rounding grows)."""
    path = np.asarray(path)
    size = np.abs(path[:-1]) + float(attraction.swing_band(penalty, eta))
    np.testing.assert_array_less(
        np.abs(path[1:] - attraction.step(penalty, path[:-1], eta)), 1e-12 * size + 1e-300, "a single step"
    )
    until = int(min(arrival(path), len(path) - 1))
    # a state before arrival carries the rounding of all steps before it, which the map stretches
    close(
        path[:until],
        attraction.trajectory(penalty, w0, eta, len(path) - 1)[:until],
        rtol=1e-10 if until > 50 else 1e-12,
    )


def trajectories(v, d):
    if v["equal"]:
        penalties = attraction.match_initial_rate(v["first_step"], v["w0"], v["eta"], v["beta"])
    else:
        penalties = (L2(v["alpha_l2"]), L1(v["alpha_l1"]), L0(v["alpha_l0"], v["beta"]))
    for kind, penalty in zip(KINDS, penalties, strict=True):
        close(d["penalties"][kind]["alpha"], penalty.alpha)
        close(d["band"][kind], attraction.swing_band(penalty, v["eta"]))
        path = np.asarray(d[kind])
        assert len(path) == v["steps"] + 1
        finite = np.isfinite(path) & (np.abs(path) < 1e290)
        orbit_equals(path[: np.argmin(finite)] if not finite.all() else path, penalty, v["w0"], v["eta"])
        assert d["arrival"][kind] == (np.inf if kind == "l2" else arrival(path))


def penalty_and_pull(v, d):
    w = np.linspace(-v["reach"], v["reach"], len(d["w"]))
    close(d["w"], w, scale=v["reach"])
    w = np.asarray(d["w"])
    made = {
        "l2": L2(v["alpha"]),
        "l1": L1(v["alpha"]),
        "first": L0(v["alpha"], v["beta_1"]),
        "second": L0(v["alpha"], v["beta_2"]),
    }
    for name, penalty in made.items():
        close(d[f"value_{name}"], penalty.elementwise(w))
        close(d[f"pull_{name}"], np.abs(attraction.term(penalty, w, v["eta"])))
    for crossing, beta in zip(d["crossovers"], (v["beta_1"], v["beta_2"]), strict=True):
        close(crossing["l1"], attraction.crossover_l1(beta))
        close(crossing["l2"], attraction.crossover_l2(beta))


def scaling_factor(v, d):
    penalty = {"l2": L2(v["alpha"]), "l1": L1(v["alpha"]), "l0": L0(v["alpha"], v["beta"])}[v["penalty"]]
    w = np.asarray(d["w"])
    close(w, np.geomspace(1e-3, 2, len(w)))
    close(d["bound"], attraction.alpha_bound(penalty, w, v["eta"]))
    close(d["cross"], np.asarray(d["bound"]) / 2)
    factor = np.asarray(attraction.scaling_factor(penalty, w, v["eta"]))
    close(np.asarray(d["lambda"]) - factor, 0 * w, scale=1 + np.abs(factor).max())  # 1 - x near x = 1
    close(d["at"], attraction.scaling_factor(penalty, v["w"], v["eta"]), scale=1)
    close(d["boundAt"], attraction.alpha_bound(penalty, v["w"], v["eta"]))
    close(d["critical"], attraction.critical_magnitude(penalty, v["eta"]))
    close(d["crossing"], attraction.crossing_magnitude(penalty, v["eta"]))


def at_zero(v, d):
    l0, l1 = L0(v["alpha"], v["beta"]), L1(v["alpha"] * v["beta"])
    band = float(attraction.swing_band(l0, v["eta"]))
    close(d["band"], band)
    try:
        close(d["settled"], attraction.settled_bands(l0, v["eta"]), scale=band)
    except ValueError:  # too strong a penalty to settle
        assert d["settled"] is None
    w = np.asarray(d["w"])
    close(w, np.linspace(-1.3 * band, 1.3 * band, len(w)), scale=band)
    close(d["map_l0"], attraction.step(l0, w, v["eta"]), scale=band)
    close(d["map_l1"], attraction.step(l1, w, v["eta"]), scale=band)
    orbit, cycle = np.asarray(d["orbit"]), np.asarray(d["cycle"])
    orbit_equals(orbit, l0, v["w0"], v["eta"])
    orbit_equals(cycle, l1, v["w0"], v["eta"])
    close(d["critical"], attraction.critical_magnitude(l0, v["eta"]))
    inside = np.flatnonzero(np.abs(orbit) <= band)
    assert d["arrived"] == (inside[0] if len(inside) else -1)
    if not len(inside):
        return
    settled = orbit[inside[0] :]
    assert np.abs(settled).max() <= band, "no orbit leaves the band"
    close(d["mean"], np.abs(settled).mean())
    counted, _ = np.histogram(settled, bins=len(d["share"]), range=(-band, band))
    # a state on the edge of two bins may fall to either side
    assert np.abs(np.asarray(d["share"]) * len(settled) - counted).sum() <= 2 + 1e-6
    assert abs(sum(d["share"]) - 1) < 1e-9


def loss_and_penalty(v, d):
    penalty, h = L0(v["alpha"], v["beta"]), v["curvature"]
    w, optimum = np.asarray(d["w"]), np.asarray(d["v"])
    close(d["loss"], 0.5 * h * (w - v["v"]) ** 2, scale=h)
    close(d["penalty"], penalty.elementwise(w))
    close(d["objective"], landscape.objective(penalty, w, v["v"], h), scale=h)
    close(optimum, np.linspace(0, 2, len(optimum)))
    close(d["prox"], landscape.minimiser(penalty, optimum, h), rtol=1e-11)  # near the branch point W is ill-conditioned
    close(d["soft"], landscape.soft_threshold(optimum, d["softAt"]), scale=2)
    close(d["hard"], landscape.hard_threshold(optimum, d["hardAt"]))
    close((d["softAt"], d["hardAt"]), (v["alpha"] * v["beta"] / h, np.sqrt(2 * v["alpha"] / h)))
    close(d["kappa"], landscape.kappa(penalty, h))
    close(d["killZone"], landscape.kill_zone(penalty, h))
    close(d["best"], landscape.minimiser(penalty, v["v"], h), rtol=1e-11)
    close(d["minimum"], landscape.stationary_point(penalty, v["v"], h), rtol=1e-11)
    assert d["regime"] == str(landscape.regime(penalty, v["v"], h))
    if np.isfinite(d["maximum"]):
        slope = h * (d["maximum"] - v["v"]) + float(penalty.gradient(d["maximum"]))
        assert abs(slope) < 1e-9 * h
        assert 0 <= d["maximum"] <= d["minimum"] + 1e-9


def four_steps(v, d):
    w = np.asarray(d["w"])
    close(w, np.linspace(-1, 1, len(w)), scale=1)
    for name, penalty in (("l2", L2(v["alpha"])), ("l1", L1(v["alpha"]))):
        close(d[name], attraction.step(penalty, w, v["eta"]), scale=1)
        close(d[f"{name}_prox"], penalty.prox(w, v["eta"]), scale=1)
        path, calm = np.asarray(d[f"{name}_path"]), np.asarray(d[f"{name}_prox_path"])
        assert len(path) == len(calm) == v["steps"] + 1
        assert path[0] == calm[0] == v["w0"]
        close(path[1:], attraction.step(penalty, path[:-1], v["eta"]), scale=1)
        close(calm[1:], penalty.prox(calm[:-1], v["eta"]), scale=1)
    zeros = np.flatnonzero(np.asarray(d["l1_prox_path"]) == 0)
    assert d["zero"] == (zeros[0] if len(zeros) else -1)


def reach(v, d):
    each = STEPS_OF_AN_EPOCH * v["eta"] / (1 - v["momentum"])
    total, beta, epochs = each * v["epochs"], np.asarray(d["beta"]), np.asarray(d["epochs"])
    l0, l1 = L0(v["alpha"], v["beta"]), L1(v["alpha"] * v["beta"])
    close(d["total"], total)
    close(beta, np.geomspace(1, 100, len(beta)))
    close(epochs, np.geomspace(1, 500, len(epochs)))
    close(d["overBeta"], attraction.reach(L0(v["alpha"], beta), total))
    close(d["overEpochs"], attraction.reach(l0, each * epochs))
    close(d["l1OverEpochs"], attraction.reach(l1, each * epochs))
    close((d["reach"], d["l1"]), (attraction.reach(l0, total), attraction.reach(l1, total)))
    near = d["bestBeta"] * np.array([0.99, 1, 1.01])  # the library takes β ≥ 1, and the best one may be less
    less, most, little = np.log1p(v["alpha"] * near**2 * total) / near
    close(d["most"], most)
    assert less < most > little, "no other beta reaches further"


def sparse_regression(v, d):
    """Every single step from the page's own state, what pruning keeps, and the errors on fresh data."""
    problem, size = regression.make_problem(int(v["problem"])), regression.WEIGHTS
    penalty = regression.choose(v["penalty"], v["alpha"], v["beta"])
    close(d["truth"], problem.truth)
    path = np.reshape(d["training"], (-1, size))
    assert len(path) == regression.TRAINING + 1
    close(path[0], problem.first)
    want = np.array([regression.step(problem, penalty, w) for w in path[:-1]])
    close(path[1:], want, scale=1 + np.abs(want).max())
    kept = np.zeros(size, bool)
    kept[np.array(d["kept"], int)] = True
    assert np.array_equal(kept, regression.prune(path[-1], v["ratio"]))
    assert np.array_equal(d["order"], np.argsort(-np.abs(path[-1]), kind="stable"))
    tuning = np.zeros((regression.TUNING + 1, size))
    tuning[:, kept] = np.reshape(d["tuning"], (regression.TUNING + 1, -1))
    close(tuning[0], path[-1] * kept)
    want = np.array([regression.step(problem, L2(0), w, kept) for w in tuning[:-1]])
    close(tuning[1:], want, scale=1 + np.abs(want).max())
    outcome = regression.Outcome(problem, path, kept, tuning)
    close(d["errors"], outcome.errors)
    assert d["found"] == outcome.found


def network_of(sent):
    """The network that a page holds as the places and values of its nonzero weights."""
    read = lambda text, kind: np.frombuffer(base64.b64decode(text), kind)  # noqa: E731
    layers = []
    for layer in sent["layers"]:
        shape = [int(n) for n in layer["shape"]]
        weight = np.zeros(np.prod(shape), np.float32)
        weight[read(layer["index"], "<u4")] = read(layer["value"], "<f4")
        layers.append(Layer(weight.reshape(shape), read(layer["bias"], "<f4"), layer["relu"], layer["pool"]))
    return ImageNetwork(sent["name"], layers, int(sent["bytes"]))


def draw_a_digit(v, d):
    image = np.reshape(d["image"], (28, 28))
    network = network_of(d["network"])
    if v["digit"] == "own":
        close(image, drawn_image(d["strokes"], v["pen"]))
        if not d["strokes"]:
            assert d["scores"]["compressed"] is None
            return
    want = network.scores(image)[0]
    close(d["scores"]["compressed"], want, scale=np.abs(want).max(), rtol=1e-10)
    close(d["probabilities"]["compressed"], network.probabilities(image)[0], scale=1, rtol=1e-9)
    assert d["cost"]["nonzero"] == network.nonzero
    assert d["cost"]["parameters"] == network.parameters


def remove_neurons(v, d):
    """What is left of every layer, from the plan that the page was given."""
    plan, widget = plan_of(d["plan"]), RemoveNeurons(plan_of(d["plan"]), share=v["share"])
    widget.view.toggled = [[int(family), int(unit)] for family, unit in d["toggled"]]
    assert {plan.families[i][0]: units for i, units in enumerate(d["gone"]) if units} == widget.removed
    for got, want in zip(d["after"], plan.without(widget.removed), strict=True):
        assert (got["outputs"], got["inputs"]) == (want.outputs, want.inputs)
        assert (got["parameters"], got["adds"]) == (want.parameters, want.multiply_adds)
    n = widget.totals()
    assert d["parameters"] == [n["parameters"], n["parameters_left"]]
    assert d["adds"] == [n["multiply_adds"], n["multiply_adds_left"]]


def alpha_beta_map(v, d):
    """Every cell, and what is read at the points, from the table that the page was given."""
    stored = d["stored"]
    shown = maps.values(stored, v["colour"], v["ratio"])
    for beta, row, values in zip(stored["betas"], d["cells"], shown, strict=True):
        for alpha, cell, value in zip(stored["alphas"], row, values, strict=True):
            here = maps.read(stored, alpha, beta, v["ratio"])
            assert (cell["run"], cell["lost"]) == (here.whole is not None, here.lost)
            failed = v["colour"] == "error" and here.error is not None and here.error >= maps.CHANCE
            assert cell["chance"] == (here.lost or failed)
            assert (cell["value"] is None) == (value is None)
            close(cell["strength"], 0 if value is None else maps.strength(stored, v["colour"], value), scale=1)
            if value is not None:
                close(cell["value"], value)
    points = [(v["alpha"], v["beta"])] + [(v["alpha_2"], v["beta_2"])] * v["compare"]
    for got, (alpha, beta) in zip(d["readings"], points, strict=True):
        want = maps.read(stored, alpha, beta, v["ratio"])
        for name in ("reach", "predicted", "band", "whole", "error", "highest", "dead", "threshold"):
            value = getattr(want, name)
            assert (got[name] is None) == (value is None), name
            if value is not None:
                close(got[name], value)


def one_convolution(v, d):
    """Every sum, what ReLU and pooling leave, and the products under the window, from the page's own pixels."""
    image, kernel = np.reshape(d["pixels"], (brief.SIDE, brief.SIDE)), np.reshape(d["kernel"], (3, 3))
    if v["kernel"] != "own":
        assert d["kernel"] == list(brief.KERNELS[v["kernel"]])
    sums = brief.convolve(image, kernel, v["bias"])
    size = 1 + np.abs(kernel).sum()
    close(d["sums"], sums.ravel(), scale=size)
    close(d["relu"], brief.relu(sums).ravel(), scale=size)
    close(d["pooled"], brief.max_pool(brief.relu(sums)).ravel(), scale=size)
    row, column = divmod(int(v["position"]), brief.SUMS)
    assert (d["row"], d["column"]) == (row, column)
    under = image[row : row + 3, column : column + 3]
    close(d["under"], under.ravel())
    close(d["products"], (under * kernel).ravel())
    close(d["sum"], sums[row, column], scale=size)
    close(d["out"], max(sums[row, column], 0), scale=size)
    close(d["pool"], brief.max_pool(brief.relu(sums))[row // 2, column // 2], scale=size)


def descent(v, d):
    """Every point of the three paths, and the loss there."""
    paths = {
        "plain": brief.momentum_path(v["steep"], v["eta"], 0, int(v["steps"])),
        "momentum": brief.momentum_path(v["steep"], v["eta"], v["mu"], int(v["steps"])),
        "adam": brief.adam_path(v["steep"], v["eta_adam"], int(v["steps"])),
    }
    for way, path in paths.items():
        close(d[way]["x"], path[:, 0])
        close(d[way]["y"], path[:, 1])
        close(d[way]["loss"], brief.valley(path.T, v["steep"]))
    close(d["limit"]["plain"], 2 / v["steep"])
    close(d["limit"]["momentum"], 2 * (1 + v["mu"]) / v["steep"])


def plan_of(plain):
    """The blueprint that the page has as plain data."""
    layers = tuple(
        neurons.Layer(**{key: value if isinstance(value, str) else int(value) for key, value in layer.items()})
        for layer in plain["layers"]
    )
    return neurons.Blueprint(layers, tuple(map(tuple, plain["families"])), tuple(map(tuple, plain["norms"])))


CHECK = {
    f.__name__: f
    for f in (
        trajectories, penalty_and_pull, scaling_factor, at_zero, loss_and_penalty, four_steps, reach, sparse_regression,
        draw_a_digit, compression_ratio, remove_neurons, alpha_beta_map, one_convolution, descent,
    )
}  # fmt: skip


def decode(x):
    """Undo the page's JSON, which has no infinity and no NaN."""
    if isinstance(x, dict):
        return {k: decode(v) for k, v in x.items()}
    if isinstance(x, list):
        return [decode(v) for v in x]
    if isinstance(x, bool):
        return x
    # a huge number may come as a Python int, which NumPy would take for an object
    return float(x) if isinstance(x, int) or x in ("Infinity", "-Infinity", "NaN") else x
