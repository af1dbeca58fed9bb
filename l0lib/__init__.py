"""l0lib: penalties that push weights to zero, the analysis of how they do it, and the compression built on them.

``import l0lib`` brings the theory side alone, on NumPy and SciPy. The figures, the live explorers and the PyTorch
engine stand in subpackages and are imported by name: ``l0lib.figures``, ``l0lib.widgets``, ``l0lib.compress``.
"""

from . import attraction, landscape
from .penalties import L0, L1, L2, Penalty, Sum, count_nonzero

__version__ = "0.1.0"
__all__ = ["L0", "L1", "L2", "Penalty", "Sum", "attraction", "count_nonzero", "landscape"]
