"""One function per figure of the book; each returns a ``matplotlib.figure.Figure`` made without pyplot."""

from . import attraction as _attraction
from . import pruning as _pruning
from ._style import GREY, PENALTY_LABEL, PENALTY_STYLE, new_figure
from .attraction import *  # noqa: F403 (each module lists its figures in its __all__)
from .pruning import *  # noqa: F403

__all__ = ["GREY", "PENALTY_LABEL", "PENALTY_STYLE", "new_figure"]
__all__ += _attraction.__all__
__all__ += _pruning.__all__
