"""What a network takes up: parameters in every convention, and bytes, in one report."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .storage import Size, smallest


@dataclass(frozen=True)
class Footprint:
    """The size of a network; printed, it reads as two lines: parameters, and bytes.

    Attributes
    ----------
    parameters, nonzero : int
        All parameters, each counted once however many layers share it, and those that are not zero.
    weights, nonzero_weights : int
        Those with more than one axis alone.
    buffers : int
        Numbers in buffers, such as the running statistics of batch normalisation: never pruned, in no ratio.
    dense_bytes : int
        Bytes of parameters and saved buffers, as they lie in memory.
    file : Size
        The smallest sparse file of them, as :func:`l0lib.compress.storage.save` writes it.
    """

    parameters: int
    nonzero: int
    weights: int
    nonzero_weights: int
    buffers: int
    dense_bytes: int
    file: Size

    @property
    def ratio(self) -> float:
        """The compression ratio: all parameters over nonzero ones; infinite if none is left."""
        return self.parameters / self.nonzero if self.nonzero else float("inf")

    @property
    def weights_only_ratio(self) -> float:
        """The ratio of weights alone; infinite if none is left."""
        return self.weights / self.nonzero_weights if self.nonzero_weights else float("inf")

    @property
    def bytes_ratio(self) -> float:
        """Bytes in memory over those of the file."""
        return self.dense_bytes / self.file.bytes

    def __str__(self) -> str:
        return (
            f"{self.nonzero:,} of {self.parameters:,} parameters, {self.ratio:.1f}x smaller "
            f"(weights alone {self.weights_only_ratio:.1f}x)\n"
            f"{self.dense_bytes:,} bytes dense, {self.file.bytes:,} in a {self.file.encoding} file, "
            f"{self.bytes_ratio:.1f}x smaller"
        )


def footprint(model: torch.nn.Module, coding: str | None = None) -> Footprint:
    """Count the parameters of ``model`` and the bytes of its ``state_dict()``, dense and in the smallest sparse file.

    Parameters
    ----------
    model : Module
        With plain parameters: :func:`~l0lib.compress.strip` it first if torch's pruning is still on it.
    coding : {"none", "zlib", "lzma"} or None
        The entropy coding of the file; None tries all (:func:`l0lib.compress.storage.smallest`).

    Raises
    ------
    ValueError
        If ``coding`` is unknown, or a tensor is of a type that a file cannot hold.
    """
    counts = [(p.ndim > 1, p.numel(), int(torch.count_nonzero(p))) for p in model.parameters()]
    weights = [count for count in counts if count[0]]
    state = model.state_dict(keep_vars=True)
    once = {id(tensor): tensor for tensor in state.values()}
    return Footprint(
        parameters=sum(count[1] for count in counts),
        nonzero=sum(count[2] for count in counts),
        weights=sum(count[1] for count in weights),
        nonzero_weights=sum(count[2] for count in weights),
        buffers=sum(buffer.numel() for buffer in model.buffers()),
        dense_bytes=sum(tensor.numel() * tensor.itemsize for tensor in once.values()),
        file=smallest(state, coding)[0],
    )
