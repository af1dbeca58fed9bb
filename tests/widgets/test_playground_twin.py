"""What the reader's browser computes on the playground equals NumPy: every draw, every step, every mask."""

import itertools

import numpy as np
import pytest

from l0lib import L0, L1, L2
from l0lib._counts import number_to_keep
from l0lib.playground import chance, network, tasks
from tests.widgets.node import ask_playground as ask

PENALTIES = {
    "none": {},
    "l2": {"l2": 3e-3},
    "l1": {"l1": 2e-3},
    "l0": {"l0": 1e-3, "beta": 7.0},
    "l2+l0": {"l2": 1e-3, "l0": 2e-3, "beta": 4.0},
}
SIZES = [2, 16, 16, 2]
RATE = {"rate": 0.1, "momentum": 0.9}


def penalty(factors):
    """The penalty of l0lib that the page's factors mean."""
    terms = [L2(factors["l2"])] if "l2" in factors else []
    terms += [L1(factors["l1"])] if "l1" in factors else []
    terms += [L0(factors["l0"], factors["beta"])] if "l0" in factors else []
    return sum(terms[1:], terms[0]) if terms else None


def flat(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])


def plain(state, sizes, activation):
    masks = None if state.masks is None else flat(state.masks).astype(int)
    told = {"sizes": sizes, "activation": activation, "step": state.step, "mask": masks}
    return {**told, "p": flat(state.parameters), "m": flat(state.momenta)}


def a_state(activation, seed=5, sizes=SIZES, masked=False, moving=True):
    """A network in the middle of its training, some weights exactly zero."""
    state = network.initial(sizes, activation, seed)
    random = np.random.default_rng(seed)
    for p, m in zip(state.parameters, state.momenta, strict=True):
        p += 0.1 * random.normal(size=p.shape)
        p[random.random(p.shape) < 0.05] = 0
        m += 0.05 * random.normal(size=p.shape) * moving
    if masked:
        network.prune(state, 2.0)
    state.step = 7
    return state


def test_random_numbers_are_the_same_bits():
    cases = [(seed, stream, count) for seed in (0, 1, 42, 2**32 - 1) for stream in (0, 3, 1000) for count in (1, 257)]
    keys = [dict(zip(("seed", "stream", "count"), case, strict=True)) for case in cases]
    for what, reference in (("uniforms", chance.uniforms), ("permutation", chance.permutation)):
        for case, found in zip(cases, ask(*[(what, key) for key in keys]), strict=True):
            np.testing.assert_array_equal(found, reference(*case))
    for case, found in zip(cases, ask(*[("normals", key) for key in keys]), strict=True):
        np.testing.assert_allclose(found, chance.normals(*case), rtol=1e-13, atol=1e-14)


def test_a_ratio_keeps_the_same_number():
    """Ratios that come from a count, and those of a slider, which no binary fraction holds."""
    counts = [(total, total / keep) for total in (354, 1000, 7919) for keep in range(1, total, 7)]
    ratios = [(total, tenth / 10) for total in (354, 1000, 7919) for tenth in range(10, 500)]
    pairs = [(total, ratio) for total, ratio in [*counts, *ratios] if ratio <= total]
    (found,) = ask(("keep", pairs))
    assert found == [number_to_keep(total, ratio) for total, ratio in pairs]


def test_random_numbers_are_random_enough():
    u = chance.uniforms(7, 0, 40_000)
    assert 0 < u.min() < 1e-3
    assert 1 - 1e-3 < u.max() < 1
    assert abs(u.mean() - 0.5) < 0.01
    counts = np.histogram(u, 20, (0, 1))[0]
    assert ((counts - 2000) ** 2 / 2000).sum() < 45  # chi-square, 19 degrees of freedom: p about 0.001
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.02
    assert abs(np.corrcoef(chance.uniforms(7, 1, 40_000), u)[0, 1]) < 0.02
    assert abs(np.corrcoef(chance.uniforms(8, 0, 40_000), u)[0, 1]) < 0.02
    z = chance.normals(3, 0, 40_000)
    assert abs(z.std() - 1) < 0.02
    assert abs((z**4).mean() - 3) < 0.15


def test_points_are_the_same():
    cases = [(task, count, noise, seed) for task in tasks.PLANE for count, noise, seed in ((500, 0.05, 1), (7, 0, 9))]
    names = ("task", "count", "noise", "seed")
    for case, found in zip(cases, ask(*[("plane", dict(zip(names, c, strict=True))) for c in cases]), strict=True):
        want = tasks.plane(*case)
        for ours, theirs in (("x", "x"), ("test_x", "testX")):
            np.testing.assert_allclose(np.reshape(found[theirs], (-1, 2)), getattr(want, ours), atol=1e-14)
        np.testing.assert_array_equal(found["y"], want.y)
        np.testing.assert_array_equal(found["testY"], want.test_y)


