"""The stages of one run, on plain settings: train, prune, fine-tune, measure. Each can be cut off and goes on.

Nothing here needs the checks of pydantic: the settings come from a :class:`~l0lib.experiments.config.Config`, and what
comes out is read as a :class:`~l0lib.experiments.records.Record`, by :mod:`~l0lib.experiments.run` or elsewhere.
"""

from __future__ import annotations

import copy
import datetime
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import torch

from .. import compress, provenance
from .._counts import number_to_keep
from ..compress import checkpoints, models, neurons, parallel, storage
from ..compress.measure import in_all, multiply_adds
from ..compress.training import resolve_device
from . import answers, points
from .images import CLASSES, Images, split
from .plain import Plain, penalties, trained

#: Settings of a stretch that ``compress.train`` takes under the same name.
_AS_THEY_ARE = (
    "epochs", "learning_rate", "momentum", "batch_size", "update", "warm_up", "shift", "mirror", "bf16"
)  # fmt: skip


#: Training images, the first ones, on which statistics are measured anew.
RECALIBRATED_ON = 10_000


def run_folder(config: Plain, seed: int, runs: Path) -> Path:
    """Return where a run keeps what it has; whoever makes it holds the lock ``lock`` in there."""
    return runs / f"{config.experiment}-{config.arm}-{config.digest()}" / f"seed-{seed}"


def trained_folder(config: Plain, seed: int, runs: Path) -> Path:
    """Return where the network before pruning is kept, with a lock of the same kind."""
    return runs / f"trained-{trained(config).digest()}" / f"seed-{seed}"


