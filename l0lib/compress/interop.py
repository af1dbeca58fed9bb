r"""The engine's parts in a training loop of your own: any ``torch.nn.Module``, beside any ``torch.optim`` optimizer.

Three calls go into a loop that stands already; everything else happens before or after it::

    loss.backward()
    add_gradient_(model, penalty)          # the penalty enters the step: with plain SGD, Eq. 17
    optimizer.step()

    masks = prune_global(model, ratio=20)
    with masks.hold(model, optimizer):     # what is pruned stays zero, whatever the optimizer
        fine_tune(model, optimizer)
    strip(model)                           # plain tensors again, ready to be saved or exported

What happens to parameters of a special kind: one that several modules **share** is one parameter, penalised, pruned and
counted once. A **frozen** one is not penalised, but it is counted and pruned as any other: where it shall stay whole,
``spare`` it (``prune_global(model, 20, spare="stem.*")``), or prune the other part of the network by itself
(``prune_global(model.head, 20)``, then ``masks.hold(model.head, ...)``).
**Buffers**, such as the running statistics of batch normalisation, are neither penalised, pruned nor counted; they are
saved. A **lazy** module has no parameters before its first batch: run one.
"""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import torch
from torch.nn.utils import parametrize, remove_spectral_norm, remove_weight_norm
from torch.nn.utils import prune as torch_prune

from .. import _validate
from ..penalties import Penalty
from .masks import release
from .optim import check_strengths, gradient_, move_
from .selection import computed_parameters
from .strategies import parameter_groups
from .surgery import copied

#: How :func:`pull_` moves a weight.
PULLS = ("decoupled", "clipped", "proximal")

Parameters = torch.nn.Module | Iterable[torch.Tensor]


@torch.no_grad()
def add_gradient_(parameters: Parameters, penalty: Penalty | Mapping[Any, Penalty | None]) -> None:
    r"""Add the gradient of a penalty, :math:`\partial\,\alpha\Omega/\partial w`, to the gradients of the weights.

    Call it after ``loss.backward()`` and before ``optimizer.step()``, once a step. The step is then that of the loss
    plus the penalty, without a pass of autograd over all weights: with plain SGD it is Eq. 17 of the paper.

    An optimizer that divides each gradient by its running size (Adam, AdamW) also divides the penalty by it: a weight
    that the loss hardly moves is then pulled at full speed, whatever ``alpha`` is. :func:`pull_` acts outside the
    optimizer and keeps the meaning of ``alpha``.

    Parameters
    ----------
    parameters : Module, or iterable of tensors
        Of a module, the weights, not the biases: see :func:`~l0lib.compress.parameter_groups`. Of an iterable, all.
        Those without a gradient, such as frozen ones, are left out.
    penalty : Penalty, or mapping of layers to Penalty or None
        As in :func:`~l0lib.compress.parameter_groups`. A mapping needs a module.

    Raises
    ------
    ValueError
        If a mapping names what holds no weights, or comes without a module; or if a gradient is sparse.

    Notes
    -----
    Clip the loss's gradient before this call, so that the penalty is not clipped with it. Under a ``GradScaler``,
    unscale it first.
    """
    for w, its in _penalised(parameters, penalty):
        if w.grad is None:
            continue
        if w.grad.layout != torch.strided:
            raise ValueError(f"gradients must be dense, a penalty has an entry for each weight; got {w.grad.layout}")
        w.grad.add_(gradient_(its, w, torch.empty_like(w), torch.empty_like(w)))


