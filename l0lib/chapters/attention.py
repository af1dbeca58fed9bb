"""Chapter "Attention": a byte-level transformer reads Python's own library, under eight arms at equal steps.

``python -m l0lib.chapters.attention tune run --records book/records/attention --jobs 2`` makes everything that the
chapter shows: first the trials, on validation modules and with a seed of their own, then the runs, which read the test
modules. Each leaves a file of its own; what is there is not made again, and what was cut off begins anew, but for
trained networks, which are kept in ``--runs``. ``plan`` tells what is missing, and how long it will take here.

All of this is beyond the paper: the task, the network, Adam in place of plain SGD. The penalty acts outside of Adam, by
:func:`~l0lib.compress.pull_` with ``update="clipped"``: Adam would divide the gradient of a penalty by the running size
of the whole gradient, so that a weight which the loss does not need goes at full speed whatever α is. Clipped is the
same rule for all penalties: for l2 it is the decay of AdamW, and no pull goes beyond zero. The penalty acts on every
matrix, the tables of bytes and places among them, since at ten times fewer parameters these alone would fill a network.
Scales and shifts of normalisations are neither penalised nor pruned, and count.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import math
import multiprocessing
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from .. import compress, labels, provenance
from .._files import read_whole, write_atomically
from ..compress.transformer import ByteTransformer, continue_text
from ..compress.wanda import prune_wanda
from ..penalties import L0, L1, L2, Penalty
from ..table import times

RECORDS = Path(__file__).resolve().parents[2] / "book" / "records" / "attention"
FORMAT = 1
#: The arms, and how they are called before readers.
ARMS = {
    arm: (labels.PENALTIES | labels.WITHOUT_PENALTY)[arm]
    for arm in ("dense", "l2", "l1", "l0", "l2+l0", "gradual", "one-shot", "wanda")
}
PROMPT = b"    def __init__(self, "
Say = Callable[[str], None]


# The text


@dataclass(frozen=True)
class Text:
    """Modules of Python's library, by name: their bytes, for training, validation and test; and whose they are."""

    python: str
    train: dict[str, bytes]
    validation: dict[str, bytes]
    test: dict[str, bytes]

    @property
    def parts(self) -> dict[str, dict[str, bytes]]:
        """The three parts by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def origin(self) -> dict[str, Any]:
        """Python's version, a digest of all names and bytes, and the modules and bytes of each part."""
        sha = hashlib.sha256()
        for part in self.parts.values():
            for name, content in part.items():
                sha.update(f"{name} {len(content)} ".encode() + content)
        counts = {name: [len(part), sum(map(len, part.values()))] for name, part in self.parts.items()}
        return {"python": self.python, "digest": sha.hexdigest()[:16], "modules and bytes": counts}


def part_of(module: str) -> str:
    """Return where a module belongs, by its name alone: a tenth of all names is test, another tenth validation.

    The first byte of the SHA-256 of the name, modulo ten, is 0 for test, 1 for validation, else training.
    """
    return {0: "test", 1: "validation"}.get(hashlib.sha256(module.encode()).digest()[0] % 10, "train")


@cache
def library_text() -> Text:
    """Return the library of the Python that runs: the top level's ``*.py``, in the order of their names.

    Licence: Python Software Foundation License 2. Line ends are ``\\n`` on every system; what does not belong to the
    library (``sys.stdlib_module_names``), such as files that an installation generates, is left out.

    Raises
    ------
    FileNotFoundError
        If this Python has its library in another form than files, as in some bundles.
    """
    folder = Path(sysconfig.get_path("stdlib"))
    parts: dict[str, dict[str, bytes]] = {"train": {}, "validation": {}, "test": {}}
    for path in sorted(folder.glob("*.py")):
        if path.stem in sys.stdlib_module_names:
            parts[part_of(path.stem)][path.stem] = path.read_bytes().replace(b"\r\n", b"\n")
    if not all(parts.values()):
        raise FileNotFoundError("Python's library must lie in files *.py for this chapter; this Python has none")
    return Text(".".join(map(str, sys.version_info[:3])), **parts)


