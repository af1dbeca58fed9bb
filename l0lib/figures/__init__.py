"""One function per figure of the book; each returns a ``matplotlib.figure.Figure`` made without pyplot."""

from . import pruning as _pruning
from ._style import GREY, PENALTY_LABEL, PENALTY_STYLE, new_figure
from .pruning import *  # noqa: F403 (each module lists its figures in its __all__)

__all__ = ["GREY", "PENALTY_LABEL", "PENALTY_STYLE", "new_figure"]
__all__ += _pruning.__all__
