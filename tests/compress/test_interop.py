"""The parts in a loop of the reader's own: any module, any optimizer, torch's own pruning, ONNX."""

import copy
import re

import onnx
import pytest
import torch
import torchvision
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import parametrizations
from torch.nn.utils import prune as torch_prune

from l0lib import L0, L1, L2, compress
from l0lib.compress import Masks, PenalisedSGD, storage

BOTH = L2(1e-3) + L0(1e-2, 5)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(72, 4)
    )


def batch(seed=1, size=16):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(size, 3, 12, 12, generator=generator), torch.randint(4, (size,), generator=generator)


def equal(a, b):
    return all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


# the penalty


@pytest.mark.parametrize("penalty", [L2(1e-3), L1(1e-3), L0(1e-2, 5), BOTH], ids=repr)
def test_beside_plain_sgd_the_step_is_that_of_eq_17(penalty):
    """Our optimizer with its coupled update, and torch's SGD with the penalty's gradient added, walk the same path."""
    ours, theirs = network(), network()
    optimizer = torch.optim.SGD(theirs.parameters(), 0.1, momentum=0.9)
    reference = PenalisedSGD(compress.parameter_groups(ours, penalty), 0.1, 0.9)
    x, y = batch()
    for _ in range(5):
        for model, stepper in ((ours, reference), (theirs, optimizer)):
            stepper.zero_grad()
            cross_entropy(model(x), y).backward()
            if model is theirs:
                compress.add_gradient_(model, penalty)
            stepper.step()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-6)


def test_the_gradient_is_that_of_autograd():
    """Biases and batch norm's scales are not penalised."""
    model, twin = network(), network()
    x, y = batch()
    cross_entropy(model(x), y).backward()
    compress.add_gradient_(model, BOTH)
    penalised = [p for p in twin.parameters() if p.ndim > 1]
    (cross_entropy(twin(x), y) + sum(BOTH.value(p) for p in penalised)).backward()
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-5, atol=1e-7)


def test_each_layer_can_have_its_own_penalty():
    model = network()
    x, y = batch()
    cross_entropy(model(x), y).backward()
    before = {name: p.grad.clone() for name, p in model.named_parameters()}
    compress.add_gradient_(model, {"0": L1(0.5), "5": None})
    for name, p in model.named_parameters():
        change = 0.5 * p.detach().sign() if name == "0.weight" else torch.zeros_like(p)
        torch.testing.assert_close(p.grad, before[name] + change)
    with pytest.raises(ValueError, match=r"penalty must name parameters of the model; got 'head'"):
        compress.add_gradient_(model, {"0": L1(0.5), "head": None})
    with pytest.raises(ValueError, match="penalty must be one for all"):
        compress.add_gradient_(model.parameters(), {"0": L1(0.5), "5": None})
    with pytest.raises(ValueError, match="penalty must be a penalty of l0lib"):
        compress.add_gradient_(model, 0.1)


def test_of_parameters_that_come_alone_all_are_penalised():
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    w.grad = torch.zeros(2)
    compress.add_gradient_([w], L1(0.25))
    assert w.grad.tolist() == [0.25, -0.25]
    compress.pull_([w], L1(0.25), lr=4)
    assert w.tolist() == [0, -1]


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_other_precisions_keep_theirs(dtype):
    model = nn.Linear(6, 3).to(dtype)
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    compress.add_gradient_(model, BOTH)
    tolerance = {torch.float64: 1e-12, torch.bfloat16: 2e-2, torch.float16: 2e-3}[dtype]
    want = BOTH.gradient(model.weight.detach().double())
    torch.testing.assert_close(model.weight.grad.double(), want, rtol=tolerance, atol=1e-4 * (dtype != torch.float64))
    assert int(torch.count_nonzero(model.bias.grad)) == 0
    for update in ("decoupled", "clipped"):
        compress.pull_(model, BOTH, 0.1, update)
        assert model.weight.dtype == dtype


