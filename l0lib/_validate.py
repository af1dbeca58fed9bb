"""Checks of arguments. Every message names the argument, its value and the rule it breaks, in one line."""

import inspect
import numbers
from collections.abc import Mapping
from contextlib import contextmanager
from typing import Any

import array_api_compat
import numpy as np

LARGEST = float(np.finfo(np.float64).max)


def is_numpy(x) -> bool:
    """True for NumPy arrays and NumPy scalars."""
    return array_api_compat.is_numpy_array(x) or isinstance(x, np.generic)


def shown(value) -> str:
    """Return ``value`` for a message: one line, and no longer than a reader wants."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # whole numbers of thousands of digits, and objects that cannot be printed
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= 200 else f"{text[:150]}… ({len(text)} characters)"


def array(name: str, value, whole: bool = False):
    """Return ``value`` as a real floating array of NumPy or torch; Python numbers and lists become float64.

    A NumPy array may not hold NaN or an infinity. Torch tensors are not searched: that would force a device to
    synchronise, and torch's own functions let NaN through as well. ``whole`` allows integers and booleans too.
    """
    if not (array_api_compat.is_array_api_obj(value) or isinstance(value, np.generic)):
        try:
            value = np.asarray(value, dtype=np.float64)
        except Exception:  # whatever an object raises on its way to a number
            raise ValueError(f"{name} must be a number or an array of real numbers; got {shown(value)}") from None
    if whole and array_api_compat.array_namespace(value).isdtype(value.dtype, ("bool", "integral")):
        return value
    if is_numpy(value):
        if not np.issubdtype(value.dtype, np.floating):
            raise ValueError(f"{name} must have a real floating dtype; got {value.dtype}")
        if not np.isfinite(value).all():
            raise ValueError(f"{name} must hold finite numbers; got {value[~np.isfinite(value)].reshape(-1)[0]!r}")
    elif not array_api_compat.array_namespace(value).isdtype(value.dtype, "real floating"):
        raise ValueError(f"{name} must have a real floating dtype; got {value.dtype}")
    return value


def float64(name: str, value):
    """Return ``value`` as a NumPy scalar or array of float64, as :func:`array` allows it."""
    value = array(name, value)
    try:
        with np.errstate(over="ignore"):
            value = np.asarray(value, dtype=np.float64)[()]
    except (TypeError, RuntimeError):  # a tensor on another device, or one that autograd watches
        raise ValueError(f"{name} must be an array that NumPy can read; got {shown(value)}") from None
    if not np.isfinite(value).all():  # a tensor's, which nobody has searched yet
        raise ValueError(f"{name} must hold finite numbers; got {value[~np.isfinite(value)].reshape(-1)[0]!r}")
    return value


def parameter(name: str, value, rule: str, holds):
    """Return ``value`` as a float, or as an array where it is one, if it is finite and ``holds(value)`` everywhere.

    ``rule`` is what the message says, for example ``"alpha must be >= 0 (paper, Eq. 1)"``.
    """
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        try:
            single = float(value)
        except (OverflowError, ValueError):
            raise ValueError(f"{rule}, and a float can hold it; got {shown(value)}") from None
        if not (np.isfinite(single) and holds(single)):
            raise ValueError(f"{rule}; got {single:g}")
        return single
    if isinstance(value, (bool, str, bytes)) or value is None:
        raise ValueError(f"{rule}; got {shown(value)}")
    value = array(name, value)
    good = holds(value)
    if not bool(good.all()):
        raise ValueError(f"{rule}; got {value[~good].reshape(-1)[0]!r}")
    return float(value) if is_numpy(value) and value.ndim == 0 else value


def positive(name: str, value, why: str = ""):
    """Return ``value`` if it is finite and greater than zero."""
    return parameter(name, value, f"{name} must be > 0{why}", lambda x: x > 0)


def number(name: str, value, rule: str, holds) -> float:
    """Return ``value`` as a float, as :func:`parameter` does, if it is a single number."""
    if not isinstance(value, numbers.Real):
        raise ValueError(f"{rule}; got {shown(value)}")
    return parameter(name, value, rule, holds)


def whole(name: str, value, least: int, most: int | None = None, why: str = "") -> int:
    """Return ``value`` as an int if it is a whole number of at least ``least``, and of at most ``most``."""
    single = int(value) if isinstance(value, numbers.Integral) and not isinstance(value, bool) else None
    if single is None or single < least or (most is not None and single > most):
        limit = f">= {least}" if most is None else f"from {least} to {shown(most)}"
        raise ValueError(f"{name} must be a whole number {limit}{why}; got {shown(value)}")
    return single


def choice(name: str, value, options) -> str:
    """Return ``value`` if it is one of the texts ``options``."""
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} must be one of {', '.join(options)}; got {shown(value)}")
    return value


def function(value, rule: str, *arguments, **named):
    """Return ``value`` if it is no class, and can be called with such arguments as far as it says what it takes."""
    try:
        if isinstance(value, type):
            raise TypeError
        inspect.signature(value).bind(*arguments, **named)
    except TypeError as error:
        raise ValueError(f"{rule}; got {shown(value)}") from error
    except ValueError:  # a function of C that does not say
        pass
    return value


@contextmanager
def taken(name: str):
    """Turn what torch says of an input that a network does not take into a refusal of the argument that held it."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, IndexError, ValueError) as error:
        raise ValueError(f"{name} must be what the model takes; it answers {shown(str(error))}") from error


