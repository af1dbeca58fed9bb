r"""Latency on this machine's CPU, dense against sparse: when does a network with zeros answer sooner?

A zero that is stored and multiplied costs what any other number costs. To gain time it must be skipped, by one of

``"torch-csr"``
    torch's compressed sparse rows (:func:`torch.sparse_csr_tensor`, 32-bit indices, MKL where torch has it).
``"scipy-csr"``
    SciPy's, whose product is a plain loop over the nonzeros.
``"shrunk"``
    A smaller dense network, without the units that are dead (:func:`~l0lib.compress.shrink`): no format at
    all, but only whole units count.

A linear layer is a matrix already. A convolution is one on unfolded patches: the patch around each output position is
a column, and the kernels are the rows.

Times are taken in rounds. In each round every way runs once, in an order that turns with the round, and its time is
compared with the dense one of the same round: a machine that slows down for a while slows both. Where torch is set to
one thread, the clock is the processor's own and counts the time that this thread had: what other programs take
meanwhile does not count. Elsewhere it is the wall's.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from statistics import median, quantiles

import torch
from torch import nn
from torch.nn.functional import linear

from .. import _validate
from .inference import BACKENDS, product, sparse_network
from .surgery import HasChain, remove_dead_paths, shrink

#: One timing repeats a call until it has lasted so many seconds, so that the clock's own cost does not show.
_LEAST = 2e-3


@dataclass(frozen=True)
class Timing:
    """How long one way takes, beside the dense way.

    Attributes
    ----------
    way : str
        "dense", "torch-csr", "scipy-csr" or "shrunk".
    seconds : float
        Of one call, the median over the rounds.
    speedups : tuple of float
        Dense seconds over these, round by round; all 1 for the dense way.
    """

    way: str
    seconds: float
    speedups: tuple[float, ...]

    @property
    def speedup(self) -> float:
        """The median over the rounds: 2 is twice as fast as dense."""
        return median(self.speedups)

    @property
    def interval(self) -> tuple[float, float]:
        """The quartiles of the rounds' speedups."""
        low, _, high = quantiles(self.speedups, n=4, method="inclusive")
        return low, high

    @property
    def pays(self) -> bool:
        """Whether this way is faster than dense in more than three quarters of the rounds."""
        return self.interval[0] > 1


@dataclass(frozen=True)
class MatmulLatency:
    """The times of one product of a weight matrix with a batch.

    Attributes
    ----------
    shape : (outputs, inputs)
    batch : int
        Vectors multiplied at once.
    sparsity : float
        Zeros over all entries, as achieved.
    timings : mapping of str to Timing
        "dense", "torch-csr" and "scipy-csr".
    """

    shape: tuple[int, int]
    batch: int
    sparsity: float
    timings: Mapping[str, Timing]


def interleaved(ways: Mapping[str, Callable[[], object]], rounds: int = 9) -> dict[str, Timing]:
    """Time each of ``ways``, functions without arguments, against the first one; a ValueError if ``rounds`` < 2."""
    _validate.number("rounds", rounds, "rounds must be >= 2", lambda x: x >= 2)
    rounds = _validate.whole("rounds", rounds, 2, 10**6)
    names = list(ways)
    times = {}
    for name, call in ways.items():
        call()  # what is set up once
        times[name] = max(1, round(_LEAST / max(_seconds(call, 1), 1e-7)))
    taken: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            taken[name].append(_seconds(ways[name], times[name]))
    dense = taken[names[0]]
    return {
        name: Timing(name, median(own), tuple(d / s for d, s in zip(dense, own, strict=True)))
        for name, own in taken.items()
    }


def _seconds(call: Callable[[], object], times: int) -> float:
    clock = time.thread_time if torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    for _ in range(times):
        call()
    return (clock() - start) / times


