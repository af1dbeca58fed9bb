"""What came out: parameters and multiply-adds left, compression ratios, top-1 error and how sure one can be of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from .. import _validate
from .._counts import wilson_interval
from .data import Part, images_and_labels
from .selection import NORMS, check_plain
from .storage import Size, smallest


def count_parameters(model: torch.nn.Module) -> int:
    """Return the number of all parameters, weights and biases."""
    _validate.network(model)
    return sum(p.numel() for p in model.parameters())


def count_nonzero_parameters(model: torch.nn.Module) -> int:
    """Return the number of parameters that are not exactly zero."""
    return _count_all(model)[1]


def compression_ratio(model: torch.nn.Module) -> float:
    """Return all parameters over nonzero parameters, biases counted; infinite if none is left.

    Of a network whose parameters are computed from others (masks of ``torch.nn.utils.prune``, weight normalisation)
    the stored ones are not those in force: a ValueError is raised; :func:`~l0lib.compress.strip` it first.
    """
    return _ratio(*_count_all(model)[:2])


def weights_only_ratio(model: torch.nn.Module) -> float:
    """Return all weights over nonzero weights; infinite if none is left.

    Biases, and all other parameters with one axis, are left out on both sides, as in papers that do not prune them.
    Such a ratio is higher than :func:`compression_ratio` for the same network: it says less.
    """
    return _ratio(*_count_all(model)[2:])


@dataclass(frozen=True)
class Layer:
    """The parameters of one layer: all of them, and those that are not zero.

    Attributes
    ----------
    name : str
        The module's name in the network.
    parameters, nonzero : int
        Weights and bias together.
    weights, nonzero_weights : int
        Those with more than one axis alone.
    """

    name: str
    parameters: int
    nonzero: int
    weights: int
    nonzero_weights: int

    @property
    def ratio(self) -> float:
        """The layer's own compression ratio, bias counted; infinite if nothing is left."""
        return _ratio(self.parameters, self.nonzero)


def layers(model: torch.nn.Module) -> list[Layer]:
    """Return the parameter counts of each layer of ``model`` that has parameters of its own, in the model's order.

    A parameter that several layers share is counted in the first of them alone, so that the layers add up to the whole.
    """
    check_plain(model)
    found = []
    seen: set[torch.Tensor] = set()
    for name, module in model.named_modules():
        own = [p for p in module.parameters(recurse=False) if p not in seen]
        seen.update(own)
        if own:
            found.append(Layer(name, *_count(own)))
    return found


def _count_all(model: torch.nn.Module) -> tuple[int, int, int, int]:
    check_plain(model)
    return _count(model.parameters())


def _count(parameters: Iterable[torch.Tensor]) -> tuple[int, int, int, int]:
    """Return the number of all parameters and of the nonzero ones, and both of those with more than one axis alone."""
    total = nonzero = weights = nonzero_weights = 0
    for p in parameters:
        own, left = p.numel(), int(torch.count_nonzero(p))
        total, nonzero = total + own, nonzero + left
        if p.ndim > 1:
            weights, nonzero_weights = weights + own, nonzero_weights + left
    return total, nonzero, weights, nonzero_weights


def _ratio(total: int, left: int) -> float:
    return total / left if left else float("inf")


#: Layers whose multiply-adds are counted; a transposed convolution uses each weight once for each position it reads.
_COUNTED = (
    torch.nn.Linear,
    *(torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d),
    *(torch.nn.ConvTranspose1d, torch.nn.ConvTranspose2d, torch.nn.ConvTranspose3d),
)


@dataclass(frozen=True)
class MultiplyAdds:
    """Multiply-adds of one layer, or of a network, for one input: with all weights, and with the nonzero ones alone."""

    name: str
    dense: int
    sparse: int

    @property
    def reduction(self) -> float:
        """Dense over sparse; infinite if nothing is left."""
        return _ratio(self.dense, self.sparse)


