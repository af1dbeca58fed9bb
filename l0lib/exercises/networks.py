"""Checks of exercises on whole networks: ratios, masks, bytes, multiply-adds, statistics, and errors compared."""

from __future__ import annotations

import copy
import itertools
import math

import numpy as np
from scipy import special

from .theory import pair


def _ratio(answer):
    arrays = [np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([0.5, 0.0])]
    got = answer(arrays)
    if got == 4:
        yield "that is the ratio of the weights only; count the biases too"
    if not math.isclose(got, 3.0):
        yield f"six parameters of which two are nonzero give 3, your function gives {got!r}"
    if not math.isclose(answer([np.ones((3, 4)), np.ones(3)]), 1.0):
        yield "a network without a zero has ratio 1"
    if answer([np.zeros(4)]) != math.inf:
        yield "where every parameter is zero, return infinity (numpy.inf)"


def _dropped(answer):
    for percent, ratio in ((0, 1.0), (30, 10 / 7), (50, 2.0), (90, 10.0), (99.5, 200.0)):
        got = answer(percent)
        if not math.isclose(got, ratio, rel_tol=1e-9):
            yield f"{percent} % dropped is a ratio of {ratio:.4g}, your function gives {got!r}"


def _mask(answer):
    rng = np.random.default_rng(0)
    w = rng.standard_normal((6, 10))
    w[:, 3:] = 0.0  # 42 of 60 weights tie at zero
    for ratio in (2, 5, 7, 10):
        mask = np.asarray(answer(w.copy(), ratio))
        if mask.shape != w.shape or mask.dtype != bool:
            yield f"return a boolean mask of shape {w.shape}; yours has shape {mask.shape} and type {mask.dtype}"
        if mask.sum() != w.size // ratio:
            kept = f"{int(mask.sum())} did (mind the ties)"
            yield f"at ratio {ratio} exactly {w.size // ratio} weights must survive; {kept}"
        if np.abs(w[mask]).min() < np.abs(w[~mask]).max():
            yield f"at ratio {ratio} a pruned weight is larger in magnitude than a surviving one"


def _keep_exactly(answer):
    for scores, keep in (
        ([0.3, 0.1, 0.2], 2),
        ([0.5, 0.5, 0.5, 0.5], 3),
        ([0.0, 1.0, 0.0, 1.0, 0.0], 4),
        ([2.0, 1.0], 0),
        ([0.1, 0.4, 0.4, 0.2, 0.4], 2),
    ):
        got = np.asarray(answer(np.array(scores), keep))
        given = f"of the scores {scores}, with k = {keep},"
        if got.dtype != bool or got.shape != (len(scores),):
            yield f"return a boolean array as long as the scores; got {got.dtype} of shape {got.shape}"
        if got.sum() != keep:
            yield f"{given} exactly {keep} should be kept, not {got.sum()}"
        order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
        want = [i in order[:keep] for i in range(len(scores))]
        if got.tolist() != want:
            yield (
                f"{given} the kept ones should be {want} (largest first, earlier ones among equals); got {got.tolist()}"
            )


def _clipped_step(answer):
    w = np.array([0.5, -0.5, 0.01, -0.001, 0.0, 0.2, 0.02])
    momentum = np.array([0.0, 0.1, -0.2, 0.0, 0.0, 1.0, 0.3])
    gradient = np.array([1.0, -0.3, 0.0, 0.0, 0.0, 0.5, 0.3])
    pull = np.sign(w) * np.array([0.1, 0.2, 0.3, 0.2, 0.0, 0.4, 0.5])
    for eta, mu in ((0.1, 0.9), (0.05, 0.0), (0.01, 0.5)):
        got = answer(w.copy(), momentum.copy(), gradient.copy(), pull.copy(), eta, mu)
        yield from pair(got, "the new weights and the new momentum", tuple)
        moved, kept = (np.asarray(part, dtype=float) for part in got)
        given = f"with eta = {eta:g} and mu = {mu:g}"
        new = mu * momentum + gradient
        if not np.allclose(kept, new, rtol=0, atol=1e-12):
            yield f"{given} the momentum should be {new}, without the pull; got {kept}"
        free = w - eta * new
        want = np.sign(free) * np.maximum(np.abs(free) - eta * np.abs(pull) / (1 - mu), 0)
        if not np.allclose(moved, want, rtol=0, atol=1e-12):
            i = int(np.argmax(np.abs(moved - want)))
            yield (
                f"{given} weight {w[i]:g} with pull {pull[i]:g} should go to {want[i] + 0:.6g}; got {moved[i] + 0:.6g}"
            )


