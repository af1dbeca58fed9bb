"""Distillation: a network learns from the class scores of a teacher as well as from the labels."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from .. import _validate
from .measure import evaluation_mode


def loss(
    scores: torch.Tensor,
    labels: torch.Tensor,
    teacher_scores: torch.Tensor,
    temperature: float = 4.0,
    weight: float = 0.9,
) -> torch.Tensor:
    r"""Return the mean over a batch of

    .. math:: (1 - \omega)\,\mathrm{CE}(y, s) + \omega\,T^2\,
              \mathrm{KL}\bigl(\operatorname{softmax}(t/T)\,\|\,\operatorname{softmax}(s/T)\bigr),

    where :math:`s` are the scores of the network, :math:`t` those of its teacher and :math:`y` the labels.

    The factor :math:`T^2` keeps the size of the second gradient when the temperature changes.

    Parameters
    ----------
    scores, teacher_scores : tensors, (n, classes)
        Before the softmax.
    labels : int64 tensor, (n,)
    temperature : float, default 4
        :math:`T > 0`: higher ones show more of how the teacher ranks the wrong classes.
    weight : float, default 0.9
        :math:`0 \le \omega \le 1`. At 0 the teacher has no say and the loss is the cross-entropy.

    Returns
    -------
    scalar tensor, in nats

    Raises
    ------
    ValueError
        If temperature or weight break their rules.

    Notes
    -----
    Source: Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network" (2015), Section 2.
    """
    check(temperature, weight)
    _validate.tensor("scores", scores, 2, whole=False)
    _validate.tensor("teacher_scores", teacher_scores, 2, whole=False)
    _validate.tensor("labels", labels, 1, whole=True)
    if scores.shape != teacher_scores.shape or labels.shape != scores.shape[:1]:
        shapes = ", ".join(str(tuple(x.shape)) for x in (scores, teacher_scores, labels))
        raise ValueError(f"scores and teacher_scores must be (n, classes) and labels (n,); got {shapes}")
    taught = kl_div(
        log_softmax(scores / temperature, 1),
        log_softmax(teacher_scores / temperature, 1),
        reduction="batchmean",
        log_target=True,
    )
    return (1 - weight) * cross_entropy(scores, labels) + weight * temperature**2 * taught


def check(temperature: float, weight: float) -> None:
    """Make sure that ``temperature`` > 0 and 0 <= ``weight`` <= 1; a ValueError names the one that is not."""
    rule = "temperature must be > 0 and at most 1e+100"  # its square is a factor of the loss
    _validate.number("temperature", temperature, rule, lambda x: 0 < x <= 1e100)
    _validate.fraction("distillation_weight", weight)


@torch.no_grad()
def scores(teacher: torch.nn.Module, images: torch.Tensor, batch_size: int = 1000) -> torch.Tensor:
    """Return the scores (n, classes) of ``teacher`` in evaluation mode, which ``train`` takes in its place."""
    _validate.network(teacher, "teacher", bare=True)
    _validate.tensor("images", images, 1)
    batch_size = _validate.whole("batch_size", batch_size, 1)
    with evaluation_mode(teacher.to(images.device)):
        return torch.cat([teacher(some) for some in images.split(batch_size)])
