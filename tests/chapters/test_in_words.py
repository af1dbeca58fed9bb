"""Answers in words: records that say the opposite make the opposite sentence."""

import re

import pytest

from l0lib.chapters import deep_in_words, in_words
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.results import results
from tests.made_up import record
from tests.widgets import stored_runs

SEEDS = (0, 1, 2)


def penalties(levels, pruning="GP", seeds=SEEDS):
    """Experiment 1 in small: errors of ten thousand by penalty, one more with each seed."""
    return results(
        [stored_runs.run(f"{name}-{pruning}", seed, errors=e + seed) for name, e in levels.items() for seed in seeds]
    )


def arms(study, levels, seeds=SEEDS, dense=800):
    """Runs of a study's arms, by the wrong answers of each."""
    full = STUDIES[study].arms("full")
    return [record(seed, e + seed, what=full[arm], dense=dense) for arm, e in levels.items() for seed in seeds]


@pytest.mark.parametrize(
    ("levels", "starts"),
    [
        ({"l2": 400, "l1": 300, "l0": 100, "l2+l0": 100}, "Yes: for LeNet-5-Caffe under global pruning, ℓ0"),
        ({"l2": 400, "l1": 100, "l0": 300, "l2+l0": 300}, "No: for LeNet-5-Caffe under global pruning, ℓ0"),
        ({"l2": 400, "l1": 100, "l0": 105, "l2+l0": 103}, "That is not shown"),
        ({"l2": 400, "l1": 200, "l0": 100, "l2+l0": 300}, "Not in general"),
    ],
)
def test_whether_l0_beats_l1_turns_with_the_records(levels, starts):
    told = in_words.l0_against_l1(penalties(levels))
    assert told.sentences[0].startswith(starts)
    apart = levels["l0"] != levels["l1"] + 5
    assert ("fine-tuned, ℓ0 errs" in str(told).partition("Against")[0]) == apart
    assert ("Not told apart is not equal" in str(told)) == (not apart)


def test_against_l2_all_three_in_one_sentence_or_each_in_its_own():
    alike = in_words.l0_against_l1(penalties({"l2": 400, "l1": 100, "l0": 100, "l2+l0": 100}))
    assert "each of ℓ1, ℓ0 and ℓ2 + ℓ0 errs less at 2" in alike.sentences[-1]
    apart = in_words.l0_against_l1(penalties({"l2": 200, "l1": 100, "l0": 400, "l2+l0": 100}))
    assert "; ℓ0 errs less at 0, more at 2" in apart.sentences[-1]


def test_too_few_seeds_make_no_verdict_anywhere():
    told = in_words.l0_against_l1(penalties({"l2": 400, "l1": 300, "l0": 100, "l2+l0": 100}, seeds=(0,)))
    assert told.sentences[0] == "Too few runs for a verdict: 1 seed."


def test_no_runs_no_answer():
    assert str(in_words.l0_against_l1([])) == "Not recorded yet."
    assert "not recorded yet" in str(in_words.hundredfold([]))
    assert str(in_words.does_it_pay([])) == "Not recorded yet."
    assert str(in_words.deeper([])) == "Not recorded yet."
    assert str(in_words.removal_or_scratch([])) == "Not recorded yet."
    assert "not recorded" in str(in_words.larger_factor([], []))
    assert str(in_words.reach_predicts([], [])) == "Not recorded yet."
    assert "Not recorded yet" in str(in_words.random_pruning([]))
    assert "Not recorded yet" in str(in_words.gathered([]))


@pytest.mark.parametrize("worst", ["l2", "l1", "l2+l0"])
def test_random_pruning_harms_most_where_the_error_is_largest(worst):
    levels = {name: 6000 + 900 * (name == worst) for name in ("l2", "l1", "l0", "l2+l0")} | {"l0": 900}
    told = str(in_words.random_pruning(penalties(levels, "RP")))
    name = in_words._NAMES[worst]
    assert told.startswith(f"Random pruning does most harm under {name}")
    assert "no longer works" in told
    assert "9.1 % under ℓ0" in told