def test_the_three_pulls_outside_the_optimizer():
    w = torch.tensor([0.5, -0.3, 0.001, 0.0, -0.0005])
    penalty = L0(1e-2, 5)
    pull = penalty.gradient(w)
    want = {
        "decoupled": w - 0.1 * pull,
        "clipped": w.sign() * (w.abs() - 0.1 * pull.abs()).clamp(min=0),
        "proximal": penalty.prox(w, 0.1),
    }
    for update, to in want.items():
        got = w.clone().requires_grad_()
        compress.pull_([got], penalty, 0.1, update)
        torch.testing.assert_close(got.detach(), to, rtol=1e-6, atol=1e-8)
    # the decoupled pull throws the small ones over zero; clipped, they stop there
    assert bool((want["decoupled"][[2, 4]] * w[[2, 4]] < 0).all())
    assert int(torch.count_nonzero(want["clipped"])) == 2
    for lr in (-1, float("nan"), float("inf"), "fast", True):
        with pytest.raises(ValueError, match=f"lr must be >= 0 and finite, or an optimizer; got {lr!r}"):
            compress.pull_([w], penalty, lr)
    with pytest.raises(ValueError, match="update must be one of decoupled, clipped, proximal; got 'coupled'"):
        compress.pull_([w], penalty, 0.1, "coupled")


@pytest.mark.parametrize("update", ["decoupled", "clipped", "proximal"])
def test_at_a_rate_of_zero_no_pull_moves_anything(update):
    w = torch.tensor([0.5, -0.3, 0.0])
    compress.pull_([w.requires_grad_()], BOTH, 0.0, update)
    assert w.tolist() == torch.tensor([0.5, -0.3, 0.0]).tolist()


def test_the_rate_of_a_pull_is_read_from_the_optimizer():
    """That of the group a weight is in, times how far momentum carries a constant pull."""
    a, b, other = (torch.tensor([1.0]).requires_grad_() for _ in range(3))
    groups = [{"params": [a]}, {"params": [b], "lr": 0.02, "momentum": 0.5}]
    optimizer = torch.optim.SGD(groups, 0.1)
    compress.pull_([a, b, other], L1(1.0), optimizer)
    assert [round(w.item(), 6) for w in (a, b, other)] == [0.9, 0.96, 1.0]
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.0)
    compress.pull_([a, b, other], L1(1.0), optimizer)
    assert round(a.item(), 6) == 0.9
    adam = torch.optim.Adam([other], 0.25)
    compress.pull_([other], L1(1.0), adam)
    assert other.item() == 0.75
    with pytest.raises(ValueError, match="lr must be an optimizer that steps penalised weights; this Adam steps none"):
        compress.pull_([a], L1(1.0), adam)


def test_beside_adam_only_the_pull_outside_means_what_alpha_says():
    """A weight that no image reads: inside, Adam turns any alpha into its full step; outside, it moves by lr * pull."""
    moved = {}
    for alpha in (1e-4, 1e-2):
        for where in ("inside", "outside"):
            w = torch.full((1, 1), 0.5, requires_grad=True)
            optimizer = torch.optim.AdamW([w], 1e-3, weight_decay=0)
            w.grad = torch.zeros(1, 1)
            if where == "inside":
                compress.add_gradient_([w], L1(alpha))
            optimizer.step()
            if where == "outside":
                compress.pull_([w], L1(alpha), 1e-3)
            moved[where, alpha] = 0.5 - w.item()
    assert moved["inside", 1e-4] == pytest.approx(moved["inside", 1e-2], rel=1e-2)
    assert moved["outside", 1e-2] == pytest.approx(1e-5, rel=1e-2)
    assert moved["outside", 1e-4] < moved["outside", 1e-2] / 10


# parameters of a special kind


