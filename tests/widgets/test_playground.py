"""The playground beyond its arithmetic: settings, views in words, scenes, the exported script, and Python's side."""

import contextlib
import copy
import io
import math
import pathlib
import re

import numpy as np
import pytest

from l0lib.figures import PENALTY_STYLE, explorers
from l0lib.playground import network, tasks, view
from l0lib.widgets import Playground
from tests.widgets.node import ask_playground as ask

DIGITS = pathlib.Path(__file__).resolve().parents[2] / "book" / "assets" / "digits" / "digits.js"


def flat(state):
    return np.concatenate([p.ravel() for p in state.parameters])


def test_settings_are_the_same_in_both_languages():
    (found,) = ask(("settings", None))
    assert found["defaults"] == view.defaults()
    for name, rungs in found["ladders"].items():
        assert rungs == view.ladder(view.SETTINGS[name])


def test_every_default_is_a_value_of_its_control():
    for name, value in view.defaults().items():
        assert view.parse(name, value) == value
        assert view.parse(name, str(value).lower() if isinstance(value, bool) else str(value)) == value


VALUES = [
    ("task", "rings"), ("task", "ring"), ("noise", 0.05), ("noise", "0.055"), ("noise", -0.01), ("noise", 0.3),
    ("points", 300), ("points", 350), ("points", "many"), ("seed", 0), ("seed", 1.5), ("seed", 10_000), ("seed", ""),
    ("hidden", "64"), ("hidden", "2-3-4"), ("hidden", "2-3-4-5"), ("hidden", "1-8"), ("hidden", "8-"), ("hidden", 8),
    ("batch", 32), ("batch", "32"), ("batch", 33), ("momentum", 0), ("momentum", "0.5"), ("momentum", 0.95),
    ("rate", 0.1), ("rate", "0.1"), ("rate", 0.11), ("rate", 0), ("rate", -1), ("rate", "fast"), ("a_l2", 1e-6),
    ("a_l2", 2e-6), ("b_beta", 3.16), ("b_beta", 0.5), ("a_clipped", "true"), ("a_clipped", "yes"), ("c_beta", 5),
    ("b_way", "LP"), ("ratio", 1), ("ratio", 6.31), ("ratio", 1000),
]  # fmt: skip


def test_values_are_taken_or_refused_alike():
    for (name, value), found in zip(VALUES, ask(*[("parse", case) for case in VALUES]), strict=True):
        if found is not None:
            assert view.parse(name, value) == found
            continue
        with pytest.raises(ValueError, match=f"{name} (must be .*; got {re.escape(repr(value))}|is no setting)"):
            view.parse(name, value)


VIEWS = [
    {},
    {"steps": "37"},
    {"task": "rings", "hidden": "5-4-3", "activation": "tanh", "steps": "40", "seed": "12"},
    {"task": "blobs", "b_penalty": "l1", "b_clipped": "true", "batch": "8", "points": "100", "steps": "30"},
    {"steps": "60", "story": "20*b_l0*0.0001~20*rate*0.01~30*prune*3.98*LP*RP~45*a_penalty*none"},
    {"steps": "30", "story": "0*prune*2*GP*GP~30*prune*3.98*GP*GP"},
]


def test_a_view_in_words_is_the_same_networks_in_both_languages():
    for words, found in zip(VIEWS, ask(*[("view", words) for words in VIEWS]), strict=True):
        made = view.run(words)
        for arm in view.ARMS:
            np.testing.assert_allclose(found[arm], flat(made.networks[arm]), atol=1e-11, err_msg=f"{words}")
            assert found["history"][f"{arm}_accuracy"][0] is not None
        assert found["words"] == {name: str(value) for name, value in words.items()}


def test_history_is_that_of_numpy():
    words = {"steps": "25"}
    (found,) = ask(("view", words))
    assert found["history"]["step"] == [0, 5, 10, 15, 20, 25]
    for steps, seen in zip(found["history"]["step"], found["history"]["b_accuracy"], strict=True):
        assert seen == view.run({"steps": str(steps)}).accuracy("b")


def test_what_was_done_can_be_told_taken_back_and_done_again():
    acts = [
        ("set", "b_l0", 0.0001),  # before the first step: a setting of the start
        ("advance", 20), ("set", "rate", 0.01), ("set", "rate", 0.1), ("set", "ratio", 3.98), ("prune",),
        ("advance", 10), ("set", "a_l2", 0.01), ("advance", 5), ("restore",), ("prune",), ("advance", 3),
    ]  # fmt: skip
    (seen,) = ask(("act", {"words": {}, "acts": acts}))
    assert seen[0]["words"] == {"b_l0": "0.0001"}
    assert seen[3]["words"]["story"] == "20*rate*0.1"
    assert seen[8]["words"]["story"] == "20*rate*0.1~20*prune*3.98*GP*GP~30*a_l2*0.01"
    assert seen[9]["words"]["steps"] == "20"  # the pruning and all after it is undone
    assert seen[9]["p"] == seen[4]["p"]
    assert not seen[9]["pruned"]
    for moment in seen:  # in A too, whose penalty was changed and changed back with the pruning
        made = view.run(moment["words"])
        np.testing.assert_allclose(moment["p"], flat(made.networks["b"]), atol=1e-11)
        np.testing.assert_allclose(moment["a"], flat(made.networks["a"]), atol=1e-11)


