"""Networks whose compressed weights are kept with the book, and the runs that they came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from torch import nn

from ..compress import layers
from ..experiments.records import RECORDS, Point, Record, read_all

Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True)
class Kept(Generic[Model]):
    """A network from a file of weights, and the run that it came from.

    Attributes
    ----------
    model : torch.nn.Module
    bytes_on_disk : int
        Size of the file.
    record, point : Record, Point or None
        The stored run with these very counts of nonzero parameters, and its entry for this network; None where the
        book has no record of it.
    """

    model: Model
    bytes_on_disk: int
    record: Record | None
    point: Point | None

    def __str__(self) -> str:
        if self.record is None or self.point is None:
            return "No record belongs to these weights: a stand-in, trained in a hurry, and no result."
        run, made = self.record.config, self.record.origin
        return (
            f"Stored: {run.experiment}, {run.arm}, seed {self.record.seed}, {made.date}, commit {made.commit}, "
            f"{made.device}; test error {self.point.measured.percent:.2f} %"
        )


def origin_of(model: nn.Module, folder: Path = RECORDS) -> tuple[Record, Point] | tuple[None, None]:
    """Return the fine-tuned network on record with as many nonzero parameters in every layer, and its run."""
    counts = [(layer.name, layer.parameters, layer.nonzero) for layer in layers(model)]
    for record in read_all(folder):
        for point in record.points:
            if point.fine_tuned and [(c.name, c.parameters, c.nonzero) for c in point.layers] == counts:
                return record, point
    return None, None
