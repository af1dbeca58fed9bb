"""Learning-compression: its C step is a projection, and its turns end in the constrained minimum."""

from itertools import combinations

import pytest
import torch

from l0lib.compress.rivals.learning_compression import TRIALS, Lagrangian

HEIGHTS = torch.tensor([1.0, 4.0, 0.5, 2.0, 1.0, 3.0], dtype=torch.float64)
CENTRES = torch.tensor([0.5, -1.0, 3.0, 0.2, -0.4, 0.6], dtype=torch.float64)


def test_the_c_step_is_the_nearest_point_with_so_many_entries():
    """Of all supports of two tensors together, the nearest."""
    w = [torch.randn(4, 2, generator=torch.Generator().manual_seed(0)), torch.tensor([0.1, -2.0, 0.3])]
    flat = torch.cat([part.reshape(-1) for part in w])
    theta = torch.cat([part.reshape(-1) for part in Lagrangian(w, 4, 1.0, 1.1).theta])
    distances = []
    for support in combinations(range(len(flat)), 4):
        point = torch.zeros_like(flat)
        point[list(support)] = flat[list(support)]
        distances.append((float((flat - point).square().sum()), point))
    assert torch.equal(theta, min(distances, key=lambda pair: pair[0])[1])


def test_the_penalty_pulls_towards_theta_and_along_the_multipliers():
    w = torch.tensor([0.5, -1.0, 0.2], dtype=torch.float64, requires_grad=True)
    lagrangian = Lagrangian([w], 1, 0.5, 2.0)
    lagrangian.step()
    assert lagrangian.multipliers[0].tolist() == [-0.25, 0, -0.1]  # 0 - mu (w - theta)
    assert lagrangian.mu == 1.0
    lagrangian.penalty().backward()
    wanted = lagrangian.mu * (w.detach() - lagrangian.theta[0]) - lagrangian.multipliers[0]
    torch.testing.assert_close(w.grad, wanted)


@pytest.mark.parametrize("augmented", [True, False])
def test_the_turns_end_in_the_constrained_minimum(augmented):
    """Of sum h (w - c)^2 / 2, whose L step has a closed form: here the largest of h c^2 are the largest of c, too."""
    w = CENTRES.clone()
    lagrangian = Lagrangian([w], 2, 0.01, 1.1, augmented)
    for _ in range(150):
        pull = lagrangian.mu * lagrangian.theta[0] + lagrangian.multipliers[0]
        w.copy_((HEIGHTS * CENTRES + pull) / (HEIGHTS + lagrangian.mu))
        lagrangian.step()
    best = (HEIGHTS * CENTRES.square()).topk(2).indices
    wanted = torch.zeros_like(CENTRES).index_copy(0, best, CENTRES[best])
    torch.testing.assert_close(lagrangian.theta[0], wanted, rtol=0, atol=1e-3)
    torch.testing.assert_close(w, wanted, rtol=0, atol=1e-3)
    if augmented:  # the multipliers are the gradient of the loss: Karush, Kuhn, Tucker
        torch.testing.assert_close(lagrangian.multipliers[0], HEIGHTS * (wanted - CENTRES), rtol=0, atol=1e-3)
    else:
        assert not lagrangian.multipliers[0].any()


def test_eight_settings():
    assert len({tuple(sorted(trial.items())) for trial in TRIALS}) == 8
