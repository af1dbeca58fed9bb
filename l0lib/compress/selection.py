"""Which parameters are meant: by name, by a pattern of names, by the kind of their module; and what they are called."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

import torch
from torch import nn
from torch.nn.utils import parametrize

from .. import _validate
from .models import ChannelNorm, UnitsNorm

#: A name or a pattern of it (``"head.*"``), of a parameter or of a module with all that is in it; or a kind of module.
Selector = str | type[nn.Module]
Selectors = Selector | Collection[Selector]

#: Modules whose scales and shifts normalise.
NORMS = ChannelNorm | UnitsNorm


def plain_name(name: str) -> str:
    """Return the name that a parameter or module of a compiled network has in the network itself."""
    return ".".join(part for part in name.split(".") if part != "_orig_mod")


def named_parameters(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield each parameter of ``model`` once, under its plain name."""
    yield from ((plain_name(name), parameter) for name, parameter in model.named_parameters())


def select(model: nn.Module, what: Selectors, argument: str) -> set[str]:
    """Return the names of the parameters of ``model`` that ``what`` means; ``argument`` is what an error calls it.

    A selector that means no parameter is a ValueError.
    """
    parameters = {id(parameter): name for name, parameter in named_parameters(model)}
    modules = [(plain_name(name), module) for name, module in model.named_modules()]
    found: set[str] = set()
    for one in [what] if isinstance(what, str | type) else what:
        if isinstance(one, type) and issubclass(one, nn.Module):
            chosen = [module for _, module in modules if isinstance(module, one)]
        elif isinstance(one, str):
            chosen = [module for name, module in modules if fnmatchcase(name, one)]
        else:
            raise ValueError(f"{argument} must hold names, patterns of names or types of modules; got {one!r}")
        own = {parameters[id(p)] for module in chosen for p in module.parameters()}
        if isinstance(one, str):
            own |= {name for name in parameters.values() if fnmatchcase(name, one)}
        if not own:
            raise ValueError(f"{argument} must name parameters of the model; got {one!r}, which names none")
        found |= own
    return found


def spared_parameters(model: nn.Module, spare: Selectors = (), only: Selectors | None = None) -> set[str]:
    """Return the names of the parameters that ``spare`` means, and of all that ``only`` does not, if it is given."""
    found = select(model, spare, "spare")
    return (
        found if only is None else found | {name for name, _ in named_parameters(model)} - select(model, only, "only")
    )


def norm_parameters(model: nn.Module) -> set[str]:
    """Return the names of the scales and shifts of ``model``'s normalisations: what pruning of a network spares.

    Batch, instance, layer, group and RMS normalisations count. They are few, and their size says nothing of their
    worth: a scale multiplies a whole channel, whatever its weights.
    """
    _validate.network(model)
    norms = [module for module in model.modules() if isinstance(module, NORMS)]
    theirs = {id(parameter) for norm in norms for parameter in norm.parameters(recurse=False)}
    return {name for name, parameter in named_parameters(model) if id(parameter) in theirs}


def computed_parameters(module: nn.Module) -> list[str]:
    """Return the names of the parameters of ``module`` itself that are computed from others before each use.

    Masks of ``torch.nn.utils.prune``, weight and spectral normalisation compute them, and so do parametrisations.
    """
    own = {name for name, _ in module.named_parameters(recurse=False)}
    tensors = [name for name, value in vars(module).items() if isinstance(value, torch.Tensor)]
    from_others = [name for name in tensors if own & {f"{name}_orig", f"{name}_g"}]
    return from_others + (list(module.parametrizations) if parametrize.is_parametrized(module) else [])  # type: ignore[arg-type]


def check_plain(model: nn.Module) -> None:
    """Refuse a network some of whose parameters are computed from others: those in force are not those that are stored.

    Otherwise a count would be that of the stored ones, and what is pruned there would not be zero in force, or NaN
    under weight normalisation.
    """
    _validate.network(model, bare=True)
    for name, module in model.named_modules():
        if names := computed_parameters(module):
            where = plain_name(f"{name}.{names[0]}" if name else names[0])
            raise ValueError(f"model must have plain parameters; got {where}, computed from others: strip() it first")
