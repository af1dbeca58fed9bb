"""What the question of a chapter comes to, in words: a few sentences built from the records, with their intervals.

Each function answers one question from results, by default the stored ones, by the rules of
:mod:`~l0lib.paper.compare`; where other records say the opposite, so does the sentence. The chapter, its summary and
the page of all claims call the same function.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from .. import labels
from ..experiments import stored
from ..experiments.arms import BETAS_5, SCALED_4
from ..experiments.records import Record
from ..experiments.results import Result, change_by_pruning, count_of_seeds, results, unpruned
from ..paper import compare, evidence
from ..paper.beside import HEADLINES, SEEDS, at_headline
from ..paper.compare import LESS, MORE, OPEN, TOO_FEW, Comparison, pairs, select, span
from ..table import Table, listed, signed, times
from . import recalibrated, robustness

#: A prediction of how many weights die, in percentage points, counts as right up to here.
CLOSE = 10.0
#: Penalties as sentences call them.
_NAMES = {**labels.PENALTIES, "l0": "ℓ0"}


@dataclass(frozen=True)
class Answer:
    """A question and its answer in sentences, with the place in the book that asks it; displays as a box."""

    question: str
    place: str
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.sentences)

    def __repr__(self) -> str:
        return f"{self.question} {self}"

    def _repr_html_(self) -> str:
        title, lead, rest = (
            html.escape(text, quote=False) for text in (self.question, self.sentences[0], " ".join(self.sentences[1:]))
        )
        told = f"<p><strong>{lead}</strong> {rest}</p>"
        return f'<div class="admonition note answer"><p class="admonition-title">{title}</p>{told}</div>'


def _results(study: str, found: Iterable[Result] | None) -> list[Result]:
    return list(_stored(study) if found is None else found)


@functools.cache
def _stored(study: str) -> tuple[Result, ...]:
    return tuple(results(stored.runs(study)))


def _at(comparisons: Iterable[Comparison]) -> str:
    return listed([one.place for one in comparisons])


def _by(one: Comparison) -> str:
    return f"{abs(one.mean):.2f} points ({span(one.wide)})"


def _apart(comparisons: Sequence[Comparison], first: str, second: str) -> list[str]:
    """Return where two arms are told apart: ``ℓ0 errs more than ℓ1 at 1200×, by 1.15 points (+0.55 to +1.75)``."""
    told = []
    for word in (LESS, MORE):
        those = [one for one in comparisons if one.verdict == word]
        if those:
            far = max(those, key=lambda one: abs(one.mean))
            most = f", most at {far.place}," if len(those) > 1 else ","
            told.append(f"{first} errs {word} than {second} at {_at(those)}{most} by {_by(far)}")
    return told


def _seen(comparisons: Iterable[Comparison]) -> str:
    """Return differences that no verdict stands on: ``+0.12 points (−1.70 to +1.94) at 5×``."""
    return listed([f"{signed(one.mean)} points ({span(one.wide)}) at {one.place}" for one in comparisons])


# --------------------------------------------------------------------------------------------- sparsity induction


def l0_against_l1(found: Iterable[Result] | None = None) -> Answer:
    """Answer whether l0, alone or with l2, beats l1 under global pruning in Experiment 1, and how all three do."""
    ours = select(_results("experiment-1", found), pruning="GP")

    def duel(first: str, second: str, tuned: bool) -> list[Comparison]:
        one, other = (select(ours, penalty=name, fine_tuned=tuned) for name in (first, second))
        return pairs(one, other)

    stages = {"Just pruned": False, "Fine-tuned": True}
    duels = {(name, stage): duel(name, "l1", tuned) for stage, tuned in stages.items() for name in ("l0", "l2+l0")}
    every = [one for both in duels.values() for one in both]
    told = [_beats(every, "ℓ0, alone or with ℓ2,", "ℓ1", "under global pruning")]
    apart = [
        f"{stage.lower()}, {text}"
        for (name, stage), both in duels.items()
        for text in _apart(both, _NAMES[name], _NAMES["l1"])
    ]
    numbers = [less + more for less, more, _ in map(compare.count, duels.values())]
    weak = "; what rests on one ratio of many is weak evidence" if any(numbers) and max(numbers) == 1 else ""
    if apart:
        told.append(f"Told apart: {'; '.join(apart)}{weak}.")
    near = [one for one in duels["l0", "Fine-tuned"] if one.verdict == OPEN]
    if near:
        far = max(near, key=lambda one: one.ratio)
        told.append(
            f"Not told apart is not equal: at {far.place}, fine-tuned, the error under ℓ0 less that under ℓ1 is "
            f"{signed(far.mean)} points ({span(far.wide)})."
        )
    against = {name: duel(name, "l2", True) for name in ("l1", "l0", "l2+l0")}
    if all(against.values()):
        counts = {name: f"{compare.counted(both)} ratios" for name, both in against.items()}
        if len(set(counts.values())) == 1:
            told.append(f"Against ℓ2, fine-tuned, each of {listed([_NAMES[n] for n in counts])} errs {counts['l0']}.")
        else:
            each = [f"{_NAMES[name]} errs {text}" for name, text in counts.items()]
            told.append(f"Against ℓ2, fine-tuned: {'; '.join(each)}.")
    return Answer("Does ℓ0 beat ℓ1?", "09-sparsity-induction#sec-beat", tuple(told))


def _beats(comparisons: Sequence[Comparison], first: str, second: str, where: str) -> str:
    """Return whether the first outperforms the second, yes or no, by the rule of :mod:`~l0lib.paper.compare`."""
    if not comparisons:
        return "Not recorded yet."
    less, more, open_ = compare.count(comparisons)
    total, word = len(comparisons), compare.verdict(comparisons)
    if word == TOO_FEW:
        return f"Too few runs for a verdict: {count_of_seeds(max(one.seeds for one in comparisons))}."
    if word == compare.HOLDS:
        return f"Yes: {where} {first} errs less than {second} in {less} of {total} comparisons, and more in none."
    if less == more == 0:
        return f"That is not shown: {where} {first} and {second} are told apart in none of {total} comparisons."
    if word == compare.FAILS:
        return f"No: {where} {first} errs more than {second} in {more} of {total} comparisons, and less in none."
    return (
        f"Not in general: {where} {first} errs less than {second} in {less} of {total} comparisons and more in {more}; "
        f"in {open_} the two are not told apart."
    )


def random_pruning(found: Iterable[Result] | None = None) -> Answer:
    """Answer under which penalty random pruning does most harm in Experiment 1, just pruned at the lowest ratio."""
    ours = select(_results("experiment-1", found), pruning="RP", fine_tuned=False)
    lowest = min((r.requested for r in ours), default=0)
    at = {r.penalty: r for r in ours if r.requested == lowest}
    question, place = "Under which penalty does random pruning do most harm?", "09-sparsity-induction"
    if any(name not in at for name in labels.PENALTIES):
        return Answer(question, place, ("Not recorded yet for every penalty.",))
    ordered = sorted(labels.PENALTIES, key=lambda name: -at[name].test_error_mean)
    errors = [f"{at[name].test_error_mean:.1f} % under {_NAMES[name]}" for name in ordered]
    told = [f"At {times(lowest)}, just pruned, the error is {listed(errors)}."]
    broken = [_NAMES[name] for name in ordered if at[name].test_error_mean > compare.COLLAPSED]
    worst = _NAMES[ordered[0]]
    if len(broken) > 1:
        told.append(f"Most under {worst}; but under {listed(broken)} the network no longer works at all.")
    else:
        told.append(f"Most under {worst}.")
    return Answer(question, place, tuple(told))


def gathered(runs: Iterable[Record]) -> Answer:
    """Answer whether the energy sits in fewer weights under l0 than under l1 and l2, from runs of Experiment 1."""
    from ..compress import MAGNITUDE_EDGES

    curves: dict[str, dict[int, list[tuple[float, float]]]] = {}
    for run in runs:
        if run.config.pruning == "GP":
            curve = stored.energy(run.magnitudes, MAGNITUDE_EDGES)
            curves.setdefault(run.config.penalty_name, {})[run.seed] = curve
    question, place = "Does the energy sit in fewer weights under ℓ0?", "09-sparsity-induction"
    if any(name not in curves for name in labels.PENALTIES):
        return Answer(question, place, ("Not recorded yet for every penalty.",))
    told = []
    for rival in ("l2", "l1"):
        levels = []
        for level in (0.5, 0.99):
            won = [_fewer(curves[name], curves[rival], level) for name in ("l0", "l2+l0")]
            levels.append(f"for {100 * level:.0f} % of it on {won[0]} seeds under ℓ0 and {won[1]} under ℓ2 + ℓ0")
        told.append(f"Fewer weights than under {labels.PENALTIES[rival]} are needed {listed(levels)}.")
    return Answer(question, place, tuple(told))


def _fewer(ours: Mapping[int, list], others: Mapping[int, list], level: float) -> str:
    both = ours.keys() & others.keys()
    won = sum(stored.share_for(ours[seed], level) < stored.share_for(others[seed], level) for seed in both)
    return f"{won} of {len(both)}"


# ------------------------------------------------------------------------------------------------------ hundredfold


def hundredfold(found: Iterable[Result] | None = None) -> Answer:
    """Answer what the scheme reaches on both LeNets, whether it beats l2 alone, and SEP NORM."""
    ours = [*_stored("experiment-2"), *_stored("beyond")] if found is None else list(found)
    control, worked = _control(select(ours, network="lenet-300-100", fine_tuned=True))
    judged = [one.word for number in (2, 3) for one in evidence.judged(number, ours) or ()]
    words = [f"{judged.count(word)} {text}" for word, text in _WORDS.items() if word in judged]
    lead = f"Of {len(judged)} printed errors {listed(words)}" if judged else "No printed error has all its runs yet"
    met = 0
    for headline in HEADLINES:
        at = at_headline(headline, ours)
        met += any(r.n_seeds >= SEEDS and r.test_error_mean <= headline.target for r in at)
    set_before = f"of {len(HEADLINES)} errors set beforehand {met} are met by the mean of at least one arm"
    told = [f"{lead}; {set_before}; {worked}.", *(_printed(number, ours) for number in (2, 3))]
    told.append(control)
    told.append(_strategies(ours))
    question = "What is reached, and does the ℓ0 term do it?"
    return Answer(question, "10-hundredfold#sec-reached", tuple(told))


def places_alone(found: Iterable[Result] | None = None) -> Answer:
    """Answer whether other first weights, trained at the places that NORM keeps, do as well as the weights it keeps."""
    question, place = "Is it enough to know which weights to keep?", "10-hundredfold#sec-places"
    duel = places(_results("experiment-2", found))
    if not duel:
        return Answer(question, place, ("Not recorded yet.",))
    _, more, open_ = compare.count(duel)
    if all(one.verdict == TOO_FEW for one in duel):
        lead = "There are too few runs for a verdict."
    elif more == len(duel):
        lead = "No: at the same places other first weights do worse at every ratio."
    elif more:
        lead = f"Not everywhere: at the same places other first weights do worse at {more} of {len(duel)} ratios."
    elif open_:
        lead = "It may be: other first weights at the same places are not shown to do worse at any ratio."
    else:
        lead = "Yes: other first weights at the same places do better at every ratio."
    told = compare.conclusion(duel, "a network of the same places, trained anew for all of NORM's epochs,", "NORM")
    return Answer(question, place, (lead, told[0].upper() + told[1:]))


def places(found: Iterable[Result]) -> list[Comparison]:
    """Compare other first weights, trained at the places that NORM keeps, with NORM, fine-tuned, on LeNet-300-100."""
    ours = select(found, network="lenet-300-100", fine_tuned=True)
    return compare.pairs(*(select(ours, arm=f"lenet-300-100-{arm}") for arm in ("NORM-scratch", "NORM")))


#: What is said of printed errors, by the verdict on them.
_WORDS = {
    compare.REACHED: "are reached",
    compare.COMPATIBLE: "are compatible with our runs",
    compare.MISSED: "are missed",
    TOO_FEW: "are not judged, for too few runs",
}


def _printed(number: int, ours: Sequence[Result]) -> str:
    """Return what our runs say of the paper's own rows in Table 2 or 3."""
    network = evidence.SOURCES[number][1]
    judged = evidence.judged(number, ours)
    if judged is None:
        return f"{labels.NETWORKS[network]}: not recorded yet."
    rows = [
        f"{one.result.strategy}'s printed {one.printed} at {one.row.ratio} {_WORDS[one.word].replace('are', 'is')} "
        f"({one.result.test_error_mean:.2f} %)"
        for one in judged
    ]
    return f"{labels.NETWORKS[network]}: {listed(rows)}."


