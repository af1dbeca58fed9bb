"""The stored results keep their schema, belong to the studies in the code, and a broken one names its field."""

import json
import math

import pytest

from l0lib._counts import number_to_keep
from l0lib.chapters import attention, two_penalties
from l0lib.experiments import arms as arms_module
from l0lib.experiments import records, results
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.records import RECORDS, RecordError
from tests.made_up import config, record, tuned

FILES = sorted(RECORDS.rglob("*.json"))
RUNS = [path for path in FILES if "-seed-" in path.name]
TUNINGS = [path for path in FILES if path.parent.name == "tuning"]
#: Of other shapes, with the reader that knows each.
OTHERS = {"two-penalties-tuning.json": two_penalties.load}
OTHERS |= {path.name: attention.load for path in FILES if RECORDS / "attention" in path.parents}


def name(path):
    return str(path.relative_to(RECORDS))


def test_stored_runs_keep_the_schema_and_are_of_their_study():
    for path in RUNS:
        check_run(path)


def check_run(path):
    found = records.read(path)
    what = found.config
    assert path == records.path_of(what, found.seed, RECORDS), "its name says what it is"
    assert (what.profile, what.evaluate_on) == ("full", "test"), "what stands in the book is a result"
    study = STUDIES[what.experiment]
    arms = study.arms("full")
    assert what.arm in arms
    assert results.differences(what, arms[what.arm]) == "", "a stale record: stored settings, then those of the code"
    assert found.seed in study.seeds_of(what.arm)
    asked = [(ratio, False) for ratio in what.ratios] + [(ratio, True) for ratio in what.fine_tuned_ratios]
    gone = list(zip(what.removed_shares, what.removed_ratios, strict=True))
    asked += [(ratio, True) for _, ratio in gone]
    assert [(point.requested, point.fine_tuned) for point in found.points] == asked
    assert [(p.removed.share, p.requested) for p in found.points if p.removed] == gone
    for p in found.points:
        if p.removed:  # both of the whole network; biases are few
            assert p.weights_only_ratio == pytest.approx(p.ratio, rel=0.02)
    assert found.test == 10_000
    assert found.train == (60_000 if what.dataset == "mnist" else 50_000)
    assert len(found.history) == what.training.epochs + 1


def test_every_recorded_ratio_keeps_the_number_it_kept():
    for path in RUNS:
        for point in records.read(path).points:
            if point.requested <= point.parameters:
                assert number_to_keep(point.parameters, point.requested) == point.parameters // point.requested


def test_stored_tunings_keep_the_schema_and_chose_what_their_studies_use():
    for path in TUNINGS:
        check_tuning(path)


def check_tuning(path):
    found = records.read_tuning(path)
    assert path.stem == found.name
    study = STUDIES[found.experiment]
    assert not set(found.seeds) & set(study.seeds), "no result is made with a seed of the choice"
    used, chosen = study.arms("full")[found.arm], found.config
    ours, theirs = (dict(leaves(c.model_dump(include={"network", "relu_after_pools", "training", "fine_tuning",
                                                      "gradual", "teacher"}))) for c in (used, chosen))  # fmt: skip
    for field in ours.keys() | theirs.keys():
        value = theirs[field]
        if field.endswith(".epochs."):  # a length is a budget, not searched: results may train longer than trials
            assert ours[field] >= value, field
        elif isinstance(value, float):  # the study may round what was chosen
            assert ours[field] == pytest.approx(value, rel=0.05), field
        else:
            assert ours[field] == value, field


def test_settings_are_called_tuned_where_a_tuning_is_on_record_and_nowhere_else():
    found = [records.read_tuning(path) for path in TUNINGS]
    recorded = {f"{one.experiment}/{one.config.penalty_name if one.experiment == 'experiment-1' else one.arm}"
                for one in found}  # fmt: skip
    assert recorded, "no tuning is on record: nothing was checked"
    assert {name for name, chosen in arms_module.CHOSEN.items() if chosen.tuned} == recorded


