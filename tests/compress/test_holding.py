"""Masks beside any optimizer of torch: what is pruned is zero after every step, whatever the optimizer did."""

import copy
import gc
import weakref

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from l0lib import L0, compress
from l0lib.compress import Masks


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 16, bias=False), nn.ReLU(), nn.Linear(16, 4))


def batch(seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(32, 12, generator=generator), torch.randint(4, (32,), generator=generator)


OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=1e-2, nesterov=True),
    "Adam": lambda p: torch.optim.Adam(p, 1e-2, weight_decay=1e-2, amsgrad=True),
    "AdamW": lambda p: torch.optim.AdamW(p, 1e-2),
    "AdamW, fused": lambda p: torch.optim.AdamW(p, 1e-2, fused=True),
    "AdamW, foreach": lambda p: torch.optim.AdamW(p, 1e-2, foreach=True),
    "Adamax": lambda p: torch.optim.Adamax(p, 1e-2),
    "NAdam": lambda p: torch.optim.NAdam(p, 1e-2),
    "RAdam": lambda p: torch.optim.RAdam(p, 1e-2),
    "Adadelta": lambda p: torch.optim.Adadelta(p, 1.0),
    "Adafactor": lambda p: torch.optim.Adafactor(p, 1e-2),
    "Adagrad": lambda p: torch.optim.Adagrad(p, 1e-2, initial_accumulator_value=0.1),
    "ASGD": lambda p: torch.optim.ASGD(p, 1e-2),
    "LBFGS": lambda p: torch.optim.LBFGS(p, 0.1, max_iter=3),
    "RMSprop": lambda p: torch.optim.RMSprop(p, 1e-3, momentum=0.9, centered=True),
    "Rprop": lambda p: torch.optim.Rprop(p, 1e-3),
    "our own": lambda p: compress.PenalisedSGD(p, 0.1, penalty=L0(1e-3, 5)),
}


def steps(model, optimizer, count, each=lambda: None, loss_of=None):
    x, y = batch()

    def closure():
        optimizer.zero_grad()
        loss = cross_entropy(model(x), y) if loss_of is None else loss_of(model)
        loss.backward()
        return loss

    for _ in range(count):
        optimizer.step(closure)
        each()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_is_pruned_stays_zero_beside_every_optimizer(name):
    """Momentum is built up first, so that it would carry pruned weights away."""
    model = network()
    optimizer = OPTIMIZERS[name](model.parameters())
    steps(model, optimizer, 5)
    masks = compress.prune_global(model, 4)
    unheld, before = copy.deepcopy(model), [p.detach().clone() for p in model.parameters()]
    with masks.hold(model, optimizer):
        masks.check(model, optimizer)
        steps(model, optimizer, 5, each=lambda: masks.check(model, optimizer))
    moved = sum(int((p != old).sum()) for p, old in zip(model.parameters(), before, strict=True))
    assert moved > masks.kept / 2, "what is kept goes on learning"
    # the same optimizer without masks moves what was pruned
    other = OPTIMIZERS[name](unheld.parameters())
    steps(unheld, other, 5)
    with pytest.raises(RuntimeError, match="must stay zero"):
        masks.check(unheld)


def test_an_update_that_mixes_the_entries_of_a_matrix_is_masked_too():
    model = network()
    masks = compress.prune_global(model, 4)
    optimizer = torch.optim.Muon([p for p in model.parameters() if p.ndim == 2], lr=0.02)
    with masks.hold(model, optimizer):
        steps(model, optimizer, 4, each=lambda: masks.check(model, optimizer))


def test_the_pruned_network_learns_as_if_nothing_else_were_there():
    """Held AdamW gives the weights that one gets by taking the pruned entries out of the computation by hand."""
    model = network()
    masks = compress.prune_global(model, 4)
    twin = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    with masks.hold(model, optimizer):
        steps(model, optimizer, 6)
    kept = [p.detach().clone().requires_grad_() for p in twin.parameters()]
    by_hand = torch.optim.AdamW(kept, 1e-2)
    x, y = batch()
    for _ in range(6):
        named = {name: w * masks[name] for (name, _), w in zip(twin.named_parameters(), kept, strict=True)}
        loss = cross_entropy(torch.func.functional_call(twin, named, (x,)), y)
        by_hand.zero_grad()
        loss.backward()
        by_hand.step()
    for p, w, mask in zip(model.parameters(), kept, masks.values(), strict=True):
        torch.testing.assert_close(p.detach(), w.detach() * mask, rtol=1e-5, atol=1e-6)


def test_pruned_entries_are_gone_before_the_gradient_is_clipped():
    model = network()
    masks = compress.prune_global(model, 4)
    x, y = batch()
    with masks.hold(model, torch.optim.AdamW(model.parameters())):
        for _ in range(2):  # gradients add up over two batches
            cross_entropy(model(x), y).backward()
    kept = {name: p.grad for name, p in model.named_parameters()}
    assert all(bool((grad[~masks[name]] == 0).all()) for name, grad in kept.items())
    assert any(bool((grad != 0).any()) for grad in kept.values())