def _control(ours: Sequence[Result]) -> tuple[str, str]:
    """Return where NORM and l2 alone differ on LeNet-300-100, fine-tuned, and what follows for the l0 term."""
    both = pairs(select(ours, arm="lenet-300-100-NORM"), select(ours, arm="lenet-300-100-l2"))
    both = [one for one in both if one.ratio > 1]
    word = compare.verdict(both)
    follows = {
        compare.HOLDS: "at high ratios it is the ℓ0 term that does it",
        compare.PART: "the ℓ0 term helps at some ratios only",
        compare.FAILS: "the ℓ0 term does harm",
        compare.NOT_SHOWN: "the ℓ0 term is not shown to do anything",
        compare.MISSING: "the control under ℓ2 alone is not recorded yet",
        TOO_FEW: f"against ℓ2 alone there are {TOO_FEW}",
    }[word]
    if word in (compare.MISSING, TOO_FEW):
        return f"NORM against ℓ2 alone: {word}.", follows
    apart = listed(_apart(both, "NORM", "ℓ2 alone")) or "NORM and ℓ2 alone are told apart at no ratio"
    alike = [one for one in both if one.verdict == OPEN]
    where = f"; the two are not told apart at {_at(alike)}" if alike else ""
    return f"{apart}{where}.", follows