@pytest.mark.parametrize(
    ("norm", "control", "seeds", "end", "said"),
    [
        (150, 400, SEEDS, "120× and 150×: there the ℓ0 term helps.", "NORM errs less than ℓ2 alone at 20×"),
        (400, 150, SEEDS, "the ℓ0 term does harm.", "NORM errs more than ℓ2 alone at 20×"),
        (150, 152, SEEDS, "the ℓ0 term is not shown to do anything.", "NORM and ℓ2 alone are told apart at no ratio"),
        (150, 400, (0,), "against ℓ2 alone there are too few runs.", "NORM against ℓ2 alone: too few runs."),
    ],
)
def test_the_control_says_what_the_l0_term_does(norm, control, seeds, end, said):
    runs = arms("experiment-2", {"lenet-300-100-NORM": norm, "lenet-300-100-l2": control}, seeds)
    told = in_words.hundredfold(results(runs))
    assert told.sentences[0].endswith(end)
    assert said in str(told)


def test_places_alone_turn_with_the_records():
    def told(scratch, seeds=(0, 1, 2)):
        levels = {"lenet-300-100-NORM": 190, "lenet-300-100-NORM-scratch": scratch}
        return in_words.places_alone(results(arms("experiment-2", levels, seeds=seeds)))

    worse = told(290)
    assert worse.sentences[0] == "No: at the same places other first weights do worse at every ratio."
    assert worse.sentences[1].startswith(
        "A network of the same places, trained anew for all of NORM's epochs, errs more"
    )
    assert "by 1.00 points" in worse.sentences[1]
    assert told(191).sentences[0].startswith("It may be")
    assert told(90).sentences[0].startswith("Yes")
    assert told(290, seeds=(0,)).sentences[0] == "There are too few runs for a verdict."
    assert str(in_words.places_alone([])) == "Not recorded yet."


@pytest.mark.parametrize(
    ("sep", "start"),
    [(100, "SEP is better than NORM:"), (400, "SEP is worse than NORM:"), (201, "SEP is not shown to be better")],
)
def test_sep_against_norm(sep, start):
    runs = arms("experiment-2", {f"lenet-300-100-{way}": e for way, e in (("NORM", 200), ("SEP", sep))})
    assert in_words._strategies(results(runs)).startswith(start)


def test_headlines_are_counted_as_reached_by_the_mean_of_five_seeds():
    seeds = range(5)
    names = ("lenet-300-100-NORM", "lenet-300-100-SEP", "lenet-5-caffe-NORM", "lenet-5-caffe-SEP")
    good, poor = (results(arms("experiment-2", dict.fromkeys(names, e), seeds)) for e in (80, 400))
    assert "4 of the 7 errors that we had aimed at are met" in str(in_words.hundredfold(good))
    assert "0 of the 7 errors that we had aimed at are met" in str(in_words.hundredfold(poor))
    few = results(arms("experiment-2", dict.fromkeys(names, 80), (0, 1, 2)))
    assert "0 of the 7 errors that we had aimed at are met" in str(in_words.hundredfold(few))
    assert in_words.hundredfold(good).sentences[0].startswith("Of the paper's 4 errors 4 are reached;")
    assert in_words.hundredfold(poor).sentences[0].startswith("Of the paper's 4 errors 4 are missed;")
    mixed = results(arms("experiment-2", dict.fromkeys(names, 80) | {"lenet-5-caffe-SEP": 400}, seeds))
    assert in_words.hundredfold(mixed).sentences[0].startswith("Of the paper's 4 errors 3 are reached and 1 is missed;")
    assert "at 90× is reached (0.82 %)" in str(in_words.hundredfold(good))
    assert "at 90× is missed (4.02 %)" in str(in_words.hundredfold(poor))


@pytest.mark.parametrize(
    ("norm", "control", "seeds", "lead", "said"),
    [
        (
            800,
            1200,
            SEEDS,
            "the ℓ0 term makes the difference for",
            "NORM errs less than ℓ2 alone at 5× and 10×",
        ),
        (
            1200,
            800,
            SEEDS,
            "the ℓ0 term does not help for",
            "NORM errs more than ℓ2 alone at 5× and 10×",
        ),
        (
            800,
            802,
            SEEDS,
            "the ℓ0 term is not shown to help for",
            "the error under NORM less that under ℓ2 alone is −0.02 points",
        ),
        (
            800,
            1200,
            (0,),
            "there are too few runs for a verdict on",
            "the error under NORM less that under ℓ2 alone is −4.00 points",
        ),
    ],
)
def test_whether_the_l0_term_has_made_the_difference(norm, control, seeds, lead, said):
    runs = arms("experiment-3", {"resnet-20-NORM": norm, "resnet-20-l2": control}, seeds)
    told = in_words.deeper(results(runs))
    assert told.sentences[0] == f"Fine-tuned, {lead} ResNet-20."
    assert f"ResNet-20, fine-tuned: {said}" in str(told)
    assert ("on 1 seed; other test images alone would not explain it" in str(told)) == (seeds == (0,))


