"""A run: what it writes, that it goes on where it was, and what its numbers say."""

import json
import math

import pytest
import torch
from pydantic import ValidationError

from l0lib import compress, provenance
from l0lib.compress import checkpoints, storage
from l0lib.experiments import records
from l0lib.experiments import run as runner
from l0lib.experiments.config import Config, Gradual, PenaltySettings, Teacher, Training

SHORT = Training(epochs=1, learning_rate=0.05, penalty=PenaltySettings(alpha_l2=1e-4, alpha_l0=1e-4, beta=5))


TEACHER = Teacher(network="lenet-300-100", training=SHORT)


def config(**more):
    settings = {
        "experiment": "tests",
        "arm": "one",
        "network": "lenet-300-100",
        "dataset": "digits",
        "profile": "fast",
        "training": SHORT,
        "ratios": (2, 50),
        "fine_tuned_ratios": (50,),
        "fine_tuning": Training(epochs=1, learning_rate=0.02),
    }
    return Config(**{**settings, **more})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return folder, runner.run(config(), 0, folder)


def test_a_record_says_what_was_done(made):
    _, record = made
    assert (record.train, record.held_out, record.test) == (4000, 0, 1000)
    assert [(p.requested, p.fine_tuned) for p in record.points] == [(2, False), (50, False), (50, True)]
    assert all(p.parameters == 266_610 and p.ratio >= p.requested for p in record.points)
    assert len(record.history) == 2
    assert sum(record.magnitudes) == 266_200
    before, after = record.points[1:]
    assert after.measured.errors < before.measured.errors
    assert sum(after.first_layer) == pytest.approx(after.layers[0].nonzero, abs=300)  # without the biases


def test_the_stored_weights_are_the_measured_network(made):
    folder, record = made
    (file,) = folder.glob("tests-one-*/seed-0/50x.l0")
    model = compress.lenet_300_100()
    model.load_state_dict(storage.load(file))
    assert compress.count_nonzero_parameters(model) == record.points[-1].nonzero
    assert compress.evaluate(model, runner.split("digits", "test").measure).errors == record.points[-1].measured.errors


def test_a_finished_run_is_read(made, monkeypatch):
    folder, record = made
    monkeypatch.setattr(compress, "train", None)
    assert runner.run(config(), 0, folder) == record


def test_the_record_survives_its_file(made, tmp_path):
    _, record = made
    path = records.write(record, tmp_path)
    assert path == tmp_path / "tests" / "one-fast-test-seed-0.json"
    assert records.read(path) == record
    assert list(records.read_all(tmp_path)) == [record]
    json.loads(path.read_text(encoding="utf-8"))


def test_arms_that_differ_after_training_share_the_network(made):
    folder, record = made
    other = runner.run(config(arm="two", pruning="LP", fine_tuned_ratios=(), fine_tuning=None), 0, folder)
    assert len(list(folder.glob("trained-*"))) == 1
    assert other.dense == record.dense
    assert other.points[1].measured != record.points[1].measured


def test_a_record_tells_which_commit_trained_what_it_shares(tmp_path, monkeypatch):
    untuned = {"fine_tuned_ratios": (), "fine_tuning": None}
    monkeypatch.setattr(provenance, "commit", lambda: "first00")
    assert runner.run(config(**untuned), 0, tmp_path).origin.commits == "first00"
    monkeypatch.setattr(provenance, "commit", lambda: "second0")
    shared = runner.run(config(arm="two", pruning="LP", **untuned), 0, tmp_path)
    assert shared.origin.commits == "second0 (trained at first00)"
    (told,) = tmp_path.glob("trained-*/seed-0/commit")
    told.unlink()
    assert runner.run(config(arm="three", **untuned), 0, tmp_path).origin.commits == "second0", "not known, not told"
    assert not told.exists()


def test_factors_by_layer_size_are_those_of_the_whole_network(tmp_path, monkeypatch):
    given = []
    train = compress.train

    def watched(model, data, penalty, **options):
        given.append({layer: one and one.alpha for layer, one in penalty.items()})
        return train(model, data, penalty, **options)

    monkeypatch.setattr(compress, "train", watched)
    norm = SHORT.model_copy(update={"penalty": PenaltySettings(strategy="NORM", power=1.0, alpha_l2=1e-4)})
    gradual = Gradual(first=10, training=norm)
    runner.run(config(training=norm, fine_tuning=norm, gradual=gradual, ratios=()), 0, tmp_path)
    assert len(given) == 3
    assert given[0] == given[1] == given[2]
    assert len(set(given[0].values())) == 3