def _strategies(ours: Sequence[Result]) -> str:
    """Return whether SEP is better than NORM, fine-tuned, on both networks."""
    both = []
    for network in ("lenet-300-100", "lenet-5-caffe"):
        kind = {"network": network, "experiment": "experiment-2", "fine_tuned": True, "variant": "paper"}
        kind |= {"penalty": "l2+l0"}
        sides = [[r for r in select(ours, strategy=s, **kind) if "-power-" not in r.arm] for s in ("SEP", "NORM")]
        both += pairs(*sides)
    if not both:
        return "SEP against NORM: not recorded yet."
    less, more, _ = compare.count(both)
    word = compare.verdict(both)
    if word == TOO_FEW:
        return f"SEP against NORM: {TOO_FEW}."
    if less == more == 0:
        return (
            f"SEP is not shown to be better than NORM: fine-tuned, they are told apart at none of {len(both)} ratios."
        )
    start = {compare.HOLDS: "SEP is better than NORM", compare.FAILS: "SEP is worse than NORM"}
    lead = start.get(word, "SEP is not better than NORM throughout")
    return f"{lead}: fine-tuned, it errs less at {less} of {len(both)} ratios and more at {more}."


# ------------------------------------------------------------------------------------------------------ does it pay

#: Shares of a compression ratio that a currency pays out, the least of each, and their words.
_SHARES = ((0.75, "most of it"), (0.25, "part of it"), (0.0, "little of it"))


