"""Networks that read photographs, from weights that are kept with the book."""

from __future__ import annotations

from pathlib import Path

import torch

from ..compress import Part, storage
from ..compress.models import ResNet20
from ..experiments.records import RECORDS
from .kept_networks import Kept, origin_of

#: Mean and deviation of each colour over the 50,000 training photographs of CIFAR-10, pixels between 0 and 1: what the
#: runs subtract and divide by.
MEANS, DEVIATIONS = (0.491400, 0.482158, 0.446531), (0.247032, 0.243485, 0.261588)


def load(path: str | Path, folder: Path = RECORDS) -> Kept[ResNet20]:
    """Return the ResNet-20 whose weights and statistics :func:`l0lib.compress.storage.save` wrote to ``path``.

    It comes in evaluation mode: in the other one, every look at images would change the statistics. Its record is
    looked for in ``folder``.

    Raises
    ------
    ValueError
        If the file holds another network.
    """
    tensors, model = storage.load(path), ResNet20()
    want = {name: values.shape for name, values in model.state_dict().items() if values.is_floating_point()}
    found = {name: values.shape for name, values in tensors.items()}
    for name in (*want, *found):
        if want.get(name) != found.get(name):
            told = tuple(found[name]) if name in found else "nothing"
            rule = f"of shape {tuple(want[name])}" if name in want else "no part of it"
            raise ValueError(f"{path} must hold the weights and statistics of ResNet-20: {name} is {rule}; got {told}")
    model.load_state_dict(tensors, strict=False)  # how many batches the statistics have seen is not kept
    return Kept(model.eval(), Path(path).stat().st_size, *origin_of(model, folder))


def standardised(part: Part) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images and labels of photographs as the runs on CIFAR-10 see them: each colour centred and scaled."""
    images, labels = part.tensors()
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEANS, DEVIATIONS))
    return (images - mean) / deviation, labels