# One network


@dataclass(frozen=True)
class Settings:
    """What all arms have in common: the network, the steps, the batches, the ratios.

    ``steps`` train a network, ``fine_tune_steps`` follow, for the dense network as well: every arm takes equally many,
    at the same learning rates, on the same batches for one seed. Both stretches have a warm-up over a twentieth of
    their steps, and then half a cosine. ``calibration`` counts the training sequences that Wanda looks at, as many as
    in its paper.
    """

    width: int = 96
    blocks: int = 3
    heads: int = 4
    context: int = 128
    steps: int = 2000
    fine_tune_steps: int = 600
    batch_size: int = 32
    calibration: int = 128
    ratios: tuple[float, ...] = (2, 4, 10)

    def network(self, seed: int) -> ByteTransformer:
        """Return a fresh network."""
        return ByteTransformer(seed, self.width, self.blocks, self.heads, self.context)


SETTINGS = Settings()
#: What the chapter trains while it is built.
LIVE = {
    "fast": Settings(32, 2, 4, 64, 160, 60, 24, 64, (2, 4)),
    "full": Settings(48, 2, 4, 64, 1500, 450, 32, 128, (2, 4, 10)),
}
SEEDS = (0, 1, 2)
#: Trials have a seed that no run has, look at these ratios, and read every third window of the validation modules.
TUNING_SEED, TUNING_RATIOS, TUNING_EVERY = 100, (4, 10), 3

#: Eight settings of each arm, written down before any of them ran. The dense network chooses the learning rate of all,
#: one-shot pruning the rate of fine-tuning (a share of it) of all but Wanda, which has its own. A penalty's network at
#: α = 0 is that of one-shot pruning. The ranges of l1 and l0 were set by a look at validation modules, with a network
#: of one block and width 32 in 500 steps, and scaled by the sum of the learning rates, as the reach is.
TRIALS: dict[str, tuple[dict[str, Any], ...]] = {
    "dense": tuple({"rate": rate} for rate in (5e-4, 1e-3, 1.5e-3, 2e-3, 3e-3, 4e-3, 6e-3, 8e-3)),
    "one-shot": tuple({"fine_tune_rate": share} for share in (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4)),
    "wanda": tuple(
        {"within": within, "fine_tune_rate": share} for within in ("output", "layer") for share in (0.1, 0.3, 0.6, 1.0)
    ),
    "l2": tuple({"l2": alpha} for alpha in (0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)),
    "l1": tuple({"l1": alpha} for alpha in (0.004, 0.008, 0.015, 0.03, 0.06, 0.12, 0.25, 0.5)),
    # α by β is the pull on a weight at zero, where l1 has its α
    "l0": tuple({"l0": pull / beta, "beta": beta} for beta in (10, 30) for pull in (0.05, 0.1, 0.2, 0.4)),
    "l2+l0": tuple(
        {"l2": decay, "l0": pull / beta, "beta": beta}
        for decay in (0.1, 0.4)
        for beta in (10, 30)
        for pull in (0.1, 0.25)
    ),
    "gradual": tuple(
        {"begin": begin, "end": end, "schedule": schedule}
        for schedule in ("cubic", "log")
        for begin, end in ((0.0, 0.8), (0.1, 0.5), (0.2, 0.7), (0.3, 1.0))
    ),
}
PRUNINGS = 30


def penalty_of(setting: Mapping[str, Any]) -> Penalty | None:
    """Return the penalty that a setting has: the sum of its terms ``l2``, ``l1``, and ``l0`` with ``beta``."""
    kinds: dict[str, Callable[[float], Penalty]] = {"l2": L2, "l1": L1, "l0": lambda alpha: L0(alpha, setting["beta"])}
    terms = [kind(setting[name]) for name, kind in kinds.items() if name in setting]
    return sum(terms[1:], terms[0]) if terms else None