def does_it_pay(runs: Iterable[Record] | None = None) -> Answer:
    """Answer how much of its ratio a LeNet under NORM saves in bytes and in multiply-adds, at its highest ratio.

    Bytes are those of the best encoding; each ratio is a mean over seeds, of fine-tuned networks.
    """
    given = stored.runs("experiment-2") if runs is None else list(runs)
    names, paid, told = [], [], []
    for network in ("lenet-300-100", "lenet-5-caffe"):
        points = [p for run in given if run.config.arm == f"{network}-NORM" for p in run.points if p.fine_tuned]
        points = [p for p in points if p.requested == max(q.requested for q in points)]
        if not points:
            continue
        ratio, in_bytes, adds = (
            sum(one) / len(points)
            for one in (
                [p.ratio for p in points],
                [p.bytes.dense / p.bytes.best for p in points],
                [p.multiply_adds / p.nonzero_multiply_adds for p in points],
            )
        )
        names.append(labels.NETWORKS[network])
        paid.append((in_bytes / ratio, adds / ratio))
        told.append(
            f"{labels.NETWORKS[network]} with {times(ratio)} fewer parameters is {times(in_bytes)} smaller as a file "
            f"and takes {times(adds)} fewer multiply-adds (NORM, mean of {count_of_seeds(len(points))})."
        )
    question, place = "How much of the compression ratio pays out?", "11-does-it-pay#sec-what-the-ratio-tells"
    if not paid:
        return Answer(question, place, ("Not recorded yet.",))
    of_bytes, of_adds = (_shares(names, kind) for kind in zip(*paid, strict=True))
    lead = f"In bytes {of_bytes}, in multiply-adds {of_adds}."
    last = "Milliseconds stand in no record: the page measures them where it is built, and your machine's are your own."
    return Answer(question, place, (lead, *told, last))


