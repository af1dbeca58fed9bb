"""Answers in words on deeper networks: ResNet-20 and VGG-16 on CIFAR-10, few epochs, whole neurons.

Each function answers one question as those of :mod:`~l0lib.chapters.in_words` do, which collects them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean

from .. import labels
from ..experiments import stored
from ..experiments.arms import BETAS_5, SCALED_4
from ..experiments.records import Record
from ..experiments.results import Result, change_by_pruning, count_of_seeds, results, unpruned
from ..paper import compare, evidence
from ..paper.compare import TOO_FEW, Comparison, pairs, select, span
from ..table import listed, signed, times
from . import recalibrated
from .answer import Answer, results_of, told_apart, told_at, told_by, told_seen

#: A prediction of how many weights die, in percentage points, counts as right up to here.
CLOSE = 10.0


# ----------------------------------------------------------------------------------------------------------- deeper


def deeper(found: Iterable[Result] | None = None) -> Answer:
    """Answer whether the l0 term has made the difference on CIFAR-10, fine-tuned and just pruned, for both networks."""
    ours = results_of("experiment-3", found)
    tuned: list[tuple[str, str]] = []
    just: list[tuple[str, str]] = []
    told = []
    for network in ("resnet-20", "vgg-16"):
        name = labels.NETWORKS[network]
        control = select(ours, arm=f"{network}-l2", fine_tuned=True)
        arms = {way: select(ours, arm=f"{network}-{way}", fine_tuned=True) for way in ("NORM", "SEP")}
        if both := {way: those for way, line in arms.items() if (those := pairs(line, control))}:
            tuned.append((name, _together(both.values())))
            told.append(f"{name}, fine-tuned: {_made_it(both)}")
        sides = [select(ours, arm=f"{network}-{arm}", fine_tuned=False) for arm in ("NORM", "dense")]
        if all(sides):
            just.append((name, compare.verdict(pairs(*sides))))
            told.append(f"{name}, just pruned: {_holds_longer(*sides)}")
    stages = (("fine-tuned", tuned), ("just pruned", just))
    short = "; ".join(f"{stage}, {_made(given)}" for stage, given in stages if given)
    lead = [f"{short[0].upper()}{short[1:]}."] if short else []
    place = "12-deeper#sec-made-the-difference"
    return Answer("Has the ℓ0 term made the difference?", place, (*lead, *told) or ("Not recorded yet.",))


#: Whether it has made the difference for some networks, by the verdict on "it outperforms the control".
_VERDICTS = {
    compare.HOLDS: "the ℓ0 term makes the difference for {}",
    compare.PART: "the ℓ0 term helps at some ratios for {}",
    compare.FAILS: "the ℓ0 term does not help for {}",
    compare.NOT_SHOWN: "the ℓ0 term is not shown to help for {}",
    compare.MISSING: "runs are missing for {}",
    TOO_FEW: "there are too few runs for a verdict on {}",
}


def _made(given: Sequence[tuple[str, str]]) -> str:
    """Return a clause for each verdict, with the networks that have it."""
    words = dict.fromkeys(word for _, word in given)
    return listed([_VERDICTS[word].format(listed([name for name, own in given if own == word])) for word in words])


def _together(groups: Iterable[Sequence[Comparison]]) -> str:
    """Return the verdict on several arms at once: on all their comparisons."""
    return compare.verdict([one for group in groups for one in group])


def _made_it(both: Mapping[str, Sequence[Comparison]]) -> str:
    """Return where arms err less or more than the control without the l0 term, or else what is seen."""
    told = []
    for way, those in both.items():
        if apart := told_apart(those, way, "ℓ2 alone"):
            told.append(listed(apart))
            continue
        few = max(one.seeds for one in those)
        on = f" on {count_of_seeds(few)}" if few < compare.LEAST_RUNS else ""
        text = f"the error under {way} less that under ℓ2 alone is {told_seen(those)}{on}"
        clear = [one for one in those if few == 1 and one.clear]
        told.append(f"{text}; other test images alone would not explain it at {told_at(clear)}" if clear else text)
    return f"{'; '.join(told)}."


def _holds_longer(norm: Sequence[Result], dense: Sequence[Result]) -> str:
    """Return up to which ratio two networks that were just pruned stay within a point of what they were before."""
    highest = [max((r.ratio for r in it if change_by_pruning(r).mean <= 1), default=1.0) for it in (norm, dense)]
    both = pairs(norm, dense)
    how = "longer than" if highest[0] > highest[1] else "no longer than"
    told = (
        f"NORM stays within a point of its unpruned error {how} the network without ℓ0, up to {_ratio(highest[0])} "
        f"against {_ratio(highest[1])}"
    )
    if compare.verdict(both) == TOO_FEW:
        return f"{told}, on {count_of_seeds(max(one.seeds for one in both))}."
    return f"{told}, and errs {compare.counted(both)} ratios."


def _ratio(ratio: float) -> str:
    """Return a ratio that was reached; 1 stands for none."""
    return times(ratio) if ratio > 1 else "no ratio tried"


# ------------------------------------------------------------------------------------------------------- few epochs

#: The sweeps of a factor on VGG-16 by what their arms' names begin with, and what readers call them.
_SWEEPS = {"cifar10": "VGG-16 on CIFAR-10", "short-cifar100": "VGG-16 on CIFAR-100"}


def reach_predicts(runs: Iterable[Record] | None = None, betas: Iterable[Record] | None = None) -> Answer:
    """Answer whether the reach is a prediction: the shares of weights that it says die, and those that died.

    ``runs`` are of Experiment 4, ``betas`` of Experiment 5.
    """
    sweep = stored.runs("experiment-4") if runs is None else list(runs)
    small = [r for r in (stored.runs("experiment-5") if betas is None else betas) if r.config.network == "resnet-20"]
    predicted = {name: [r for r in sweep if r.config.arm.startswith(f"{prefix}-")] for prefix, name in _SWEEPS.items()}
    predicted["ResNet-20 on CIFAR-10"] = small
    # without a term that pulls the reach is zero, and nothing is foretold
    predicted = {name: [r for r in given if _pulls(r)] for name, given in predicted.items()}
    gaps = {name: gap for name, given in predicted.items() if (gap := _gap(given)) is not None}
    question, place = "Does the reach predict what dies?", "13-few-epochs#sec-foretold"
    if not gaps:
        return Answer(question, place, ("Not recorded yet.",))
    right, wrong = ([name for name, gap in gaps.items() if (gap <= CLOSE) == close] for close in (True, False))
    within = f"within {CLOSE:g} points what dies in"
    verdict = f"predicts {within} {listed(right)}" if right else f"does not predict {within} {listed(wrong)}"
    apart = [f"{gap:.1f} points in {name} ({_counted(predicted[name])})" for name, gap in gaps.items()]
    once = all(len({r.seed for r in predicted[name]}) == 1 for name in gaps)
    subject = "On one seed each, the reach" if once else "The reach"
    return Answer(
        question,
        place,
        (
            f"{subject} {verdict}{f', and not in {listed(wrong)}' if right and wrong else ''}.",
            f"The predicted share of dead weights and the one that was found are apart by up to {listed(apart)}.",
        ),
    )


def larger_factor(runs: Iterable[Record] | None = None, anew: Iterable[Record] | None = None) -> Answer:
    """Answer whether a larger factor compresses more without fine-tuning, at what cost, and what statistics do to it.

    ``runs`` are of Experiment 4, ``anew`` of the studies experiment-3 and recalibration.
    """
    sweep = stored.runs("experiment-4") if runs is None else list(runs)
    both = [*stored.runs("experiment-3"), *stored.runs("recalibration")] if anew is None else list(anew)
    trades = {name: evidence.sweep(results(sweep), prefix, SCALED_4) for prefix, name in _SWEEPS.items()}
    words = "; ".join(f"for {name}: {_compresses(it)}" for name, it in trades.items())
    told = [f"{words[0].upper()}{words[1:]}."]
    told += [_trade(name, line) for name, line in trades.items() if line is not None]
    told.append(stale(both))
    question = "Does a larger α₀ compress more, without fine-tuning?"
    return Answer(question, "13-few-epochs#sec-sweeps", tuple(filter(None, told)))


def _gap(runs: Sequence[Record]) -> float | None:
    """Return how far the shares of dead weights, predicted by the reach and found, are apart at most, in points."""
    from .reaching import largest_gap, reached

    return largest_gap(map(reached, runs))


def _pulls(run: Record) -> bool:
    """Return whether a run had a term that pulls small weights to zero: l0 or l1."""
    its = run.config.training.penalty
    return bool(its.alpha_l0 or its.alpha_l1 or any(its.alpha_l0_by_layer))


def _counted(runs: Sequence[Record]) -> str:
    arms = len({run.config.arm for run in runs})
    return f"{arms} factor{'s' * (arms > 1)}"


def _compresses(line: Sequence[evidence.Swept] | None) -> str:
    """Return whether the highest ratio reached rises with the factor, by a word."""
    if line is None:
        return "not recorded in full yet"
    word = "yes" if all(a.reached <= b.reached for a, b in pairwise(line)) else "not at every step"
    word = word if line[-1].reached > line[0].reached else "no"
    seeds = min(one.lowest.n_seeds for one in line)
    return word if seeds >= compare.LEAST_RUNS else f"{TOO_FEW} (on {count_of_seeds(seeds)}: {word})"


def _trade(name: str, line: Sequence[evidence.Swept]) -> str:
    """Return the highest ratio reached without the term and under its largest factor, and what that costs before."""
    none, most = line[0], line[-1]
    (one,) = compare.pairs([unpruned(most.lowest)], [unpruned(none.lowest)])
    costs = "more" if one.mean > 0 else "less"
    few = f"; {count_of_seeds(one.seeds)}, {TOO_FEW} for a verdict" if one.seeds < compare.LEAST_RUNS else ""
    return (
        f"{name}, the highest ratio not shown to lose more than a point: {_ratio(none.reached)} without ℓ0, "
        f"{_ratio(most.reached)} under α₀ = {labels.scientific(most.factor)}, which errs {costs} before pruning, by "
        f"{told_by(one)}{few}."
    )


def doubled_beta(runs: Iterable[Record] | None = None) -> Answer:
    """Answer what β = 10 in place of 5 does to reach, dead weights and error of ResNet-20, by factor (Experiment 5)."""
    from .reaching import reached

    question, place = "How much further does β = 10 reach than β = 5, and does it show?", "13-few-epochs"
    given = stored.runs("experiment-5") if runs is None else list(runs)
    by: dict[float, dict[float, Record]] = {}
    for run in given:
        its = run.config.training.penalty
        if run.config.network == "resnet-20" and its.alpha_l0:
            by.setdefault(its.alpha_l0, {})[its.beta] = run
    both = {factor: [at[beta] for beta in BETAS_5] for factor, at in sorted(by.items()) if set(BETAS_5) <= at.keys()}
    if not both:
        return Answer(question, place, ("Not recorded yet.",))
    reaches, told = [], []
    for factor in dict.fromkeys((min(both), max(both))):
        five, ten = (reached(run) for run in both[factor])
        further = [ten.reach[layer] / five.reach[layer] for layer in five.reach if five.reach[layer]]
        low, high = f"{min(further):.2f}", f"{max(further):.2f}"
        far = low if low == high else f"{low} to {high}"
        (one,) = pairs(*([unpruned(results([run])[0])] for run in reversed(both[factor])))
        under = f"under α₀ = {labels.scientific(factor)}"
        reaches.append(f"{far} times as far {under}")
        told.append(
            f"{under.capitalize()}, β = 10 leaves {100 * ten.found:.1f} % of the weights dead and β = 5 leaves "
            f"{100 * five.found:.1f} %; before pruning, the error under β = 10 less that under β = 5 is "
            f"{signed(one.mean)} points ({span(one.wide)})."
        )
    finding = evidence.small_betas(results(run for run in given if run.config.network == "resnet-20"))
    if finding is not None:
        said = finding.value.rpartition("; ")[2] if finding.word else finding.correction or "as the text says"
        said = said.replace("not so here:", "in our runs this does not hold:")
        told.append(f"The paper says that no severe change comes of it; {said}.")
    told.append(f"One training each: {TOO_FEW} for a verdict on the errors.")
    return Answer(question, place, (f"β = 10 reaches {listed(reaches)}.", *told))


def _followed(anew: Iterable[Record]) -> dict[str, recalibrated.Followed]:
    """Return the arms that runs of Experiment 3 and of recalibration have in common, stage by stage."""
    given = list(anew)
    sides = ([r for r in given if r.config.experiment == study] for study in ("experiment-3", "recalibration"))
    return {one.arm: one for one in recalibrated.follow(*sides)}


def stale(anew: Iterable[Record]) -> str:
    """Return how much of the gap that a sweep without fine-tuning shows is stale statistics, for VGG-16."""
    by_arm = _followed(anew)
    if not {"vgg-16-dense", "vgg-16-NORM"} <= by_arm.keys():
        return ""
    dense, norm = by_arm["vgg-16-dense"], by_arm["vgg-16-NORM"]
    gaps = {}
    for ratio in dense.at["statistics anew"]:
        errors = [(it.mean("just pruned", ratio), it.mean("statistics anew", ratio)) for it in (dense, norm)]
        if ratio > 1 and None not in errors[0] + errors[1]:
            gaps[ratio] = tuple(a - b for a, b in zip(*errors, strict=True))
    if not gaps:
        return ""
    ratio = max(gaps, key=lambda r: abs(gaps[r][0]))
    before, after = gaps[ratio]
    word = "most" if abs(after) < abs(before) / 2 else "less than half"
    first, then = (f"{abs(gap):.1f} points {'more' if gap > 0 else 'less'}" for gap in gaps[ratio])
    return (
        f"Just pruned at {times(ratio)}, VGG-16 on CIFAR-10 errs {first} without ℓ0 than with it; once both have "
        f"statistics of their own, {then}: stale statistics made {word} of that gap "
        f"({count_of_seeds(min(len(dense.seeds), len(norm.seeds)))})."
    )


def lost_for_good(anew: Iterable[Record]) -> str:
    """Return how much of what VGG-16 knew without l0 is lost once its statistics are measured anew, after pruning.

    The ratio is the first at which the network, just pruned, no longer works; the last one on record stands beside it.
    """
    if (dense := _followed(anew).get("vgg-16-dense")) is None:
        return "Not recorded yet."
    both = {}
    for ratio in sorted(dense.at["statistics anew"]):
        before, after = (dense.mean(stage, ratio) for stage in recalibrated.STAGES[:2])
        if ratio > 1 and before is not None and after is not None:
            both[ratio] = before, after
    broken = [ratio for ratio, (before, _) in both.items() if before > compare.COLLAPSED]
    if not broken:
        return "Not recorded yet where it breaks down."
    whole = fmean(one.percent for one in dense.unpruned)
    (before, after), last = both[broken[0]], max(both)
    lost = (after - whole) / (before - whole)
    word = "little" if lost < 0.25 else "about half" if lost < 0.75 else "nearly all"
    told = (
        f"Without ℓ0, just pruned at {times(broken[0])}, it errs on {before:.1f} %; with statistics of its own on "
        f"{after:.1f} %, {abs(after - whole):.1f} points {'above' if after > whole else 'below'} the unpruned network: "
        f"{word} is lost for good"
    )
    back = both[last][0] - both[last][1]
    if last != broken[0]:
        much = f"{back:.1f} points" if back >= 1 else "nothing"
        told += f". At {times(last)} they bring {much} back"
    return f"{told} ({count_of_seeds(len(dense.seeds))})."


# ---------------------------------------------------------------------------------------------------------- neurons


def removal_or_scratch(found: Iterable[Result] | None = None) -> Answer:
    """Answer whether removing neurons from a trained VGG-16 beats training its small shape, and what l0 adds."""
    ours = results_of("experiment-6", found)
    arm = {way: select(ours, arm=f"vgg-16-{way}") for way in ("NORM", "l2", "scratch")}
    told = []
    against = [(way, one) for way in ("NORM", "l2") for one in pairs(arm[way], arm["scratch"])]
    if against:
        lead, clear = _lead_scratch([one for _, one in against])
        seeds = max(one.seeds for _, one in against)
        few = f"{TOO_FEW.capitalize()} for a verdict; on {count_of_seeds(seeds)} {lead[0].lower()}{lead[1:]}"
        told += [few if seeds < compare.LEAST_RUNS else lead, clear]
        sides = [(name, [one for it, one in against if it == way]) for way, name in _REMOVED_AFTER.items()]
        seen = "; ".join(f"{name}, {told_seen(it)}" for name, it in sides if it)
        told.append(f"The error minus that of training from scratch: {seen}.")
    both = pairs(arm["NORM"], arm["l2"])
    alone, pruned = ([one for one in both if (one.ratio > 1) == on_top] for on_top in (False, True))
    sides = [("where neurons alone went", alone), ("with weights pruned on top", pruned)]
    if both:
        seen = "; ".join(f"{what}, {told_seen(those)}" for what, those in sides if those)
        told.append(f"Does the ℓ0 term help? The error of removal after NORM minus that after ℓ2 alone: {seen}.")
    question = "Removal, or training the small shape from scratch?"
    return Answer(question, "14-neurons#sec-removal-or-scratch", tuple(told) or ("Not recorded yet.",))


#: Arms of Experiment 6 that lost neurons after training, as sentences call them.
_REMOVED_AFTER = {"NORM": "removal after NORM", "l2": "removal after ℓ2 alone"}


def _lead_scratch(comparisons: Sequence[Comparison]) -> tuple[str, str]:
    """Return which of the two errs less, and in how many pairs the interval leaves zero out, a sentence each."""
    total = len(comparisons)
    scratch = sum(one.mean > 0 for one in comparisons)
    clear = sum(one.clear for one in comparisons)
    if scratch == total:
        lead = f"Training the small shape from scratch errs less than removal in all {total} pairs"
    elif scratch == 0:
        lead = f"Removal errs less than training the small shape from scratch in all {total} pairs"
    else:
        lead = f"Neither is better throughout: training from scratch errs less in {scratch} of {total} pairs"
    return f"{lead}.", f"The interval of the difference leaves zero out in {clear} of them."