def prunings(setting: Mapping[str, Any], steps: int, ratio: float) -> dict[int, float]:
    """Return after which steps gradual pruning prunes, and to what ratio: :data:`PRUNINGS` times, evenly spaced."""
    begin, end, schedule = setting["begin"] * steps, setting["end"] * steps, compress.SCHEDULES[setting["schedule"]]
    due = range(1, PRUNINGS + 1)
    return {round(begin + (end - begin) * k / PRUNINGS): schedule(k, PRUNINGS, 1.0, ratio) for k in due}


def joined(modules: Mapping[str, bytes], device: str = "cpu") -> torch.Tensor:
    """Return the bytes of all modules, one after another, as whole numbers of shape (bytes,)."""
    return torch.frombuffer(bytearray(b"".join(modules.values())), dtype=torch.uint8).long().to(device)


def batches(text: torch.Tensor, size: int, length: int, steps: int, seed: int) -> Iterable[torch.Tensor]:
    """Yield ``steps`` batches of ``size`` stretches of ``length`` bytes, from anywhere in ``text``."""
    places, within = torch.Generator().manual_seed(seed), torch.arange(length)
    for _ in range(steps):
        starts = torch.randint(len(text) - length + 1, (size, 1), generator=places)
        yield text[(starts + within).to(text.device)]