def _shares(names: list[str], shares: tuple[float, ...]) -> str:
    """Say a share in words, and by network where the words are not the same for all."""
    words = [next(word for least, word in _SHARES if share >= least) for share in shares]
    if len(set(words)) == 1:
        return words[0]
    return listed([f"{word} for {name}" for name, word in zip(names, words, strict=True)])


# ----------------------------------------------------------------------------------------------------------- deeper


def deeper(found: Iterable[Result] | None = None) -> Answer:
    """Answer whether the l0 term has made the difference on CIFAR-10, fine-tuned and just pruned, for both networks."""
    ours = _results("experiment-3", found)
    tuned, just, told = [], [], []
    for network in ("resnet-20", "vgg-16"):
        name = labels.NETWORKS[network]
        control = select(ours, arm=f"{network}-l2", fine_tuned=True)
        arms = {way: select(ours, arm=f"{network}-{way}", fine_tuned=True) for way in ("NORM", "SEP")}
        if both := {way: those for way, line in arms.items() if (those := pairs(line, control))}:
            tuned.append(f"{_VERDICTS[_together(both.values())]} for {name}")
            told.append(f"{name}, fine-tuned: {_made_it(both)}")
        sides = [select(ours, arm=f"{network}-{arm}", fine_tuned=False) for arm in ("NORM", "dense")]
        if all(sides):
            just.append(f"{_VERDICTS[compare.verdict(pairs(*sides))]} for {name}")
            told.append(f"{name}, just pruned: {_holds_longer(*sides)}")
    stages = (("Fine-tuned", tuned), ("Just pruned", just))
    short = "; ".join(f"{stage}: {listed(words)}" for stage, words in stages if words)
    lead = [f"{short[0]}{short[1:].replace('; Just', '; just')}."] if short else []
    place = "12-deeper#sec-made-the-difference"
    return Answer("Has the ℓ0 term made the difference?", place, (*lead, *told) or ("Not recorded yet.",))


#: The answer to "has it made the difference?" by the verdict on "it outperforms the control".
_VERDICTS = {
    compare.HOLDS: "yes",
    compare.PART: "in part",
    compare.FAILS: "no",
    compare.NOT_SHOWN: "not shown",
    compare.MISSING: compare.MISSING,
    TOO_FEW: TOO_FEW,
}


def _together(groups: Iterable[Sequence[Comparison]]) -> str:
    """Return the verdict on several arms at once: on all their comparisons."""
    return compare.verdict([one for group in groups for one in group])