def curve(words, arm, least=1.0):
    """Test accuracy of one network at every ratio of the slider that leaves it a parameter."""
    made, settings = view.run(words), view.defaults()
    total = flat(made.networks[arm]).size
    ratios = [r for r in view.ladder(view.SETTINGS["ratio"]) if least <= r <= total]
    found = []
    for ratio in ratios:
        state = copy.deepcopy(made.networks[arm])
        if ratio > 1:
            network.prune(state, ratio, settings[f"{arm}_way"], settings["seed"])
        found.append([ratio, view.Run(made.task, {arm: state}, made.activation).accuracy(arm)])
    return found


def test_the_curve_has_every_ratio_as_numpy_prunes():
    small = {"hidden": "4", "steps": "40"}
    assert curve(small, "a")[-1][0] < 22 < view.SETTINGS["ratio"]["max"], "a small network ends before the slider"
    whole = {"steps": "60"}
    tuned = {"steps": "80", "story": "60*prune*3.98*GP*GP"}
    for words, found in zip([small, whole], ask(("measure", small), ("measure", whole)), strict=True):
        for arm in view.ARMS:
            np.testing.assert_allclose(found["now"][arm], curve(words, arm), atol=1e-12)
            assert found["before"][arm] == []
    (found,) = ask(("measure", tuned))
    for arm in view.ARMS:
        np.testing.assert_allclose(found["now"][arm], curve(tuned, arm, least=3.98), atol=1e-12)
        np.testing.assert_allclose(found["before"][arm], curve(whole, arm), atol=1e-12)
        at = dict(curve(whole, arm))
        assert (found["cut"]["whole"][arm], found["cut"]["pruned"][arm]) == pytest.approx((at[1], at[3.98]), abs=1e-12)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"steps": "many"}, "steps must be a whole number from 0 to 200000; got 'many'"),
        ({"steps": "200001"}, "got '200001'"),
        ({"colour": "blue"}, "colour is no setting of the playground"),
        ({"steps": "5", "story": "9*rate*0.1"}, "story must go on from step to step, up to 5; got '9.rate.0.1'"),
        ({"steps": "5", "story": "3*rate*0.1~2*rate*0.1"}, "got '2.rate.0.1'"),
        ({"steps": "5", "story": "3*task*rings"}, r"story must hold step\*name\*value"),
        ({"steps": "5", "story": "3*prune*3.98"}, "got '3.prune.3.98'"),
    ],
)
def test_words_that_mean_nothing_are_named(words, message):
    with pytest.raises(ValueError, match=message):
        view.run(words)
    (found,) = ask(("understand", words))
    assert found["refused"]


def scenes():
    return {scene["title"]: scene for scene in ask(("stories", None))[0]}


def accuracies(words, ratios):
    """Test accuracy of A and B as they are, and pruned to each ratio."""
    made, settings = view.run(words), view.defaults() | {k: view.parse(k, v) for k, v in words.items() if k != "steps"}
    out = {}
    for arm in view.ARMS:
        out[arm] = [made.accuracy(arm)]
        for ratio in ratios:
            state = copy.deepcopy(made.networks[arm])
            network.prune(state, ratio, settings[f"{arm}_way"], settings["seed"])
            kept = view.Run(made.task, {arm: state}, made.activation)
            out[arm].append(kept.accuracy(arm))
    return out


def magnitudes(words):
    made = view.run(words)
    return {arm: np.abs(np.concatenate([w.ravel() for w in made.networks[arm].weights])) for arm in view.ARMS}


def test_the_five_scenes_show_what_they_say():
    told = scenes()
    assert len(told) == 5
    words = {title: {**scene["values"], "steps": scene["steps"]} for title, scene in told.items()}
    for scene in told.values():
        for name, value in scene["values"].items():
            assert view.parse(name, value) == value, (name, value)
    alone = accuracies(words["Why ℓ2 alone won't prune"], [words["Why ℓ2 alone won't prune"]["ratio"]])
    assert min(alone["a"][0], alone["b"][0]) > 0.97
    assert alone["b"][1] > alone["a"][1] + 0.1
    swing = magnitudes(words["The swing"])
    assert not (swing["a"] == 0).any()
    assert (swing["b"] == 0).sum() > 100
    band = 0.316 * 0.00215 * 5.01
    assert ((swing["a"] > 0) & (swing["a"] < 1.05 * band)).sum() > 150
    scale = magnitudes(words["β picks the scale"])
    assert np.median(scale["a"]) < 0.01 < 0.1 < np.median(scale["b"])
    start = np.abs(np.concatenate([w.ravel() for w in network.initial([2, 16, 16, 2], "relu", 1).weights]))
    assert np.median(np.abs(scale["b"] - start)[start > 0.5]) < 0.25 * np.median(start[start > 0.5])
    drawn = accuracies(words["Random against magnitude"], [2])
    assert drawn["a"][0] == drawn["b"][0]
    assert drawn["b"][1] > drawn["a"][1] + 0.15
    much = accuracies(words["Too much α"], [])
    assert much["a"][0] > 0.97
    assert much["b"][0] < 0.92