def test_batches_and_first_weights_are_the_same():
    batches = [{"count": 500, "size": 32, "step": step, "seed": 3} for step in (0, 1, 15, 16, 17, 400)]
    for case, found in zip(batches, ask(*[("batch", case) for case in batches]), strict=True):
        np.testing.assert_array_equal(found, network.batch(*case.values()))
    cases = [(SIZES, "relu", 1), ([64, 10, 10], "tanh", 2)]
    names = ("sizes", "activation", "seed")
    for case, found in zip(cases, ask(*[("initial", dict(zip(names, c, strict=True))) for c in cases]), strict=True):
        np.testing.assert_allclose(found, flat(network.initial(*case).parameters), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "pruned"])
@pytest.mark.parametrize("clipped", [False, True], ids=["coupled", "clipped"])
def test_every_single_step_is_the_same(clipped, masked):
    task = tasks.plane("moons", 64, 0.1, 2)
    digits = np.random.default_rng(0)
    many, labels = digits.random((20, 64)), digits.integers(0, 10, 20)
    cases, questions = [], []
    for name, activation, wide in itertools.product(PENALTIES, network.ACTIVATIONS, (False, True)):
        sizes = [64, 24, 10] if wide else SIZES
        x, y = (many, labels) if wide else (task.x[:32], task.y[:32])
        state = a_state(activation, sizes=sizes, masked=masked)
        options = {**RATE, "penalty": PENALTIES[name], "clipped": clipped}
        cases.append((name, activation, state, x, y))
        net = plain(state, sizes, activation)
        questions.append(("step", {"net": net, "x": x.ravel(), "y": y, "options": options}))
    for (name, activation, state, x, y), found in zip(cases, ask(*questions), strict=True):
        loss = network.step(
            state, x, y, activation=activation, learning_rate=0.1, momentum=0.9, penalty=penalty(PENALTIES[name]),
            clipped=clipped,
        )  # fmt: skip
        assert found["loss"] == pytest.approx(loss, abs=1e-12)
        np.testing.assert_allclose(found["p"], flat(state.parameters), atol=1e-12, err_msg=f"{name} {activation}")
        np.testing.assert_allclose(found["m"], flat(state.momenta), atol=1e-12)
        if masked:
            pruned = ~flat(state.masks)
            assert not np.array(found["p"])[pruned].any()
            assert not np.array(found["m"])[pruned].any()


@pytest.mark.parametrize("way", ["GP", "LP", "RP"])
def test_pruning_keeps_the_same_parameters(way):
    ratios = (1, 1.5, 2, 3.7, 10, 100)
    states = [(r, a_state("relu", seed=s, masked=m)) for r in ratios for s, m in ((1, False), (2, True))]
    ties = a_state("relu")
    for p in ties.parameters:
        p[...] = np.round(p, 1)  # many of one magnitude
    states += [(ratio, ties) for ratio in ratios]
    questions = [("prune", {"net": plain(s, SIZES, "relu"), "ratio": r, "way": way, "seed": 4}) for r, s in states]
    for (ratio, state), found in zip(states, ask(*questions), strict=True):
        one = network.State(
            [w.copy() for w in state.weights], [b.copy() for b in state.biases], [m.copy() for m in state.momenta],
            state.masks, state.step,
        )  # fmt: skip
        network.prune(one, ratio, way, 4)
        np.testing.assert_array_equal(found["mask"], flat(one.masks).astype(int))
        np.testing.assert_array_equal(found["p"], flat(one.parameters))
        np.testing.assert_array_equal(found["m"], flat(one.momenta))


def test_two_hundred_steps_are_the_same_where_the_map_is_calm():
    # under a strong l0 pull weights swing around zero, and rounding errors grow: there no two programs stay together
    calm = {
        "none": {},
        "l2": {"l2": 1e-3},
        "l1": {"l1": 1e-5},
        "l0": {"l0": 1e-6, "beta": 4.0},
        "l2+l0": {"l2": 1e-3, "l0": 1e-6, "beta": 4.0},
    }
    task = tasks.plane("rings", 200, 0.05, 6)
    cases = list(itertools.product(calm, (False, True)))
    questions = []
    for name, masked in cases:
        state = a_state("tanh", masked=masked, moving=False)
        options = {**RATE, "rate": 0.05, "penalty": calm[name]}
        told = {"net": plain(state, SIZES, "tanh"), "x": task.x.ravel(), "y": task.y, "inputs": 2, "size": 32}
        questions.append(("train", {**told, "seed": 6, "steps": 200, "options": options}))
    for (name, masked), found in zip(cases, ask(*questions), strict=True):
        state = a_state("tanh", masked=masked, moving=False)
        for _ in range(200):
            chosen = network.batch(200, 32, state.step, 6)
            network.step(
                state, task.x[chosen], task.y[chosen], activation="tanh", learning_rate=0.05, momentum=0.9,
                penalty=penalty(calm[name]),
            )  # fmt: skip
        np.testing.assert_allclose(found["p"], flat(state.parameters), atol=1e-10, err_msg=name)
        assert found["step"] == 207


def test_what_diverges_says_so():
    state = a_state("relu")
    for p in state.parameters:
        p *= 1e200
    (found,) = ask(("step", {"net": plain(state, SIZES, "relu"), "x": [1, 2], "y": [1], "options": RATE}))
    assert found["loss"] in ("NaN", "Infinity")