def _csr(rows, columns, nonzeros):
    """Return the bytes of a matrix as CSR, and those of one column index and of one start of a row."""
    index, start = (np.min_scalar_type(largest).itemsize for largest in (columns - 1, nonzeros))
    return 4 * nonzeros + index * nonzeros + start * (rows + 1), index, start


def _bytes_by_hand(answer):
    for rows, columns, nonzeros in ((300, 784, 3000), (10, 100, 250), (1, 10, 4), (500, 800, 70_000), (20, 256, 256)):
        got = answer(rows, columns, nonzeros)
        yield from pair(got, "the bytes as CSR and as a bitmap")

        csr, _, _ = _csr(rows, columns, nonzeros)
        bitmap = 4 * nonzeros + -(-rows * columns // 8)
        given = f"a {rows} x {columns} matrix with {nonzeros:,} nonzeros takes"
        if got[0] != csr:
            yield f"{given} {csr:,} bytes as CSR (values, columns, starts of {rows} rows and one end), not {got[0]:,}"
        if got[1] != bitmap:
            yield f"{given} {bitmap:,} bytes as a bitmap (values, and a bit an entry, in whole bytes), not {got[1]:,}"


def _energy_share(answer):
    draw = np.random.default_rng(8)
    for weights, share in (
        (np.array([3.0, -4.0, 0.0, 0.0]), 0.25),
        (np.array([1.0, 1.0, 1.0, 1.0, -1.0]), 0.4),
        (draw.normal(size=(40, 25)), 0.01),
        (draw.laplace(size=300), 0.1),
    ):
        squares = np.sort((weights**2).ravel())[::-1]
        want = squares[: round(share * squares.size)].sum() / squares.sum()
        got = float(answer(weights.copy(), share))
        if not math.isclose(got, want, rel_tol=1e-9):
            yield (
                f"of {weights.size} weights beginning {np.array2string(weights.ravel()[:4], precision=2)}, the largest "
                f"{100 * share:g} % hold {want:.4g} of the energy, not {got:.4g}"
            )


def _paired_interval(answer):
    for first, second in (
        ([1.10, 1.21, 0.98], [1.30, 1.35, 1.22]),
        ([2.0, 2.4, 1.9, 2.2, 2.1], [2.1, 2.3, 2.0, 2.2, 2.2]),
    ):
        gaps = np.subtract(first, second)
        half = special.stdtrit(len(gaps) - 1, 0.975) * gaps.std(ddof=1) / np.sqrt(len(gaps))
        want = (gaps.mean() - half, gaps.mean() + half)
        got = answer(list(first), list(second))
        yield from pair(got, "the two ends of the interval")
        low, high = (float(end) for end in got)
        if math.isclose(low, gaps.mean() - half * math.sqrt((len(gaps) - 1) / len(gaps)), rel_tol=1e-6):
            yield "the deviation of a sample has the divisor n - 1 (ddof=1 in NumPy)"
        if not np.allclose((low, high), want, rtol=1e-6):
            yield (
                f"of {first} less {second} the interval is {want[0]:.4f} to {want[1]:.4f}, not {low:.4f} to {high:.4f}"
            )


def _two_ratios(answer):
    for layers in (
        [(235_200, 300, 2_000, 300), (30_000, 100, 600, 100), (1_000, 10, 200, 10)],
        [(500, 20, 150, 3), (25_000, 50, 500, 0), (400_000, 500, 450, 4), (5_000, 10, 90, 4)],
    ):
        weights, biases, kept_weights, kept_biases = (sum(column) for column in zip(*layers, strict=True))
        want = ((weights + biases) / (kept_weights + kept_biases), weights / kept_weights)
        got = answer([tuple(layer) for layer in layers])
        yield from pair(got, "the ratio of all parameters and the ratio of the weights")
        for name, number, right in zip(("of all parameters", "of the weights"), got, want, strict=True):
            if not math.isclose(float(number), right, rel_tol=1e-9):
                yield f"for {layers} the ratio {name} is {right:.5g}, not {float(number):.5g}"


def _beaten(answer):
    rows = [(1.59, 12), (1.99, 56), (1.77, 85), (1.85, 90), (1.99, 96), (1.77, 85), (1.6, 50)]
    want = [False, True, False, False, False, False, False]
    for index, right in enumerate(want):
        got = answer(list(rows), index)
        if bool(got) != right:
            error, ratio = rows[index]
            word = "is" if right else "is not"
            yield f"among {rows} the row of {error} % at {ratio}× {word} beaten; yours says {got!r}"
    if not answer([(1.0, 10), (1.0, 20)], 0):
        yield "a row is beaten by one of equal error and higher ratio, too"
    if not answer([(1.0, 10), (2.0, 10)], 1):
        yield "a row is beaten by one of equal ratio and lower error, too"


def _csr_bytes(answer):
    cases = (((100, 300), 1882), ((10, 100), 40), ((500, 800), 650), ((1, 70_000), 300), ((20, 256), 256))
    for (rows, columns), nonzero in cases:
        want, index, start = _csr(rows, columns, nonzero)
        got = answer(rows, columns, nonzero)
        if got != want:
            yield (
                f"{nonzero:,} nonzeros in {rows:,} rows of {columns:,} take {want:,} bytes "
                f"({index} for a column, {start} for a start), not {got!r}"
            )


def _byte_ratio(answer):
    for ratio, bits in ((2, 32), (10, 32), (100, 32), (359, 32), (359, 4)):
        d = 1 / ratio
        entropy = -(d * math.log2(d) + (1 - d) * math.log2(1 - d))
        want = 32 / (d * bits + entropy)
        got = float(answer(ratio, bits))
        if not math.isclose(got, want, rel_tol=1e-6):
            yield f"at ratio {ratio} with {bits} bits for a value the file is {want:.4g} times smaller, not {got:.4g}"


def _multiply_add_ratio(answer):
    networks = (
        [(576, 500, 100), (64, 25_000, 500), (1, 400_000, 800), (1, 5_000, 100)],
        [(1, 235_200, 2_000), (1, 30_000, 1_000), (1, 1_000, 400)],
        [(100, 10, 10), (1, 1_000, 1)],
    )
    for layers in networks:
        want = sum(u * n for u, n, _ in layers) / sum(u * k for u, _, k in layers)
        got = float(answer(layers))
        if not math.isclose(got, want, rel_tol=1e-9):
            plain = sum(n for _, n, _ in layers) / sum(k for _, _, k in layers)
            if math.isclose(got, plain, rel_tol=1e-6):
                yield "that is the ratio of the weights: a weight counts as often as it is used"
            yield f"for the layers {layers} the ratio is {want:.6g}, not {got:.6g}"


def _rescale(answer):
    import torch

    from l0lib.compress import models

    model = models.ResNet20(seed=1)
    for name, values in model.named_parameters():
        if "convolution" in name and name.endswith("bias"):  # they start at zero, where a factor changes nothing
            torch.nn.init.uniform_(values, -0.1, 0.1, torch.Generator().manual_seed(1))
    changed = copy.deepcopy(model)
    factor = 3.0
    answer(changed, factor)
    images = torch.rand(16, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    before, after = dict(model.named_parameters()), dict(changed.named_parameters())
    for name in ("convolution.weight", "blocks.4.convolution2.weight"):
        if not torch.allclose(after[name], factor * before[name]):
            yield f"{name} stands in front of a batch normalisation and should be {factor:g} times as large"
    with torch.no_grad():
        gap = float((model.train()(images) - changed.train()(images)).abs().max())
    if not gap <= 1e-3:  # NaN is no success
        yield f"the outputs differ by up to {gap:.2g}: some of what was changed has no normalisation behind it"
    if not torch.allclose(after["blocks.0.convolution1.bias"], factor * before["blocks.0.convolution1.bias"]):
        yield "biases in front of a normalisation are multiplied too"


def _share_of_l1(answer):
    random = np.random.default_rng(0)
    for beta, weights in ((5.0, np.array([0.02, -0.02])), (40.0, random.normal(0, 0.05, 100)), (3.0, np.zeros(4))):
        want = math.fsum(math.exp(-beta * abs(w)) for w in weights) / len(weights)
        got = float(answer(beta, weights))
        if not math.isclose(got, want, rel_tol=1e-9):
            yield f"for beta = {beta:g} and {len(weights)} weights the share is {want:.6g}, not {got:.6g}"


def _effective_rate(answer):
    for eta, alpha, gamma in ((0.1, 5e-4, 1.0), (0.05, 5e-4, 2.0), (0.5, 0.4, 0.3)):
        square = 1.0
        for _ in range(200_000):  # the recursion of the squared norm, followed until it rests
            square = (1 - 2 * eta * alpha) ** 2 * square + eta**2 * gamma**2 / square
        got = float(answer(eta, alpha, gamma))
        if not math.isclose(got, eta / square, rel_tol=1e-6):
            yield f"for eta = {eta:g}, alpha = {alpha:g}, gamma = {gamma:g} it is {eta / square:.6g}, not {got:.6g}"


def _multiply_adds_without(answer):
    for widths, share in (
        ((784, 300, 100, 10), 0.0),
        ((784, 300, 100, 10), 0.25),
        ((6, 5, 7, 3), 0.3),
        ((784, 100, 10), 0.29),
    ):
        left = [widths[0], *(n - math.floor(share * n + 1e-9) for n in widths[1:-1]), widths[-1]]
        want = sum(a * b for a, b in itertools.pairwise(left))
        got = answer(widths, share)
        if got != want:
            rounding = " (0.29 * 100 is a little less than 29 on a computer)" if share == 0.29 else ""
            yield f"without a share of {share:g}, widths {widths} need {want:,} multiply-adds, not {got:,}{rounding}"


def _share_for(answer):
    for reduction in (0.0, 0.2775, 0.427, 0.75):
        want, got = 1 - math.sqrt(1 - reduction), float(answer(reduction))
        if not math.isclose(got, want, rel_tol=1e-9, abs_tol=1e-12):
            yield f"a reduction of {reduction:g} needs a share of {want:.6g}, not {got:.6g}"


def _rescale_unit(answer):
    random = np.random.default_rng(0)
    first, bias, second = random.normal(size=(5, 8)), random.normal(size=5), random.normal(size=(3, 5))
    given = [values.copy() for values in (first, bias, second)]
    changed = answer(*given, 2, 4.0)
    if any(not np.array_equal(a, b) for a, b in zip(given, (first, bias, second), strict=True)):
        yield "work on copies: the arrays that were given have changed"
    new_first, new_bias, new_second = changed
    x = random.normal(size=(50, 8))

    def output(w, b, v):
        return np.maximum(x @ w.T + b, 0) @ v.T

    if not np.allclose(output(new_first, new_bias, new_second), output(first, bias, second), atol=1e-9):
        yield "the network computes something else now"
    ratio = np.linalg.norm(new_first, axis=1) / np.linalg.norm(first, axis=1)
    if not np.allclose(ratio, [1, 1, 4, 1, 1]):
        yield f"the incoming norms should change by 1, 1, 4, 1, 1, not by {', '.join(f'{r:.3g}' for r in ratio)}"


def _bits_per_byte(answer):
    random = np.random.default_rng(0)
    for sizes in ((4,), (10, 1000), (300, 20, 5)):
        modules = [random.uniform(0.01, 1, n) ** (1 + k) for k, n in enumerate(sizes)]
        got = float(answer([module.copy() for module in modules]))
        want = -float(np.log2(np.concatenate(modules)).mean())
        if math.isclose(got, want * math.log(2), rel_tol=1e-6):
            yield "these are natural logarithms; bits have base 2"
        if not math.isclose(got, want, rel_tol=1e-9):
            yield f"modules of {', '.join(map(str, sizes))} bytes need {want:.5g} bits per byte in all, not {got:.5g}"


def _wanda(answer):
    random = np.random.default_rng(0)
    for outputs, inputs, places, keep in ((3, 8, 20, 4), (6, 5, 7, 1), (2, 40, 100, 10)):
        weights = random.normal(size=(outputs, inputs))
        x = random.normal(size=(places, inputs)) * random.uniform(0.1, 5, inputs) + random.normal(size=inputs)
        got = np.asarray(answer(weights.copy(), x.copy(), keep))
        if got.dtype != bool or got.shape != weights.shape:
            yield f"return a boolean array of shape {weights.shape}; got {got.dtype} of shape {got.shape}"
        if not np.array_equal(got.sum(1), [keep] * outputs):
            yield f"each of the {outputs} outputs keeps {keep} weights; yours keep {got.sum(1).tolist()}"
        scores = np.abs(weights) * np.sqrt(np.square(x).sum(0))
        want = scores >= np.sort(scores, 1)[:, -keep, None]
        if not np.array_equal(got, want):
            row = int(np.flatnonzero((got != want).any(1))[0])
            kept, right = (np.flatnonzero(mask[row]).tolist() for mask in (got, want))
            yield f"output {row} keeps the inputs {right}, not {kept}: magnitude times the norm of the input"


def _move_scale(answer):
    random = np.random.default_rng(0)
    gain, shift, weights = random.normal(size=6), random.normal(size=6), random.normal(size=(4, 6))
    given = [values.copy() for values in (gain, shift, weights)]
    changed = answer(*given, 2, 5.0)
    if any(not np.array_equal(a, b) for a, b in zip(given, (gain, shift, weights), strict=True)):
        yield "work on copies: the arrays that were given have changed"
    new_gain, new_shift, new_weights = (np.asarray(values) for values in changed)
    x = random.normal(size=(30, 6))
    if not np.allclose((x * new_gain + new_shift) @ new_weights.T, (x * gain + shift) @ weights.T, atol=1e-9):
        yield "the layer computes something else now; does the shift go with the scale?"
    sizes = np.linalg.norm(new_weights, axis=0) / np.linalg.norm(weights, axis=0)
    if not np.allclose(sizes, [1, 1, 0.2, 1, 1, 1]):
        yield f"column 2 should become 5 times smaller, the others stay; sizes change by {sizes.round(3).tolist()}"


def _least_alpha(answer):
    for eta in (1e-3, 0.02, 0.4):
        got = float(answer(eta))
        want = math.e * eta / 2
        if not math.isclose(got, want, rel_tol=1e-9):
            yield f"for eta = {eta:g} the least alpha is {want:.6g}, not {got:.6g}: where is x exp(-x) largest?"


# fmt: off
CHECKS = {
    "1.1": _ratio, "1.2": _dropped, "1.3": _mask,
    "8.1": _keep_exactly, "8.2": _clipped_step, "8.3": _bytes_by_hand,
    "9.1": _energy_share, "9.2": _paired_interval,
    "10.1": _two_ratios, "10.2": _beaten,
    "11.1": _csr_bytes, "11.2": _byte_ratio, "11.3": _multiply_add_ratio,
    "12.1": _rescale, "12.2": _share_of_l1, "12.3": _effective_rate,
    "14.1": _multiply_adds_without, "14.2": _share_for, "14.3": _rescale_unit,
    "15.1": _bits_per_byte, "15.2": _wanda, "15.3": _move_scale, "15.4": _least_alpha,
}