def matmul_latency(
    shape: tuple[int, int], sparsities: Sequence[float], batch: int = 1, *, rounds: int = 9, seed: int = 0
) -> list[MatmulLatency]:
    r"""Time the product :math:`XW^\top` of a linear layer at several sparsities, dense and sparse.

    The nonzeros stand at random places, which is the hard case for a cache. No bias is added. Torch uses as many
    threads as it is set to (:func:`torch.get_num_threads`); SciPy uses one. Source: chapter "Does it pay?".

    Parameters
    ----------
    shape : (outputs, inputs)
        Of the weight matrix :math:`W`, both > 0.
    sparsities : sequence of float
        Zeros over all entries, each between 0 and 1; rounded to a whole number of entries.
    batch : int, default 1
        Rows of :math:`X`, >= 1: the vectors that are multiplied at once.
    rounds : int, default 9
        See :func:`interleaved`.
    seed : int, default 0
        Seed of the numbers and their places.

    Returns
    -------
    list of MatmulLatency
        One for each sparsity. :func:`break_even` reads from it when sparsity pays.

    Raises
    ------
    ValueError
        If an argument breaks its rule.
    """
    rule = "shape must be two numbers >= 1, outputs and inputs"
    sides = _validate.items("shape", shape, "two numbers")
    if len(sides) != 2 or not all(isinstance(side, Integral) and 1 <= int(side) <= 10**5 for side in sides):
        raise ValueError(f"{rule}, and at most 100,000; got {_validate.shown(shape)}")
    _validate.number("batch", batch, "batch must be >= 1", lambda x: x >= 1)
    batch = _validate.whole("batch", batch, 1, 10**6)
    rounds = _validate.whole("rounds", rounds, 2, 10**6)
    seed = _validate.seed(seed)
    for sparsity in _validate.items("sparsities", sparsities, "numbers between 0 and 1"):
        _validate.fraction("sparsities", sparsity)
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(batch, shape[1], generator=generator)
    dense = torch.randn(shape, generator=generator)
    order = torch.randperm(dense.numel(), generator=generator)
    found = []
    for sparsity in sparsities:
        zeros = round(sparsity * dense.numel())
        weight = dense.clone()
        weight.view(-1)[order[:zeros]] = 0
        ways: dict[str, Callable[[], object]] = {"dense": partial(linear, x, weight)}
        ways |= {backend: partial(product(weight, None, backend), x.T) for backend in BACKENDS}
        found.append(MatmulLatency((shape[0], shape[1]), batch, zeros / dense.numel(), interleaved(ways, rounds)))
    return found


def break_even(measured: Sequence[MatmulLatency], way: str = "torch-csr") -> float | None:
    """Return the least sparsity from which on ``way`` pays at every higher one ``measured``; None if there is none.

    All are of one shape and one batch, in any order; ``way`` is "torch-csr" or "scipy-csr".
    """
    least = None
    if any(way not in one.timings for one in measured):
        raise ValueError(f"way must be one that was measured; got {_validate.shown(way)}")
    for one in sorted(measured, key=lambda one: -one.sparsity):
        if not one.timings[way].pays:
            break
        least = one.sparsity
    return least


def latency(model: nn.Module, example: torch.Tensor, *, rounds: int = 9) -> dict[str, Timing]:
    """Time a network on ``example``, dense and sparse, on the CPU and without gradients.

    The sparse ways compute what the dense one computes, up to rounding. Call it twice to compare one image with a
    batch: ``latency(model, images[:1])`` and ``latency(model, images[:100])``.

    Parameters
    ----------
    model : Module
        On the CPU; it is copied, and left as it was. Torch uses as many threads as it is set to.
    example : tensor, (n, ...)
        A batch such as the network takes.
    rounds : int, default 9
        See :func:`interleaved`.

    Returns
    -------
    dict of str to Timing
        In seconds for the whole batch: "dense", "torch-csr" and "scipy-csr", and "shrunk" if the network has a chain of
        layers.

    Raises
    ------
    ValueError
        If the model cannot be made sparse or shrunk, or ``rounds`` is below 2.
    """
    _validate.network(model)
    _validate.tensor("example", example, 1)
    networks: dict[str, nn.Module] = {"dense": copy.deepcopy(model).eval()}
    networks |= {backend: sparse_network(model, backend) for backend in BACKENDS}
    if isinstance(model, HasChain):
        without_dead = copy.deepcopy(networks["dense"])
        networks["shrunk"] = shrink(without_dead, remove_dead_paths(without_dead)).model
    with torch.no_grad():
        return interleaved({name: partial(network, example) for name, network in networks.items()}, rounds)