class Tied(nn.Module):
    """An autoencoder whose decoder is its encoder, a layer used twice, and a table that cannot be pruned apart."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.encoder = nn.Linear(12, 6)
        self.middle = nn.Linear(6, 6)
        self.again = self.middle
        self.decoder = nn.Linear(6, 12)
        self.decoder.weight = nn.Parameter(self.encoder.weight.detach().T.clone())
        self.twin = nn.Linear(12, 6, bias=False)
        self.twin.weight = self.encoder.weight

    def forward(self, x):
        code = self.again(torch.relu(self.middle(self.encoder(x) + self.twin(x))))
        return self.decoder(torch.relu(code))


def test_a_shared_weight_is_one_weight(tmp_path):
    model = Tied()
    x = torch.randn(8, 12)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    model(x).square().mean().backward()
    before = model.encoder.weight.grad.clone()
    compress.add_gradient_(model, L1(0.125))
    torch.testing.assert_close(model.encoder.weight.grad - before, 0.125 * model.encoder.weight.detach().sign())
    total = 12 * 6 + 6 + 6 * 6 + 6 + 6 * 12 + 12
    assert compress.count_parameters(model) == total
    masks = compress.prune_global(model, 3)
    assert masks.kept == total // 3
    assert not {"twin.weight", "again.weight"} & set(masks)
    with masks.hold(model, optimizer):
        for _ in range(3):
            optimizer.zero_grad()
            (model(x) - x).square().mean().backward()
            optimizer.step()
    masks.check(model, optimizer)
    assert model.twin.weight is model.encoder.weight
    assert sum(layer.parameters for layer in compress.layers(model)) == total
    # each use is computed, so each use counts
    assert compress.in_all(compress.multiply_adds(model, x)).dense == 3 * 72 + 2 * 36
    size = compress.footprint(model)
    assert size.parameters == total
    assert size.dense_bytes == 4 * total
    storage.save(model.state_dict(), tmp_path / "tied.l0")
    other = Tied()
    other.load_state_dict(storage.load(tmp_path / "tied.l0"))
    assert other.twin.weight is other.encoder.weight
    assert torch.equal(other(x), model(x))


def test_a_frozen_parameter_is_not_penalised_but_counted_and_pruned():
    model = network()
    model[0].requires_grad_(False)
    before = model[0].weight.detach().clone()
    x, y = batch()
    cross_entropy(model(x), y).backward()
    compress.add_gradient_(model, BOTH)
    compress.pull_(model, BOTH, 0.1)
    assert model[0].weight.grad is None
    assert torch.equal(model[0].weight, before)
    masks = compress.prune_global(model, 4)
    assert masks.total == compress.count_parameters(model)
    assert int(torch.count_nonzero(model[0].weight)) < before.numel()


def test_a_frozen_part_stays_whole_if_the_other_part_is_pruned_alone():
    model = network()
    model[0].requires_grad_(False)
    before = model[0].weight.detach().clone()
    masks = compress.prune_global(model[5], 10)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], 1e-2)
    x, y = batch()
    with masks.hold(model[5], optimizer):
        cross_entropy(model(x), y).backward()
        optimizer.step()
    masks.check(model[5], optimizer)
    assert torch.equal(model[0].weight, before)


def test_buffers_are_neither_pruned_nor_counted_but_saved(tmp_path):
    model = network()
    model(batch()[0])
    statistics = model[1].running_var.clone()
    masks = compress.prune_global(model, 20)
    masks.hold(model)
    assert torch.equal(model[1].running_var, statistics)
    size = compress.footprint(model, "zlib")
    assert (size.parameters, size.buffers) == (sum(p.numel() for p in model.parameters()), 17)
    assert size.dense_bytes == 4 * (size.parameters + 16) + 8
    assert size.file == storage.save(model.state_dict(), tmp_path / "network.l0", "zlib")
    assert size.ratio == compress.compression_ratio(model)
    assert size.weights_only_ratio == compress.weights_only_ratio(model)
    for number in (size.nonzero, size.parameters, size.file.bytes, size.dense_bytes):
        assert f"{number:,}" in str(size)
    other = network(1)
    other.load_state_dict(storage.load(tmp_path / "network.l0"))
    assert torch.equal(other[1].running_var, statistics)
    assert dict(Masks.from_nonzeros(other)).keys() == dict(masks).keys()
    assert Masks.from_nonzeros(other).kept == compress.count_nonzero_parameters(model)


def test_a_lazy_module_has_to_see_a_batch_first():
    model = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.Linear(4, 2))
    with pytest.raises(ValueError, match="model must be a torch module with parameters of known shapes"):
        compress.prune_global(model, 2)
    model(torch.randn(3, 5))
    assert compress.prune_global(model, 2).kept == (24 + 10) // 2


def test_a_sparse_gradient_is_refused():
    table = nn.Embedding(5, 2, sparse=True)
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(ValueError, match=r"gradients must be dense.*sparse_coo"):
        compress.add_gradient_(table, L1(0.1))


# torch's own pruning


def pruned_by_torch():
    model = network()
    torch_prune.l1_unstructured(model[0], "weight", amount=0.5)
    torch_prune.random_unstructured(model[5], "weight", amount=0.8)
    torch_prune.l1_unstructured(model[5], "weight", amount=10)  # a second pruning on top of the first
    torch_prune.l1_unstructured(model[5], "bias", amount=1)
    return model


def test_torchs_masks_come_over_and_strip_removes_its_pruning():
    model = pruned_by_torch()
    x, y = batch()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    model.eval()
    wanted = model(x)
    masks = Masks.from_torch(model)
    assert compress.strip(model) is model
    assert torch.equal(model(x), wanted)
    assert set(model.state_dict()) == set(network().state_dict())
    assert not any(module._forward_pre_hooks for module in model.modules())
    assert all(type(p) is nn.Parameter and p.is_leaf for p in model.parameters())
    assert masks.by_parameter(model)
    for i, name in ((0, "weight"), (5, "weight"), (5, "bias")):
        assert torch.equal(masks[f"{i}.{name}"], getattr(model[i], name) != 0)
    assert all(bool(masks[name].all()) for name in ("0.bias", "1.weight", "1.bias"))
    assert (int(masks["0.weight"].sum()), int(masks["5.bias"].sum())) == (108, 3)
    # the optimizer steps the same parameters on, and the masks hold
    with masks.hold(model, optimizer):
        for _ in range(3):
            optimizer.zero_grad()
            cross_entropy(model.train()(x), y).backward()
            optimizer.step()
    masks.check(model, optimizer)
    assert not torch.equal(model.eval()(x), wanted)


def test_masks_of_torch_and_ours_are_equal_where_both_are_defined():
    ours, theirs = network(), network()
    for i in (0, 1, 5):
        torch_prune.identity(theirs[i], "weight")
        torch_prune.identity(theirs[i], "bias")
    everything = [(theirs[i], name) for i in (0, 1, 5) for name in ("weight", "bias")]
    total = compress.count_parameters(ours)
    keep = total // 5
    torch_prune.global_unstructured(everything, torch_prune.L1Unstructured, amount=total - keep)
    masks = compress.prune_global(ours, 5)
    imported = Masks.from_torch(theirs)
    assert imported.kept == masks.kept == keep
    for name, mask in masks.items():
        assert torch.equal(mask, imported[name]), name
    compress.strip(theirs)
    for name, p in ours.named_parameters():
        assert torch.equal(p, theirs.get_parameter(name)), name


def test_a_shared_weight_keeps_what_all_its_masks_keep():
    model = Tied()
    for layer, kept in ((model.encoder, slice(0, 4)), (model.twin, slice(2, 6))):
        mask = torch.zeros(6, 12)
        mask[kept] = 1
        torch_prune.custom_from_mask(layer, "weight", mask)
    masks = Masks.from_torch(model)
    assert int(masks["encoder.weight"].sum()) == 2 * 12
    compress.strip(model)
    masks.apply_(model)
    masks.check(model)
    assert model.twin.weight is model.encoder.weight


def test_a_mask_that_is_no_mask_is_refused():
    layer = nn.Linear(2, 2)
    torch_prune.custom_from_mask(layer, "weight", torch.full((2, 2), 0.5))
    with pytest.raises(ValueError, match="masks must hold zeros and ones; got other values in weight_mask"):
        Masks.from_torch(layer)


def test_strip_takes_parametrisations_and_our_hooks_and_leaves_the_readers():
    model = network()
    parametrizations.weight_norm(model[5])
    seen = []
    model[0].register_forward_hook(lambda *_: seen.append(1))
    optimizer = torch.optim.AdamW(model.parameters())
    masks = compress.prune_global(model[0], 3)
    masks.hold(model[0], optimizer)
    x, _ = batch()
    wanted = model.eval()(x)
    compress.strip(model)
    torch.testing.assert_close(model(x), wanted)
    assert len(seen) == 2
    assert set(model.state_dict()) == set(network().state_dict())
    assert not any(p._post_accumulate_grad_hooks for p in model.parameters())
    assert not optimizer._optimizer_step_post_hooks


def test_strip_leaves_a_plain_network_alone():
    model = network()
    before = copy.deepcopy(model)
    compress.strip(model)
    assert equal(model, before)


# ONNX


def run_onnx(path, x):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    return torch.from_numpy(session.run(None, {session.get_inputs()[0].name: x.numpy()})[0])


def test_the_exported_network_gives_the_same_numbers_for_any_batch(tmp_path):
    model = pruned_by_torch()
    for _ in range(3):
        model(batch()[0])
    names = set(model.state_dict())
    x, _ = batch()
    difference = compress.export_onnx(model, x, tmp_path / "network.onnx")
    assert 0 <= difference <= 1e-5
    assert set(model.state_dict()) == names, "the network is left as it was"
    assert model.training
    onnx.checker.check_model(onnx.load(tmp_path / "network.onnx"))
    other, _ = batch(seed=5, size=3)
    with torch.no_grad():
        torch.testing.assert_close(run_onnx(tmp_path / "network.onnx", other), model.eval()(other), rtol=0, atol=1e-5)


def test_of_a_compiled_network_the_network_itself_is_exported(tmp_path):
    model = nn.Linear(4, 2)
    x = torch.randn(3, 4)
    assert compress.export_onnx(torch.compile(model), x, tmp_path / "a.onnx") < 1e-6
    torch.testing.assert_close(run_onnx(tmp_path / "a.onnx", x), model(x).detach())


def test_an_export_that_differs_is_not_written(tmp_path, monkeypatch):
    import onnxruntime

    class Wrong(onnxruntime.InferenceSession):
        def run(self, *arguments):
            return [values + 1e-3 for values in super().run(*arguments)]

    monkeypatch.setattr(onnxruntime, "InferenceSession", Wrong)
    x, _ = batch()
    with pytest.raises(RuntimeError, match=r"onnxruntime must give what torch gives to 1e-05; they differ by 0.00"):
        compress.export_onnx(network(), x, tmp_path / "network.onnx")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match=re.escape("example must hold a batch of at least two; got [(1, 3, 12, 12)]")):
        compress.export_onnx(network(), x[:1], tmp_path / "network.onnx")
    with pytest.raises(ValueError, match="tolerance must be >= 0; got -1"):
        compress.export_onnx(network(), x, tmp_path / "network.onnx", tolerance=-1)


# all of it, on a network that is not ours


@pytest.mark.slow
def test_a_torchvision_network_goes_the_whole_way(digits, tmp_path):
    """ResNet-18 beside AdamW: penalty, pruning, held fine-tuning, strip, report, file, ONNX."""
    torch.manual_seed(0)
    x, y = digits.train.tensors()
    x, y = x[:128, None, ::2, ::2].repeat(1, 3, 1, 1), y[:128]
    model = torchvision.models.resnet18(weights=None, num_classes=10)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)

    def epoch():
        total = 0.0
        for part in torch.randperm(len(y)).split(64):
            optimizer.zero_grad()
            loss = cross_entropy(model(x[part]), y[part])
            loss.backward()
            optimizer.step()
            compress.pull_(model, L0(1e-3, 5), 1e-3)
            total += float(loss.detach()) * len(part)
        return total / len(y)

    first, _, last = [epoch() for _ in range(3)]
    assert last < first
    masks = compress.prune_global(model, 10)
    assert masks.kept == compress.count_parameters(model) // 10
    with masks.hold(model, optimizer):
        tuned = [epoch() for _ in range(2)]
        masks.check(model, optimizer)
    assert tuned[-1] < tuned[0]
    compress.strip(model)
    assert not any(p._post_accumulate_grad_hooks for p in model.parameters())
    size = compress.footprint(model, "zlib")
    assert size.ratio >= 10
    assert size.bytes_ratio > 8
    storage.save(model.state_dict(), tmp_path / "resnet.l0", "zlib")
    other = torchvision.models.resnet18(weights=None, num_classes=10)
    other.load_state_dict(storage.load(tmp_path / "resnet.l0"))
    with torch.no_grad():
        assert torch.equal(model.eval()(x[:8]), other.eval()(x[:8]))
    assert compress.export_onnx(other, x[:8], tmp_path / "resnet.onnx") <= 1e-5
    with torch.no_grad():
        torch.testing.assert_close(run_onnx(tmp_path / "resnet.onnx", x[8:11]), model(x[8:11]), rtol=0, atol=1e-5)
