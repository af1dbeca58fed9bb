"""One run: train, prune, fine-tune, measure, record. Interrupted at any moment, it goes on where it was."""

from __future__ import annotations

import copy
import datetime
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from filelock import FileLock

from .. import compress, provenance
from ..compress import checkpoints, storage
from ..compress._run import resolve_device
from . import points, records
from .config import Config, Gradual, Teacher, Trained, Training
from .images import Images, split
from .records import Measured, Point, Record


def run_folder(config: Config, seed: int, runs: Path) -> Path:
    """Return where a run keeps what it has; whoever makes it holds the lock ``lock`` in there."""
    return runs / f"{config.experiment}-{config.arm}-{config.digest()}" / f"seed-{seed}"


def trained_folder(what: Trained, seed: int, runs: Path) -> Path:
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
) -> Record:
    """Make one run, or read it if it is there already, and return its record.

    Parameters
    ----------
    config : Config
    seed : int
        Of the initial weights, the batches, the shifts and random pruning. Runs of one seed share all of these.
    runs : path
        Everything goes to ``<experiment>-<arm>-<hash>/seed-<k>/`` below it, and the networks before pruning, which runs
        may share, to ``trained-<hash>/seed-<k>/``. A second process that asks for a network in the making waits.
    device : str
        ``"cpu"``, ``"cuda"``, or ``"auto"``.
    threads : int
        Of the CPU. A run that goes on ends in the same bits only with as many threads as it began with.
    progress : bool
        Show a bar for each stretch of training.
    """
    folder = run_folder(config, seed, runs)
    file = folder / "record.json"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if file.exists():
            return records.read(file)
        torch.set_num_threads(threads)
        record = _Run(config, seed, runs, folder, device, progress).make()
        records.write_text(file, records.to_text(record))
        for scaffold in folder.glob("*.checkpoint"):
            scaffold.unlink()
        return record


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