class Stages:
    """The stages of one run, each of which can be cut off and goes on."""

    def __init__(self, config: Plain, seed: int, runs: Path, device: str = "cpu", progress: bool = False):
        self.config, self.seed, self.runs, self.progress = config, seed, runs, progress
        self.folder = run_folder(config, seed, runs)
        self.device = resolve_device(device, torch.nn.Linear(1, 1))
        self.split = split(config.dataset, config.evaluate_on)
        self.clock = self.folder / "seconds.checkpoint"
        self.spent: dict[str, float] = (checkpoints.load(self.clock) or {}).get("spent", {})

    def make(self) -> dict[str, Any]:
        """Go through all stages, and return the fields of a record."""
        model, history = self._trained("trained", trained(self.config), self.seed)
        learnt = self._teacher(self.config.teacher)
        measured = [self._before(model, ratio) for ratio in self.config.ratios]
        measured += [self._after(model, ratio, learnt) for ratio in self.config.fine_tuned_ratios]
        removals = zip(self.config.removed_shares, self.config.removed_ratios, strict=True)
        measured += [self._without_neurons(model, share, ratio) for share, ratio in removals]
        last = history[-1]
        return {
            "config": self.config.values,
            "seed": self.seed,
            "train": len(self.split.fit[1]),
            "held_out": self.split.held_out,
            "test": len(self.split.measure[1]) if self.config.evaluate_on == "test" else 0,
            "history": [
                {
                    "epoch": epoch.epoch,
                    "learning_rate": epoch.learning_rate,
                    "loss": epoch.loss if math.isfinite(epoch.loss) else None,
                    "penalty": epoch.penalty,
                }
                for epoch in history
            ],
            "magnitudes": list(last.magnitudes),
            "dense": self._measured(model),
            "points": measured,
            "origin": {
                "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
                "commit": provenance.commit(),
                "versions": provenance.versions(),
                "hardware": provenance.hardware(),
                "device": self._device_name(),
                "threads": torch.get_num_threads(),
                "processes": parallel.ranks()[1],
                "seconds": round(sum(self.spent.values()), 1),
            },
        }

    def _device_name(self) -> str:
        return torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "cpu"

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        if stage not in self.spent:  # a stage that is only read again has its time already
            self.spent[stage] = time.perf_counter() - start
            if parallel.first():
                checkpoints.save(self.clock, {"spent": self.spent})

    def _trained(self, stage: str, what: Plain, seed: int) -> tuple[torch.nn.Module, list[compress.Epoch]]:
        folder = trained_folder(what, seed, self.runs)
        model = network(what, seed).to(self.device)
        with parallel.lock(folder / "lock"), self._timed(stage):  # waiting for the lock is no computing time
            data = split(what.dataset, what.evaluate_on).fit
            history = self._train(model, what.training, data, seed, folder / "network.checkpoint")
        return model, history

    def _train(
        self,
        model: torch.nn.Module,
        how: Plain,
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
            penalties(how.penalty, compress.layer_sizes(model if whole is None else whole)),
            **{name: how.values[name] for name in _AS_THEY_ARE},
            seed=seed,
            schedule=_constant if how.schedule == "constant" else how.schedule,
            device=self.device,
            progress=self.progress,
            checkpoint=checkpoint,
            **options,
        )

    def _teacher(self, teacher: Plain | None) -> dict[str, Any]:
        if teacher is None:
            return {}
        what = trained(self.config).but(
            **{name: teacher.values[name] for name in ("network", "relu_after_pools", "training")}
        )
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
        if self.config.values.get("recalibrated"):
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
            self._train_pruned(
                pruned,
                masks,
                how,
                self.seed + 1_000,  # other batches than those of the training before
                self.folder / f"{name}-tuned.checkpoint",
                learnt,
            )
        point = self._point(pruned, ratio, fine_tuned=True)
        kept = {key: values for key, values in pruned.state_dict().items() if values.is_floating_point()}
        if parallel.first():
            storage.save(kept, self.folder / f"{name}.l0", points.coding_of(point["nonzero"]))
        return point

    def _without_neurons(self, model: torch.nn.Module, share: float, ratio: float) -> dict[str, Any]:
        """Remove neurons (NP), prune what is left (NP+GP), and fine-tune; or, a control, train that shape anew."""
        name, how, image = f"np{share:g}-{ratio:g}x", self.config.fine_tuning, self.split.measure[0][:1].to(self.device)
        going = neurons.smallest_neurons(neurons.neurons(model, image), share)
        small = neurons.remove_neurons(model, going, image)
        if self.config.from_scratch:
            models.restart(small, self.seed)
            how = self.config.training.but(epochs=self.config.training.epochs + how.epochs)
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

    def _gradually(self, model: torch.nn.Module, target: float, how: Plain, learnt: dict[str, Any]) -> compress.Masks:
        """Prune once an epoch and train on, momentum anew; a checkpoint stands after each epoch."""
        path = self.folder / f"{target:g}x-gradual.checkpoint"
        saved = parallel.from_first(partial(checkpoints.load, path)) or {"epoch": 0, "masks": None}
        masks = compress.Masks(saved["masks"]) if saved["masks"] else None
        if saved["epoch"]:
            model.load_state_dict(saved["model"])
        epochs, ratio_at = how.training.epochs, compress.SCHEDULES[how.schedule]
        for epoch in range(saved["epoch"], epochs):
            masks = self._prune(model, ratio_at(epoch, epochs, how.first, target), masks)
            one = how.training.but(epochs=1, schedule="constant")
            self._train_pruned(model, masks, one, 2_000 + epoch * 10_000 + self.seed, None, learnt)
            if parallel.first():
                checkpoints.save(path, {"epoch": epoch + 1, "model": model.state_dict(), "masks": dict(masks)})
        assert masks is not None
        return masks

    def _train_pruned(
        self,
        model: torch.nn.Module,
        masks: compress.Masks,
        how: Plain,
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

    def _measured(self, model: torch.nn.Module) -> dict[str, Any]:
        x, y = (tensor.to(self.device) for tensor in self.split.measure)
        wrong = compress.wrong_answers(model, (x, y)).cpu().numpy()
        return {"errors": int(wrong.sum()), "images": len(wrong), "wrong": answers.pack(wrong)}

    def _point(
        self, model: torch.nn.Module, requested: float, *, fine_tuned: bool, whole: torch.nn.Module | None = None
    ) -> dict[str, Any]:
        image, picture = self.split.measure[0][0].to(self.device), self.seed == 0
        counted = points.count(model, image, requested, fine_tuned=fine_tuned, picture=picture, whole=whole)
        return {**counted, "measured": self._measured(model)}


def network(what: Plain, seed: int) -> torch.nn.Module:
    """Return the fresh network that ``what`` (``network``, ``relu_after_pools``, ``dataset``) names."""
    match what.network:
        case "lenet-5-caffe":
            return compress.lenet_5_caffe(seed, what.relu_after_pools)
        case "lenet-300-100":
            return compress.lenet_300_100(seed)
        case "vgg-16":
            return models.VGG16(seed, CLASSES[what.dataset])
        case "resnet-20":
            return models.ResNet20(seed, CLASSES[what.dataset])
        case _:
            return models.ResNet50(seed, CLASSES[what.dataset])


def _constant(step: int, steps: int, start: float) -> float:
    return start
