"""One run: train, prune, fine-tune, measure, record. Interrupted at any moment, it resumes where it was.

Every stage keeps its checkpoint in the run's folder and returns at once if its result is there.
"""

from __future__ import annotations

import copy
import functools
import importlib.util
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from filelock import FileLock

from .. import _validate, compress, provenance
from .._counts import number_to_keep
from .._files import write_atomically
from ..compress import checkpoints, models, neurons, parallel, storage
from ..compress.data import Dataset
from ..compress.datasets import FACTS
from ..compress.measure import in_all, layers, multiply_adds
from ..compress.rivals import RIVALS, Plan
from ..compress.training import resolve_device
from . import records, scores
from .arms import STUDIES
from .config import Config, Gradual, Teacher, Training, Unpruned
from .records import Record

#: Settings of a stretch that ``compress.train`` takes under the same name.
_AS_THEY_ARE = (
    "epochs", "learning_rate", "momentum", "batch_size", "update", "warm_up", "shift", "mirror", "bf16"
)  # fmt: skip
#: Training images, the first ones, on which statistics are measured anew.
RECALIBRATED_ON = 10_000


def run_folder(config: Config, seed: int, runs: Path) -> Path:
    """Return where a run keeps what it has; the process that makes it holds the lock ``lock`` in there."""
    return runs / f"{config.experiment}-{config.arm}-{config.digest()}" / f"seed-{seed}"


def unpruned_folder(what: Unpruned, seed: int, runs: Path) -> Path:
    """Return where the network before pruning is kept, with a lock of the same kind."""
    return runs / f"trained-{what.digest()}" / f"seed-{seed}"


def run(
    config: Config,
    seed: int,
    runs: Path = Path("runs"),
    *,
    device: str = "cpu",
    threads: int = 1,
    progress: bool = False,
    report: Callable[[str], object] = lambda stage: None,
) -> Record:
    """Make one run, or read it if it is there already, and return its record.

    ``seed`` is that of the initial weights, the batches, the shifts and random pruning: runs of one seed share all of
    these. Everything goes to ``<experiment>-<arm>-<hash>/seed-<k>/`` below ``runs``, and the networks before pruning,
    which runs may share, to ``trained-<hash>/seed-<k>/``. A second process that asks for a run or network in the making
    waits. ``device`` is ``"cpu"``, ``"cuda"``, or ``"auto"``; ``threads`` are of the CPU: a run that resumes ends in
    the same bits only with as many as it began with. ``progress`` shows a bar for each stretch of training; ``report``
    is told in a few words what each stage does as it begins, and each epoch of a training as it ends.
    """
    folder = run_folder(config, seed, runs)
    file = folder / "record.json"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if file.exists():
            return records.read(file)
        if config.removed_shares and importlib.util.find_spec("torch_pruning") is None:  # told before a long training
            raise ModuleNotFoundError("removed_shares needs the package torch-pruning, which is not installed")
        torch.set_num_threads(threads)
        # the other processes of this run, under torchrun, follow
        parallel.from_first(lambda: (config.model_dump_json(), seed))
        with denormals_as_zero():
            record = Record.model_validate(_Stages(config, seed, runs, device, progress, report).make())
        records.write_text(file, records.to_text(record))
        for checkpoint in folder.glob("*.checkpoint"):
            checkpoint.unlink()
        return record


def follow(runs: Path = Path("runs"), *, device: str = "cpu", threads: int = 1) -> None:
    """Make, along with the first of several processes, the runs that it makes, until it says :func:`enough`."""
    torch.set_num_threads(threads)
    while job := parallel.from_first(lambda: None):
        text, seed = job
        with denormals_as_zero():
            _Stages(Config.model_validate_json(text), seed, runs, device).make()