@torch.no_grad()
def multiply_adds(model: torch.nn.Module, example: torch.Tensor) -> list[MultiplyAdds]:
    r"""Count the multiplications by a weight that one input takes, layer by layer.

    A weight of a linear layer is used once for each vector, one of a convolution once for each position of the output.
    So a layer takes positions times weights, or positions times nonzero weights where zeros are skipped. Each
    multiplication comes with one addition. Adding biases, activations, pooling and normalisation is not counted. Padded
    borders count as any other input.

    Parameters
    ----------
    model : Module
        Runs once, in evaluation mode; it is left as it was.
    example : tensor, (n, ...)
        A batch such as the network takes; its first item is used, on the model's device.

    Returns
    -------
    list of MultiplyAdds
        One for each linear layer and convolution, in the model's order, zero where the example does not reach it;
        :func:`in_all` adds them up.

    Raises
    ------
    ValueError
        If a module of another kind has weights of its own, whose use we cannot see.
    """
    check_plain(model)
    _validate.tensor("example", example, 1)
    counted: dict[Any, str] = {}
    for name, module in model.named_modules():
        if isinstance(module, _COUNTED):
            counted[module] = name
        elif not isinstance(module, NORMS) and any(p.ndim > 1 for p in module.parameters(recurse=False)):
            raise ValueError(
                f"modules with weights must be linear layers or convolutions; got {type(module).__name__} at {name!r}"
            )
    uses = dict.fromkeys(counted, 0)

    def count(module: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        # the first axis of a weight is that of the output; of a transposed convolution's, that of the input
        values = inputs[0] if getattr(module, "transposed", False) else output
        uses[module] += values.numel() // module.weight.shape[0]

    with evaluation_mode(model), forward_hooks(counted, count), _validate.taken("example"):
        model(example[:1])
    return [
        MultiplyAdds(name, uses[module] * module.weight.numel(), uses[module] * int(torch.count_nonzero(module.weight)))
        for module, name in counted.items()
    ]


@contextmanager
def forward_hooks(modules: Iterable[torch.nn.Module], hook: Callable[..., None]) -> Iterator[None]:
    """Have ``hook(module, inputs, output)`` called after each call of these modules."""
    handles = [module.register_forward_hook(hook) for module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def in_all(counts: list[MultiplyAdds]) -> MultiplyAdds:
    """Add up the counts of :func:`multiply_adds` for the whole network."""
    return MultiplyAdds("all", sum(count.dense for count in counts), sum(count.sparse for count in counts))


@dataclass(frozen=True)
class Evaluation:
    """Images whose highest class score is not that of their label (``errors``), and images tested."""

    errors: int
    images: int

    @property
    def error(self) -> float:
        """Top-1 error, a fraction of 1."""
        return self.errors / self.images

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the error."""
        return wilson_interval(self.errors, self.images)


@contextmanager
def modes_kept(model: torch.nn.Module) -> Iterator[None]:
    """Leave each module of ``model`` in the mode that it was in, training or evaluation, whatever happens meanwhile."""
    before = {module: module.training for module in model.modules()}
    try:
        yield
    finally:
        for module, mode in before.items():
            module.training = mode


@contextmanager
def evaluation_mode(model: torch.nn.Module) -> Iterator[None]:
    """Have ``model`` in evaluation mode; at the end each of its modules is in the mode that it was in."""
    with modes_kept(model):
        model.eval()
        yield


@torch.no_grad()
def class_scores(
    model: torch.nn.Module, part: Part | tuple[torch.Tensor, torch.Tensor], batch_size: int = 1000
) -> torch.Tensor:
    """Return the scores (logits) of ``model`` for each image of a part of a dataset, or of its tensors: (n, classes).

    The model is asked in evaluation mode; each of its modules is left in the mode that it was in. No image, or not one
    label for each, is a ValueError.
    """
    _validate.network(model, bare=True)
    batch_size = _validate.whole("batch_size", batch_size, 1)
    x, y = images_and_labels(part)
    with evaluation_mode(model):
        return torch.cat([model(images) for images in x.split(min(batch_size, len(y)))])


def wrong_answers(
    model: torch.nn.Module, part: Part | tuple[torch.Tensor, torch.Tensor], batch_size: int = 1000
) -> torch.Tensor:
    """Return for each image of a part of a dataset (or of its tensors) whether ``model`` gets it wrong: boolean, (n,).

    A score that is NaN is no answer: the image counts as wrong, whatever its label. The images are asked for as in
    :func:`class_scores`.
    """
    scores = class_scores(model, part, batch_size)
    return (scores.argmax(1) != images_and_labels(part)[1]) | scores.isnan().any(1)


def evaluate(
    model: torch.nn.Module, part: Part | tuple[torch.Tensor, torch.Tensor], batch_size: int = 1000
) -> Evaluation:
    """Count the wrong answers of ``model`` on a part of a dataset (or on its tensors), every image once.

    Errors are counts over all images, so that a smaller last batch weighs no more than its images. What counts as
    wrong, and the errors, are those of :func:`wrong_answers`: an image with a score that is NaN is wrong.
    """
    wrong = wrong_answers(model, part, batch_size)
    return Evaluation(int(wrong.sum()), len(wrong))


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
        return _ratio(self.parameters, self.nonzero)

    @property
    def weights_only_ratio(self) -> float:
        """The ratio of weights alone; infinite if none is left."""
        return _ratio(self.weights, self.nonzero_weights)

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

    Entries of the ``state_dict()`` that are no tensors, such as ``_extra_state``, are left out: no file holds them.

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
    _validate.network(model)
    state = {n: values for n, values in model.state_dict(keep_vars=True).items() if isinstance(values, torch.Tensor)}
    once = {id(tensor): tensor for tensor in state.values()}
    return Footprint(
        *_count_all(model),
        buffers=sum(buffer.numel() for buffer in model.buffers()),
        dense_bytes=sum(tensor.numel() * tensor.itemsize for tensor in once.values()),
        file=smallest(state, coding)[0],
    )
