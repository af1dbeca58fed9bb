"""Checks of arguments. Every message names the argument, its value and the rule it breaks."""

import numbers

import array_api_compat
import numpy as np


def is_numpy(x) -> bool:
    """True for NumPy arrays and NumPy scalars."""
    return array_api_compat.is_numpy_array(x) or isinstance(x, np.generic)


def array(name: str, value):
    """Return ``value`` as a real floating array of NumPy or torch; Python numbers and lists become float64.

    A NumPy array may not hold NaN or an infinity. Torch tensors are not searched: that would force a device to
    synchronise, and torch's own functions let NaN through as well.
    """
    if not (array_api_compat.is_array_api_obj(value) or isinstance(value, np.generic)):
        try:
            value = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(f"{name} must be a number or an array of real numbers; got {value!r}") from None
    if is_numpy(value):
        if not np.issubdtype(value.dtype, np.floating):
            raise ValueError(f"{name} must have a real floating dtype; got {value.dtype}")
        if not np.isfinite(value).all():
            raise ValueError(f"{name} must hold finite numbers; got {value[~np.isfinite(value)].reshape(-1)[0]!r}")
    elif not array_api_compat.array_namespace(value).isdtype(value.dtype, "real floating"):
        raise ValueError(f"{name} must have a real floating dtype; got {value.dtype}")
    return value


def parameter(name: str, value, rule: str, holds):
    """Return ``value`` as a float, or as an array where it is one, if it is finite and ``holds(value)`` everywhere.

    ``rule`` is what the message says, for example ``"alpha must be >= 0 (paper, Eq. 1)"``.
    """
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        value = float(value)
        if not (np.isfinite(value) and holds(value)):
            raise ValueError(f"{rule}; got {value:g}")
        return value
    if isinstance(value, (bool, str)) or value is None:
        raise ValueError(f"{rule}; got {value!r}")
    value = array(name, value)
    good = holds(value)
    if not bool(good.all()):
        raise ValueError(f"{rule}; got {value[~good].reshape(-1)[0]!r}")
    return float(value) if is_numpy(value) and value.ndim == 0 else value


def positive(name: str, value, why: str = ""):
    """Return ``value`` if it is finite and greater than zero."""
    return parameter(name, value, f"{name} must be > 0{why}", lambda x: x > 0)


def whole(name: str, value, least: int) -> int:
    """Return ``value`` as an int if it is a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(f"{name} must be a whole number >= {least}; got {value!r}")
    return int(value)
