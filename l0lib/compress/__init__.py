"""The compression engine: train under a penalty, prune by magnitude, fine-tune, measure (PyTorch).

It knows the penalties, the arithmetic of intervals and counts, and nothing above itself.
"""

from .._counts import wilson_interval
from . import augment, checkpoints, distill, inference, latency, models, neurons, storage
from .data import Dataset, Part, embedded_digits, embedded_photographs
from .datasets import DataUnavailable, cifar10, cifar100, mnist
from .interop import add_gradient_, export_onnx, pull_, strip
from .masks import Masks, keep_largest
from .measure import (
    Evaluation,
    Footprint,
    MultiplyAdds,
    compression_ratio,
    count_nonzero_parameters,
    count_parameters,
    evaluate,
    footprint,
    in_all,
    layers,
    multiply_adds,
    weights_only_ratio,
    wrong_answers,
)
from .models import LeNet5Caffe, LeNet300100, lenet_5_caffe, lenet_300_100
from .optim import PenalisedSGD
from .pruning import prune_global, prune_layerwise, prune_random
from .recalibration import recalibrate
from .schedules import SCHEDULES, cosine, learning_rates, step_decay
from .selection import norm_parameters
from .storage import bytes_on_disk
from .strategies import layer_sizes, normalised, parameter_groups
from .surgery import Shrunk, prune_alive, remove_dead_paths, shrink
from .tolerance import layer_sensitivity, prune_to_tolerance
from .training import MAGNITUDE_EDGES, Epoch, train