def flag(name: str, value) -> bool:
    """Return ``value`` if it is true or false, of Python or NumPy."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False; got {shown(value)}")
    return bool(value)


def seed(value) -> int:
    """Return ``value`` as an int if every generator of random numbers takes it."""
    return whole("seed", value, 0, 2**63 - 1)


def fraction(name: str, value) -> float:
    """Return ``value`` as a float if it is a number between 0 and 1."""
    return number(name, value, f"{name} must be between 0 and 1", lambda x: 0 <= x <= 1)


def network(model, name: str = "model", bare: bool = False):
    """Return ``model`` if it is a torch module without lazy parameters, and, unless ``bare``, with parameters."""
    from torch.nn import Module
    from torch.nn.parameter import is_lazy

    parameters = list(model.parameters()) if isinstance(model, Module) else []
    if not isinstance(model, Module) or not (parameters or bare) or any(map(is_lazy, parameters)):
        raise ValueError(f"{name} must be a torch module with parameters of known shapes; got {shown(model)}")
    return model


def tensor(name: str, value, axes: int = 0, whole: bool | None = None):
    """Return ``value`` if it is a torch tensor of ``axes`` axes or more: of real numbers, or ``whole`` ones, or not."""
    from torch import Tensor

    right = isinstance(value, Tensor) and value.ndim >= axes and not value.is_complex()
    if not right or whole == value.is_floating_point():
        kind = {None: "real numbers", True: "integers", False: "floating numbers"}[whole]
        raise ValueError(f"{name} must be a tensor of {kind} with at least {axes} axes; got {shown(value)}")
    return value


def two(name: str, value) -> list:
    """Return the two things that ``value`` holds."""
    found = items(name, value, "two things")
    if len(found) != 2:
        raise ValueError(f"{name} must hold two things; got {shown(value)}")
    return found


def parameters(value) -> list:
    """Return ``value``, the parameters that an optimizer takes, as a list that is not empty."""
    from torch import Tensor

    def right(one) -> bool:
        return (
            one.is_floating_point() or one.is_complex() if isinstance(one, Tensor) else isinstance(one, (dict, tuple))
        )

    found = items("params", value, "parameters or groups of them")
    if not found or not all(map(right, found)):
        raise ValueError(f"params must hold parameters, or groups of them, and at least one; got {shown(found)}")
    return found


def sizes(value) -> None:
    """Refuse what is no mapping of names to numbers that are finite."""
    if not isinstance(value, Mapping):
        raise ValueError(f"sizes must be a mapping of layers to their sizes; got {shown(value)}")
    for size in value.values():
        number("sizes", size, "sizes must be finite numbers", lambda x: True)


def generator(value):
    """Return ``value`` if it is a torch generator of random numbers."""
    from torch import Generator

    if not isinstance(value, Generator):
        raise ValueError(f"generator must be a torch.Generator; got {shown(value)}")
    return value


def items(name: str, value, what: str) -> list:
    """Return what the sequence ``value`` holds, as a list; ``what`` says what that should be."""
    try:
        if not isinstance(value, (str, bytes, Mapping)):
            return list(value)
    except TypeError:
        pass
    raise ValueError(f"{name} must be a sequence of {what}; got {shown(value)}")


def together(*named: tuple[str, Any]) -> tuple[int, ...]:
    """Return the shape to which all values broadcast, each given with its name; arrays must be of one library."""
    arrays = [(name, value) for name, value in named if type(value) is not float]
    if len({is_numpy(value) for _, value in arrays}) > 1:
        raise ValueError(f"{' and '.join(dict(arrays))} must all be of NumPy or all be tensors; got both")
    try:
        return np.broadcast_shapes(*(np.shape(value) for _, value in arrays))
    except ValueError:
        shapes = ", ".join(f"{name} {tuple(np.shape(value))}" for name, value in arrays)
        raise ValueError(f"the arguments' shapes must broadcast; got {shapes}") from None
