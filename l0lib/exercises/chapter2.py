"""Checks of the second chapter's exercises: the l2 step, soft thresholding and the factor of two."""

from __future__ import annotations

import math

import numpy as np

from ..penalties import L1, L2


def _l2_step(answer):
    rng = np.random.default_rng(0)
    w, slope, eta, alpha = rng.standard_normal(7), rng.standard_normal(7), 0.3, 0.07
    got = np.asarray(answer(w.copy(), slope.copy(), eta, alpha))
    if got.shape != w.shape:
        return f"return one new weight for each weight, shape {w.shape}; yours has shape {got.shape}"
    if np.allclose(got, w - eta * (alpha * w + slope)):
        return "the derivative of a square has a factor 2, and the paper's Eq. 4 no factor 1/2"
    if np.allclose(got, w - 2 * alpha * w - eta * slope):
        return "the learning rate multiplies the penalty's gradient too"
    if not np.allclose(got, w - eta * (L2(alpha).gradient(w) + slope), rtol=1e-12, atol=0):
        return "the new weights differ from Eq. 5; compare term by term"
    return None


def _soft(answer):
    v = np.array([-2.0, -0.31, -0.3, -0.1, 0.0, 0.1, 0.3, 0.31, 2.0])
    got = np.asarray(answer(v.copy(), 0.5, 0.6))
    want = L1(0.6).prox(v, 0.5)
    if got.shape != v.shape:
        return f"return an array of shape {v.shape}; yours has shape {got.shape}"
    if np.allclose(got, np.where(np.abs(v) > 0.3, v, 0.0)):
        return "that is hard thresholding: the survivors move by the threshold as well"
    if np.allclose(got, np.sign(v) * np.maximum(np.abs(v) - 0.6, 0)):
        return "the threshold is step times alpha, not alpha"
    if not np.allclose(got, want, rtol=1e-12, atol=1e-15):
        worst = int(np.argmax(np.abs(got - want)))
        return f"for v = {v[worst]}, step 0.5 and alpha 0.6 the prox is {want[worst]:.4g}, yours is {got[worst]:.4g}"
    return None


def _decay(answer):
    for mu in (2e-4, 0.5):
        got = answer(mu)
        if not isinstance(got, tuple | list) or len(got) != 2:
            return "return a pair: alpha, weight_decay"
        alpha, decay = got
        if not math.isclose(decay, mu, rel_tol=1e-12):
            return f"weight_decay is what multiplies w in the gradient, for mu = {mu} that is mu; yours is {decay!r}"
        if not math.isclose(alpha, mu / 2, rel_tol=1e-12):
            return f"for mu = {mu} alpha must give the gradient 2 alpha w = mu w; yours is {alpha!r}"
    return None


CHECKS = {"2.1": _l2_step, "2.2": _soft, "2.3": _decay}
