"""What compression saves, in tables: sums that add up, sizes against the encoder, times against made-up clocks."""

import copy
import math

import pytest
import torch

from l0lib import compress
from l0lib.chapters import savings
from l0lib.compress import storage
from l0lib.compress.latency import MatmulLatency, Timing


@pytest.fixture(scope="module")
def network():
    return compress.lenet_300_100(seed=0)


@pytest.fixture(scope="module")
def caffe():
    model = compress.lenet_5_caffe(seed=0)
    compress.prune_global(model, 50)
    return model


def test_files_are_as_large_as_the_encoder_makes_them(network):
    files = savings.encoded(network, [10, 100])
    pruned = copy.deepcopy(network)
    compress.prune_global(pruned, 100)
    tensors = dict(pruned.named_parameters())
    assert files.sizes["CSR"][1] == len(storage.pack(tensors, "csr", "none"))
    coded = [len(storage.pack(tensors, encoding, "lzma")) for encoding in ("csr", "bitmap")]
    assert files.sizes["best, coded"][1] == min(coded)
    assert files.alone[1] == 4 * compress.count_nonzero_parameters(pruned)
    assert files.smaller("CSR")[1] == pytest.approx(4 * 266_610 / files.sizes["CSR"][1])
    row = savings.table_of_files(files).rows[1]
    assert row[0] == "100×"
    assert row[3] == f"{4 * 266_610 / min(coded):.1f}×"
    assert row[5] == f"{32 * min(coded) / files.alone[1]:.1f}"


def test_a_file_costs_the_entropy_of_its_places():
    n, ratio = 1000, 4
    left = n / ratio
    entropy = -sum(p * math.log2(p) for p in (1 / ratio, 1 - 1 / ratio))
    assert savings.byte_ratio(ratio, 8) == pytest.approx(n * 8 / (left * 8 + n * entropy))
    assert savings.byte_ratio(100) < 100


def test_biases_count_in_one_ratio_alone():
    model = torch.nn.Linear(4, 2)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1]]))
        model.bias.copy_(torch.tensor([1.0, 0]))
    (row,) = savings.table_of_ratios({"small": model}).rows
    assert row == ("small", "3", "1", "3.3×", "4.0×")


def test_layers_add_up_to_the_network(caffe):
    *rows, total = savings.table_of_layers(caffe).rows
    number = [[int(row[column].replace(",", "")) for row in rows] for column in (1, 2, 3, 5)]
    weights, uses, left, adds = number
    assert uses[:2] == [24 * 24, 8 * 8], "positions of the convolutions"
    assert adds == [use * nonzero for use, nonzero in zip(uses, left, strict=True)]
    assert total[1] == f"{sum(weights):,}"
    assert total[3] == f"{sum(left):,}"
    assert total[4] == f"{sum(weights) / sum(left):.1f}×"
    assert total[5] == f"{sum(adds):,}"


def clock(dense, sparse):
    """A timing for each way whose ratios to the dense one are all the same."""
    return {
        way: Timing(way, seconds, tuple(dense / seconds for _ in range(9)))
        for way, seconds in {"dense": dense, **sparse}.items()
    }


def test_sparse_pays_from_the_least_sparsity_at_which_it_is_faster():
    ways = {"torch-csr": "torch", "scipy-csr": "SciPy"}
    measured = {
        2: [
            MatmulLatency((10, 100), 2, 0.5, clock(4e-6, {"torch-csr": 9e-6, "scipy-csr": 8e-6})),
            MatmulLatency((10, 100), 2, 0.95, clock(4e-6, {"torch-csr": 3e-6, "scipy-csr": 5e-6})),
        ]
    }
    table = savings.table_of_products(measured, ways, 1000)
    assert table.rows == ((2, "2.000", "30.00", "95 %", "nowhere"),)
    assert table.headers[2:] == ("sparse at 95 %, ns", "torch pays from", "SciPy pays from")


def test_whole_networks_are_timed_in_every_way(network, monkeypatch):
    made = clock(2e-3, {"torch-csr": 1e-3, "shrunk": 0.5e-3})
    seen = []
    monkeypatch.setattr(savings, "latency", lambda model, images, rounds: seen.append((len(images), rounds)) or made)
    table = savings.table_of_times({"one": network}, torch.zeros(100, 28, 28), {"torch-csr": "torch"}, rounds=3)
    assert table.rows[1] == ("one", 100, "2.000", "2.00× (2.00–2.00)", "4.00× (4.00–4.00)")
    assert table.headers[3:] == ("torch", "smaller dense")
    assert seen == [(1, 3), (100, 3)]


def test_units_without_weights_go(network):
    model = copy.deepcopy(network)
    with torch.no_grad():
        for layer in (model.hidden1, model.hidden2):
            layer.weight[10:] = 0
            layer.bias[10:] = 0
    small = savings.shrunk(model)
    (row,) = savings.table_of_units({"small": (model, small)}, torch.zeros(1, 28, 28)).rows
    before, after = 784 * 300 + 300 * 100 + 1000, 784 * 10 + 100 + 100
    assert row[:3] == ("small", "300-100-10", "10-10-10")
    assert row[4] == f"{before / after:.1f}×"
    assert compress.count_parameters(model) == 266_610, "the network itself stays"


def test_one_network_in_four_units_of_account(caffe):
    rows = {row[0]: row[1:] for row in savings.table_of_account(caffe, torch.zeros(1, 28, 28)).rows}
    assert rows["parameters"] == ("431,080", f"{compress.count_nonzero_parameters(caffe):,}", "50.0")
    adds = compress.in_all([its for _, its in savings.by_layer(caffe)])
    assert rows["multiply-adds"] == (f"{adds.dense:,}", f"{adds.sparse:,}", f"{adds.dense / adds.sparse:.1f}")
    assert rows["bytes"][0] == f"{4 * 431_080:,}"
    left = sum(int(torch.count_nonzero(p)) for p in caffe.parameters() if p.ndim > 1)
    assert rows["weights alone"][1] == f"{left:,}"