@pytest.mark.parametrize(("norm", "dense", "how"), [(850, 4000, "longer than"), (4000, 850, "no longer than")])
def test_just_pruned_the_better_one_holds_longer(norm, dense, how):
    runs = arms("experiment-3", {"resnet-20-NORM": norm, "resnet-20-dense": dense})
    lead = in_words.deeper(results(runs)).sentences[0]
    word = "makes the difference" if norm < dense else "does not help"
    assert lead == f"Just pruned, the ℓ0 term {word} for ResNet-20."
    assert f"within a point of its unpruned error {how} the network without ℓ0" in str(in_words.deeper(results(runs)))


@pytest.mark.parametrize(
    ("prefix", "where"), [("cifar10", "VGG-16 on CIFAR-10"), ("short-cifar100", "VGG-16 on CIFAR-100")]
)
def test_a_sweep_is_told_where_it_is_complete(prefix, where):
    names = [name for name in STUDIES["experiment-4"].arms("full") if name.startswith(f"{prefix}-")]
    levels = dict(zip(names, (4000, 3000, 900, 850), strict=True))
    told = in_words.larger_factor(arms("experiment-4", levels, (0,)), [])
    assert f"or {where}: too few runs (on 1 seed: yes)" in told.sentences[0]
    assert (
        f"{where}, the highest ratio not shown to lose more than a point: no ratio tried without ℓ0, 100× under"
        in str(told)
    )
    assert told.sentences[-1].endswith("1 seed, too few runs for a verdict.")
    turned = dict(zip(names, (850, 900, 3000, 4000), strict=True))
    told = in_words.larger_factor(arms("experiment-4", turned), [])
    assert f"or {where}: no" in told.sentences[0]
    assert "too few runs" not in str(told)
    uneven = dict(zip(names, (4000, 850, 3000, 850), strict=True))
    assert f"{where}: too few runs (on 1 seed: not at every step)" in str(
        in_words.larger_factor(arms("experiment-4", uneven, (0,)), [])
    )
    less = in_words.larger_factor(arms("experiment-4", dict(list(levels.items())[:3]), (0,)), [])
    assert f"{where}: not recorded in full yet" in str(less)
    assert f"{where}, the highest" not in str(less)


@pytest.mark.parametrize(
    ("predicted", "word", "gap"),
    [(0.52, "predicts within 10 points", "2.0"), (0.9, "does not predict within 10 points", "40.0")],
)
def test_a_prediction_is_called_one_if_it_is_close(predicted, word, gap, monkeypatch):
    from l0lib.chapters import reaching

    monkeypatch.setattr(reaching, "reached", lambda run: reaching.Reach(1.0, {}, predicted, 0.5))
    full = STUDIES["experiment-5"].arms("full")
    made = [record(0, what=full["resnet-20-5-1e-06"])]
    told = in_words.reach_predicts([], made)
    assert told.sentences[0] == f"On one seed each, the reach {word} what dies in ResNet-20 on CIFAR-10."
    assert f"up to {gap} points in ResNet-20 on CIFAR-10 (1 factor)" in told.sentences[1]
    two = in_words.reach_predicts([], [*made, record(1, what=full["resnet-20-5-1e-06"])])
    assert two.sentences[0] == f"The reach {word} what dies in ResNet-20 on CIFAR-10."


def test_a_run_without_a_pull_foretells_nothing():
    made = [record(0, what=STUDIES["experiment-5"].arms("full")["resnet-20-5-0"])]
    assert not made[0].config.training.penalty.alpha_l0
    assert str(in_words.reach_predicts([], made)) == "Not recorded yet."