@pytest.mark.parametrize(
    "words",
    [
        {"steps": "100"},
        {"steps": "60", "story": "20*b_l0*0.0001~30*prune*3.98*LP*RP~45*a_penalty*none", "b_clipped": "true"},
    ],
    ids=["the usual settings", "with a story"],
)
def test_the_exported_script_gives_the_same_weights(words):
    source, found = ask(("script", words), ("view", words))
    said, names = io.StringIO(), {}
    with contextlib.redirect_stdout(said):
        exec(compile(source, "playground.py", "exec"), names)
    for arm in view.ARMS:
        ours = np.concatenate([p.detach().numpy().ravel() for p in names[arm].model.parameters()])
        np.testing.assert_allclose(ours, found[arm], atol=1e-5)
        assert ours.dtype == np.float64
        assert f"network {arm.upper()}: test accuracy {view.run(words).accuracy(arm):.4f}" in said.getvalue()


def test_the_digits_on_the_page_are_scikit_learns():
    assert DIGITS.read_text("ascii") == tasks.digits_script()
    assert DIGITS.stat().st_size < 110_000
    (found,) = ask(("digits", str(DIGITS)))
    task = tasks.digits()
    for ours, theirs in ((task.x, "x"), (task.test_x, "testX")):
        np.testing.assert_array_equal(np.reshape(found[theirs], ours.shape), ours)
    np.testing.assert_array_equal(found["y"], task.y)
    np.testing.assert_array_equal(found["testY"], task.test_y)


def test_digits_can_be_learnt_in_numpy():
    made = view.run({"task": "digits", "hidden": "32", "steps": "600"})
    assert made.accuracy("a") > 0.9


def test_python_sets_the_configuration_and_reads_what_came_of_it():
    playground = Playground(task="rings", a_penalty="none", b_clipped=True, seed=3)
    assert playground.view == {"task": "rings", "a_penalty": "none", "b_clipped": "true", "seed": "3"}
    assert playground.settings["b_clipped"] is True
    assert playground.settings["hidden"] == "16-16"
    playground.configure(steps=20, hidden="4")
    assert playground.view == {"hidden": "4", "steps": "20"}
    assert playground.step == 20
    np.testing.assert_array_equal(playground.weights["b"][0], view.run(playground.view).networks["b"].weights[0])
    # what a browser sends
    net = {"parameters": list(range(22)), "mask": None, "sizes": [2, 4, 2]}
    history = {"step": [0, 5], "every": 5, "a_loss": [None, 0.5]}
    playground.state = {"step": 5, "a": net, "b": net, "history": history}
    assert [p.shape for p in playground.weights["a"]] == [(4, 2), (4,), (2, 4), (2,)]
    assert playground.weights["a"][2].tolist() == [[12, 13, 14, 15], [16, 17, 18, 19]]
    assert playground.step == 5
    assert math.isnan(playground.history["a_loss"][0])
    assert set(playground.history) == {"step", "a_loss"}


def test_python_refuses_what_the_page_cannot_show():
    with pytest.raises(ValueError, match="a_beta must be a value of its slider from 1 to 100; got 3"):
        Playground(a_beta=3)
    with pytest.raises(ValueError, match="colour is no setting"):
        Playground(colour="blue")
    with pytest.raises(ValueError, match="steps must be a whole number"):
        Playground().configure(steps=-1)


def test_without_javascript_there_is_a_picture_and_a_sentence():
    playground = Playground()
    playground.configure(steps=200)
    said = playground.describe()
    made = view.run(playground.view)
    assert f"Network A (l2): test accuracy {100 * made.accuracy('a'):.1f} %" in said
    assert len(playground.figure().axes) == 4
    digits = Playground(task="digits")
    assert len(digits.figure().axes) == 4


def test_classes_and_signs_have_no_penaltys_colour():
    (palettes,) = ask(("palettes", None))
    assert [palettes["light"][name] for name in ("plus", "minus")] == list(explorers._CLASSES)
    for palette in palettes.values():
        assert not {palette[name] for name in PENALTY_STYLE} & {palette["plus"], palette["minus"]}


def test_the_digits_are_sent_where_a_kernel_answers():
    playground = Playground(task="digits")
    assert playground.digits == {}
    playground.digits_wanted = True
    assert len(playground.digits["labels"]) == 1797