def _made_it(both: Mapping[str, Sequence[Comparison]]) -> str:
    """Return where arms err less or more than the control without the l0 term, or else what is seen."""
    told = []
    for way, those in both.items():
        if apart := _apart(those, way, "the control"):
            told.append(listed(apart))
            continue
        few = max(one.seeds for one in those)
        on = f" on {count_of_seeds(few)}" if few < compare.LEAST_RUNS else ""
        text = f"{way} minus the control is {_seen(those)}{on}"
        clear = [one for one in those if few == 1 and one.clear]
        told.append(f"{text}; other test images alone would not explain it at {_at(clear)}" if clear else text)
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
    return times(ratio) if ratio > 1 else "none tried"


# ------------------------------------------------------------------------------------------------------- few epochs

#: The sweeps of a factor on VGG-16 by what their arms' names begin with, and what readers call them.
_SWEEPS = {"cifar10": "VGG-16, CIFAR-10", "short-cifar100": "VGG-16, CIFAR-100"}


def few_epochs(
    runs: Iterable[Record] | None = None, betas: Iterable[Record] | None = None, anew: Iterable[Record] | None = None
) -> Answer:
    """Answer what the sweeps of a factor show: is the reach a prediction, and does a larger factor compress more?

    ``runs`` are of Experiment 4, ``betas`` of Experiment 5, ``anew`` of the studies experiment-3 and recalibration.
    """
    sweep = stored.runs("experiment-4") if runs is None else list(runs)
    small = [r for r in (stored.runs("experiment-5") if betas is None else betas) if r.config.network == "resnet-20"]
    both = [*stored.runs("experiment-3"), *stored.runs("recalibration")] if anew is None else list(anew)
    predicted = {name: [r for r in sweep if r.config.arm.startswith(f"{prefix}-")] for prefix, name in _SWEEPS.items()}
    predicted["ResNet-20, CIFAR-10"] = small
    gaps = {name: gap for name, given in predicted.items() if (gap := _gap(given)) is not None}
    trades = {name: evidence.sweep(results(sweep), prefix, SCALED_4) for prefix, name in _SWEEPS.items()}
    right, wrong = ([name for name, gap in gaps.items() if (gap <= CLOSE) == close] for close in (True, False))
    leads = [f"it predicts what dies in {listed(right)}"] * bool(right)
    leads += [f"it does not in {listed(wrong)}"] * bool(wrong)
    lead = ", ".join(leads) or "not recorded yet"
    told = [f"{lead[0].upper()}{lead[1:]}."]
    if gaps:
        apart = [
            f"{gap:.1f} in {name} ({len(predicted[name])} run{'s' * (len(predicted[name]) > 1)})"
            for name, gap in gaps.items()
        ]
        told.append(
            f"Predicted and found shares of dead weights, in percentage points, are apart by up to {listed(apart)}."
        )
    told.append(
        f"Does a larger α₀ compress more? {'; '.join(f'{_compresses(it)} for {n}' for n, it in trades.items())}."
    )
    told += [_trade(name, line) for name, line in trades.items() if line is not None]
    told.append(stale(both))
    question = "Does the reach predict what dies, and does a larger α₀ compress more?"
    return Answer(question, "13-few-epochs#sec-sweeps", tuple(filter(None, told)))


def _gap(runs: Sequence[Record]) -> float | None:
    """Return how far the shares of dead weights, predicted by the reach and found, are apart at most, in points."""
    from .reaching import largest_gap, reached

    return largest_gap(map(reached, runs))


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
        f"{name}, highest ratio not shown to lose more than a point: {_ratio(none.reached)} without ℓ0, "
        f"{_ratio(most.reached)} under α₀ = {labels.scientific(most.factor)}, which errs {costs} before pruning, by "
        f"{_by(one)}{few}."
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
    told = []
    for factor in dict.fromkeys((min(both), max(both))):
        five, ten = (reached(run) for run in both[factor])
        further = [ten.reach[layer] / five.reach[layer] for layer in five.reach if five.reach[layer]]
        low, high = f"{min(further):.2f}", f"{max(further):.2f}"
        far = low if low == high else f"{low} to {high}"
        (one,) = pairs(*([unpruned(results([run])[0])] for run in reversed(both[factor])))
        told.append(
            f"Under α₀ = {labels.scientific(factor)} it reaches {far} times as far, {100 * ten.found:.1f} % of the "
            f"weights die in place of {100 * five.found:.1f} %, and before pruning it errs {signed(one.mean)} points "
            f"({span(one.wide)}) against β = 5."
        )
    finding = evidence.small_betas(results(run for run in given if run.config.network == "resnet-20"))
    if finding is not None:
        said = finding.value.rpartition("; ")[2] if finding.word else finding.correction or "as the text says"
        told.append(f"The paper's sentence, no severe change, put to all our runs: {said}.")
    told.append(f"One training each: {TOO_FEW} for a verdict on the errors.")
    return Answer(question, place, tuple(told))