@pytest.mark.parametrize(("ten", "said"), [(900, "is −2.00 points"), (1300, "is +2.00 points")])
def test_a_doubled_beta_is_told_by_factor(ten, said, monkeypatch):
    from l0lib.chapters import reaching

    def reached(run):
        beta = run.config.training.penalty.beta
        return reaching.Reach(1.0, {"a": beta, "b": beta, "none": 0.0}, 0.9, beta / 100)

    monkeypatch.setattr(reaching, "reached", reached)
    full = STUDIES["experiment-5"].arms("full")
    made = [
        record(0, what=full[f"resnet-20-{beta}-{factor}"], dense=wrong)
        for beta, wrong in ((5, 1100), (10, ten))
        for factor in ("1e-06", "1e-05")
    ]
    told = in_words.doubled_beta(made)
    far = "2.00 times as far under α₀ ="
    assert told.sentences[0] == f"β = 10 reaches {far} 10⁻⁶ and {far} 10⁻⁵."
    assert len(told.sentences) == 4
    for sentence, factor in zip(told.sentences[1:], ("10⁻⁶", "10⁻⁵"), strict=False):
        assert sentence.startswith(
            f"Under α₀ = {factor}, β = 10 leaves 10.0 % of the weights dead and β = 5 leaves 5.0 %;"
        )
        assert said in sentence
    assert str(in_words.doubled_beta(made[:2])) == "Not recorded yet."
    made = [
        record(0, what=full[f"resnet-20-{arm}"], dense=wrong)
        for beta, wrong in ((5, 1100), (10, ten))
        for arm in (f"{beta}-{factor}" for factor in ("1e-06", "5e-06", "1e-05"))
    ]
    told = in_words.doubled_beta(made).sentences
    assert told[-2].startswith(
        "The paper says that no severe change comes of it; in our runs this does not hold: before pruning"
    )
    assert told[-2].endswith("on 1 seed.")


@pytest.mark.parametrize(
    ("removed", "scratch", "said"),
    [
        (1100, 1000, "Training the small shape from scratch errs less than removal in all 4 pairs"),
        (1000, 1100, "Removal errs less than training the small shape from scratch in all 4 pairs"),
    ],
)
def test_removal_or_scratch_turns_with_the_records(removed, scratch, said):
    levels = {"vgg-16-NORM": removed, "vgg-16-l2": removed, "vgg-16-scratch": scratch}
    told = in_words.removal_or_scratch(results(arms("experiment-6", levels, (0,))))
    assert told.sentences[0].startswith(f"Too few runs for a verdict; on 1 seed {said[0].lower()}{said[1:]}")
    more = in_words.removal_or_scratch(results(arms("experiment-6", levels)))
    assert more.sentences[0].startswith(said)
    assert "oo few runs" not in str(more)
    split = arms("experiment-6", levels | {"vgg-16-l2": 2 * scratch - removed}, (0,))
    assert "on 1 seed neither is better throughout" in in_words.removal_or_scratch(results(split)).sentences[0]


@pytest.mark.parametrize(
    ("best", "adds", "lead"),
    [
        (10_000, 5_000, "In bytes part of the ratio pays out, in multiply-adds most of it."),
        (4_500, 200_000, "In bytes most of the ratio pays out, in multiply-adds little of it."),
    ],
)
def test_what_a_ratio_pays_out_follows_the_records(best, adds, lead):
    def changed(run):
        points = [
            p.model_copy(update={"nonzero_multiply_adds": adds, "bytes": p.bytes.model_copy(update={"best": best})})
            for p in run.points
        ]
        return run.model_copy(update={"points": tuple(points)})

    runs = [changed(run) for run in arms("experiment-2", {"lenet-5-caffe-NORM": 90})]
    told = in_words.does_it_pay(runs)
    assert told.sentences[0] == lead
    assert f"{2_293_000 / adds:.3g}" in told.sentences[1].replace(",", "")
    assert "mean of 3 seeds" in told.sentences[1]
    assert "milliseconds" in told.sentences[-1].lower()


def test_what_a_ratio_pays_out_names_the_networks_where_they_differ():
    def changed(run, nonzero):
        points = tuple(p.model_copy(update={"nonzero_multiply_adds": nonzero}) for p in run.points)
        return run.model_copy(update={"points": points})

    given = arms("experiment-2", {"lenet-300-100-NORM": 90, "lenet-5-caffe-NORM": 90})
    runs = [changed(run, 1_000 if "300" in run.config.arm else 200_000) for run in given]
    lead = in_words.does_it_pay(runs).sentences[0]
    assert lead.endswith("in multiply-adds most of it for LeNet-300-100 and little of it for LeNet-5-Caffe.")


