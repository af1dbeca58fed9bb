"""What the question of a chapter comes to, in words: a few sentences built from the records, with their intervals.

Each function answers one question from results, by default the stored ones, by the rules of
:mod:`~l0lib.paper.compare`; where other records say the opposite, so does the sentence. The chapter, its summary and
the page of all claims call the same function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from .. import labels
from ..experiments import stored
from ..experiments.records import Record
from ..experiments.results import Result, count_of_seeds
from ..paper import compare, evidence
from ..paper.beside import HEADLINES, SEEDS, at_headline
from ..paper.compare import LESS, MORE, OPEN, TOO_FEW, Comparison, pairs, select, span
from ..table import Table, listed, signed, times
from . import robustness
from .answer import Answer, results_of, told_apart, told_at
from .deep_in_words import deeper, doubled_beta, larger_factor, reach_predicts, removal_or_scratch
from .dense_baselines import treated_alike
from .rival_methods import families, least_error, levelled

#: Penalties as sentences call them.
_NAMES = {**labels.PENALTIES, "l0": "ℓ0"}


# --------------------------------------------------------------------------------------------- sparsity induction


def l0_against_l1(found: Iterable[Result] | None = None) -> Answer:
    """Answer whether l0, alone or with l2, beats l1 under global pruning in Experiment 1, and how all three do."""
    ours = select(results_of("experiment-1", found), pruning="GP")

    def duel(first: str, second: str, tuned: bool) -> list[Comparison]:
        one, other = (select(ours, penalty=name, fine_tuned=tuned) for name in (first, second))
        return pairs(one, other)

    stages = {"Just pruned": False, "Fine-tuned": True}
    duels = {(name, stage): duel(name, "l1", tuned) for stage, tuned in stages.items() for name in ("l0", "l2+l0")}
    every = [one for both in duels.values() for one in both]
    told = [_beats(every, "ℓ0, alone or with ℓ2,", "ℓ1", "for LeNet-5-Caffe under global pruning,")]
    apart = [
        f"{stage.lower()}, {text}"
        for (name, stage), both in duels.items()
        for text in told_apart(both, _NAMES[name], _NAMES["l1"])
    ]
    numbers = [less + more for less, more, _ in map(compare.count, duels.values())]
    weak = "; what rests on one ratio of many is weak evidence" if any(numbers) and max(numbers) == 1 else ""
    if apart:
        told.append(f"Where they are told apart: {'; '.join(apart)}{weak}.")
    near = [one for one in duels["l0", "Fine-tuned"] if one.verdict == OPEN]
    if near:
        far = max(near, key=lambda one: one.ratio)
        told.append(
            f"Not told apart is not equal: at {far.place}, fine-tuned, the error under ℓ0 minus that under ℓ1 is "
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
    ours = select(results_of("experiment-1", found), pruning="RP", fine_tuned=False)
    lowest = min((r.requested for r in ours), default=0)
    at = {r.penalty: r for r in ours if r.requested == lowest}
    question, place = "Under which penalty does random pruning do most harm?", "09-sparsity-induction"
    if any(name not in at for name in labels.PENALTIES):
        return Answer(question, place, ("Not recorded yet for every penalty.",))
    ordered = sorted(labels.PENALTIES, key=lambda name: -at[name].test_error_mean)
    errors = [f"{at[name].test_error_mean:.1f} % under {_NAMES[name]}" for name in ordered]
    data = f"At {times(lowest)}, just pruned, the error is {listed(errors)}."
    broken = [_NAMES[name] for name in ordered if at[name].test_error_mean > compare.COLLAPSED]
    lead = f"Random pruning does most harm under {listed((broken[1:] and broken) or [_NAMES[ordered[0]]])}"
    return Answer(question, place, (f"{lead}{': there the network no longer works at all' * bool(broken)}.", data))


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
    short, told, compared = [], [], []
    for rival in ("l2", "l1"):
        levels: list[str] = []
        every: list[str] = []
        rest: list[str] = []
        some = 0
        for level in (0.5, 0.99):
            part = f"{100 * level:.0f} % of it"
            won = [_fewer(curves[name], curves[rival], level) for name in ("l0", "l2+l0")]
            counts = [f"{wins} of {seeds}" for wins, seeds in won]
            levels.append(f"for {part} on {counts[0]} seeds under ℓ0 and {counts[1]} under ℓ2 + ℓ0")
            (every if all(wins == seeds for wins, seeds in won) else rest).append(part)
            some += sum(wins for wins, _ in won)
        name = labels.PENALTIES[rival]
        where = "on every seed" if every else "on some seeds only" if some else "on no seed"
        if every and rest:
            compared.append(f"Compared with {name}, fewer hold {every[0]} on every seed, but not {rest[0]}.")
        else:
            short.append(f"than under {name}, {where}")
        told.append(f"Fewer weights than under {name} are needed {listed(levels)}.")
    start = "Under ℓ0, alone or with ℓ2, fewer weights hold the energy"
    lead = [f"{start} {', and '.join(short)}."] if short else []
    return Answer(question, place, (*lead, *compared, *told))


def _fewer(ours: Mapping[int, list], others: Mapping[int, list], level: float) -> tuple[int, int]:
    both = ours.keys() & others.keys()
    won = sum(stored.share_for(ours[seed], level) < stored.share_for(others[seed], level) for seed in both)
    return won, len(both)


# ------------------------------------------------------------------------------------------------------ hundredfold


def hundredfold(found: Iterable[Result] | None = None) -> Answer:
    """Answer what the scheme reaches on both LeNets, whether it beats l2 alone, and SEP NORM."""
    ours = [*results_of("experiment-2"), *results_of("beyond")] if found is None else list(found)
    control, worked = _control(select(ours, network="lenet-300-100", fine_tuned=True))
    judged = [one.word for number in (2, 3) for one in evidence.judged(number, ours) or ()]
    counted = {text: judged.count(word) for word, text in _WORDS.items() if word in judged}
    words = [f"{number} {text if number > 1 else _one(text)}" for text, number in counted.items()]
    lead = (
        f"Of the paper's {len(judged)} errors {listed(words)}"
        if judged
        else "No error of the paper has all its runs yet"
    )
    met = 0
    for headline in HEADLINES:
        at = at_headline(headline, ours)
        met += any(r.n_seeds >= SEEDS and r.test_error_mean <= headline.target for r in at)
    many = f"All {met}" if met == len(HEADLINES) else f"{met} of the {len(HEADLINES)}"
    set_before = f"{many} errors that we had aimed at are met, each by the mean of at least one arm."
    told = [
        f"{lead}; on LeNet-300-100, {worked}.",
        set_before,
        f"{'; '.join(_printed(number, ours) for number in (2, 3))}.",
    ]
    told.append(control)
    told.append(_strategies(ours))
    question = "What is reached, and does the ℓ0 term do it?"
    return Answer(question, "10-hundredfold#sec-reached", tuple(told))


def places_alone(found: Iterable[Result] | None = None) -> Answer:
    """Answer whether other first weights, trained at the places that NORM keeps, do as well as the weights it keeps."""
    question, place = "Is it enough to know which weights to keep?", "10-hundredfold#sec-places"
    duel = places(results_of("experiment-2", found))
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


def _one(words: str) -> str:
    return words.replace("are", "is", 1)


def _printed(number: int, ours: Sequence[Result]) -> str:
    """Return what our runs say of the paper's own rows in Table 2 or 3."""
    network = evidence.SOURCES[number][1]
    judged = evidence.judged(number, ours)
    if judged is None:
        return f"{labels.NETWORKS[network]}: not recorded yet"
    rows = [
        f"{one.result.strategy}'s printed {one.printed} at {one.row.ratio} {_one(_WORDS[one.word])} "
        f"({one.result.test_error_mean:.2f} %)"
        for one in judged
    ]
    return f"{labels.NETWORKS[network]}: {listed(rows)}"


