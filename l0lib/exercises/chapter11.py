"""Checks of the eleventh chapter's exercises: free scales, how far a smoothed l0 is from an l1, stale statistics."""

from __future__ import annotations

import copy
import math

import numpy as np


def _rescale(answer):
    import torch

    from l0lib.compress import models

    model = models.ResNet20(seed=1)
    changed = copy.deepcopy(model)
    factor = 3.0
    answer(changed, factor)
    images = torch.rand(16, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    before, after = dict(model.named_parameters()), dict(changed.named_parameters())
    for name in ("convolution.weight", "blocks.4.convolution2.weight"):
        if not torch.allclose(after[name], factor * before[name]):
            return f"{name} stands in front of a batch normalisation and should be {factor:g} times as large"
    with torch.no_grad():
        gap = float((model.train()(images) - changed.train()(images)).abs().max())
    if gap > 1e-3:
        return f"the outputs differ by up to {gap:.2g}: some of what was changed has no normalisation behind it"
    if not torch.allclose(after["blocks.0.convolution1.bias"], factor * before["blocks.0.convolution1.bias"]):
        return "biases in front of a normalisation are multiplied too"
    return None


def _share_of_l1(answer):
    random = np.random.default_rng(0)
    for beta, weights in ((5.0, np.array([0.02, -0.02])), (40.0, random.normal(0, 0.05, 100)), (3.0, np.zeros(4))):
        want = math.fsum(math.exp(-beta * abs(w)) for w in weights) / len(weights)
        got = float(answer(beta, weights))
        if not math.isclose(got, want, rel_tol=1e-9):
            return f"for beta = {beta:g} and {len(weights)} weights the share is {want:.6g}, not {got:.6g}"
    return None


def _effective_rate(answer):
    for eta, alpha, gamma in ((0.1, 5e-4, 1.0), (0.05, 5e-4, 2.0), (0.5, 0.4, 0.3)):
        square = 1.0
        for _ in range(200_000):  # the recursion of the squared norm, followed until it rests
            square = (1 - 2 * eta * alpha) ** 2 * square + eta**2 * gamma**2 / square
        got = float(answer(eta, alpha, gamma))
        if not math.isclose(got, eta / square, rel_tol=1e-6):
            return f"for eta = {eta:g}, alpha = {alpha:g}, gamma = {gamma:g} it is {eta / square:.6g}, not {got:.6g}"
    return None


def _stale(answer):
    random = np.random.default_rng(0)
    for n in (2, 5, 30):
        x = random.gamma(2.0, 0.5, (4000, n)) @ (np.eye(n) + random.uniform(0, 0.3, (n, n)))
        w, kept = random.normal(size=n), np.arange(n) % 2 == 0
        whole, pruned = x @ w, x[:, kept] @ w[kept]
        want = (pruned.mean() - whole.mean()) / whole.std(), pruned.var() / whole.var()
        got = tuple(answer(w, kept, x.mean(0), np.cov(x.T, bias=True)))
        for name, right, found in zip(("mean", "variance"), want, got, strict=True):
            if not math.isclose(right, found, rel_tol=1e-6, abs_tol=1e-9):
                return f"for {n} inputs, every other weight pruned, the {name} is {right:.6g}, not {float(found):.6g}"
    return None


CHECKS = {"11.1": _rescale, "11.2": _share_of_l1, "11.3": _effective_rate, "11.6": _stale}