class _CutError(RuntimeError):
    pass


@pytest.mark.parametrize("calls", [0, 1, 2, 3])
def test_cut_off_anywhere_it_ends_the_same(calls, tmp_path, monkeypatch):
    gradual = Gradual(first=10, training=SHORT.model_copy(update={"epochs": 2}))
    what = config(gradual=gradual, ratios=())
    whole = runner.run(what, 3, tmp_path / "whole")
    train, left = compress.train, [calls]

    def cut(*arguments, **options):
        left[0] -= 1
        if left[0] < 0:
            raise _CutError
        return train(*arguments, **options)

    monkeypatch.setattr(compress, "train", cut)
    with pytest.raises(_CutError):
        runner.run(what, 3, tmp_path / "cut")
    monkeypatch.setattr(compress, "train", train)
    again = runner.run(what, 3, tmp_path / "cut")
    assert again.model_copy(update={"origin": whole.origin}) == whole


def test_a_control_keeps_the_places_and_begins_from_other_weights(made, monkeypatch):
    folder, plain = made
    stretches, train = [], compress.train

    def watched(model, data, penalty, **options):
        stretches.append((options["epochs"], options["learning_rate"], penalty))
        return train(model, data, penalty, **options)

    monkeypatch.setattr(compress, "train", watched)
    what = config(arm="scratch", ratios=(), from_scratch=True)
    (point,) = runner.run(what, 0, folder).points
    same, after = plain.points[1], plain.points[2]
    assert [layer.nonzero for layer in point.layers] == [layer.nonzero for layer in after.layers], "the same places"
    (_, anew) = stretches  # the first is the training that both share, read again
    assert anew[:2] == (SHORT.epochs + what.fine_tuning.epochs, SHORT.learning_rate)
    assert "l0" not in str(anew[2]).lower()
    assert point.measured.errors not in (same.measured.errors, after.measured.errors)
    kept = [storage.load(next(folder.glob(f"tests-{arm}-*/seed-0/50x.l0"))) for arm in ("one", "scratch")]
    for values, others in zip(*(each.values() for each in kept), strict=True):
        if values.ndim == 2:
            assert torch.equal(values != 0, others != 0)
            assert not torch.equal(values, others)


def test_a_gradual_run_reaches_its_target(tmp_path):
    gradual = Gradual(first=10, training=SHORT.model_copy(update={"epochs": 3, "update": "clipped"}))
    teacher = Teacher(network="lenet-300-100", training=SHORT.model_copy(update={"penalty": PenaltySettings()}))
    what = config(gradual=gradual, teacher=teacher, ratios=())
    record = runner.run(what, 0, tmp_path)
    assert what.variant == "beyond"
    assert record.points[0].ratio >= 50


@pytest.mark.parametrize(
    ("place", "contents", "message"),
    [
        ("seconds", {"spent": [1.0]}, "AttributeError"),
        ("seconds", {"spent": {"trained": math.nan}}, "seconds must be > 0; got nan"),
        ("seconds", {"step": 3}, "KeyError: 'spent'"),
        ("20x-gradual", {"step": 3, "model": {}}, "KeyError: 'epoch'"),
        ("20x-gradual", {"epoch": -1, "masks": {}, "model": {}}, "epoch must be a whole number >= 1; got -1"),
        ("20x-gradual", {"epoch": 1, "masks": {}, "model": {}}, "Missing key"),
        ("20x-gradual", {"epoch": 1, "masks": [], "model": {}}, "AttributeError"),
    ],
)
def test_a_checkpoint_of_another_stage_is_refused_by_name(tmp_path, place, contents, message):
    gradual = Gradual(first=10, training=SHORT)
    what = config(gradual=gradual, ratios=(), fine_tuned_ratios=(20,))
    path = runner.run_folder(what, 0, tmp_path) / f"{place}.checkpoint"
    checkpoints.save(path, contents)
    with pytest.raises(ValueError, match=message) as told:
        runner._Stages(what, 0, tmp_path)._gradually(runner.network(what, 0), 20.0, gradual, {})
    assert str(told.value).startswith(f"checkpoint must hold what this stage wrote; {path} does not (")