class _Run:
    """The stages of one run, each of which can be cut off and goes on."""

    def __init__(self, config: Config, seed: int, runs: Path, folder: Path, device: str, progress: bool):
        self.config, self.seed, self.runs, self.folder, self.progress = config, seed, runs, folder, progress
        self.device = resolve_device(device, torch.nn.Linear(1, 1))
        self.split = split(config.dataset, config.evaluate_on)
        self.clock = folder / "seconds.checkpoint"
        self.spent: dict[str, float] = (checkpoints.load(self.clock) or {}).get("spent", {})

    def make(self) -> Record:
        with self._timed("trained"):
            model, history = self._trained(self.config.trained(), self.seed)
        learnt = self._teacher(self.config.teacher)
        measured = [self._before(model, ratio) for ratio in self.config.ratios]
        measured += [self._after(model, ratio, learnt) for ratio in self.config.fine_tuned_ratios]
        last = history[-1]
        return Record(
            config=self.config,
            seed=self.seed,
            train=len(self.split.fit[1]),
            held_out=self.split.held_out,
            test=len(self.split.measure[1]) if self.config.evaluate_on == "test" else 0,
            history=tuple(
                records.EpochSummary(
                    epoch=epoch.epoch,
                    learning_rate=epoch.learning_rate,
                    loss=epoch.loss if math.isfinite(epoch.loss) else None,
                    penalty=epoch.penalty,
                )
                for epoch in history
            ),
            magnitudes=last.magnitudes,
            dense=self._measured(model),
            points=tuple(measured),
            origin=records.Origin(
                date=datetime.datetime.now(datetime.UTC).date().isoformat(),
                commit=provenance.commit(),
                versions=provenance.versions(),
                hardware=provenance.hardware(),
                device=self._device_name(),
                threads=torch.get_num_threads(),
                seconds=round(sum(self.spent.values()), 1),
            ),
        )

    def _device_name(self) -> str:
        return torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "cpu"

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        if stage not in self.spent:  # a stage that is only read again has its time already
            self.spent[stage] = time.perf_counter() - start
            checkpoints.save(self.clock, {"spent": self.spent})

    def _trained(self, what: Trained, seed: int) -> tuple[torch.nn.Module, list[compress.Epoch]]:
        folder = trained_folder(what, seed, self.runs)
        folder.mkdir(parents=True, exist_ok=True)
        model = _network(what, seed).to(self.device)
        with FileLock(folder / "lock"):
            data = split(what.dataset, what.evaluate_on).fit
            history = self._train(model, what.training, data, seed, folder / "network.checkpoint")
        return model, history

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
        # NORM's factors are those of the whole network, whatever pruning has left of its layers
        return compress.train(
            model,
            data,
            how.penalty.build(compress.layer_sizes(model if whole is None else whole)),
            epochs=how.epochs,
            learning_rate=how.learning_rate,
            momentum=how.momentum,
            batch_size=how.batch_size,
            update=how.update,
            seed=seed,
            schedule=_constant if how.schedule == "constant" else how.schedule,
            warm_up=how.warm_up,
            shift=how.shift,
            bf16=how.bf16,
            device=self.device,
            progress=self.progress,
            checkpoint=checkpoint,
            **options,
        )

    def _teacher(self, teacher: Teacher | None) -> dict[str, Any]:
        if teacher is None:
            return {}
        what = Trained(
            network=teacher.network,
            relu_after_pools=teacher.relu_after_pools,
            dataset=self.config.dataset,
            evaluate_on=self.config.evaluate_on,
            training=teacher.training,
        )
        with self._timed("teacher"):
            model, _ = self._trained(what, self.seed)
        return {"teacher": model, "temperature": teacher.temperature, "distillation_weight": teacher.weight}

    def _prune(self, model: torch.nn.Module, ratio: float, within: compress.Masks | None = None) -> compress.Masks:
        ways: dict[str, Callable[..., compress.Masks]] = {
            "GP": compress.prune_global,
            "LP": compress.prune_layerwise,
            "RP": partial(compress.prune_random, seed=self.seed),
        }
        return compress.prune_alive(model, ratio, ways[self.config.pruning], within=within)

    def _before(self, model: torch.nn.Module, ratio: float) -> Point:
        pruned = copy.deepcopy(model)
        self._prune(pruned, ratio)
        return self._point(pruned, ratio, fine_tuned=False)

    def _after(self, model: torch.nn.Module, ratio: float, learnt: dict[str, Any]) -> Point:
        name, how = f"{ratio:g}x", self.config.fine_tuning
        assert how is not None
        with self._timed(name):
            pruned = copy.deepcopy(model)
            masks = None
            if self.config.gradual is not None:
                masks = self._gradually(pruned, ratio, self.config.gradual, learnt)
            masks = self._prune(pruned, ratio, masks)
            small = compress.shrink(pruned, masks)
            self._train(
                small.model,
                how,
                self.split.fit,
                self.seed + 1_000,  # other batches than those of the training before
                self.folder / f"{name}-tuned.checkpoint",
                whole=pruned,
                masks=small.masks,
                **learnt,
            )
            small.write_into(pruned)
        point = self._point(pruned, ratio, fine_tuned=True)
        storage.save(dict(pruned.state_dict()), self.folder / f"{name}.l0")
        return point

    def _gradually(self, model: torch.nn.Module, target: float, how: Gradual, learnt: dict[str, Any]) -> compress.Masks:
        """Prune once an epoch and train on, momentum anew; a checkpoint stands after each epoch."""
        path = self.folder / f"{target:g}x-gradual.checkpoint"
        saved = checkpoints.load(path) or {"epoch": 0, "masks": None}
        masks = compress.Masks(saved["masks"]) if saved["masks"] else None
        if saved["epoch"]:
            model.load_state_dict(saved["model"])
        epochs, ratio_at = how.training.epochs, compress.SCHEDULES[how.schedule]
        for epoch in range(saved["epoch"], epochs):
            masks = self._prune(model, ratio_at(epoch, epochs, how.first, target), masks)
            small = compress.shrink(model, masks)
            one = how.training.model_copy(update={"epochs": 1, "schedule": "constant"})
            order = 2_000 + epoch * 10_000 + self.seed
            self._train(small.model, one, self.split.fit, order, None, whole=model, masks=small.masks, **learnt)
            small.write_into(model)
            checkpoints.save(path, {"epoch": epoch + 1, "model": model.state_dict(), "masks": dict(masks)})
        assert masks is not None
        return masks

    def _measured(self, model: torch.nn.Module) -> Measured:
        x, y = (tensor.to(self.device) for tensor in self.split.measure)
        found = compress.evaluate(model, (x, y))
        return Measured(errors=found.errors, images=found.images)

    def _point(self, model: torch.nn.Module, requested: float, *, fine_tuned: bool) -> Point:
        return points.count(model, requested, self._measured(model), fine_tuned=fine_tuned, picture=self.seed == 0)


def _network(what: Trained, seed: int) -> torch.nn.Module:
    if what.network == "lenet-5-caffe":
        return compress.lenet_5_caffe(seed, what.relu_after_pools)
    return compress.lenet_300_100(seed)


def _constant(step: int, steps: int, start: float) -> float:
    return start