def stale(anew: Iterable[Record]) -> str:
    """Return how much of the gap that a sweep without fine-tuning shows is stale statistics, for VGG-16."""
    given = list(anew)
    plain = [r for r in given if r.config.experiment == "experiment-3"]
    measured = [r for r in given if r.config.experiment == "recalibration"]
    by_arm = {one.arm: one for one in recalibrated.follow(plain, measured)}
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


# ---------------------------------------------------------------------------------------------------------- neurons


def removal_or_scratch(found: Iterable[Result] | None = None) -> Answer:
    """Answer whether removing neurons from a trained VGG-16 beats training its small shape, and what l0 adds."""
    ours = _results("experiment-6", found)
    arm = {way: select(ours, arm=f"vgg-16-{way}") for way in ("NORM", "l2", "scratch")}
    told = []
    against = [(way, one) for way in ("NORM", "l2") for one in pairs(arm[way], arm["scratch"])]
    if against:
        lead = _lead_scratch([one for _, one in against])
        seeds = max(one.seeds for _, one in against)
        few = f"{TOO_FEW.capitalize()} for a verdict; on {count_of_seeds(seeds)} {lead[0].lower()}{lead[1:]}"
        told.append(few if seeds < compare.LEAST_RUNS else lead)
        sides = [(name, [one for it, one in against if it == way]) for way, name in _REMOVED_AFTER.items()]
        told.append(f"Minus training from scratch, {'; '.join(f'{name} is {_seen(it)}' for name, it in sides if it)}.")
    both = pairs(arm["NORM"], arm["l2"])
    alone, pruned = ([one for one in both if (one.ratio > 1) == on_top] for on_top in (False, True))
    sides = [("where neurons alone went", alone), ("with weights pruned on top", pruned)]
    if both:
        seen = "; ".join(f"{what} it is {_seen(those)}" for what, those in sides if those)
        told.append(f"Does the ℓ0 term help? Removal after NORM minus removal after ℓ2 alone: {seen}.")
    question = "Removal, or training the small shape from scratch?"
    return Answer(question, "14-neurons#sec-removal-or-scratch", tuple(told) or ("Not recorded yet.",))


#: Arms of Experiment 6 that lost neurons after training, as sentences call them.
_REMOVED_AFTER = {"NORM": "removal after NORM", "l2": "removal after ℓ2 alone"}


def _lead_scratch(comparisons: Sequence[Comparison]) -> str:
    """Return which of the two errs less, and in how many pairs the interval leaves zero out."""
    total = len(comparisons)
    scratch = sum(one.mean > 0 for one in comparisons)
    clear = sum(one.clear for one in comparisons)
    if scratch == total:
        lead = f"Training the small shape from scratch errs less than removal in all {total} pairs"
    elif scratch == 0:
        lead = f"Removal errs less than training the small shape from scratch in all {total} pairs"
    else:
        lead = f"Neither is better throughout: training from scratch errs less in {scratch} of {total} pairs"
    return f"{lead}; the interval leaves zero out in {clear} of them."


# -------------------------------------------------------------------------------------------------------------- all

#: The ratio of the paper's own NORM row for LeNet-300-100.
_ROBUST_AT = 90.0