def _control(ours: Sequence[Result]) -> tuple[str, str]:
    """Return where NORM and l2 alone differ on LeNet-300-100, fine-tuned, and what follows for the l0 term."""
    both = pairs(select(ours, arm="lenet-300-100-NORM"), select(ours, arm="lenet-300-100-l2"))
    both = [one for one in both if one.ratio > 1]
    word, better = compare.verdict(both), told_at([one for one in both if one.verdict == LESS])
    follows = {
        compare.HOLDS: f"NORM errs less than ℓ2 alone at {better}: there the ℓ0 term helps",
        compare.PART: f"NORM errs less than ℓ2 alone at {better}: there alone the ℓ0 term is shown to help",
        compare.FAILS: "the ℓ0 term does harm",
        compare.NOT_SHOWN: "the ℓ0 term is not shown to do anything",
        compare.MISSING: "the control under ℓ2 alone is not recorded yet",
        TOO_FEW: f"against ℓ2 alone there are {TOO_FEW}",
    }[word]
    if word in (compare.MISSING, TOO_FEW):
        return f"NORM against ℓ2 alone: {word}.", follows
    apart = listed(told_apart(both, "NORM", "ℓ2 alone")) or "NORM and ℓ2 alone are told apart at no ratio"
    alike = [one for one in both if one.verdict == OPEN]
    where = f"; the two are not told apart at {told_at(alike)}" if alike else ""
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