def test_choices_never_see_the_test_images(tmp_path):
    with pytest.raises(ValueError, match="evaluate_on must be 'validation'"):
        runner.objective(config(), 0, tmp_path)
    choice = config(evaluate_on="validation")
    assert 0 < runner.objective(choice, 0, tmp_path) < 100
    fit, measured = (runner.split("digits", "validation").fit, runner.split("digits", "validation").measure)
    test = runner.split("digits", "test").measure[0]
    held = {image.numpy().tobytes() for image in torch.cat([fit[0], measured[0]])}
    assert not any(image.numpy().tobytes() in held for image in test)


def test_denormal_numbers_are_zero_in_a_run_and_nowhere_else(tmp_path, monkeypatch):
    def times_one():
        return float(torch.tensor([1e-40]).mul(1.0))

    seen = []
    real = runner._Stages.make
    monkeypatch.setattr(runner._Stages, "make", lambda self: seen.append(times_one()) or real(self))
    runner.run(config(ratios=(), fine_tuned_ratios=(), fine_tuning=None), 0, tmp_path)
    assert seen == [0.0]
    assert times_one() > 0


def test_waiting_for_a_network_in_the_making_is_no_computing_time(tmp_path, monkeypatch):
    from contextlib import contextmanager

    from l0lib.experiments.run import _Stages

    order = []

    @contextmanager
    def noted(what):
        order.append(what)
        yield

    monkeypatch.setattr("l0lib.compress.parallel.lock", lambda path: noted("lock held"))
    monkeypatch.setattr(_Stages, "_timed", lambda self, stage: noted(f"clock of {stage}"))
    runner.run(config(ratios=(), fine_tuned_ratios=(), fine_tuning=None), 0, tmp_path)
    assert order[:2] == ["lock held", "clock of trained"]


def test_a_run_that_diverges_is_a_bad_choice(tmp_path):
    wild = config(evaluate_on="validation", training=SHORT.model_copy(update={"learning_rate": 1e9}))
    assert runner.objective(wild, 0, tmp_path) == 100


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"fine_tuning": None}, "must come together"),
        ({"gradual": Gradual(first=90, training=SHORT)}, "first must be <= every target"),
        ({"relu_after_pools": True}, "belongs to lenet-5-caffe"),
        ({"arm": "a/b"}, "arm"),
        ({"ratios": (0.5,)}, "greater than or equal to 1"),
        ({"nonsense": 1}, "nonsense"),
        ({"ratios": (2.0, 2.0)}, r"ratios must differ from each other; got \(2.0, 2.0\)"),
        ({"fine_tuned_ratios": (50, 50)}, "fine_tuned_ratios must differ from each other"),
        (
            {"from_scratch": True, "fine_tuned_ratios": (), "fine_tuning": None},
            "from_scratch must come with removed_shares or fine_tuned_ratios; got none",
        ),
        (
            {"teacher": TEACHER, "fine_tuned_ratios": (), "fine_tuning": None},
            "must come with fine_tuned_ratios: nothing",
        ),
        ({"teacher": TEACHER.model_copy(update={"network": "vgg-16"})}, "teacher.network must take digits; got vgg-16"),
        ({"training": SHORT.model_dump() | {"warm_up": 1}}, "warm_up must be < epochs; got 1 of 1"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(changes, told):
    with pytest.raises(ValidationError, match=told):
        config(**changes)


def test_separate_factors_need_one_entry_for_each_layer():
    with pytest.raises(ValidationError, match="one entry a layer"):
        PenaltySettings(strategy="SEP", alpha_l0_by_layer=(1e-4,))
    short = PenaltySettings(strategy="SEP", alpha_l2_by_layer=(0.0,), alpha_l0_by_layer=(1e-4,), beta_by_layer=(5.0,))
    with pytest.raises(ValueError, match="beta_by_layer must have one entry for each"):
        short.build({"hidden": 10, "output": 5})
    assert short.build({"only": 3})["only"].beta == 5


def test_equal_contents_equal_name():
    assert config().digest() == config().digest()
    assert config().digest() != config(ratios=(2,)).digest()
    assert config().unpruned.digest() == config(ratios=(2,), pruning="RP").unpruned.digest()
