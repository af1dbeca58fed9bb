"""Deep networks in tables: counts that add up, normalisations whose statistics are known, a network that is missing."""

import math

import pytest
import torch

from l0lib import compress
from l0lib.chapters import deep_networks
from l0lib.compress.models import ResNet20


def test_what_is_trained_and_what_runs_along_adds_up():
    (row,) = deep_networks.table_of_counts({"one": ResNet20}).rows
    trained, norms, running, together, adds = (int(cell.replace(",", "")) for cell in row[2:])
    with_weights = [m for m in ResNet20().modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    assert row[:2] == ("one", len(with_weights))
    assert trained == compress.count_parameters(ResNet20())
    assert norms == running, "a scale, a shift, a mean and a variance for each channel"
    assert together == trained + running
    assert adds > trained


def test_a_pull_is_the_mean_of_the_exponentials():
    model = torch.nn.Linear(2, 1)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.1, -0.3]]))
    (row,) = deep_networks.table_of_pulls({"two weights": model}, (5, 20)).rows
    expected = [50 * (math.exp(-beta * 0.1) + math.exp(-beta * 0.3)) for beta in (5, 20)]
    assert row == ("two weights", "0.200", *(f"{share:.0f} %" for share in expected))


def test_a_normalisation_with_its_own_statistics_puts_out_zero_and_one():
    torch.manual_seed(0)
    norm = torch.nn.BatchNorm2d(3)
    images = 2 + 3 * torch.randn(50, 3, 8, 8)
    model = torch.nn.Sequential(norm).train()
    off, spread = deep_networks.put_out(model, images)["0"]
    assert off == pytest.approx(2, abs=0.2), "a fresh one has the mean 0 and the variance 1"
    assert spread == pytest.approx(9, rel=0.1)
    norm.running_mean.copy_(images.mean((0, 2, 3)))
    norm.running_var.copy_(images.var((0, 2, 3)))
    own = deep_networks.put_out(model, images)
    assert own["0"] == pytest.approx((0, 1), abs=1e-3)
    assert model.training, "left as it was"
    stale = {"0": (off, spread)}
    (row,) = deep_networks.table_of_stale(stale, own).rows
    assert row == ("0", f"{off:.2f}", f"{spread:.2f}", "0.00", "1.00")


def test_a_network_that_is_not_kept_is_said():
    table = deep_networks.table_of_further(None, compress.embedded_photographs(), (1, 2))
    assert table.rows == (("not recorded yet", "–", "–"),)
