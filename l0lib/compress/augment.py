"""Augmentation of a batch: images moved by a few pixels, or seen in a mirror."""

from __future__ import annotations

import torch
from torch.nn.functional import pad

from .. import _validate

#: Pixels of a move at most.
MOST = 10**6


def shift(
    images: torch.Tensor, dx: int | torch.Tensor, dy: int | torch.Tensor, reach: int | None = None
) -> torch.Tensor:
    r"""Move each image ``dx`` pixels to the right and ``dy`` pixels down; zeros come in from outside.

    Pixel :math:`(r, c)` of the result is pixel :math:`(r - dy, c - dx)` of the image, or 0 where that lies outside.

    Parameters
    ----------
    images : tensor, (n, height, width) or (n, channels, height, width)
    dx, dy : int, or int64 tensor of shape (n,)
        One move for all images, or one for each; negative ones go left and up.
    reach : int, optional
        A bound of all ``|dx|`` and ``|dy|``. On a GPU it saves a wait for the moves, and is taken on trust.

    Returns
    -------
    tensor
        A new one, in the shape and type of ``images``.

    Raises
    ------
    ValueError
        If ``images`` has another number of axes, or a move is longer than ``reach`` (looked at on the CPU alone).
    """
    _validate.tensor("images", images)
    if images.ndim not in (3, 4):
        raise ValueError(f"images must have 3 or 4 axes; got shape {tuple(images.shape)}")
    count, height, width = len(images), *images.shape[-2:]
    for name, move in (("dx", dx), ("dy", dy)):
        if isinstance(move, torch.Tensor):
            _validate.tensor(name, move, whole=True)
            if move.shape not in ((), (count,)):
                raise ValueError(
                    f"{name} must hold one move, or one for each of {count} images; got {tuple(move.shape)}"
                )
        else:
            _validate.whole(name, move, -MOST, MOST)
    if reach is not None:
        reach = _validate.whole("reach", reach, 0)
    moves = [torch.as_tensor(move, device=images.device).expand(count) for move in (dy, dx)]
    if reach is None or not images.is_cuda:
        longest = max(int(move.abs().max()) for move in moves) if count else 0
        reach = longest if reach is None else reach
        if longest > reach:
            raise ValueError(f"reach must be >= the longest move, {longest}; got {reach}")
    # every window of the padded images is a view; one indexing copies the window that each image needs
    side = max(height, width)  # beyond it nothing is left to see, and the padding would be large
    if reach > side:
        reach, moves = side, [move.clamp(-side, side) for move in moves]
    padded = pad(images, (reach, reach, reach, reach))
    windows = padded.unfold(-2, height, 1).unfold(-2, width, 1)
    row, column = (reach - move for move in moves)
    each = torch.arange(count, device=images.device)
    return windows[each, row, column] if images.ndim == 3 else windows[each, :, row, column]


def draw_shifts(count: int, most: int, generator: torch.Generator) -> torch.Tensor:
    """Return moves ``(dx, dy)`` of ``count`` images: int64, shape (2, count), each uniform on -most..most."""
    count = _validate.whole("count", count, 0, 10**9)
    most = _validate.whole("most", most, 0, MOST)
    _validate.generator(generator)
    return torch.randint(-most, most + 1, (2, count), generator=generator)


def mirror(images: torch.Tensor, which: torch.Tensor) -> torch.Tensor:
    """Return ``images``, shape (n, ..., width), with left and right turned round where ``which``, shape (n,), is true.

    Raises
    ------
    ValueError
        If ``which`` is not boolean or not one entry for each image.
    """
    _validate.tensor("images", images, 1)
    _validate.tensor("which", which)
    if which.dtype != torch.bool or which.shape != (len(images),):
        raise ValueError(
            f"which must be boolean of shape ({len(images)},); got {which.dtype} of shape {tuple(which.shape)}"
        )
    return torch.where(which.view(-1, *[1] * (images.ndim - 1)), images.flip(-1), images)


def draw_mirrors(count: int, generator: torch.Generator) -> torch.Tensor:
    """Return for ``count`` images whether each is turned: boolean, shape (count,), each with probability one half."""
    count = _validate.whole("count", count, 0, 10**9)
    _validate.generator(generator)
    return torch.randint(2, (count,), generator=generator).bool()