def leaves(value, prefix=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{prefix}{key}.")
    elif isinstance(value, tuple):
        for key, inner in enumerate(value):
            yield from leaves(inner, f"{prefix}{key}.")
    else:
        yield prefix, value


def test_every_penalty_of_experiment_1_was_tuned_as_often_as_the_others():
    found = [records.read_tuning(path) for path in TUNINGS]
    trials = {one.arm: len(one.trials) for one in found if one.experiment == "experiment-1"}
    assert len(set(trials.values())) <= 1, trials


@pytest.mark.parametrize("path", [path for path in FILES if path not in RUNS + TUNINGS], ids=name)
def test_no_other_file_is_without_a_reader(path):
    json.loads(path.read_text(encoding="utf-8"))
    assert path.name in OTHERS or path.parent.name == "weights"
    if path.name in OTHERS:
        OTHERS[path.name](path)


def test_stored_runs_can_be_put_together():
    results.results(records.read_all())


@pytest.fixture
def written(tmp_path):
    """A sound record's file, and its contents."""
    path = records.write(record(0), tmp_path)
    return path, json.loads(path.read_text(encoding="utf-8"))


def test_a_record_comes_back_as_it_was_written(written):
    path, _ = written
    assert records.read(path) == record(0)


BREAKAGES = [
    (["seed"], None, "seed: Field required"),
    (["seed"], "one", "seed: Input should be a valid integer.*; got 'one'"),
    (["format"], 2, "format: Input should be 1; got 2"),
    (["surplus"], 1, "surplus: Extra inputs are not permitted"),
    (["config", "network"], "lenet-6", "config.network: Input should be .*; got 'lenet-6'"),
    (["config", "training", "epochs"], 0, r"config\.training\.epochs: .* greater than or equal to 1; got 0"),
    (["config", "training", "penalty", "beta"], 0.5, r"config\.training\.penalty\.beta: .*; got 0\.5"),
    (
        ["config", "fine_tuning"],
        None,
        r"config: .*fine_tuned_ratios or removed_shares and fine_tuning must come together",
    ),
    (["history", 0, "learning_rate"], "fast", r"history\.0\.learning_rate: .*; got 'fast'"),
    (["dense", "errors"], -1, r"dense\.errors: .* greater than or equal to 0; got -1"),
    (["dense", "errors"], 10_001, r"dense: .*errors must be <= images, 10000; got 10001"),
    (["points", 2, "measured", "images"], 0, r"points\.2\.measured\.images: .* greater than 0; got 0"),
    (["points", 1, "nonzero"], 7, r"points\.1: .*nonzero must be the sum over layers"),
    (["points", 0, "requested"], 11.0, r"points\.0: .*ratio must be >= requested, 11\.0; got 10\.0"),
    (["points", 0, "weights_only_ratio"], 0.9, r"points\.0\.weights_only_ratio: .*; got 0\.9"),
    (["points", 0, "bytes", "best"], None, r"points\.0\.bytes\.best: Field required"),
    (["points", 0, "layers", 0, "name"], 3, r"points\.0\.layers\.0\.name: Input should be a valid string; got 3"),
    (["origin", "commit"], None, r"origin\.commit: Field required"),
    # numbers that are none, and ones that nobody counted
    (["origin", "seconds"], math.nan, r"origin\.seconds: .* finite number; got nan"),
    (["origin", "seconds"], -1.0, r"origin\.seconds: .* greater than or equal to 0; got -1"),
    (["history", 0, "penalty"], math.inf, r"history\.0\.penalty: .* finite number; got inf"),
    (["history", 0, "loss"], math.nan, r"history\.0\.loss: .* finite number; got nan"),
    (["history", 0, "learning_rate"], math.inf, r"history\.0\.learning_rate: .* finite number; got inf"),
    (["config", "training", "learning_rate"], math.inf, r"config\.training\.learning_rate: .* finite number"),
    (["points", 0, "requested"], math.nan, r"points\.0\.requested: .* finite number; got nan"),
    (["points", 0, "requested"], 0.5, r"points\.0\.requested: .* greater than or equal to 1; got 0\.5"),
    (["points", 0, "bytes", "csr"], 10**400, r"points\.0\.bytes\.csr: .* less than 9223372036854775808; got 1000"),
    (["dense", "images"], 10**400, r"dense\.images: .* less than 9223372036854775808; got 1000"),
    (["seed"], -1, "seed: .* greater than or equal to 0; got -1"),
    (["config", "arm"], "../../x", r"config\.arm: String should match pattern .*; got '\.\./\.\./x'"),
    (["config", "dense_arm"], "../x", r"config\.dense_arm: String should match pattern"),
]


def broken(data, path, value):
    *way, last = path
    for key in way:
        data = data[key]
    if value is None:
        del data[last]
    else:
        data[last] = value


@pytest.mark.parametrize(("path", "value", "message"), BREAKAGES)
def test_a_broken_record_names_its_field(written, path, value, message):
    file, data = written
    broken(data, path, value)
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(RecordError, match=message) as error:
        records.read(file)
    assert str(error.value).startswith(f"{file.name}: ")


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_what_is_no_record_at_all_is_said_so(written, text):
    file, _ = written
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError, match="the whole file: "):
        records.read(file)