@torch.no_grad()
def pull_(
    parameters: Parameters,
    penalty: Penalty | Mapping[Any, Penalty | None],
    lr: float | torch.optim.Optimizer,
    update: str = "clipped",
) -> None:
    r"""Move the weights towards zero as a penalty pulls them in one step of length ``lr``, outside the optimizer.

    Call it after ``optimizer.step()``. With :math:`p = \partial\,\alpha\Omega/\partial w` at the weights :math:`w` that
    the optimizer left, and :math:`\eta` for ``lr``, the updates are

    ``"decoupled"``
        :math:`w \leftarrow w - \eta p`: to the smoothed l0 norm what AdamW's decay is to the squared l2 norm.
    ``"clipped"``
        :math:`w \leftarrow \operatorname{sign}(w)\max(|w| - \eta|p|,\, 0)`: the pull stops at zero.
    ``"proximal"``
        :math:`w \leftarrow \operatorname{prox}(w)` with step :math:`\eta`.

    Parameters
    ----------
    parameters, penalty
        As in :func:`add_gradient_`. Frozen parameters are left out.
    lr : float or torch optimizer
        >= 0 and finite. The optimizer's learning rate, times :math:`1/(1 - \mu)` for SGD with momentum :math:`\mu`,
        so that ``alpha`` means what it means in :class:`~l0lib.compress.PenalisedSGD`. Given the optimizer itself, both
        are read from the group of each weight, and weights that it does not step are left out.
    update : {"decoupled", "clipped", "proximal"}

    Raises
    ------
    ValueError
        If an argument breaks its rule.
    """
    _validate.choice("update", update, PULLS)
    reaches = _reaches(lr) if isinstance(lr, torch.optim.Optimizer) else None
    if reaches is None and (isinstance(lr, bool) or not isinstance(lr, numbers.Real) or not 0 <= float(lr) < math.inf):
        raise ValueError(f"lr must be >= 0 and finite, or an optimizer; got {_validate.shown(lr)}")
    known = False
    for w, its in _penalised(parameters, penalty):
        reach = reaches.get(w) if reaches is not None else float(cast(float, lr))
        known |= reach is not None
        if not reach or not w.requires_grad:
            continue
        if reach > torch.finfo(w.dtype).max:
            raise ValueError(f"lr must be a number that {w.dtype} can hold; got {reach:g}")
        if update == "proximal":
            w.copy_(its.prox(w, reach))
            continue
        scratch = torch.empty_like(w)
        move_(w, gradient_(its, w, torch.empty_like(w), scratch), reach, update == "clipped", scratch)
    if reaches is not None and not known:
        raise ValueError(f"lr must be an optimizer that steps penalised weights; this {type(lr).__name__} steps none")


def _reaches(optimizer: torch.optim.Optimizer) -> dict[torch.Tensor, float]:
    """Return for each parameter how far a constant gradient of 1 moves it in a step, once momentum has built up."""
    return {
        p: float(group["lr"]) * (1 - group.get("dampening", 0)) / (1 - group.get("momentum", 0))
        for group in optimizer.param_groups
        for p in group["params"]
    }


def _penalised(
    parameters: Parameters, penalty: Penalty | Mapping[Any, Penalty | None]
) -> Iterator[tuple[torch.Tensor, Penalty]]:
    if isinstance(parameters, torch.nn.Module):
        groups = parameter_groups(parameters, penalty)
    elif isinstance(penalty, Mapping):
        raise ValueError("penalty must be one for all where parameters come without their module; got a mapping")
    else:
        groups = [{"params": _validate.items("parameters", parameters, "tensors"), "penalty": penalty}]
        for w in groups[0]["params"]:
            _validate.tensor("parameters", w, whole=False)
    for group in groups:
        its = group["penalty"]
        if its is None:
            continue
        if not isinstance(its, Penalty):
            raise ValueError(f"penalty must be a penalty of l0lib, such as L2(1e-4); got {_validate.shown(its)}")
        for w in group["params"]:
            check_strengths(its, w.dtype)
            yield w, its


