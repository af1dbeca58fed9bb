"""Fresh arguments for the functions that students write: ``draw_5_1`` draws those of exercise 5.1.

They catch an answer that knows the values of the book's own check by heart. A drawn argument lies where right answers
agree: no ties, no place where the last digit decides. An exercise whose answer is a number, or which changes its
argument in place, has no drawing; the book's check then counts for all of its points.
"""

import numpy as np

#: How near an answer must come, where the rule of :func:`agree` is too strict: another quantile, a root by bisection.
DIGITS = {"0.5": 1e-3, "6.2": 1e-5, "7.2": 1e-4}


def agree(got, want, digits=1e-6):
    """True if two answers agree: whole numbers and truth values exactly, others to ``digits``, shapes always."""
    if isinstance(want, tuple | list):
        same_length = isinstance(got, tuple | list | np.ndarray) and len(got) == len(want)
        return same_length and all(agree(one, other, digits) for one, other in zip(got, want, strict=True))
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape or got.dtype.kind not in "biuf":
        return False
    if want.dtype.kind == "f":
        return bool(np.allclose(got, want, rtol=digits, atol=1e-12))
    return bool(np.array_equal(got, want))


def draw_0_5(random):
    images = int(random.integers(50, 20_000))
    return int(random.integers(0, images // 3)), images


def draw_1_1(random):
    arrays = [random.normal(size=shape) * (random.random(shape) < 0.4) for shape in ((7, 5), (5,), (4, 5), (4,))]
    arrays[0][0, 0] = 1.0
    return (arrays,)


def draw_1_2(random):
    return (float(random.uniform(1, 99.9)),)


def draw_1_3(random):
    shape = tuple(int(n) for n in random.integers(3, 12, 2))
    return random.normal(size=shape), int(random.integers(2, 6))


def draw_2_1(random):
    n = int(random.integers(2, 9))
    return random.normal(size=n), random.normal(size=n), float(random.uniform(0.01, 1)), float(random.uniform(0.01, 1))


def draw_2_2(random):
    return random.normal(size=20), float(random.uniform(0.1, 1)), float(random.uniform(0.1, 1))


def draw_2_3(random):
    return (float(10 ** random.uniform(-5, 0)),)


def draw_3_1(random):
    return random.normal(size=(4, 6)), float(random.uniform(0.5, 30))


def draw_3_2(random):
    return random.normal(size=12), float(random.uniform(0.01, 1)), float(random.uniform(0.5, 10))


def draw_3_3(random):
    return int(random.integers(10, 10**6)), float(random.uniform(0.01, 1)), float(10 ** random.uniform(-3, 0))


def draw_4_1(random):
    w = random.uniform(0.01, 2, 9) * random.choice([-1, 1], 9)
    return w, float(random.uniform(0.01, 1)), float(random.uniform(0.001, 1)), float(random.uniform(1, 20))


def draw_4_2(random):
    sign = float(random.choice([-1.0, 1.0]))
    return sign * float(random.uniform(0.01, 2)), float(random.uniform(0.01, 1)), float(random.uniform(1, 10))


def draw_5_1(random):
    first = float(random.uniform(0.05, 0.5))
    return (
        first,
        first * float(random.uniform(0.01, 1)),
        float(random.uniform(1, 30)),
        float(10 ** random.uniform(-4, -1)),
    )


def draw_5_2(random):
    return (
        float(random.uniform(0.05, 0.6)),
        float(random.uniform(0.02, 0.2)),
        float(random.uniform(0.005, 0.1)),
        float(random.uniform(1, 8)),
    )


def draw_6_1(random):
    beta, curvature = float(random.uniform(1, 10)), float(random.uniform(0.1, 5))
    kappa = float(random.choice([random.uniform(0.2, 0.9), random.uniform(1.3, 8)]))
    edge = (kappa if kappa <= 1 else 1 + np.log(kappa)) / beta
    return float(edge * random.choice([0.5, 0.9, 0.97, 1.03, 1.1, 2.0])), kappa * curvature / beta**2, beta, curvature


def draw_6_2(random):
    return (float(random.choice([random.uniform(0.1, 0.95), random.uniform(1.1, 60)])),)


def draw_7_1(random):
    w = random.normal(size=(3, 4)) * (random.random((3, 4)) < 0.8)
    factors = (float(random.uniform(0.001, 0.1)) for _ in range(3))
    return w, random.normal(size=w.shape), *factors, float(random.uniform(1, 20))


def draw_7_2(random):
    l2, beta = float(10 ** random.uniform(-4, -1)), float(random.uniform(2, 20))
    return l2, 2 * l2 / beta**2 * float(random.choice([random.uniform(0.1, 0.9), random.uniform(1.5, 50)])), beta


def draw_7_3(random):
    w, momentum, gradient = random.normal(size=(3, 8))
    return w, momentum, gradient, random.random(8) < 0.5, float(random.uniform(0.01, 1)), float(random.uniform(0, 0.95))


def draw_8_1(random):
    return random.integers(0, 6, 15) / 4, int(random.integers(0, 16))


def draw_8_2(random):
    w, momentum, gradient = random.normal(size=(3, 10)) * 0.3
    pull = np.sign(w) * random.uniform(0, 1, 10)
    return w, momentum, gradient, pull, float(random.uniform(0.01, 0.2)), float(random.uniform(0, 0.9))


def draw_8_3(random):
    rows, columns = (int(n) for n in 10 ** random.uniform(0.5, 3, 2))
    return rows, columns, int(random.integers(1, rows * columns))


def draw_9_1(random):
    return random.normal(size=(20, 20)), float(random.choice([0.01, 0.05, 0.1, 0.3]))


def draw_9_2(random):
    n = int(random.integers(3, 9))
    first = random.uniform(1, 2, n)
    return first.tolist(), (first + random.normal(0.1, 0.1, n)).tolist()


def draw_10_1(random):
    sizes = [(int(random.integers(100, 10**5)), int(random.integers(5, 500))) for _ in range(3)]
    return ([(w, b, int(random.integers(1, w)), int(random.integers(1, b))) for w, b in sizes],)


def draw_10_2(random):
    rows = [(float(random.integers(100, 104)) / 100, int(random.integers(10, 14))) for _ in range(6)]
    return rows, int(random.integers(0, 6))


def draw_11_1(random):
    rows, columns = (int(n) for n in 10 ** random.uniform(0.5, 3, 2))
    return rows, columns, int(random.integers(1, rows * columns))


def draw_11_2(random):
    return float(random.uniform(1.5, 500)), int(random.choice([2, 3, 4, 8, 16, 32]))


def draw_11_3(random):
    sizes = [(int(random.integers(1, 600)), int(random.integers(10, 10**5))) for _ in range(4)]
    return ([(uses, weights, int(random.integers(1, weights))) for uses, weights in sizes],)


def draw_12_2(random):
    return float(random.uniform(1, 60)), random.normal(0, 0.1, 50)


def draw_12_3(random):
    eta = float(random.uniform(0.01, 0.5))
    return eta, float(10 ** random.uniform(-5, -1)), float(random.uniform(0.3, 3))


def draw_12_6(random):
    n = int(random.integers(3, 12))
    x = random.gamma(2.0, 0.5, (200, n))
    kept = np.arange(n) < n // 2
    return random.normal(size=n), random.permutation(kept), x.mean(0), np.cov(x.T, bias=True)


def draw_13_1(random):
    return float(random.uniform(0.001, 0.3)), float(random.uniform(1, 30)), float(random.uniform(10, 20_000))


def draw_13_2(random):
    weights = random.normal(0, 0.05, 500)
    return weights, float(10 ** random.uniform(-6, -4)), float(random.uniform(2, 20)), float(random.uniform(100, 5000))


def draw_13_3(random):
    return int(random.integers(1, 200)), int(random.integers(1, 200)), int(random.integers(1000, 10_000))


def draw_14_1(random):
    widths = tuple(int(n) for n in random.integers(5, 900, int(random.integers(3, 6))))
    return widths, float(random.choice([0.1, 0.29, 0.3, 0.45, 0.57, 0.6]))


def draw_14_2(random):
    return (float(random.uniform(0.05, 0.95)),)


def draw_14_3(random):
    hidden = int(random.integers(3, 7))
    first, bias, second = random.normal(size=(hidden, 6)), random.normal(size=hidden), random.normal(size=(3, hidden))
    return first, bias, second, int(random.integers(0, hidden)), float(random.uniform(0.1, 8))


def draw_15_1(random):
    return ([random.uniform(0.01, 1, int(n)) for n in random.integers(1, 300, 3)],)


def draw_15_2(random):
    outputs, inputs = (int(n) for n in random.integers(3, 12, 2))
    x = random.normal(size=(30, inputs)) * random.uniform(0.1, 5, inputs)
    return random.normal(size=(outputs, inputs)), x, int(random.integers(1, inputs))


def draw_15_3(random):
    n = int(random.integers(3, 8))
    gain, shift = random.normal(size=(2, n))
    return gain, shift, random.normal(size=(4, n)), int(random.integers(0, n)), float(random.uniform(0.2, 8))


def draw_15_4(random):
    return (float(10 ** random.uniform(-4, 0)),)