def test_several_breakages_are_counted(written):
    file, data = written
    del data["seed"], data["origin"]
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(RecordError, match=r"\(1 more\)"):
        records.read(file)


def test_a_network_without_any_weight_left_is_still_plain_json(tmp_path):
    data = record(0).model_dump()
    data["points"] = [{**data["points"][0], "weights_only_ratio": None, "nonzero": 0, "layers": []}]
    gone = records.Record.model_validate(data)
    path = records.write(gone, tmp_path)
    json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
    assert records.read(path).points[0].ratio == math.inf


@pytest.fixture
def tuning_file(tmp_path):
    path = records.write_tuning(tuned(), tmp_path)
    return path, json.loads(path.read_text(encoding="utf-8"))


def test_a_tuning_comes_back_as_it_was_written(tuning_file):
    path, _ = tuning_file
    assert records.read_tuning(path) == tuned()
    assert list(records.tunings(path.parent)) == [tuned()]
    assert len(path.read_text(encoding="utf-8").split('"number"')) == 4


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["trials", 1, "errors"], [101.0], r"trials\.1\.errors\.0: .*; got 101\.0"),
        (["trials", 1, "errors"], [1.0, 2.0], "trial 1: errors must have one entry for each of the seeds"),
        (["trials", 1, "params", "beta"], 21.0, "trial 1: beta must be between 2 and 20; got 21"),
        (["trials", 1, "params", "power"], 0.3, "trial 1: power must be one of 0.5, 1; got 0.3"),
        (["trials", 1, "params", "beta"], None, "trial 1: params must name what search names, beta, power"),
        (["trials", 1, "params"], {"beta": 4.0, "power": 0.5}, "trials must differ from each other"),
        (["chosen"], 1, "chosen must be the trial of least error, 2; got 1"),
        (["trials"], [], "chosen must be the trial of least error, None; got 2"),
        (["config", "evaluate_on"], "test", "no choice follows from test images"),
        (["arm"], "another", "config must be of experiment-2, another"),
        (["sampler_seed"], None, "sampler_seed: Field required"),
    ],
)
def test_a_broken_tuning_names_what_is_broken(tuning_file, path, value, message):
    file, data = tuning_file
    broken(data, path, value)
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(RecordError, match=message):
        records.read_tuning(file)


def test_settings_that_differ_are_named():
    assert results.differences(config(), config()) == ""
    other = config(training={"epochs": 20, "learning_rate": 0.2})
    assert results.differences(config(), other).startswith("training.learning_rate is 0.1 and 0.2; training.penalty")


def test_a_record_is_parsed_once_and_anew_when_its_file_has_changed(tmp_path):
    path = records.write(record(0, 185), tmp_path)
    first = records.read(path)
    assert records.read(path) is first
    assert records.write(record(0, 190), tmp_path) == path
    assert records.read(path) == record(0, 190) != first
    path.unlink()
    with pytest.raises(FileNotFoundError):
        records.read(path)
