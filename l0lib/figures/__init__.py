"""One function per figure of the book; each returns a ``matplotlib.figure.Figure`` made without pyplot."""

from . import attraction as _attraction
from . import choices as _choices
from . import compression as _compression
from . import deeper as _deeper
from . import engine as _engine
from . import explorers as _explorers
from . import near_zero as _near_zero
from . import pay as _pay
from . import penalties as _penalties
from . import pruning as _pruning
from . import reach as _reach
from . import removal as _removal
from ._style import GREY, PENALTY_STYLE, new_figure
from .attraction import *  # noqa: F403 (each module lists its figures in its __all__)
from .choices import *  # noqa: F403
from .compression import *  # noqa: F403
from .deeper import *  # noqa: F403
from .engine import *  # noqa: F403
from .explorers import *  # noqa: F403
from .near_zero import *  # noqa: F403
from .pay import *  # noqa: F403
from .penalties import *  # noqa: F403
from .pruning import *  # noqa: F403
from .reach import *  # noqa: F403
from .removal import *  # noqa: F403

__all__ = ["GREY", "PENALTY_STYLE", "new_figure"]
__all__ += _near_zero.__all__
__all__ += _attraction.__all__
__all__ += _choices.__all__
__all__ += _compression.__all__
__all__ += _deeper.__all__
__all__ += _engine.__all__
__all__ += _explorers.__all__
__all__ += _pay.__all__
__all__ += _pruning.__all__
__all__ += _penalties.__all__
__all__ += _reach.__all__
__all__ += _removal.__all__
