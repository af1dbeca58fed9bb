"""The study of the chapter "Attention": parts that share no module, arms that share all but what they are, records."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from l0lib import L0, L1, L2, compress
from l0lib.chapters import attention as study
from l0lib.chapters import attention_results as results

QUICK = study.Settings(8, 1, 2, 16, 30, 10, 4, 8, (2, 4))
SETTING = {"rate": 5e-3, "fine_tune_rate": 0.5}
WHOLE = {arm: trials[0] | SETTING for arm, trials in study.TRIALS.items()}


@pytest.fixture(scope="module")
def text():
    whole = study.library_text()
    return study.Text(whole.python, *({k: v[:200] for k, v in part.items()} for part in whole.parts.values()))


@pytest.fixture(autouse=True, scope="module")
def quickly():
    """On one thread, as the chapter does: two would wait for each other; and with short samples."""
    whole, threads = study.sample, torch.get_num_threads()
    study.sample = lambda model: whole(model, 5)
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    study.sample = whole


@pytest.fixture(scope="module")
def records(text):
    return [study.make(arm, WHOLE[arm], s, QUICK, text, "test") for arm in study.ARMS for s in (0, 1)]


def test_no_module_is_in_two_parts_and_each_is_where_its_name_puts_it():
    text = study.library_text()
    names = [name for part in text.parts.values() for name in part]
    assert len(names) == len(set(names)) > 100
    assert {"inspect", "gzip"} <= text.test.keys()
    assert {"argparse", "socket"} <= text.validation.keys()
    assert {"typing", "datetime"} <= text.train.keys()
    for part, modules in text.parts.items():
        assert all(study.part_of(name) == part for name in modules)
        assert list(modules) == sorted(modules)
        assert sum(map(len, modules.values())) > 100_000


def test_the_digest_of_a_text_is_that_of_names_bytes_and_parts():
    text = study.Text("3", {"a": b"xy"}, {"b": b"z"}, {"c": b""})
    assert text.origin == dataclasses.replace(text).origin
    assert text.origin["modules and bytes"] == {"train": [1, 2], "validation": [1, 1], "test": [1, 0]}
    for change in ({"train": {"a": b"xz"}}, {"train": {"d": b"xy"}}, {"validation": {"b": b"zz"}}):
        assert dataclasses.replace(text, **change).origin["digest"] != text.origin["digest"]


def test_every_arm_has_eight_different_settings():
    assert study.TRIALS.keys() == study.ARMS.keys()
    assert {len(set(map(repr, trials))) for trials in study.TRIALS.values()} == {8}
    assert study.TUNING_SEED not in study.SEEDS
    assert set(study.TUNING_RATIOS) <= set(study.SETTINGS.ratios)


def test_a_setting_says_its_penalty():
    w = torch.linspace(-1, 1, 9)
    for setting, penalty in (
        ({"l2": 0.1}, L2(0.1)),
        ({"l1": 0.2}, L1(0.2)),
        ({"l0": 0.3, "beta": 7}, L0(0.3, 7)),
        ({"l2": 0.1, "l0": 0.3, "beta": 7, "rate": 1}, L2(0.1) + L0(0.3, 7)),
    ):
        assert torch.equal(study.penalty_of(setting).gradient(w), penalty.gradient(w))
    assert study.penalty_of({"rate": 1, "beta": 7}) is None


@pytest.mark.parametrize("setting", study.TRIALS["gradual"])
def test_gradual_pruning_begins_and_ends_where_it_should(setting):
    due = study.prunings(setting, 2000, 10)
    steps, ratios = list(due), list(due.values())
    assert len(due) == study.PRUNINGS
    assert steps == sorted(steps)
    assert ratios == sorted(ratios)
    assert ratios[-1] == 10
    assert steps[0] > 2000 * setting["begin"]
    assert steps[-1] == round(2000 * setting["end"])


def test_bits_are_those_of_every_byte_but_the_first_with_what_it_sees():
    model = QUICK.network(3)
    modules = {"long": bytes(range(40)), "short": b"ab", "one": b"x", "none": b"", "exact": bytes(range(17))}
    found = study.measure(model, modules)
    assert {name: n for name, (_, _, n) in found.items()} == {"long": 39, "short": 1, "exact": 16}
    bits = wrong = 0
    content = modules["long"]
    for t in range(1, 40):
        seen = content[16 * ((t - 1) // 16) : t]
        scores = model(torch.tensor([list(seen)]))[0, -1].detach()
        bits -= float(torch.log_softmax(scores, 0)[content[t]]) / math.log(2)
        wrong += int(scores.argmax() != content[t])
    assert found["long"][0] == pytest.approx(bits, rel=1e-5)
    assert found["long"][1] == wrong
    whole = study.measure(model, {"long": bytes(range(100))})
    third = study.measure(model, {"long": bytes(range(100))}, every=3)
    assert (whole["long"][2], third["long"][2]) == (99, 2 * 16 + 3)


def test_a_network_that_knows_nothing_needs_eight_bits():
    model = QUICK.network(0)
    torch.nn.init.zeros_(model.head.weight)
    found = study.measure(model, {"a": bytes(range(200)), "b": b"hello"})
    assert study.bits_per_byte(found) == pytest.approx(8, abs=1e-4)
    assert study.bits_per_byte({"a": [20.0, 3, 10], "b": [30.0, 1, 90]}) == 0.5
    assert study.wrong_share({"a": [20.0, 3, 10], "b": [30.0, 1, 90]}) == 0.04


def test_batches_are_stretches_of_the_text_and_depend_on_the_seed_alone():
    content = torch.arange(100)
    first, again, other = (list(study.batches(content, 3, 5, 4, seed)) for seed in (1, 1, 2))
    assert [b.shape for b in first] == [(3, 5)] * 4
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))
    assert all((row.diff() == 1).all() for batch in first for row in batch)
    ends = {int(row[-1]) for batch in study.batches(torch.arange(8), 3, 5, 40, 0) for row in batch}
    assert ends == {4, 5, 6, 7}


def test_arms_share_first_weights_and_batches_and_take_equal_steps(text, monkeypatch):
    seen: dict[str, list] = {}
    real = study.batches

    def listening(content, size, length, steps, seed):
        for batch in real(content, size, length, steps, seed):
            if size == QUICK.batch_size:
                seen[arm].append(int(batch.sum()))
            yield batch

    monkeypatch.setattr(study, "batches", listening)
    first = {}
    for arm in study.ARMS:
        seen[arm] = []
        quick = dataclasses.replace(QUICK, ratios=(2,))
        record = study.make(arm, WHOLE[arm], 0, quick, text, "test")
        first[arm] = record["unpruned"]
    assert {len(sums) for sums in seen.values()} == {QUICK.steps + QUICK.fine_tune_steps}
    assert len({tuple(sums) for sums in seen.values()}) == 1
    plain = {json.dumps(first[arm]) for arm in ("dense", "one-shot", "wanda")}
    assert len(plain) == 1, "they begin with one network"
    assert json.dumps(first["l2+l0"]) not in plain
    assert first["l2+l0"]["bits"][0] == pytest.approx(first["dense"]["bits"][0], abs=0.02)


def test_a_record_says_what_was_left(records):
    for record in records:
        total = sum(one["weights"] for one in record["points"][0]["layers"].values())
        spared = compress.count_parameters(QUICK.network(0)) - total
        assert [p["ratio"] for p in record["points"]] == ([1] if record["arm"] == "dense" else [2, 4])
        for point in record["points"]:
            kept = spared + sum(one["nonzero"] for one in point["layers"].values())
            if record["arm"] != "dense":
                assert point["ratio"] <= point["achieved"] < 1.01 * point["ratio"] + 0.01
                assert (total + spared) / kept == pytest.approx(point["achieved"], rel=0.02)
            assert point["before"].keys() == point["after"].keys() == study.library_text().test.keys()
            assert study.bits_per_byte(point["after"]) < study.bits_per_byte(point["before"]) + 0.5
        assert record["provenance"]["versions"]["python"]
        assert record["text"]["python"] == study.library_text().python
        assert record == json.loads(json.dumps(record))


def test_a_penalty_leaves_smaller_weights(text):
    rms = {}
    for name, more in (("none", {}), ("l2", {"l2": 3.0}), ("l1", {"l1": 0.5}), ("l0", {"l0": 0.05, "beta": 10})):
        model, _ = study.trained(SETTING | more, 0, QUICK, text)
        rms[name] = study.layers_of(model)["head"]["rms"]
        assert (name in ("l1", "l0")) == (study.layers_of(model)["head"]["nonzero"] < 256 * 8), "exact zeros"
    assert max(rms["l2"], rms["l1"], rms["l0"]) < rms["none"]


def test_a_sample_holds_what_can_be_printed(monkeypatch):
    monkeypatch.setattr(study, "continue_text", lambda *_: "a\n\0\x1b b\u00e9".encode() + b"\xff")
    assert study.sample(QUICK.network(0)) == "a\n\ufffd\ufffd b\u00e9\ufffd"


def test_training_that_diverges_is_refused(text):
    model = QUICK.network(0)
    with torch.no_grad():
        model.head.weight[0, 0] = math.nan
    with pytest.raises(RuntimeError, match="loss must stay finite"):
        study.fit(model, study.joined(text.train), QUICK, 20, 1e-3, 0)


@pytest.mark.parametrize("penalty", [L2(0.1), L1(0.05), L2(0.1) + L0(0.01, 10)], ids=["l2", "l1", "l2+l0"])
def test_a_free_scale_rests_where_the_pull_makes_up_for_half_the_rate(penalty):
    """prop-scale-under-adam: the mean of w p(w) is eta/2."""
    draw, eta, products = np.random.default_rng(0), 0.02, []
    w = 0.2 * draw.normal(size=300)
    for _ in range(2000):
        v = draw.normal(size=w.size)
        v -= w * (v @ w) / (w @ w)
        w = w + eta * v / np.sqrt(np.mean(v**2))
        w = w - eta * penalty.gradient(w)
        products.append(np.mean(w * penalty.gradient(w)))
    assert np.mean(products[-1000:]) == pytest.approx(eta / 2, rel=0.05)
    if isinstance(penalty, L2):
        assert np.sqrt(np.mean(w**2)) == pytest.approx(np.sqrt(eta / 0.1) / 2, rel=0.1)


def test_a_weak_smoothed_l0_lets_a_free_scale_grow():
    draw, eta = np.random.default_rng(0), 0.02
    for beta in (3, 10, 30):
        for first in (0.03, 0.1, 0.3):
            w = first * draw.laplace(size=1000)
            assert np.mean(w * L0(0.999 * math.e * eta / 2, beta).gradient(w)) < eta / 2
    at = np.full(5, 1 / 7)
    assert np.mean(at * L0(math.e * eta / 2, 7).gradient(at)) == pytest.approx(eta / 2)


# Records: made once, kept whole, chosen from


@pytest.fixture
def quick(monkeypatch, text):
    monkeypatch.setattr(study, "library_text", lambda: text)
    return QUICK


def trial(score):
    point = {"ratio": 4, "before": {"a": [9.0, 1, 1]}, "after": {"a": [score, 1, 1]}}
    return {"format": study.FORMAT, "points": [point]}


def all_trials(folder, arms=tuple(study.ARMS), best=3):
    for arm in arms:
        for n in range(8):
            study.save(study.Unit("trial", arm, n).path(folder), trial(2.0 - (n == best)))


def test_a_run_is_made_once_with_what_was_chosen(quick, tmp_path, capsys, monkeypatch):
    all_trials(tmp_path)
    unit = study.Unit("run", "l1", 1)
    assert study.work(unit, quick, tmp_path, tmp_path / "runs") > 0
    made = study.load(unit.path(tmp_path))
    assert made["setting"] == {"rate": 2e-3, "fine_tune_rate": 0.3, "l1": 0.03}
    assert (made["arm"], made["seed"], made["part"]) == ("l1", 1, "test")
    assert "l1-seed1: " in capsys.readouterr().out
    monkeypatch.setattr(study, "make", lambda *_, **__: pytest.fail("made again"))
    assert study.work(unit, quick, tmp_path, tmp_path / "runs") == 0
    assert study.runs(tmp_path) == [made]


def check_stored(folder, settings):
    """Runs that belong together: one text, the settings of the code, and what the trials beside them chose."""
    found = study.runs(folder)
    assert len({record["text"]["digest"] for record in found}) <= 1
    for record in found:
        unit = study.Unit("run", record["arm"], record["seed"])
        assert study.load(unit.path(folder)) == record
        assert record["setting"] == study.setting_of(unit, folder)
        assert record["settings"] == json.loads(json.dumps(dataclasses.asdict(settings)))
        assert record["part"] == "test"
    chosen = study.load(folder / "chosen.json")
    if chosen:
        assert all(study.choose(folder, arm) == its["setting"] for arm, its in chosen["arms"].items())


def test_stored_runs_are_of_one_text_and_of_what_was_chosen():
    check_stored(study.RECORDS, study.SETTINGS)


def test_a_stored_run_of_something_else_would_be_seen(quick, tmp_path):
    all_trials(tmp_path)
    study.write_chosen(tmp_path)
    study.work(study.Unit("run", "wanda", 0), quick, tmp_path, tmp_path / "runs")
    check_stored(tmp_path, quick)
    with pytest.raises(AssertionError):
        check_stored(tmp_path, study.SETTINGS)
    all_trials(tmp_path, ("wanda",), best=5)
    with pytest.raises(AssertionError):
        check_stored(tmp_path, quick)


def test_a_record_of_another_text_or_setting_is_not_taken_for_ours(quick, tmp_path, monkeypatch):
    all_trials(tmp_path)
    unit = study.Unit("run", "one-shot", 0)
    study.work(unit, quick, tmp_path, tmp_path / "runs")
    with pytest.raises(ValueError, match="settings must be those of the record"):
        study.work(unit, dataclasses.replace(quick, steps=31), tmp_path, tmp_path / "runs")
    other = dataclasses.replace(study.library_text(), python="3.99.0")
    monkeypatch.setattr(study, "library_text", lambda: other)
    with pytest.raises(ValueError, match="text must be those of the record"):
        study.work(unit, quick, tmp_path, tmp_path / "runs")


def test_a_run_that_was_cut_off_goes_on_with_its_trained_network(quick, tmp_path, monkeypatch):
    all_trials(tmp_path)
    unit, real = study.Unit("run", "l2", 0), study.fit
    steps = []

    def cut_off(model, content, settings, count, *rest, **more):
        steps.append(count)
        if len(steps) == 3:
            raise KeyboardInterrupt
        return real(model, content, settings, count, *rest, **more)

    monkeypatch.setattr(study, "fit", cut_off)
    with pytest.raises(KeyboardInterrupt):
        study.work(unit, quick, tmp_path, tmp_path / "runs")
    assert not unit.path(tmp_path).exists()
    study.work(unit, quick, tmp_path, tmp_path / "runs")
    assert steps == [30, 10, 10, 10, 10], "trained once"
    whole = study.make("l2", study.setting_of(unit, tmp_path), 0, quick, study.library_text(), "test")
    mine = study.load(unit.path(tmp_path))
    for record in (mine, whole):
        del record["provenance"]
    assert mine == whole


def test_trials_read_validation_modules_with_another_seed(quick, tmp_path):
    all_trials(tmp_path, ("dense", "one-shot"), best=5)
    unit = study.Unit("trial", "wanda", 6)
    study.work(unit, quick, tmp_path, tmp_path / "runs")
    made = study.load(tmp_path / "trials" / "wanda-6.json")
    assert (made["seed"], made["part"]) == (study.TUNING_SEED, "validation")
    assert made["setting"] == {"rate": 4e-3, "within": "layer", "fine_tune_rate": 0.6}
    assert [p["ratio"] for p in made["points"]] == [4, 10]
    assert made["points"][0]["after"].keys() <= study.library_text().validation.keys()


def test_the_best_trial_is_chosen_and_a_missing_one_is_missed(tmp_path):
    all_trials(tmp_path, ("l0",), best=6)
    assert study.choose(tmp_path, "l0") == study.TRIALS["l0"][6]
    study.write_chosen(tmp_path)
    chosen = study.load(tmp_path / "chosen.json")
    assert list(chosen["arms"]) == ["l0"]
    assert chosen["arms"]["l0"]["setting"] == study.TRIALS["l0"][6]
    assert np.argmin(chosen["arms"]["l0"]["scores"]) == 6
    study.Unit("trial", "l0", 2).path(tmp_path).unlink()
    with pytest.raises(FileNotFoundError, match="1 trials of l0 are missing"):
        study.choose(tmp_path, "l0")


def test_every_unit_stands_once_behind_what_it_needs():
    stretches = study.units(("trial", "run"), study.ARMS, study.SEEDS)
    every = [unit for some in stretches for unit in some]
    assert len(every) == len(set(every)) == 8 * 8 + 8 * 3
    place = {unit: i for i, some in enumerate(stretches) for unit in some}
    for unit, i in place.items():
        if unit.arm not in ("dense", "one-shot"):
            assert i > place[study.Unit(unit.kind, "one-shot", 0)] > place[study.Unit(unit.kind, "dense", 0)]
        if unit.kind == "run":
            assert all(i > j for other, j in place.items() if other.kind == "trial")
    assert study.units(("run",), ("wanda",), (4,)) == [[study.Unit("run", "wanda", 4)]]


def test_one_command_makes_trials_and_runs_on_several_processes(tmp_path, capfd):
    tiny = dataclasses.replace(QUICK, steps=4, fine_tune_steps=2, ratios=(2,))
    all_trials(tmp_path, ("dense", "one-shot"))
    stretches = [[study.Unit("run", "dense", 0), study.Unit("run", "one-shot", 0)]]
    study.work_all(stretches, tiny, tmp_path, tmp_path / "runs", jobs=2)
    assert {r["arm"] for r in study.runs(tmp_path)} == {"dense", "one-shot"}
    assert "one-shot-seed0: done in" in capfd.readouterr().out
    study.work_all(stretches, tiny, tmp_path, tmp_path / "runs")
    assert capfd.readouterr().out.splitlines() == ["dense-seed0: there", "one-shot-seed0: there"]


def test_the_plan_names_the_command_until_all_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "seconds_per_step", lambda *_: 1.0)
    told = study.plan(tmp_path)
    assert "64 trials and 24 runs" in told
    assert "python -m l0lib.chapters.attention tune run --records book/records/attention" in told
    one = study.Unit("run", "l1", 0).steps(study.SETTINGS)
    assert one == study.SETTINGS.steps + 3 * study.SETTINGS.fine_tune_steps
    for some in study.units(("trial", "run"), study.ARMS, study.SEEDS):
        for unit in some:
            study.save(unit.path(tmp_path), {})
    assert study.plan(tmp_path) == "All 88 records are there."


def test_a_file_that_is_no_record_is_refused(tmp_path):
    assert study.load(tmp_path / "none.json") is None
    for content, said in (("{", "must be JSON"), ("[]", "must have format"), ('{"format": 0}', "must have format")):
        (tmp_path / "a.json").write_text(content)
        with pytest.raises(ValueError, match=said):
            study.load(tmp_path / "a.json")


def test_the_command_line_says_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(study, "seconds_per_step", lambda *_: 1.0)
    study.main(["plan", "--arms", "wanda", "--records", str(tmp_path)])
    assert "8 trials and 3 runs" in capsys.readouterr().out


# What came out


def measured(**modules):
    return {name: [bits, 0, n] for name, (bits, n) in modules.items()}


def point(bits):
    return {"before": None, "after": measured(a=(100 * bits, 100), b=(50 * (bits + 0.1), 50)), "ratio": 4}


def test_the_deviation_over_modules_is_that_of_a_ratio_of_sums():
    draw = np.random.default_rng(0)
    sizes = draw.integers(100, 2000, 40)
    gaps = draw.normal(0.1, 0.05, 40) * sizes
    first = [{str(i): [float(g), 0, int(n)] for i, (g, n) in enumerate(zip(gaps, sizes, strict=True))}]
    second = [{name: [0.0, 0, n] for name, (_, _, n) in first[0].items()}]
    found = results.over_modules(first, second)
    drawn = [(gaps[i].sum() / sizes[i].sum()) for i in draw.integers(0, 40, (4000, 40))]
    assert found == pytest.approx(np.std(drawn), rel=0.1)
    assert results.over_modules(first, first) == 0
    assert results.over_modules([{"a": [1, 0, 1]}], [{"a": [2, 0, 1]}]) == math.inf


def test_a_gap_is_taken_seed_by_seed():
    ours = {0: point(2.0), 1: point(2.3), 5: point(9.0)}
    theirs = {0: point(1.9), 1: point(2.1), 2: point(0.0)}
    found = results.gap(ours, theirs)
    assert (round(found.mean, 9), found.seeds) == (0.15, 2)
    half = 12.7062 * np.std([0.1, 0.2], ddof=1) / math.sqrt(2)
    assert found.interval == pytest.approx((0.15 - half, 0.15 + half), rel=1e-4)
    assert results.gap({0: point(1)}, {1: point(1)}) is None


def made_up(arm, bits, seeds=(0, 1, 2)):
    noise = np.roll([0.0, 0.002, -0.002], arm == "one-shot")
    return [{"arm": arm, "seed": s, "points": [point(bits + noise[s])]} for s in seeds]


def test_the_conclusion_follows_from_the_numbers():
    told = results.conclusion(made_up("l1", 2.0) + made_up("wanda", 2.5) + made_up("one-shot", 2.001), 4)
    assert told.startswith("4×: ℓ1 needs the fewest bits per byte")
    assert told.endswith("not told apart from it: one-shot magnitude.")
    assert results.conclusion(made_up("l1", 2.0) + made_up("wanda", 2.5), 4).endswith("all others need more.")
    assert (
        results.conclusion(made_up("l1", 2.0, (0,)) + made_up("wanda", 2.5, (0,)), 4)
        == "4×: too few runs for a verdict (1 seed)."
    )
    for nothing in ([], made_up("l1", 2.0), made_up("l1", 2.0) + made_up("dense", 1.0)):
        assert "Nothing to compare" in results.conclusion(nothing, 4)


def test_tables_tell_what_is_there_and_what_is_not(records):
    rows = results.table(records).rows
    assert [row[0] for row in rows if row[1] == "1×"] == ["dense"]
    assert len(rows) == 1 + 7 * 2
    assert {row[2] for row in rows} == {"2"}
    assert all((row[-1] == "–") == (row[0] in ("dense", "one-shot magnitude")) for row in rows)
    layers, shares = results.kept_shares(records, 4)
    assert list(shares) == [arm for arm in study.ARMS if arm != "dense"]
    sizes = [records[0]["points"][0]["layers"][name]["weights"] for name in layers]
    spared = compress.count_parameters(QUICK.network(0)) - sum(sizes)
    for own in shares.values():
        assert (np.dot(own, sizes) + spared) * 4 == pytest.approx(sum(sizes) + spared, rel=0.01)
    assert [row[0] for row in results.scales(records).rows] == ["dense", "ℓ2", "ℓ1", "smoothed ℓ0", "ℓ2 + ℓ0"]
    for made in (results.table([]), results.scales([])):
        assert made.rows[0][0] == "not run yet"
    assert results.kept_shares([], 4) == ([], {})
    assert results.curves(records)["wanda"].keys() == {2, 4}


def test_a_choice_at_the_end_of_what_was_tried_is_named(tmp_path):
    assert results.chosen(tmp_path).rows[0][0] == "not tuned yet"
    all_trials(tmp_path, ("dense", "l0", "wanda"), best=7)
    study.write_chosen(tmp_path)
    rows = {row[0]: row for row in results.chosen(tmp_path).rows}
    assert rows["dense"] == ("dense", "rate = 0.008", "1.000 to 2.000", "rate")
    assert rows["Wanda"][1:] == ("within: layer, fine_tune_rate = 1", "1.000 to 2.000", "fine_tune_rate")
    assert rows["smoothed ℓ0"][3] == "–", "two values of beta have no middle, and 0.25/30 lies between others"
    assert not results.at_the_end("dense", "rate", 2e-3)


def test_what_writes_to_the_stream_is_what_the_network_says():
    model = QUICK.network(0)
    writers = {id(w) for w in model.writers()}
    for name, p in model.named_parameters():
        if p.ndim > 1:
            assert results.writes(name.removesuffix(".weight")) == (id(p) in writers), name


def test_the_text_of_another_python_is_named(text, records):
    ours, other = {"text": study.library_text().origin}, {"text": text.origin | {"python": "3.99.0"}}
    assert "that of this page, too" in results.origin([ours])
    assert "3.99.0" in results.origin([other])
    assert "another text than that of this page" in results.origin([other])
    assert "do not compare" in results.origin([ours, other])
    assert results.origin([]) == "No run is on record yet."