# ------------------------------------------------------------------------------------------------------ does it pay

#: Shares of a compression ratio that a currency pays out, the least of each, and their words.
_SHARES = ((0.75, "most"), (0.25, "part"), (0.0, "little"))


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
    of_bytes, of_adds = zip(*paid, strict=True)
    lead = f"In bytes {_shares(names, of_bytes, 'the ratio')} pays out, in multiply-adds {_shares(names, of_adds)}."
    last = "Milliseconds stand in no record: the page measures them where it is built, and your machine's are your own."
    return Answer(question, place, (lead, *told, last))


def _shares(names: list[str], shares: tuple[float, ...], whole: str = "it") -> str:
    """Say a share of a ``whole`` in words, and by network where the words are not the same for all."""
    words = [next(word for least, word in _SHARES if share >= least) for share in shares]
    if len(set(words)) == 1:
        return f"{words[0]} of {whole}"
    wholes = [whole, *["it"] * (len(words) - 1)]
    return listed([f"{word} of {of} for {name}" for name, word, of in zip(names, words, wholes, strict=True)])


# -------------------------------------------------------------------------------------------------------------- all

#: The questions whose answers need no weights, in the order of the chapters; :func:`gathered` loads torch.
QUESTIONS = (
    l0_against_l1,
    random_pruning,
    hundredfold,
    places_alone,
    treated_alike,
    robust,
    does_it_pay,
    deeper,
    larger_factor,
    reach_predicts,
    doubled_beta,
    removal_or_scratch,
    least_error,
    families,
    levelled,
)
#: The studies whose records each of them reads.
STUDIES = {
    "l0_against_l1": ("experiment-1",),
    "random_pruning": ("experiment-1",),
    "hundredfold": ("experiment-2", "beyond"),
    "places_alone": ("experiment-2",),
    "treated_alike": ("experiment-2",),
    "robust": ("experiment-2",),
    "does_it_pay": ("experiment-2",),
    "deeper": ("experiment-3",),
    "larger_factor": ("experiment-4", "experiment-3", "recalibration"),
    "reach_predicts": ("experiment-4", "experiment-5"),
    "doubled_beta": ("experiment-5",),
    "removal_or_scratch": ("experiment-6",),
    "least_error": ("rivals",),
    "families": ("rivals",),
    "levelled": ("rivals", "experiment-1"),
}


def every() -> Table:
    """Return all answers as a table, each with a link to the place that asks."""
    from ..paper.ledger import link

    rows = [(it.question, str(it), link(it.place)) for it in (ask() for ask in QUESTIONS)]
    headers, widths = ("Question", "What the records say", "In the book"), ("9rem", "24rem", "6rem")
    return Table(headers, rows, "What this book found. Computed from records.", widths)