def test_every_answer_of_the_stored_records_is_a_row_and_shows_as_a_box():
    rows = in_words.every().rows
    assert len(rows) == len(in_words.QUESTIONS)
    for question, told, link in rows:
        assert question.endswith("?")
        assert told.endswith(".")
        assert ".html" in link.href
    for ask in in_words.QUESTIONS:  # a stop and a new beginning, not the parts of which an answer is made
        assert 2 <= len(re.findall(r"[.?](?= [^\W\d_]|$)", str(ask()))) <= 5, ask.__name__
    box = in_words.l0_against_l1()._repr_html_()
    assert "Does ℓ0 beat ℓ1?" in box
    assert box.startswith("<div")


def test_half_of_a_gap_is_the_line_between_most_and_less(monkeypatch):
    class Made:
        seeds = (0,)

        def __init__(self, arm, before, after):
            self.arm, self.at = arm, {"statistics anew": {1.0: (), 10.0: ()}}
            self.errors = {"just pruned": before, "statistics anew": after}

        def mean(self, stage, ratio):
            return self.errors[stage]

    def told(after):
        made = [Made("vgg-16-dense", 90.0, after), Made("vgg-16-NORM", 10.0, 9.0)]
        monkeypatch.setattr(deep_in_words.recalibrated, "follow", lambda *_: made)
        return deep_in_words.stale([])

    assert "errs 80.0 points more without ℓ0 than with it" in told(12.0)
    assert "of their own, 3.0 points more: stale" in told(12.0)
    assert "of their own, 1.0 points less: stale" in told(8.0)
    assert "made most of that gap" in told(12.0)
    assert "made less than half of that gap" in told(70.0)


@pytest.mark.parametrize(
    ("anew", "word"),
    [(12.0, "2.0 points above the unpruned network: little"), (50.0, "about half"), (88.0, "nearly all")],
)
def test_what_is_lost_for_good_is_told_where_the_network_breaks_down(anew, word, monkeypatch):
    class Made:
        arm, seeds = "vgg-16-dense", (0,)
        unpruned = (record(0, dense=1000).dense,)
        at = {"statistics anew": {1.0: (), 2.0: (), 5.0: (), 50.0: ()}}  # noqa: RUF012
        errors = {2.0: (30.0, 11.0), 5.0: (90.0, anew), 50.0: (90.0, 89.5)}  # noqa: RUF012

        def mean(self, stage, ratio):
            return self.errors[ratio][stage == "statistics anew"] if ratio > 1 else None

    monkeypatch.setattr(deep_in_words.recalibrated, "follow", lambda *_: [Made()])
    told = deep_in_words.lost_for_good([])
    assert told.startswith("Without ℓ0, just pruned at 5×, it errs on 90.0 %; with statistics of its own on")
    assert f"{word} is lost for good. At 50× they bring nothing back (1 seed)." in told
    monkeypatch.setattr(deep_in_words.recalibrated, "follow", lambda *_: [])
    assert deep_in_words.lost_for_good([]) == "Not recorded yet."


@pytest.mark.parametrize(
    ("wins", "said"),
    [
        ({0.5: 3, 0.99: 3}, "than under ℓ2, on every seed, and than under ℓ1, on every seed."),
        ({0.5: 1, 0.99: 0}, "than under ℓ2, on some seeds only, and"),
        ({0.5: 0, 0.99: 0}, "than under ℓ2, on no seed, and"),
    ],
)
def test_where_the_energy_sits_is_said_first(wins, said, monkeypatch):
    monkeypatch.setattr(in_words, "_fewer", lambda ours, others, level: (wins[level], 3))
    monkeypatch.setattr(in_words.stored, "energy", lambda magnitudes, edges: [])
    runs = [stored_runs.run(f"{name}-GP", 0) for name in ("l2", "l1", "l0", "l2+l0")]
    told = in_words.gathered(runs)
    assert told.sentences[0].startswith(f"Under ℓ0, alone or with ℓ2, fewer weights hold the energy {said}")
    assert len(told.sentences) == 3
    monkeypatch.setattr(in_words, "_fewer", lambda ours, others, level: (3 * (level > 0.5), 3))
    assert (
        in_words.gathered(runs).sentences[0]
        == "Compared with ℓ2, fewer hold 99 % of it on every seed, but not 50 % of it."
    )


def test_networks_with_one_verdict_share_a_clause():
    names = [f"{name}-{arm}" for name in ("resnet-20", "vgg-16") for arm in ("NORM", "l2")]
    runs = arms("experiment-3", dict.fromkeys(names, 900), (0,))
    lead = in_words.deeper(results(runs)).sentences[0]
    assert lead == "Fine-tuned, there are too few runs for a verdict on ResNet-20 and VGG-16."