def fit(
    model: ByteTransformer,
    text: torch.Tensor,
    settings: Settings,
    steps: int,
    rate: float,
    seed: int,
    penalty: Penalty | None = None,
    masks: compress.Masks | None = None,
    due: Mapping[int, float] | None = None,
    say: Say | None = None,
) -> tuple[compress.Masks | None, list[float]]:
    """Train ``model`` by Adam for ``steps`` steps, and return the masks at the end and bits per byte along the way.

    Gradients are clipped to a norm of one; the penalty is clipped at zero, outside of Adam. What ``masks`` do not keep
    stays zero, and so does what is pruned after the steps in ``due``. Bits are means over a twentieth of the steps.

    Raises
    ------
    RuntimeError
        If the loss is no longer finite.
    """
    rates = compress.learning_rates("cosine", steps, rate, steps // 20)
    optimizer = torch.optim.Adam(model.parameters(), rate, betas=(0.9, 0.99), fused=True)
    hold = masks.hold(model, optimizer) if masks is not None else None
    spare, each, bits = compress.norm_parameters(model), max(1, steps // 20), []
    total, began = torch.zeros(()).to(text.device), time.perf_counter()
    for step, batch in enumerate(batches(text, settings.batch_size, settings.context + 1, steps, seed), 1):
        optimizer.param_groups[0]["lr"] = rates[step - 1]
        loss = cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if penalty is not None:
            compress.pull_(model, penalty, optimizer, "clipped")
        total += loss.detach() / math.log(2)
        if due and step in due:
            if hold is not None:
                hold.remove()
            masks = compress.prune_global(model, due[step], within=masks, spare=spare)
            hold = masks.hold(model, optimizer)
        if step % each == 0:
            bits.append(float(total) / each)
            total.zero_()
            if not math.isfinite(bits[-1]):
                raise RuntimeError(f"loss must stay finite; got {bits[-1]} at step {step}: try a smaller learning rate")
            if say:
                say(f"step {step}/{steps}, {bits[-1]:.3f} bits per byte, {time.perf_counter() - began:.0f} s")
    if hold is not None:
        hold.remove()
    if masks is not None:
        masks.check(model)
    return masks, bits


@torch.no_grad()
def measure(model: ByteTransformer, modules: Mapping[str, bytes], every: int = 1) -> dict[str, list]:
    """Return, for each module, the bits of its bytes in all, how many of them were not the likeliest, and their number.

    A module is read in stretches of the context's length that do not overlap, each without what stands before it: a
    byte sees at most the context, and half of it on average. The first byte of a module is not counted. With ``every``
    3, every third stretch of all is read; modules of which none is read are left out.
    """
    stretches = [
        (name, content[i : i + model.context + 1])
        for name, content in modules.items()
        for i in range(0, len(content) - 1, model.context)
    ][::every]
    device = model.head.weight.device
    found: dict[str, list] = {}
    for first in range(0, len(stretches), 64):
        some = stretches[first : first + 64]
        text = torch.full((len(some), model.context + 1), -1)
        for row, (_, content) in zip(text, some, strict=True):
            row[: len(content)] = torch.frombuffer(bytearray(content), dtype=torch.uint8)
        text = text.to(device)
        scores, wanted = model(text[:, :-1].clamp(min=0)).transpose(1, 2), text[:, 1:]
        counted = wanted >= 0
        bits = cross_entropy(scores, wanted, ignore_index=-1, reduction="none").double().sum(1) / math.log(2)
        wrong = ((scores.argmax(1) != wanted) & counted).sum(1)
        for (name, _), *values in zip(some, bits.tolist(), wrong.tolist(), counted.sum(1).tolist(), strict=True):
            found[name] = [a + b for a, b in zip(found.get(name, [0, 0, 0]), values, strict=True)]
    return {name: [round(bits, 3), wrong, count] for name, (bits, wrong, count) in found.items()}


def bits_per_byte(measured: Mapping[str, Sequence[float]]) -> float:
    """Return the mean bits over all bytes that :func:`measure` read."""
    return sum(one[0] for one in measured.values()) / sum(one[2] for one in measured.values())


def wrong_share(measured: Mapping[str, Sequence[float]]) -> float:
    """Return the share of bytes that were not the likeliest one."""
    return sum(one[1] for one in measured.values()) / sum(one[2] for one in measured.values())


@torch.no_grad()
def layers_of(model: ByteTransformer) -> dict[str, dict[str, float]]:
    """Return, for each matrix, its weights, those that are not zero, those above a thousandth, and the rms of all."""
    found = {}
    for name, p in model.named_parameters():
        if p.ndim > 1:
            alive = int((p.abs() >= 1e-3).sum())
            rms = float(f"{float(p.square().mean().sqrt()):.6g}")
            found[name.removesuffix(".weight")] = {
                "weights": p.numel(),
                "nonzero": int(torch.count_nonzero(p)),
                "alive": alive,
                "rms": rms,
            }
    return found


def sample(model: ByteTransformer, count: int = 200) -> str:
    """Return how ``model`` goes on behind :data:`PROMPT`, the likeliest byte at each place; ``\ufffd`` is no letter."""
    text = continue_text(model, PROMPT, count).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)


# One arm


def trained(
    setting: Mapping[str, Any],
    seed: int,
    settings: Settings,
    text: Text,
    folder: Path | None = None,
    device: str = "cpu",
    say: Say | None = None,
) -> tuple[ByteTransformer, list[float]]:
    """Return the network of ``seed`` that was trained under the penalty of ``setting``, from ``folder`` if it is there.

    The file is named by a digest of all that the network depends on: arms that begin with one network share it.
    """
    model = settings.network(seed)
    own = {name: setting[name] for name in ("rate", "l2", "l1", "l0", "beta") if name in setting}
    whole = {k: v for k, v in asdict(settings).items() if k not in ("ratios", "fine_tune_steps", "calibration")}
    about = {**own, "seed": seed, **whole, "text": text.origin["digest"]}
    about |= {"torch": str(torch.__version__), "device": device}
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
    path = None if folder is None else folder / f"{digest}.pt"
    if path is not None and (saved := compress.checkpoints.load(path)) is not None:
        with compress.checkpoints.taking_over(path):
            compress.checkpoints.check_same(saved["configuration"], about, path)
            model.load_state_dict(saved["model"])
            if say:
                say("trained before")
            return model.to(device), saved["bits"]
    model.to(device)
    content = joined(text.train, device)
    _, bits = fit(model, content, settings, settings.steps, setting["rate"], 2 * seed, penalty_of(setting), say=say)
    if path is not None:
        compress.checkpoints.save(path, {"model": model.state_dict(), "bits": bits, "configuration": about})
    return model, bits


def make(
    arm: str,
    setting: Mapping[str, Any],
    seed: int,
    settings: Settings,
    text: Text,
    part: str,
    *,
    every: int = 1,
    folder: Path | None = None,
    device: str = "cpu",
    say: Say | None = None,
) -> dict[str, Any]:
    """Train, prune and fine-tune the network of one arm and seed at each ratio; return the record of it.

    ``setting`` holds ``rate``, ``fine_tune_rate`` and what the arm needs, ``part`` names what to measure on.
    """
    began = time.perf_counter()
    content, modules = joined(text.train, device), text.parts[part]

    def seen(model: ByteTransformer) -> dict[str, list]:
        return measure(model, modules, every)

    def at(ratio: float) -> dict[str, Any]:
        if arm == "gradual":
            model, due = settings.network(seed).to(device), prunings(setting, settings.steps, ratio)
            masks, _ = fit(model, content, settings, settings.steps, setting["rate"], 2 * seed, due=due, say=say)
        else:
            model, masks = copy.deepcopy(unpruned), None
            if arm == "wanda":
                some = list(batches(content, settings.calibration, settings.context, 1, 2 * seed))
                masks = prune_wanda(model, ratio, some, setting["within"])
            elif arm != "dense":
                masks = compress.prune_global(model, ratio, spare=compress.norm_parameters(model))
        before = seen(model)
        rate = setting["rate"] * setting["fine_tune_rate"]
        masks, _ = fit(model, content, settings, settings.fine_tune_steps, rate, 2 * seed + 1, masks=masks, say=say)
        after, achieved = seen(model), compress.compression_ratio(model)
        if say:
            then, now = bits_per_byte(before), bits_per_byte(after)
            say(f"{times(ratio)}: {then:.3f} bits per byte, fine-tuned {now:.3f}; {time.perf_counter() - began:.0f} s")
        point = {"ratio": ratio, "achieved": achieved, "before": before, "after": after}
        return {**point, "layers": layers_of(model), "sample": sample(model)}

    record: dict[str, Any] = {"format": FORMAT, "arm": arm, "seed": seed, "part": part, "setting": dict(setting)}
    record |= {"settings": asdict(settings), "text": text.origin, "unpruned": None}
    if arm != "gradual":
        unpruned, bits = trained(setting, seed, settings, text, folder, device, say)
        record["unpruned"] = {"bits": bits, "measured": seen(unpruned), "layers": layers_of(unpruned)}
    record["points"] = [at(ratio) for ratio in ((1,) if arm == "dense" else settings.ratios)]
    where: dict[str, Any] = {"threads": torch.get_num_threads(), "device": device}
    if device.startswith("cuda"):
        where["device"] = torch.cuda.get_device_name(device)
    record["provenance"] = {**provenance.origin(), **where, "wall_seconds": round(time.perf_counter() - began, 1)}
    return json.loads(json.dumps(record))


# All of them


@dataclass(frozen=True)
class Unit:
    """One record to be made: the run of an arm with a seed, or one of its trials, by its number."""

    kind: str
    arm: str
    number: int

    def path(self, records: Path) -> Path:
        """Return where its record stands."""
        if self.kind == "trial":
            return records / "trials" / f"{self.arm}-{self.number}.json"
        return records / f"{self.arm}-seed{self.number}.json"

    def settings(self, settings: Settings) -> Settings:
        """Return the settings of a run, or those of a trial, which looks at fewer ratios."""
        return replace(settings, ratios=TUNING_RATIOS) if self.kind == "trial" else settings

    def steps(self, settings: Settings) -> int:
        """Return the steps that it takes, where what others have trained is there."""
        settings = self.settings(settings)
        ratios = 1 if self.arm == "dense" else len(settings.ratios)
        trainings = {"one-shot": 0, "wanda": 0, "gradual": ratios}.get(self.arm, 1)
        return trainings * settings.steps + ratios * settings.fine_tune_steps


#: Later ones need what is chosen or trained in earlier ones.
ORDER = (("dense",), ("one-shot",), ("wanda", "l2", "l1", "l0", "l2+l0", "gradual"))


def units(kinds: Sequence[str], arms: Iterable[str], seeds: Sequence[int]) -> list[list[Unit]]:
    """Return what is to be made, in stretches one after another."""
    chosen, numbers = set(arms), {"trial": range(len(TRIALS["dense"])), "run": seeds}
    stretches = [
        [Unit(k, arm, n) for arm in some if arm in chosen for n in numbers[k]] for k in kinds for some in ORDER
    ]
    return [one for one in stretches if one]


def load(path: Path) -> dict[str, Any] | None:
    """Return a record, or None if it is not there.

    Raises
    ------
    ValueError
        If the file is no record of this format.
    """
    if not path.exists():
        return None
    try:
        record = json.loads(read_whole(path, "record", 1 << 22))
    except json.JSONDecodeError as error:
        raise ValueError(f"record must be JSON; {path} is not: {error}") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ValueError(f"record must have format {FORMAT}; {path} has another")
    return record


def save(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record, whole or not at all."""
    write_atomically(path, (json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n").encode())


def runs(records: Path = RECORDS, arms: Iterable[str] = tuple(ARMS)) -> list[dict[str, Any]]:
    """Return the records of all runs that are there."""
    found = [load(path) for arm in arms for path in sorted(records.glob(f"{arm}-seed*.json"))]
    return [one for one in found if one is not None]


def score(trial: Mapping[str, Any]) -> float:
    """Return what tuning minimises: bits per byte after fine-tuning, on validation modules, mean over ratios."""
    return fmean(bits_per_byte(point["after"]) for point in trial["points"])


def choose(records: Path, arm: str) -> dict[str, Any]:
    """Return the setting of an arm whose trial has the lowest score (the first of them, on a tie).

    Raises
    ------
    FileNotFoundError
        If a trial of the arm is missing: all eight, or none.
    """
    found = [load(Unit("trial", arm, n).path(records)) for n in range(len(TRIALS[arm]))]
    trials = [trial for trial in found if trial is not None]
    if len(trials) < len(found):
        raise FileNotFoundError(f"{len(found) - len(trials)} trials of {arm} are missing in {records}: tune them first")
    best = min(range(len(trials)), key=lambda n: score(trials[n]))
    return TRIALS[arm][best]


def setting_of(unit: Unit, records: Path) -> dict[str, Any]:
    """Return the whole setting of a unit: its own, the learning rate of the dense arm, the share of one-shot's."""
    own = TRIALS[unit.arm][unit.number] if unit.kind == "trial" else choose(records, unit.arm)
    if unit.arm == "dense":  # fine-tuned at half its rate: so its trials need no other's
        return {"fine_tune_rate": 0.5, **own}
    rates = choose(records, "dense")
    return {**rates, **({} if unit.arm in ("one-shot", "wanda") else choose(records, "one-shot")), **own}


def write_chosen(records: Path) -> None:
    """Write ``chosen.json``: of each arm whose trials are all there, their scores and the setting chosen."""
    found = {}
    for arm, trials in TRIALS.items():
        made = [load(Unit("trial", arm, n).path(records)) for n in range(len(trials))]
        if all(made):
            scores = [round(score(trial), 5) for trial in made if trial is not None]
            found[arm] = {"setting": choose(records, arm), "scores": scores}
    save(records / "chosen.json", {"format": FORMAT, "seed": TUNING_SEED, "ratios": TUNING_RATIOS, "arms": found})


def check_same(record: Mapping[str, Any], setting: Mapping[str, Any], settings: Settings, text: Text) -> None:
    """Make sure that a record that is there already is the one that would be made.

    Raises
    ------
    ValueError
        If it was made of another Python's library, or with other settings.
    """
    ours = json.loads(json.dumps({"text": text.origin, "settings": asdict(settings), "setting": setting}))
    for name, value in ours.items():
        if record[name] != value:
            raise ValueError(f"{name} must be those of the record; {record['arm']} has {record[name]}, ours: {value}")


def work(unit: Unit, settings: Settings, records: Path, folder: Path, device: str = "cpu") -> float:
    """Make the record of a unit, unless it is there; return the seconds that it took."""
    began, path, text = time.perf_counter(), unit.path(records), library_text()
    setting, settings, known = setting_of(unit, records), unit.settings(settings), load(path)
    if known is not None:
        check_same(known, setting, settings, text)
        return 0.0

    def say(words: str) -> None:
        print(f"{path.stem}: {words}", flush=True)

    trial = unit.kind == "trial"
    seed, part, every = (TUNING_SEED, "validation", TUNING_EVERY) if trial else (unit.number, "test", 1)
    say(" ".join(f"{name}={value}" for name, value in setting.items()))
    made = make(unit.arm, setting, seed, settings, text, part, every=every, folder=folder, device=device, say=say)
    save(path, made)
    return time.perf_counter() - began


def work_all(
    stretches: Sequence[Sequence[Unit]],
    settings: Settings,
    records: Path,
    folder: Path,
    jobs: int = 1,
    device: str = "cpu",
) -> None:
    """Make all records that are missing, on ``jobs`` processes of one thread each."""
    do = partial(work, settings=settings, records=records, folder=folder, device=device)
    for some in stretches:
        # spawned: a fork would inherit the threads of this process half-way
        spawn = multiprocessing.get_context("spawn")
        with nullcontext() if jobs == 1 else ProcessPoolExecutor(jobs, spawn, torch.set_num_threads, (1,)) as pool:
            for unit, seconds in zip(some, (map if pool is None else pool.map)(do, some), strict=True):
                print(f"{unit.path(records).stem}: {f'done in {seconds:.0f} s' if seconds else 'there'}", flush=True)
        if some[0].kind == "trial":
            write_chosen(records)


def seconds_per_step(settings: Settings = SETTINGS, steps: int = 4) -> float:
    """Return the processor time of a training step here, the quickest of a few: what an idle core would take."""
    model, text = settings.network(0), torch.arange(10 * settings.context) % 256
    optimizer, best = torch.optim.Adam(model.parameters(), 0.0, fused=True), math.inf
    for batch in batches(text, settings.batch_size, settings.context + 1, steps, 0):
        began = time.process_time()
        loss = cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        best = min(best, time.process_time() - began)
    return best


def plan(records: Path = RECORDS, settings: Settings = SETTINGS, arms: Iterable[str] = tuple(ARMS)) -> str:
    """Return what is missing, the command that makes it, and about how many hours of one idle core like this it takes.

    Measuring, a twentieth or so of the training, is left out.
    """
    every = [unit for some in units(("trial", "run"), arms, SEEDS) for unit in some]
    missing = [unit for unit in every if not unit.path(records).exists()]
    if not missing:
        return f"All {len(every)} records are there."
    hours = sum(unit.steps(settings) for unit in missing) * seconds_per_step(settings) / 3600
    trials = sum(unit.kind == "trial" for unit in missing)
    return (
        f"Not run yet: {trials} trials and {len(missing) - trials} runs, about {hours:.1f} hours on one idle core "
        "like this.\npython -m l0lib.chapters.attention tune run --records book/records/attention --jobs 2"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the trials and runs of the chapter, or tell what is missing."""
    parser = argparse.ArgumentParser(prog="python -m l0lib.chapters.attention", description=main.__doc__)
    parser.add_argument("what", nargs="+", choices=("tune", "run", "plan"))
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--records", type=Path, default=RECORDS)
    parser.add_argument("--runs", type=Path, default=Path("runs") / "attention", help="trained networks")
    parser.add_argument("--jobs", type=int, default=1, help="processes, of one thread each")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if "plan" in given.what:
        print(plan(given.records, arms=given.arms))
    kinds = [kind for kind, word in (("trial", "tune"), ("run", "run")) if word in given.what]
    work_all(units(kinds, given.arms, given.seeds), SETTINGS, given.records, given.runs, given.jobs, given.device)


if __name__ == "__main__":
    main()