def test_after_the_block_weights_move_again_and_no_hook_is_left():
    model = network()
    masks = compress.prune_global(model, 4)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with masks.hold(model, optimizer):
        steps(model, optimizer, 1)
    assert not any(p._post_accumulate_grad_hooks for p in model.parameters())
    assert not optimizer._optimizer_step_post_hooks
    steps(model, optimizer, 1)
    with pytest.raises(RuntimeError, match="must stay zero"):
        masks.check(model)


def test_a_tighter_mask_can_follow_while_the_first_one_is_held():
    """Gradual pruning: each pruning within what the one before it kept."""
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    masks = None
    for ratio in (2, 4, 8):
        masks = compress.prune_global(model, ratio, within=masks)
        masks.hold(model, optimizer)
        steps(model, optimizer, 3, each=lambda masks=masks: masks.check(model, optimizer))
    assert compress.compression_ratio(model) >= 8
    compress.strip(model)
    assert not any(p._post_accumulate_grad_hooks for p in model.parameters())
    assert not optimizer._optimizer_step_post_hooks


def test_a_part_of_a_network_can_be_held_alone():
    model = network()
    whole = model[0].weight.detach().clone()
    masks = compress.prune_global(model[2], 8)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    with masks.hold(model[2], optimizer):
        steps(model, optimizer, 3)
    masks.check(model[2], optimizer)
    assert int(torch.count_nonzero(model[0].weight)) == whole.numel()


def test_two_optimizers_share_one_mask():
    model = network()
    masks = compress.prune_global(model, 4)
    first = torch.optim.AdamW(model[0].parameters(), 1e-2)
    others = torch.optim.SGD([*model[2].parameters(), *model[4].parameters()], 0.1, momentum=0.9)
    x, y = batch()
    with masks.hold(model, first, others):
        for _ in range(4):
            cross_entropy(model(x), y).backward()
            first.step()
            others.step()
    masks.check(model, first)
    masks.check(model, others)


def test_what_was_frozen_when_the_masks_were_laid_on_can_thaw():
    model = network()
    model[0].requires_grad_(False)
    masks = compress.prune_global(model, 4)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    with masks.hold(model, optimizer):
        steps(model, optimizer, 2)
        model[0].requires_grad_(True)
        steps(model, optimizer, 3, each=lambda: masks.check(model, optimizer))


def test_a_sparse_gradient_is_undone_after_the_step():
    torch.manual_seed(0)
    table = nn.Embedding(20, 6, sparse=True)
    masks = compress.prune_global(table, 3)
    optimizer = torch.optim.SGD(table.parameters(), 0.5)
    with masks.hold(table, optimizer):
        table(torch.arange(20)).square().sum().neg().backward()
        optimizer.step()
    masks.check(table)


def test_an_optimizer_of_another_network_is_refused():
    model = network()
    masks = compress.prune_global(model, 4)
    with pytest.raises(ValueError, match=r"optimizer must step parameters of the model.*this AdamW steps none"):
        masks.hold(model, torch.optim.AdamW(network(1).parameters()))
    with pytest.raises(ValueError, match="masks must have the model's names and shapes"):
        masks.hold(nn.Linear(2, 2))


def test_a_held_network_can_be_forgotten():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    compress.prune_global(model, 4).hold(model, optimizer)
    gone = weakref.ref(model)
    del model, optimizer
    gc.collect()
    assert gone() is None


def test_not_a_number_and_signs_are_wiped():
    model = nn.Linear(4, 1, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[float("nan"), -1.0, float("inf"), 2.0]]))
    Masks({"weight": torch.tensor([[False, False, False, True]])}).apply_(model)
    assert model.weight.tolist() == [[0, 0, 0, 2]]
    assert not bool(torch.signbit(model.weight).any())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_that_is_not_named_moves_nothing_either(name):
    model = network()
    optimizer = OPTIMIZERS[name](model.parameters())
    steps(model, optimizer, 5)
    masks = compress.prune_global(model, 4)
    with masks.hold(model):
        steps(model, optimizer, 2, each=lambda: masks.check(model, optimizer))
    steps(model, optimizer, 2)
    with pytest.raises(RuntimeError, match="must stay zero"):
        masks.check(model)


def test_a_line_search_remembers_nothing_of_what_is_pruned():
    """LBFGS keeps one long vector of all parameters, which of a single vector looks like its own state."""
    w = nn.ParameterDict({"w": nn.Parameter(torch.randn(6, generator=torch.Generator().manual_seed(0)))})
    x = torch.randn(20, 6, generator=torch.Generator().manual_seed(1))
    optimizer = torch.optim.LBFGS(w.parameters(), line_search_fn="strong_wolfe", max_iter=3)

    def loss_of(w):
        return (x @ w["w"] - 1).pow(2).mean()

    steps(w, optimizer, 1, loss_of=loss_of)
    masks = compress.prune_global(w, 2)
    with masks.hold(w, optimizer):
        steps(w, optimizer, 3, each=lambda: masks.check(w, optimizer), loss_of=loss_of)


def test_no_hook_is_left_behind_a_network_that_is_gone():
    from torch.optim import optimizer as module

    before = len(module._global_optimizer_post_hooks)
    model = network()
    compress.prune_global(model, 4).hold(model)
    assert len(module._global_optimizer_post_hooks) == before + 1
    del model
    gc.collect()
    assert len(module._global_optimizer_post_hooks) == before