def strip(model: torch.nn.Module) -> torch.nn.Module:
    """Make the parameters of ``model`` plain tensors again, in place; it computes what it computed before.

    Ends every :meth:`Masks.hold <l0lib.compress.Masks.hold>` on it. Makes the pruning of ``torch.nn.utils.prune``
    permanent: ``weight_orig`` and ``weight_mask`` become ``weight``, which holds its zeros, and the hooks go. So do
    parametrisations (``torch.nn.utils.parametrize``) and the older weight and spectral normalisation: a parameter
    becomes the tensor that was computed from it.
    Optimizers keep stepping the parameters that pruning leaves. Hooks of your own stay. Returns ``model`` itself.
    """
    release(_validate.network(model, bare=True))
    for module in model.modules():
        own = {name for name, _ in module.named_parameters(recurse=False, remove_duplicate=False)}
        buffers = [name for name, _ in module.named_buffers(recurse=False, remove_duplicate=False)]
        for name in [key.removesuffix("_mask") for key in buffers if key.endswith("_mask")]:
            if f"{name}_orig" in own:
                torch_prune.remove(module, name)
        for name in computed_parameters(module):
            if f"{name}_g" in own:
                remove_weight_norm(module, name)
            elif f"{name}_u" in buffers:
                remove_spectral_norm(module, name)
        if parametrize.is_parametrized(module):
            for name in list(module.parametrizations):  # type: ignore[arg-type]  # torch types it as a tensor too
                parametrize.remove_parametrizations(module, name, leave_parametrized=True)
    return model


def export_onnx(
    model: torch.nn.Module,
    example: torch.Tensor | tuple[torch.Tensor, ...],
    path: str | os.PathLike,
    tolerance: float = 1e-5,
) -> float:
    """Write ``model`` as an ONNX file, run the file with onnxruntime, and compare what both give for ``example``.

    The export is that of ``torch.onnx``, of a stripped copy in evaluation mode; the number of inputs in a batch stays
    free. ONNX keeps zeros as numbers: the file is as large as that of the dense network.

    Parameters
    ----------
    model : Module
        Left as it is. Of a compiled one, the network itself is exported.
    example : tensor, or tuple of tensors
        What ``model`` is called with; the first axis is that of the batch. At least two inputs, or torch takes the
        size of a batch to be one for good.
    path : path
    tolerance : float, default 1e-5
        The largest difference that is accepted, >= 0, absolute where outputs are below 1 and relative above.

    Returns
    -------
    float
        The largest difference found.

    Raises
    ------
    ValueError
        If ``example`` holds a batch of less than two, or ``tolerance`` is negative.
    ModuleNotFoundError
        If onnx, onnxscript or onnxruntime is not installed.
    RuntimeError
        If an output differs by more than ``tolerance``; the file is not written.
    """
    import onnxruntime

    model = getattr(model, "_orig_mod", model)
    inputs = example if isinstance(example, tuple) else (example,)
    if any(len(x) < 2 for x in inputs):
        raise ValueError(f"example must hold a batch of at least two; got {[tuple(x.shape) for x in inputs]}")
    if not tolerance >= 0:
        raise ValueError(f"tolerance must be >= 0; got {tolerance!r}")
    plain = strip(copied(model)).eval()
    batch = torch.export.Dim("batch")
    program = torch.onnx.export(
        plain, inputs, dynamo=True, verbose=False, dynamic_shapes=tuple({0: batch} for _ in inputs)
    )
    assert program is not None
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    names = [entry.name for entry in session.get_inputs()]
    found = session.run(None, dict(zip(names, (x.detach().cpu().numpy() for x in inputs), strict=True)))
    with torch.no_grad():
        wanted = plain(*inputs)
    outputs = [wanted] if isinstance(wanted, torch.Tensor) else list(wanted)
    worst = max(
        float(((torch.from_numpy(got) - want.cpu()).abs() / want.cpu().abs().clamp(min=1)).max())
        for got, want in zip(found, outputs, strict=True)
    )
    if not worst <= tolerance:
        raise RuntimeError(f"onnxruntime must give what torch gives to {tolerance:g}; they differ by {worst:.3g}")
    program.save(os.fspath(path))
    return worst