def robust(records: Iterable[Record] | None = None) -> Answer:
    """Answer whether pruned networks of LeNet-300-100 do as well on changed digits as the dense ones, and how sure."""
    given = stored.runs("experiment-2") if records is None else list(records)
    at = {one.arm: one for one in robustness.networks(given) if one.ratio in (1.0, _ROBUST_AT)}
    alike, shorter = at.get("lenet-300-100-dense-tuned"), at.get("lenet-300-100-dense")
    dense, pruned = alike or shorter, at.get("lenet-300-100-NORM")
    question, place = (
        "Is the pruned network as robust as a dense one that is treated alike?",
        "10-hundredfold#sec-robust",
    )
    if dense is None or pruned is None:
        return Answer(question, place, ("Not recorded yet.",))
    found = {how: robustness.over_dense(given, how, pruned, dense) for how in robustness.WAYS}
    far = {how: one for how, one in found.items() if one is not None}
    if not far:
        return Answer(question, place, ("Not recorded yet.",))
    where = f"at {_ROBUST_AT:g}×, fine-tuned, NORM"
    other = "the dense network of as many epochs and a search of its own" if alike else "the dense network"
    words = {how: one.verdict for how, one in far.items()}
    worse, better, open_, few = (
        [how for how, it in words.items() if it == word] for word in (MORE, LESS, OPEN, TOO_FEW)
    )
    if few:
        lead = f"Too few runs for a verdict: {count_of_seeds(min(one.seeds for one in far.values()))}."
    elif worse:
        lead = f"No: {where} errs more than {other} on {listed(worse)} digits."
    else:
        lead = f"No harm is shown: {where} errs more than {other} on none of the changed digits."
    if better and not few:
        lead += f" It errs less on {listed(better)} ones."
    if open_ and not few and (worse or better):
        lead += f" On {listed(open_)} ones the two are not told apart."
    both = listed([_both(pruned, dense, how) for how in ("", *robustness.WAYS)])
    told = [lead, f"In percent, NORM and dense: {both}."]
    if pruned.calibration_error and dense.calibration_error:
        ours, theirs = fmean(pruned.calibration_error), fmean(dense.calibration_error)
        also = ""
        if alike and shorter and shorter.calibration_error:
            also = f", and of one with fewer epochs and no search {fmean(shorter.calibration_error):.2f}"
        told.append(
            f"The calibration error of NORM is {ours:.2f} points, that of the dense network {theirs:.2f}{also}."
        )
    duels = [one for how in robustness.WAYS for one in robustness.against(given, how, pruned.arm, "lenet-300-100-l2")]
    if duels:
        told.append(f"Against ℓ2 alone, over all ratios and the three ways, NORM errs {compare.counted(duels)}.")
    return Answer(question, place, tuple(told))


def _both(pruned: robustness.Networks, dense: robustness.Networks, how: str) -> str:
    return f"{how or 'unchanged'} {fmean(pruned.errors(how)):.2f} and {fmean(dense.errors(how)):.2f}"


#: The questions whose answers need no weights, in the order of the chapters; :func:`gathered` loads torch.
QUESTIONS = (
    l0_against_l1,
    random_pruning,
    hundredfold,
    places_alone,
    robust,
    does_it_pay,
    deeper,
    few_epochs,
    doubled_beta,
    removal_or_scratch,
)
#: The studies whose records each of them reads.
STUDIES = {
    "l0_against_l1": ("experiment-1",),
    "random_pruning": ("experiment-1",),
    "hundredfold": ("experiment-2", "beyond"),
    "places_alone": ("experiment-2",),
    "robust": ("experiment-2",),
    "does_it_pay": ("experiment-2",),
    "deeper": ("experiment-3",),
    "few_epochs": ("experiment-4", "experiment-5", "experiment-3", "recalibration"),
    "doubled_beta": ("experiment-5",),
    "removal_or_scratch": ("experiment-6",),
}


def every() -> Table:
    """Return all answers as a table, each with a link to the place that asks."""
    from ..paper.ledger import link

    rows = [(it.question, str(it), link(it.place)) for it in (ask() for ask in QUESTIONS)]
    headers, widths = ("Question", "What the records say", "In the book"), ("9rem", "24rem", "6rem")
    return Table(headers, rows, "What this book found. Computed from records.", widths)
