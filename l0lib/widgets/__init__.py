"""Live explorers: figures with sliders that need no kernel on a published page and talk to Python in JupyterLab.

>>> from l0lib.widgets import Trajectories
>>> explorer = Trajectories(eta=0.04, beta=3)       # the last expression of a cell shows it
>>> explorer.beta
3.0
"""

from .convolution import OneConvolution
from .descent import Descent
from .digits import DrawADigit
from .explorer import Explorer
from .explorers import (
    AtZero,
    FourSteps,
    LossAndPenalty,
    PenaltyAndPull,
    Reach,
    ScalingFactor,
    SparseRegression,
    Trajectories,
)
from .map import AlphaBetaMap
from .playground import Playground
from .ratio import CompressionRatio
from .removal import RemoveNeurons

__all__ = [
    "AlphaBetaMap",
    "AtZero",
    "CompressionRatio",
    "Descent",
    "DrawADigit",
    "Explorer",
    "FourSteps",
    "LossAndPenalty",
    "OneConvolution",
    "PenaltyAndPull",
    "Playground",
    "Reach",
    "RemoveNeurons",
    "ScalingFactor",
    "SparseRegression",
    "Trajectories",
]
