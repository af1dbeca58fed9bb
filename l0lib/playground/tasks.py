"""What the playground's networks learn: four sets of points in the plane, and real digits of 8 x 8 pixels."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from . import chance

#: The sets of points, two classes each.
PLANE = ("spirals", "moons", "rings", "blobs")
#: Sequences of random numbers: of the training and the test points, places first, then noise.
TRAIN, TEST = 0, 2


@dataclass(frozen=True)
class Task:
    """Inputs and classes to train on and to test on.

    Attributes
    ----------
    x, test_x : float64 arrays (n, inputs)
    y, test_y : integer arrays (n,)
    classes : int
    """

    x: np.ndarray
    y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray
    classes: int


def points(task: str, count: int, noise: float, seed: int, stream: int = TRAIN) -> tuple[np.ndarray, np.ndarray]:
    r"""Return ``count`` points of the plane and their classes, 0 and 1 in turn.

    With :math:`u` uniform on (0, 1), :math:`s = \pm 1` for the two classes, :math:`\varphi = \pi u`, before noise:

    - spirals: :math:`s\,r(\sin\theta, \cos\theta)` with :math:`r = u`, :math:`\theta = 3.5\pi u`;
    - moons: :math:`(\cos\varphi - \tfrac12, \sin\varphi - \tfrac14)/1.5` and the same turned by half a circle;
    - rings: a disc of radius 0.4 and a ring from 0.6 to 1, evenly filled;
    - blobs: the two points :math:`s(0.5, 0.5)`.

    Then every coordinate gets a normal number times ``noise``; blobs get one times ``0.12 + noise``.

    Parameters
    ----------
    task : {"spirals", "moons", "rings", "blobs"}
    count : int
        >= 2.
    noise : float
        Standard deviation, >= 0, in units of the plane: points lie about between -1 and 1.
    seed, stream : int
        See :mod:`~l0lib.playground.chance`; ``stream`` is :data:`TRAIN` or :data:`TEST`.

    Returns
    -------
    x, y
        float64 (count, 2) and int64 (count,).

    Raises
    ------
    ValueError
        If an argument breaks its rule.
    """
    if task not in PLANE:
        raise ValueError(f"task must be one of {', '.join(PLANE)}; got {task!r}")
    if count < 2:
        raise ValueError(f"count must be >= 2; got {count!r}")
    if not noise >= 0:
        raise ValueError(f"noise must be >= 0; got {noise!r}")
    y = np.arange(count) % 2
    s = 1.0 - 2.0 * y
    u = chance.uniforms(seed, stream, 2 * count)
    u, v = u[0::2], u[1::2]
    if task == "spirals":
        theta = 3.5 * np.pi * u
        x = np.stack([s * u * np.sin(theta), s * u * np.cos(theta)], 1)
    elif task == "moons":
        phi = np.pi * u
        x = np.stack([s * (np.cos(phi) - 0.5) / 1.5, s * (np.sin(phi) - 0.25) / 1.5], 1)
    elif task == "rings":
        inner = 0.4 * np.sqrt(u)
        outer = np.sqrt(0.36 + 0.64 * u)
        r, angle = np.where(y == 0, inner, outer), 2 * np.pi * v
        x = np.stack([r * np.cos(angle), r * np.sin(angle)], 1)
    else:
        x = np.stack([0.5 * s, 0.5 * s], 1)
    spread = noise + 0.12 if task == "blobs" else noise
    return x + spread * chance.normals(seed, stream + 1, 2 * count).reshape(count, 2), y


def plane(task: str, count: int, noise: float, seed: int) -> Task:
    """Return ``count`` points to train on and as many others to test on (see :func:`points`)."""
    x, y = points(task, count, noise, seed, TRAIN)
    test_x, test_y = points(task, count, noise, seed, TEST)
    return Task(x, y, test_x, test_y, 2)


def digits() -> Task:
    """Return scikit-learn's 1,797 handwritten digits of 8 x 8 pixels: every third image to test on.

    Pixels are divided by 16 to lie in [0, 1]; each image is one row of 64. Source: E. Alpaydin and C. Kaynak, Optical
    Recognition of Handwritten Digits, UCI Machine Learning Repository (CC BY 4.0), the part that scikit-learn carries.

    Raises
    ------
    ModuleNotFoundError
        If scikit-learn, which carries the digits, is not installed.
    """
    pixels, y = _file_of_digits()
    x, test = pixels / 16, np.arange(len(y)) % 3 == 2
    return Task(x[~test], y[~test], x[test], y[test], 10)


def _file_of_digits() -> tuple[np.ndarray, np.ndarray]:
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        missing = "the digits come with scikit-learn: install it, or l0lib with its torch extra"
        raise ModuleNotFoundError(missing) from error
    pixels, labels = load_digits(return_X_y=True)
    return pixels, labels.astype(np.int64)


def digits_script() -> str:
    """Return the script with which a page brings these digits: five bits a pixel, in base 64."""
    pixels, labels = _file_of_digits()  # the page splits them by the same rule
    bits = (pixels.astype(np.uint8)[:, :, None] >> np.arange(5)) & 1
    packed = base64.b64encode(np.packbits(bits.ravel(), bitorder="little").tobytes()).decode()
    names = "".join(map(str, labels))
    source = (
        "/* Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, "
        "CC BY 4.0; the part that scikit-learn (BSD-3-Clause) carries, five bits a pixel */\n"
    )
    return f'{source}globalThis.L0DigitsPacked={{"pixels":"{packed}","labels":"{names}"}};\n'
