"""Networks for inference that skip their zeros one by one: a sparse matrix in the place of each layer."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable

import numpy as np
import scipy.sparse
import torch
from torch import nn
from torch.nn.functional import pad

from .. import _validate
from .selection import check_plain

#: The ways to skip zeros one by one.
BACKENDS = ("torch-csr", "scipy-csr")


def sparse_network(model: nn.Module, backend: str = "torch-csr") -> nn.Module:
    """Return a copy of ``model`` for inference in which linear layers and convolutions skip their zeros.

    The copy is in evaluation mode, has no parameters for the layers it replaced, and gives no gradients.

    Parameters
    ----------
    model : Module
        On the CPU, float32; everything but :class:`torch.nn.Linear` and :class:`torch.nn.Conv2d` is taken as it is. So
        are subclasses of these, which may compute something else, and what stands inside a module of torch's own that
        reads its weights past them, such as :class:`torch.nn.TransformerEncoderLayer`.
    backend : {"torch-csr", "scipy-csr"}

    Raises
    ------
    ValueError
        If ``backend`` is unknown, there is nothing to replace, a convolution has groups or a padding that is not zeros,
        or a parameter is computed from others: :func:`~l0lib.compress.strip` the network first.
    """
    _validate.choice("backend", backend, BACKENDS)
    check_plain(model)
    if type(model) is nn.Linear or type(model) is nn.Conv2d:
        return _sparse(model, backend).eval()
    network = copy.deepcopy(getattr(model, "_orig_mod", model)).eval()
    replaced = 0
    for parent in list(network.modules()):
        if type(parent).__module__.startswith("torch.nn.") and not isinstance(parent, _CONTAINERS):
            continue
        for name, module in list(parent.named_children()):
            if type(module) is nn.Linear or type(module) is nn.Conv2d:
                setattr(parent, name, _sparse(module, backend))
                replaced += 1
    if not replaced:
        raise ValueError(
            f"model must hold a linear layer or convolution that can be replaced; got {type(model).__name__}"
        )
    return network


_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.TransformerEncoder, nn.TransformerDecoder)


def product(weight: torch.Tensor, bias: torch.Tensor | None, backend: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the function that takes columns, shape (inputs, n), to ``weight @ columns + bias``."""
    weight = weight.detach()
    if backend == "scipy-csr":
        rows = scipy.sparse.csr_array(weight.numpy())
        constant = None if bias is None else bias.detach().numpy()[:, None]

        def by_scipy(columns: torch.Tensor) -> torch.Tensor:
            result = rows @ columns.numpy()
            return torch.from_numpy(result if constant is None else np.add(result, constant, out=result))

        return by_scipy
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch remarks that its sparse rows are young
        found = weight.to_sparse_csr()
        # MKL takes 32-bit indices: others are turned into these at every call
        parts = (found.crow_indices().int(), found.col_indices().int(), found.values())
        matrix = torch.sparse_csr_tensor(*parts, size=weight.shape, check_invariants=False)
    added = torch.zeros(len(weight), 1) if bias is None else bias.detach()[:, None].clone()
    return lambda columns: torch.addmm(added, matrix, columns)


class _SparseLinear(nn.Module):
    def __init__(self, layer: nn.Linear, backend: str):
        super().__init__()
        self.product, self.outputs = product(layer.weight, layer.bias, backend), layer.out_features

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not x.numel():
            return x.new_zeros(*x.shape[:-1], self.outputs)
        return self.product(x.reshape(-1, x.shape[-1]).T).T.reshape(*x.shape[:-1], self.outputs)


class _SparseConvolution(nn.Module):
    def __init__(self, layer: nn.Conv2d, backend: str):
        super().__init__()
        if layer.groups != 1 or layer.padding_mode != "zeros" or isinstance(layer.padding, str):
            raise ValueError(f"convolutions must have one group and a padding of zeros given in numbers; got {layer}")
        top, left = layer.padding
        self.padding = (left, left, top, top)
        self.size, self.dilation, self.stride = layer.kernel_size, layer.dilation, layer.stride
        self.outputs = layer.out_channels
        used = layer.weight.any(0)
        # picking a few places out of the patches costs three times as much for each as copying them all
        few = 3 * int(used.sum()) < used.numel()
        self.used = used.nonzero().unbind(1) if few else None
        self.product = product(layer.weight[:, used] if few else layer.weight.flatten(1), layer.bias, backend)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        patches = (pad(x, self.padding) if any(self.padding) else x).contiguous()
        for axis in (2, 3):
            reach = self.dilation[axis - 2] * (self.size[axis - 2] - 1) + 1
            patches = patches.unfold(axis, reach, self.stride[axis - 2])[..., :: self.dilation[axis - 2]]
        # (images, channels, rows, columns, places in the kernel): so far a view, no copy
        count, _, rows, columns = patches.shape[:4]
        if not count:
            return x.new_zeros(0, self.outputs, rows, columns)
        patches = patches.permute(1, 4, 5, 0, 2, 3)
        chosen = patches.flatten(0, 2) if self.used is None else patches[self.used]
        result = self.product(chosen.flatten(1)).view(-1, count, rows, columns).transpose(0, 1)
        # what follows a convolution, a pooling above all, is several times faster in this layout
        return result.contiguous(memory_format=torch.channels_last)


def _sparse(layer: nn.Linear | nn.Conv2d, backend: str) -> nn.Module:
    return _SparseLinear(layer, backend) if isinstance(layer, nn.Linear) else _SparseConvolution(layer, backend)