@contextmanager
def denormals_as_zero() -> Iterator[None]:
    """Take numbers below the smallest normal one, about 1.2e-38 in float32, as zero, in this thread and while it lasts.

    Under a large l2 factor, weights that no image moves decay so far in a long training; a product with them takes a
    processor many times longer, and changes nothing that can be seen.
    """
    before = bool(torch.tensor([1e-40]).mul(1.0) == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def enough() -> None:
    """Let the processes that :func:`follow` go."""
    parallel.from_first(lambda: None)


def objective(config: Config, seed: int, runs: Path = Path("runs"), **options: Any) -> float:
    """Return what tuning minimises: the geometric mean of all points' errors on the validation images, in percent.

    A geometric mean, because errors before and after fine-tuning differ by orders of magnitude: with a plain mean the
    worst point alone would choose. No wrong answer counts as half a one. A run whose loss does not stay finite counts
    as wholly wrong: 100.

    Raises
    ------
    ValueError
        If ``config`` reads the test images, or measures no pruned network.
    """
    if config.evaluate_on != "validation":
        raise ValueError(f"evaluate_on must be 'validation' for a choice; got {config.evaluate_on!r}")
    if not config.ratios and not config.fine_tuned_ratios:
        raise ValueError("ratios or fine_tuned_ratios must name at least one ratio to choose by; got none")
    try:
        record = run(config, seed, runs, **options)
    except RuntimeError as error:
        if "loss must stay finite" in str(error):
            return 100.0
        raise
    measured = [point.measured for point in record.points]
    return 100 * math.exp(fmean(math.log(max(one.errors, 0.5) / one.images) for one in measured))


#: Images set aside where a run is for choosing; the draw has the one seed 0, so that all choices see the same images.
VALIDATION = {"mnist": 10_000, "digits": 1_000, "cifar10": 5_000, "cifar100": 5_000, "photographs": 100}
CLASSES = {name: facts.classes for name, facts in FACTS.items()} | {"digits": 10, "photographs": 10}
_WHOLE: dict[str, Callable[[int], Dataset]] = {
    "mnist": compress.mnist,
    "cifar10": compress.cifar10,
    "cifar100": compress.cifar100,
}
_EMBEDDED: dict[str, Callable[[], Dataset]] = {
    "digits": lambda: compress.embedded_digits((3000, VALIDATION["digits"], 1000)),
    "photographs": lambda: compress.embedded_photographs((400, VALIDATION["photographs"], 100)),
}
Images = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Split:
    """What a run fits and what it counts wrong answers on."""

    fit: Images
    measure: Images
    held_out: int


@functools.lru_cache(maxsize=2)
def split(dataset: str, evaluate_on: str) -> Split:
    """Return the images of a run: see :class:`Config`, ``evaluate_on``.

    Pixels of digits are between 0 and 1. Of photographs each colour is centred and scaled, by its mean and its
    deviation over the images to fit.
    """
    whole = evaluate_on == "test"
    data = _EMBEDDED[dataset]() if dataset in _EMBEDDED else _WHOLE[dataset](0 if whole else VALIDATION[dataset])
    fit = data.train.tensors()
    if whole and dataset in _EMBEDDED:  # what was set aside for choices comes back for the final training
        x, y = data.validation.tensors()
        fit = torch.cat([fit[0], x]), torch.cat([fit[1], y])
    measure = (data.test if whole else data.validation).tensors()
    if fit[0].ndim == 4:
        deviation, mean = torch.std_mean(fit[0], (0, 2, 3), correction=0)
        for images, _ in (fit, measure):
            images.sub_(mean[:, None, None]).div_(deviation[:, None, None])
    return Split(fit, measure, 0 if whole else len(data.validation))


class _Stages:
    """The stages of one run, each of which can be cut off and goes on."""

    def __init__(
        self,
        config: Config,
        seed: int,
        runs: Path,
        device: str = "cpu",
        progress: bool = False,
        report: Callable[[str], object] = lambda stage: None,
    ):
        self.config, self.seed, self.runs, self.progress, self.report = config, seed, runs, progress, report
        self.folder, self.stage = run_folder(config, seed, runs), ""
        self.device = resolve_device(device, torch.nn.Linear(1, 1))
        self.split = split(config.dataset, config.evaluate_on)
        images, labels = self.split.measure
        self.measure = images.to(self.device), labels.to(self.device)
        self.clock = self.folder / "seconds.checkpoint"
        self.epochs = 0  # that this process has trained
        self.spent: dict[str, float] = {}
        if (saved := checkpoints.load(self.clock)) is not None:
            with checkpoints.taking_over(self.clock):
                self.spent = {stage: _validate.positive("seconds", s) for stage, s in saved["spent"].items()}

    def make(self) -> dict[str, Any]:
        """Go through all stages, and return the fields of a record."""
        model, history = self._trained("trained", self.config.unpruned, self.seed)
        learnt = self._teacher(self.config.teacher)
        measured = [self._before(model, ratio) for ratio in self.config.ratios]
        after = partial(self._after, model, learnt=learnt) if self.config.rival is None else self._by_rival
        measured += [after(ratio) for ratio in self.config.fine_tuned_ratios]
        removals = zip(self.config.removed_shares, self.config.removed_ratios, strict=True)
        measured += [self._without_neurons(model, share, ratio) for share, ratio in removals]
        last = history[-1]
        return {
            "config": self.config.model_dump(mode="json"),
            "seed": self.seed,
            "train": len(self.split.fit[1]),
            "held_out": self.split.held_out,
            "test": len(self.split.measure[1]) if self.config.evaluate_on == "test" else 0,
            "history": [
                {name: getattr(epoch, name) for name in ("epoch", "learning_rate", "penalty")}
                | {"loss": epoch.loss if math.isfinite(epoch.loss) else None}
                for epoch in history
            ],
            "magnitudes": list(last.magnitudes),
            "dense": self._measured(model, "dense"),
            "points": measured,
            "origin": {
                **provenance.origin(),
                "trained": self._trained_elsewhere(),
                "device": torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "cpu",
                "threads": torch.get_num_threads(),
                "processes": parallel.ranks()[1],
                "seconds": round(sum(self.spent.values()), 1),
            },
        }

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        self.stage = stage
        self.report(stage)
        start = time.perf_counter()
        yield
        if stage not in self.spent:  # a stage that is only read again has its time already
            self.spent[stage] = time.perf_counter() - start
            if parallel.first():
                checkpoints.save(self.clock, {"spent": self.spent})

    def _trained(self, stage: str, what: Unpruned, seed: int) -> tuple[torch.nn.Module, list[compress.Epoch]]:
        folder = unpruned_folder(what, seed, self.runs)
        model = network(what, seed).to(self.device)
        with parallel.lock(folder / "lock"), self._timed(stage):  # waiting for the lock is no computing time
            data, told = split(what.dataset, what.evaluate_on).fit, self.epochs
            history = self._train(model, what.training, data, seed, folder / "network.checkpoint")
            if self.epochs > told and parallel.first():
                write_atomically(folder / "commit", provenance.commit().encode())
        return model, history

    def _trained_elsewhere(self) -> str:
        """Return the commit at which the training before pruning ended, if it is not this one and is known."""
        path = unpruned_folder(self.config.unpruned, self.seed, self.runs) / "commit"
        told = path.read_text(encoding="utf-8") if path.exists() else ""
        return told if told != provenance.commit() else ""

    def _train(
        self,
        model: torch.nn.Module,
        how: Training,
        data: Images,
        seed: int,
        checkpoint: Path | None,
        whole: torch.nn.Module | None = None,
        **options: Any,
    ) -> list[compress.Epoch]:
        began, done = time.perf_counter(), 0

        def told(epoch: compress.Epoch) -> None:
            nonlocal done
            done += 1
            self.epochs += 1
            each = (time.perf_counter() - began) / done
            self.report(f"{self.stage}: epoch {epoch.epoch} of {how.epochs}, {each:.1f} s each")

        # NORM's factors are those of the whole network, whatever pruning has left of its layers
        return compress.train(
            model,
            data,
            how.penalty.build(compress.layer_sizes(model if whole is None else whole)),
            **{name: getattr(how, name) for name in _AS_THEY_ARE},
            seed=seed,
            schedule=_constant if how.schedule == "constant" else how.schedule,
            device=self.device,
            progress=self.progress,
            checkpoint=checkpoint,
            on_epoch=told,
            **options,
        )

    def _teacher(self, teacher: Teacher | None) -> dict[str, Any]:
        if teacher is None:
            return {}
        taught = {name: getattr(teacher, name) for name in ("network", "relu_after_pools", "training")}
        what = self.config.unpruned.model_copy(update=taught)
        model, _ = self._trained("teacher", what, self.seed)
        gradual = self.config.gradual
        stretches = [self.config.fine_tuning, *([] if gradual is None else [gradual.training])]
        moved = any(how.shift or how.mirror for how in stretches if how is not None)
        told = model if moved else compress.distill.scores(model, self.split.fit[0].to(self.device))
        return {"teacher": told, "temperature": teacher.temperature, "distillation_weight": teacher.weight}

    def _prune(self, model: torch.nn.Module, ratio: float, within: compress.Masks | None = None) -> compress.Masks:
        ways: dict[str, Callable[..., compress.Masks]] = {
            "GP": compress.prune_global,
            "LP": compress.prune_layerwise,
            "RP": partial(compress.prune_random, seed=self.seed),
        }
        prune = ways[self.config.pruning]
        if hasattr(model, "chain"):
            return compress.prune_alive(model, ratio, prune, within=within)
        return prune(model, ratio, within=within, spare=compress.norm_parameters(model))

    def _before(self, model: torch.nn.Module, ratio: float) -> dict[str, Any]:
        pruned = copy.deepcopy(model)
        self._prune(pruned, ratio)
        if self.config.recalibrated:
            with self._timed(f"{ratio:g}x-statistics"):
                images, labels = (values[:RECALIBRATED_ON] for values in self.split.fit)
                how = self.config.training
                compress.recalibrate(pruned, (images, labels), shift=how.shift, mirror=how.mirror, seed=self.seed)
        return self._point(pruned, ratio, fine_tuned=False)

    def _after(self, model: torch.nn.Module, ratio: float, learnt: dict[str, Any]) -> dict[str, Any]:
        name, how = f"{ratio:g}x", self.config.fine_tuning
        assert how is not None
        with self._timed(name):
            pruned = copy.deepcopy(model)
            masks = None
            if self.config.gradual is not None:
                masks = self._gradually(pruned, ratio, self.config.gradual, learnt)
            masks = self._prune(pruned, ratio, masks)
            if self.config.from_scratch:
                pruned, how = self._anew(masks), self._whole_stretch(how)
            # other batches than those of the training before
            checkpoint = self.folder / f"{name}-tuned.checkpoint"
            self._train_pruned(pruned, masks, how, self.seed + 1_000, checkpoint, learnt)
        return self._kept(pruned, ratio)

    def _anew(self, masks: compress.Masks) -> torch.nn.Module:
        """Return a network of other first weights under the masks of a trained one."""
        fresh = network(self.config.unpruned, self.seed + 10_000).to(self.device)
        masks.apply_(fresh)
        return fresh

    def _whole_stretch(self, how: Training) -> Training:
        """Return the training before pruning with the epochs of both, under the penalty of the second."""
        epochs = self.config.training.epochs + how.epochs
        return self.config.training.model_copy(update={"epochs": epochs, "penalty": how.penalty})

    def _kept(self, pruned: torch.nn.Module, ratio: float) -> dict[str, Any]:
        """Measure a network at its end, and keep it as a sparse file."""
        point = self._point(pruned, ratio, fine_tuned=True)
        kept = {key: values for key, values in pruned.state_dict().items() if values.is_floating_point()}
        if parallel.first():
            storage.save(kept, self.folder / f"{ratio:g}x.l0", _coding_of(point["nonzero"]))
        return point

    def _by_rival(self, ratio: float) -> dict[str, Any]:
        """Give a rival method what every method is given: first weights, batches, epochs; its end is kept."""
        rival, how = self.config.rival, self.config.training
        assert rival is not None
        path = self.folder / f"{ratio:g}x-rival.checkpoint"
        model = network(self.config.unpruned, self.seed).to(self.device)
        with self._timed(f"{rival.name} {ratio:g}x"):
            if (saved := checkpoints.load(path)) is not None:
                model.load_state_dict(saved["model"])
            else:
                settings = rival.arguments
                rate = settings.pop("learning_rate", how.learning_rate)
                plan = Plan(ratio, how.epochs, rate, self.seed, how.momentum, how.batch_size)
                images, labels = (values.to(self.device) for values in self.split.fit)
                RIVALS[rival.name](model, (images, labels), plan, **settings)
                checkpoints.save(path, {"model": model.state_dict()})
        return self._kept(model, ratio)

    def _without_neurons(self, model: torch.nn.Module, share: float, ratio: float) -> dict[str, Any]:
        """Remove neurons (NP), prune what is left (NP+GP), and fine-tune; or, a control, train that shape anew."""
        name, how, image = f"np{share:g}-{ratio:g}x", self.config.fine_tuning, self.split.measure[0][:1].to(self.device)
        assert how is not None
        going = neurons.smallest_neurons(neurons.neurons(model, image), share)
        small = neurons.remove_neurons(model, going, image)
        if self.config.from_scratch:
            models.restart(small, self.seed)
            how = self._whole_stretch(how)
        masks = None
        if ratio > 1:
            left = Fraction(compress.count_parameters(small), number_to_keep(compress.count_parameters(model), ratio))
            prune: Callable[..., compress.Masks] = compress.prune_global
            masks = prune(small, max(left, Fraction(1)), spare=compress.norm_parameters(small))
        with self._timed(name):
            checkpoint = self.folder / f"{name}-tuned.checkpoint"
            self._train(small, how, self.split.fit, self.seed + 1_000, checkpoint, whole=model, masks=masks)
        removed = {
            "share": share,
            "units": sum(map(len, going.values())),
            "parameters": compress.count_parameters(small),
            "multiply_adds": in_all(multiply_adds(small, image)).dense,
        }
        return {**self._point(small, ratio, fine_tuned=True, whole=model), "removed": removed}

    def _gradually(self, model: torch.nn.Module, target: float, how: Gradual, learnt: dict[str, Any]) -> compress.Masks:
        """Prune once an epoch and train on, momentum anew; a checkpoint stands after each epoch."""
        path = self.folder / f"{target:g}x-gradual.checkpoint"
        epochs, ratio_at = how.training.epochs, compress.SCHEDULES[how.schedule]
        masks, done = None, 0
        if (saved := parallel.from_first(partial(checkpoints.load, path))) is not None:
            with checkpoints.taking_over(path):
                done, masks = _validate.whole("epoch", saved["epoch"], 1), compress.Masks(saved["masks"])
                model.load_state_dict(saved["model"])
                masks.by_parameter(model)  # of the same names and shapes
                if done > epochs or saved.get("target", target) != target:  # earlier ones do not tell their target
                    raise ValueError(f"epoch must be of {epochs}, target {target:g}; got {done}, {saved.get('target')}")
        for epoch in range(done, epochs):
            masks = self._prune(model, ratio_at(epoch, epochs, how.first, target), masks)
            one = how.training.model_copy(update={"epochs": 1, "schedule": "constant"})
            self._train_pruned(model, masks, one, 2_000 + epoch * 10_000 + self.seed, None, learnt)
            if parallel.first():
                state = {"model": model.state_dict(), "masks": dict(masks)}
                checkpoints.save(path, {"epoch": epoch + 1, "target": target, **state})
        assert masks is not None
        return masks

    def _train_pruned(
        self,
        model: torch.nn.Module,
        masks: compress.Masks,
        how: Training,
        seed: int,
        checkpoint: Path | None,
        learnt: dict[str, Any],
    ) -> None:
        """Train what pruning left; a network whose layers stand in one line is made smaller meanwhile."""
        if not hasattr(model, "chain"):
            self._train(model, how, self.split.fit, seed, checkpoint, masks=masks, **learnt)
            return
        small = compress.shrink(model, masks)
        self._train(small.model, how, self.split.fit, seed, checkpoint, whole=model, masks=small.masks, **learnt)
        small.write_into(model)

    def _measured(self, model: torch.nn.Module, name: str) -> dict[str, Any]:
        """Measure a network; its scores are kept under ``name`` in the run's folder, as large as they are."""
        keep = self.folder / f"{name}-scores.npy" if parallel.first() else None
        changes = scores.CHANGES if self.config.dataset == "mnist" else ()
        return scores.measured(model, *self.measure, keep, changes=changes)

    def _point(
        self, model: torch.nn.Module, requested: float, *, fine_tuned: bool, whole: torch.nn.Module | None = None
    ) -> dict[str, Any]:
        image = self.split.measure[0][0].to(self.device)
        study = STUDIES.get(self.config.experiment)
        picture = self.seed == 0 and not (study and study.grid)  # hundreds of points with a picture each would be much
        counted = _count(model, image, requested, fine_tuned=fine_tuned, picture=picture, whole=whole)
        stage = f"{requested:g}x{'-tuned' if fine_tuned else ''}" if whole is None else f"{self.stage}-removed"
        return {**counted, "measured": self._measured(model, stage)}


def network(what: Config | Unpruned, seed: int) -> torch.nn.Module:
    """Return the fresh network that ``what`` (``network``, ``relu_after_pools``, ``dataset``) names."""
    if what.network == "lenet-5-caffe":
        return compress.lenet_5_caffe(seed, what.relu_after_pools)
    if what.network == "lenet-300-100":
        return compress.lenet_300_100(seed)
    kinds = {"vgg-16": models.VGG16, "resnet-20": models.ResNet20, "resnet-50": models.ResNet50}
    return kinds[what.network](seed, CLASSES[what.dataset])


def _constant(step: int, steps: int, start: float) -> float:
    return start


def _coding_of(nonzero: int) -> str:
    """Return how a network with so many nonzero parameters is coded: beyond a million lzma takes many seconds."""
    return "lzma" if nonzero <= 1_000_000 else "zlib"


def _count(
    model: torch.nn.Module,
    image: torch.Tensor,
    requested: float,
    *,
    fine_tuned: bool,
    picture: bool = False,
    whole: torch.nn.Module | None = None,
) -> dict[str, Any]:
    """Count everything about a pruned network that a record holds, as plain data.

    ``image`` is any one image that the network takes. ``whole`` is the network from which neurons were removed, if any
    were. See :class:`~l0lib.experiments.records.Point`, to which the wrong answers are still to be added.
    """
    adds = in_all(multiply_adds(model, image[None]))
    state = {name: p.detach() for name, p in model.named_parameters()}
    csr, bitmap = (len(storage.pack(state, encoding, "none")) for encoding in ("csr", "bitmap"))
    nonzero = compress.count_nonzero_parameters(model)
    coding = _coding_of(nonzero)
    coded = {encoding: len(storage.pack(state, encoding, coding)) for encoding in ("csr", "bitmap")}
    best = min(coded, key=lambda encoding: coded[encoding])
    kept = sum(layer.nonzero_weights for layer in layers(model))
    whole = model if whole is None else whole
    shape, values = _first_layer(model) if picture else ((), ())
    parameters = compress.count_parameters(whole)
    return {
        "requested": requested,
        "fine_tuned": fine_tuned,
        "parameters": parameters,
        "nonzero": nonzero,
        "weights_only_ratio": sum(layer.weights for layer in layers(whole)) / kept if kept else None,
        "multiply_adds": adds.dense if whole is model else in_all(multiply_adds(whole, image[None])).dense,
        "nonzero_multiply_adds": adds.sparse,
        "bytes": {
            "dense": 4 * parameters,
            "csr": csr,
            "bitmap": bitmap,
            "best": coded[best],
            "best_encoding": f"{best}, {coding}",
        },
        "layers": [
            {"name": layer.name, "parameters": layer.parameters, "nonzero": layer.nonzero} for layer in layers(model)
        ],
        "first_layer_shape": shape,
        "first_layer": values,
    }


#: Filters of colours with more weights than this are not stored: a record stays small.
_MOST_WEIGHTS = 1_000


def _first_layer(model: torch.nn.Module) -> tuple[tuple[int, ...], tuple[float, ...]]:
    weight = next(model.parameters()).detach().cpu()
    if weight.ndim == 4:
        if weight.numel() > _MOST_WEIGHTS:
            return (), ()
        filters = weight.squeeze(1)  # of one colour: rows and columns alone
        return tuple(filters.shape), tuple(float(f"{w:.3g}") for w in filters.flatten().tolist())
    return (28, 28), tuple(float(count) for count in torch.count_nonzero(weight, 0).tolist())
