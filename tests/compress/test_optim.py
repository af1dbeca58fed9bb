"""One step of the optimiser is the paper's Eq. 17, to the last digit that float64 has."""

import copy
import math
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from l0lib import L0, L1, L2, compress
from l0lib.compress import optim
from l0lib.compress.optim import UPDATES, PenalisedSGD, gradient_

PENALTIES = [L2(3e-3), L1(2e-3), L0(1e-2, 5), L2(3e-3) + L0(1e-2, 5), L2(1e-3) + L1(2e-3) + L0(1e-2, 20)]
rates = st.floats(1e-4, 0.5)
weights = st.floats(-2, 2)


def one_weight(value, gradient):
    w = torch.tensor([value], dtype=torch.float64, requires_grad=True)
    w.grad = torch.tensor([gradient], dtype=torch.float64)
    return w


@settings(max_examples=200, deadline=None)
@given(w=weights, g=st.floats(-3, 3), eta=rates, a2=st.floats(0, 0.1), a0=st.floats(0, 0.1), beta=st.floats(1, 50))
def test_a_step_without_momentum_is_equation_17_by_hand(w, g, eta, a2, a0, beta):
    weight = one_weight(w, g)
    PenalisedSGD([weight], lr=eta, momentum=0, penalty=L2(a2) + L0(a0, beta)).step()
    sign = (w > 0) - (w < 0)
    by_hand = w - 2 * eta * a2 * w - eta * a0 * beta * sign * math.exp(-beta * abs(w)) - eta * g
    assert weight.item() == pytest.approx(by_hand, rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
def test_the_coupled_step_is_the_gradient_of_the_penalty_class(penalty):
    generator = torch.Generator().manual_seed(1)
    start = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    gradient = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    w = start.clone().requires_grad_()
    w.grad = gradient.clone()
    PenalisedSGD([w], lr=0.1, momentum=0, penalty=penalty).step()
    assert torch.allclose(w.detach(), start - 0.1 * (gradient + penalty.gradient(start)), rtol=0, atol=1e-15)
    assert torch.equal(w.grad, gradient)


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
def test_the_coupled_step_is_what_autograd_makes_of_loss_plus_penalty(penalty, few):
    """Three steps with momentum, against torch's own SGD on the penalised loss (Eqs. 1 and 2)."""
    x, y = few
    ours, theirs = compress.lenet_300_100(2).double(), compress.lenet_300_100(2).double()
    a = PenalisedSGD(compress.parameter_groups(ours, penalty), lr=0.1, momentum=0.9)
    b = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        a.zero_grad()
        torch.nn.functional.cross_entropy(ours(x.double()), y).backward()
        a.step()
        b.zero_grad()
        size = sum(penalty.value(p) for p in theirs.parameters() if p.ndim > 1)
        (torch.nn.functional.cross_entropy(theirs(x.double()), y) + size).backward()
        b.step()
    for mine, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(mine, reference, rtol=0, atol=1e-13)


def test_a_coupled_l2_is_torchs_weight_decay_of_twice_alpha():
    start = torch.linspace(-1, 1, 7, dtype=torch.float64)
    ours, theirs = start.clone().requires_grad_(), start.clone().requires_grad_()
    a = PenalisedSGD([ours], lr=0.1, momentum=0.9, penalty=L2(0.05))
    b = torch.optim.SGD([theirs], lr=0.1, momentum=0.9, weight_decay=0.1)
    for step in range(4):
        ours.grad = theirs.grad = torch.full_like(start, 0.1 * step)
        a.step()
        b.step()
    assert torch.allclose(ours, theirs, rtol=0, atol=1e-15)


@settings(max_examples=200, deadline=None)
@given(
    w=weights,
    g=st.floats(-3, 3),
    eta=rates,
    alpha=st.floats(0, 5),
    beta=st.floats(1, 50),
    mu=st.sampled_from([0.0, 0.9]),
)
def test_a_clipped_step_pulls_towards_zero_and_never_across_it(w, g, eta, alpha, beta, mu):
    weight = one_weight(w, g)
    penalty = L0(alpha, beta)
    PenalisedSGD([weight], lr=eta, momentum=mu, penalty=penalty, update="clipped").step()
    u = w - eta * g
    pull = eta / (1 - mu) * abs(float(penalty.gradient(w)))
    expected = math.copysign(max(abs(u) - pull, 0), u)
    assert weight.item() == pytest.approx(expected, rel=1e-13, abs=1e-14)
    assert weight.item() * u >= 0


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_proximal_step_is_the_prox_of_the_loss_step(penalty, momentum):
    start = torch.linspace(-1, 1, 21, dtype=torch.float64)
    w = start.clone().requires_grad_()
    w.grad = torch.cos(start)
    PenalisedSGD([w], lr=0.05, momentum=momentum, penalty=penalty, update="proximal").step()
    expected = penalty.prox(start - 0.05 * torch.cos(start), 0.05 / (1 - momentum))
    assert torch.allclose(w.detach(), expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("update", ["clipped", "proximal"])
def test_the_relatives_reach_exact_zeros_where_equation_17_swings(update):
    zeros = {}
    for name in ("coupled", update):
        w = torch.linspace(-0.5, 0.5, 101, dtype=torch.float64).requires_grad_()
        optimizer = PenalisedSGD([w], lr=0.1, momentum=0, penalty=L0(0.05, 5), update=name)
        for _ in range(400):
            w.grad = torch.zeros_like(w)
            optimizer.step()
        zeros[name] = int((w == 0).sum())
    assert zeros[update] == 101
    assert zeros["coupled"] <= 1  # only the weight that started there


@pytest.mark.parametrize("update", UPDATES)
def test_held_parameters_and_their_momentum_stay_exactly_zero(update, few):
    x, y = few
    model = compress.lenet_300_100(0)
    masks = compress.prune_global(model, 20)
    optimizer = PenalisedSGD(compress.parameter_groups(model, L1(1e-3) + L0(1e-3, 5)), lr=0.1, update=update)
    optimizer.hold(masks.by_parameter(model))
    for _ in range(5):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        masks.check(model, optimizer)


def test_biases_are_in_a_group_without_penalty():
    model = compress.lenet_300_100(0)
    weights, biases = compress.parameter_groups(model, L2(1e-4))
    assert [p.ndim for p in weights["params"]] == [2, 2, 2]
    assert [p.ndim for p in biases["params"]] == [1, 1, 1]
    assert biases["penalty"] is None


def test_each_group_may_have_its_own_penalty_and_the_default_fills_in():
    first, second = (one_weight(0.5, 0.0) for _ in range(2))
    groups = [{"params": [first], "penalty": L1(0.1)}, {"params": [second]}]
    PenalisedSGD(groups, lr=1.0, momentum=0, penalty=L1(0.2)).step()
    assert first.item() == pytest.approx(0.4)
    assert second.item() == pytest.approx(0.3)


def test_torchs_schedulers_and_closures_work():
    w = one_weight(1.0, 0.0)
    optimizer = PenalisedSGD([w], lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    loss = optimizer.step(lambda: w.detach().sum())
    schedule.step()
    assert loss.item() == 1
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"lr": -1}, "lr must be >= 0 and finite; got -1"),
        ({"lr": float("nan")}, "lr must be >= 0 and finite; got nan"),
        ({"lr": float("inf")}, "lr must be >= 0 and finite; got inf"),
        ({"lr": 0.1, "momentum": 1}, "momentum must be >= 0 and < 1; got 1"),
        ({"lr": 0.1, "update": "magic"}, "update must be one of coupled, decoupled, clipped, proximal; got 'magic'"),
        ({"lr": 0.1, "penalty": 1e-4}, "penalty must be a penalty of l0lib"),
    ],
)
def test_bad_arguments_are_named(wrong, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        PenalisedSGD([one_weight(1.0, 0.0)], **wrong)


@pytest.mark.parametrize(
    ("penalty", "dtype", "message"),
    [
        (L0(1e-90, 5e79), torch.float32, r"2 \* beta that torch.float32 can hold; got 1e\+80"),
        (L2(1e300) + L1(1.0), torch.bfloat16, r"2 \* alpha that torch.bfloat16 can hold; got 2e\+300"),
        (L0(1e3, 1e3), torch.float16, r"alpha \* beta that torch.float16 can hold; got 1e\+06"),
        (L0(1.0, [5.0, 1e39]), torch.float32, r"2 \* beta that torch.float32 can hold"),
    ],
)
def test_factors_that_a_parameter_cannot_hold_are_refused(penalty, dtype, message):
    w = torch.nn.Parameter(torch.ones(2, dtype=dtype))
    for call in (
        lambda: PenalisedSGD([w], lr=0.1, penalty=penalty),
        lambda: PenalisedSGD([{"params": [w], "penalty": penalty}], lr=0.1),
        lambda: compress.pull_([w], penalty, 0.1),
    ):
        with pytest.raises(ValueError, match=f"penalty must have {message}"):
            call()
    assert torch.equal(w, torch.ones(2, dtype=dtype))


@settings(max_examples=200, deadline=None)
@given(w=weights, g=st.floats(-3, 3), eta=rates, alpha=st.floats(0, 0.1), beta=st.floats(1, 50))
def test_a_decoupled_step_adds_the_pull_after_the_momentum_and_may_cross_zero(w, g, eta, alpha, beta):
    weight = one_weight(w, g)
    penalty = L0(alpha, beta)
    PenalisedSGD([weight], lr=eta, momentum=0.9, penalty=penalty, update="decoupled").step()
    by_hand = w - eta * g - eta / (1 - 0.9) * float(penalty.gradient(w))
    assert weight.item() == pytest.approx(by_hand, rel=1e-13, abs=1e-14)


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
def test_without_momentum_decoupled_is_equation_17_too(penalty):
    after = {}
    for update in ("coupled", "decoupled"):
        w = torch.linspace(-1, 1, 21, dtype=torch.float64).requires_grad_()
        w.grad = torch.cos(w.detach())
        PenalisedSGD([w], lr=0.05, momentum=0, penalty=penalty, update=update).step()
        after[update] = w.detach()
    assert torch.allclose(after["coupled"], after["decoupled"], rtol=0, atol=1e-15)


def test_a_decoupled_pull_leaves_the_momentum_alone():
    w = one_weight(1.0, 0.0)
    optimizer = PenalisedSGD([w], lr=0.1, penalty=L1(0.1), update="decoupled")
    for step in range(3):
        optimizer.step()
        assert w.item() == pytest.approx(1 - (step + 1) * 0.1 * 0.1 / (1 - 0.9))
    assert not optimizer.state[w]["momentum"].any()


EVERY_FORM = [
    *PENALTIES,
    L0(0.1, 1),
    L1(0.3) + L0(0.1, 7),
    L1(1e-3) + L2(0.2),
    L0(0.1, 3) + L0(0.2, 9),
    L2(0),
    L0(0, 2),
]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("penalty", EVERY_FORM, ids=repr)
def test_the_gradient_in_place_is_the_formula(penalty, dtype):
    generator = torch.Generator().manual_seed(3)
    w = torch.randn(37, 29, generator=generator, dtype=dtype)
    w[0, :3] = torch.tensor([0.0, -0.0, 1e-30], dtype=dtype)
    before, out, scratch = w.clone(), torch.empty_like(w), torch.full_like(w, torch.nan)
    assert gradient_(penalty, w, out, scratch) is out
    exact = penalty.gradient(w.double())
    # an exponent beta|w| that is rounded moves its power by so many times the rounding
    exponent = max((term.beta for term in penalty.terms if isinstance(term, L0)), default=0) * w.double().abs()
    allowed = torch.finfo(dtype).eps * (4 + 2 * exponent) * exact.abs() + torch.finfo(dtype).tiny
    assert ((out.double() - exact).abs() <= allowed).all()
    assert torch.equal(w, before)
    assert not out[0, :2].any()


def test_factors_that_are_arrays_take_the_formula_itself():
    w = torch.linspace(-1, 1, 5, dtype=torch.float64)
    penalty = L0(torch.linspace(0, 1, 5, dtype=torch.float64), 3)
    out = gradient_(penalty, w, torch.empty_like(w), torch.empty_like(w))
    assert torch.equal(out, penalty.gradient(w))


@pytest.mark.parametrize("update", UPDATES)
def test_the_layout_in_memory_does_not_matter(update):
    """Convolutions in channels_last, and weights that are a slice of something larger."""
    start, gradient = torch.randn(2, 8, 4, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    wide = torch.zeros(8, 4, 3, 6, dtype=torch.float64)
    layouts = {
        "contiguous": start.clone(),
        "channels_last": start.clone(memory_format=torch.channels_last),
        "slice": wide[..., ::2].copy_(start),
    }
    after = {}
    for name, w in layouts.items():
        optimizer = PenalisedSGD([w.requires_grad_()], lr=0.1, penalty=L2(0.01) + L0(0.02, 5), update=update)
        for _ in range(3):
            w.grad = gradient.clone()
            optimizer.step()
        after[name] = w.detach()
    assert torch.allclose(after["contiguous"], after["channels_last"], rtol=0, atol=1e-14)
    assert torch.allclose(after["contiguous"], after["slice"], rtol=0, atol=1e-14)
    assert not wide[..., 1::2].any()


def test_convolutions_in_channels_last_take_the_fused_step_too(monkeypatch):
    stepped = []
    step = optim.sgd

    def spy(weights, *arguments, **keywords):
        stepped.extend(weights)
        assert keywords["fused"]
        return step(weights, *arguments, **keywords)

    monkeypatch.setattr(optim, "sgd", spy)
    model = compress.lenet_5_caffe(0)
    assert not model.convolution2.weight.is_contiguous()
    optimizer = PenalisedSGD(compress.parameter_groups(model, L2(1e-4) + L0(1e-3, 5)), lr=0.1)
    torch.nn.functional.cross_entropy(model(torch.rand(4, 28, 28)), torch.arange(4)).backward()
    before, direction = model.convolution2.weight.detach().clone(), model.convolution2.weight.grad.clone()
    optimizer.step()
    assert {id(p) for p in stepped} == {id(p) for p in model.parameters()}
    expected = before - 0.1 * (direction + (L2(1e-4) + L0(1e-3, 5)).gradient(before))
    assert torch.allclose(model.convolution2.weight.detach(), expected, rtol=0, atol=1e-7)


def test_parameters_of_several_types_in_one_group_all_step():
    weights = [torch.ones(3, dtype=dtype, requires_grad=True) for dtype in (torch.float32, torch.float64)]
    for momentum, penalty in [(0.9, None), (0.0, None), (0.9, L2(0.5) + L1(0.1))]:
        for w in weights:
            w.data.fill_(1)
            w.grad = torch.ones_like(w)
        PenalisedSGD(weights, lr=0.1, momentum=momentum, penalty=penalty).step()
        for w in weights:
            assert w.tolist() == pytest.approx([0.9 if penalty is None else 1 - 0.1 * 2.1] * 3)


def test_all_parameters_share_two_buffers_also_those_that_come_later():
    model = compress.lenet_300_100(0)
    optimizer = PenalisedSGD(compress.parameter_groups(model, L0(0.01, 5)), lr=0.1)
    late = torch.ones(1000, 1000, requires_grad=True)
    for _ in range(2):
        for p in [*model.parameters(), late]:
            p.grad = torch.zeros_like(p)
        optimizer.step()
        memory = {views[0].untyped_storage().data_ptr() for p, views in optimizer._views.items() if p is not late}
        assert len(memory) == 1
        if len(optimizer.param_groups) == 2:
            optimizer.add_param_group({"params": [late], "penalty": L0(0.01, 5)})
    assert late.detach().unique().tolist() == pytest.approx([1 - 0.1 * 0.05 * math.exp(-5)])


def test_one_penalty_a_layer_is_a_group_a_layer():
    model = compress.lenet_300_100(0)
    own = {"hidden1": L2(1e-4) + L0(1e-3, 5), "hidden2": L1(1e-3), "output": None}
    groups = compress.parameter_groups(model, own)
    assert [group["penalty"] for group in groups] == [*own.values(), None]
    assert [len(group["params"]) for group in groups] == [1, 1, 1, 3]
    assert groups[1]["params"][0] is model.hidden2.weight
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = PenalisedSGD(groups, lr=0.5, momentum=0)
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    for name, p in model.named_parameters():
        penalty = own[name.split(".")[0]] if name.endswith("weight") else None
        moved = 0 if penalty is None else 0.5 * penalty.gradient(before[name])
        assert torch.allclose(p.detach(), before[name] - moved, rtol=0, atol=1e-7)


def test_layers_that_are_unknown_are_named_and_others_have_no_penalty():
    model = compress.lenet_300_100(0)
    with pytest.raises(ValueError, match="penalty must name parameters of the model; got 'hiden2'"):
        compress.parameter_groups(model, {"hidden1": L2(1), "hiden2": L2(1)})
    with pytest.raises(ValueError, match=r"penalty must name layers with weights, hidden1, .*; got '\*\.bias'"):
        compress.parameter_groups(model, {"*.bias": L2(1)})
    groups = compress.parameter_groups(model, {"hidden1": L2(1)})
    assert [group["penalty"] for group in groups] == [L2(1), None, None, None]


def test_layers_are_named_by_pattern_and_by_type_and_the_last_key_counts():
    model = torch.nn.ModuleDict({"body": torch.nn.ModuleList([torch.nn.Linear(2, 2), torch.nn.Conv2d(1, 1, 1)])})
    model["head"] = torch.nn.Linear(2, 2)
    penalty = {torch.nn.Linear: L1(1), "body": L2(2), "body.1": None}
    groups = compress.parameter_groups(model, penalty)
    own = {id(p): group["penalty"] for group in groups for p in group["params"]}
    assert [own[id(p)] for p in (model["body"][0].weight, model["body"][1].weight, model["head"].weight)] == [
        L2(2),
        None,
        L1(1),
    ]
    groups = compress.parameter_groups(model, L1(1), spare="head", only=torch.nn.Linear)
    assert [[tuple(p.shape) for p in group["params"]] for group in groups] == [
        [(2, 2)],
        [(1, 1, 1, 1), (2, 2), (2,), (1,), (2,)],
    ]


def copies_of(model, optimizer):
    yield copy.deepcopy((model, optimizer))
    yield pickle.loads(pickle.dumps((model, optimizer)))


def test_an_optimizer_that_holds_can_be_copied_and_pickled(few):
    model = compress.lenet_300_100(0)
    optimizer = PenalisedSGD(compress.parameter_groups(model, L0(1e-3, 5)), lr=0.1)

    def step(model, optimizer):
        optimizer.zero_grad()
        cross_entropy(model(few[0][:50]), few[1][:50]).backward()
        optimizer.step()

    step(model, optimizer)
    masks = compress.prune_global(model, 10)
    optimizer.hold(masks.by_parameter(model))
    copies = list(copies_of(model, optimizer))
    step(model, optimizer)
    for twin, its in copies:
        step(twin, its)
        masks.check(twin, its)
        for p, q in zip(model.parameters(), twin.parameters(), strict=True):
            assert torch.equal(p, q)


def test_the_state_of_torchs_sgd_is_taken_over():
    def networks():
        torch.manual_seed(0)
        return torch.nn.Linear(4, 3)

    def run(model, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            model(torch.ones(2, 4)).pow(2).sum().backward()
            optimizer.step()

    theirs, ours = networks(), networks()
    sgd = torch.optim.SGD(theirs.parameters(), 0.01, momentum=0.5)
    run(theirs, sgd, 3)
    ours.load_state_dict(theirs.state_dict())
    mine = PenalisedSGD(ours.parameters(), lr=1, momentum=0)
    mine.load_state_dict(copy.deepcopy(sgd.state_dict()))
    run(theirs, sgd, 3)
    run(ours, mine, 3)
    torch.testing.assert_close(ours.weight, theirs.weight)
    for wrong, what in (
        (torch.optim.SGD(theirs.parameters(), 0.1, weight_decay=1e-4), "without weight_decay; got 0.0001"),
        (torch.optim.SGD(theirs.parameters(), 0.1, momentum=0.9, nesterov=True), "without nesterov; got True"),
        (torch.optim.Adam(theirs.parameters(), 0.1), "PenalisedSGD or torch.optim.SGD; it has no momentum"),
    ):
        with pytest.raises(ValueError, match=what):
            mine.load_state_dict(wrong.state_dict())


@pytest.mark.parametrize("gradient", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("update", optim.UPDATES)
@pytest.mark.parametrize("size", [3, optim.SMALL + 1])
def test_whatever_the_gradient_of_a_held_weight_it_stays_zero(gradient, update, size):
    ws = [torch.nn.Parameter(torch.ones(size)), torch.nn.Parameter(torch.ones(size))]
    optimizer = PenalisedSGD(ws, lr=0.1, penalty=L2(1e-3) + L0(1e-3, 5), update=update)
    kept = torch.ones(size, dtype=torch.bool)
    kept[0] = False
    with torch.no_grad():
        ws[0][0] = 0
    optimizer.hold({ws[0]: kept})
    for _ in range(2):
        for w in ws:
            w.grad = torch.full((size,), 0.5)
        ws[0].grad[0] = gradient
        optimizer.step()
    assert ws[0][0] == 0
    assert optimizer.state[ws[0]]["momentum"][0] == 0
    assert torch.equal(ws[0][1:], ws[1][1:])


def test_sparse_gradients_are_refused():
    table = torch.nn.Embedding(5, 2, sparse=True)
    optimizer = PenalisedSGD(table.parameters(), lr=0.1, penalty=L2(1e-3))
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(ValueError, match=r"gradients must be dense; got torch\.sparse_coo"):
        optimizer.step()


@pytest.mark.parametrize("update", optim.UPDATES)
def test_at_a_rate_of_zero_nothing_moves(update):
    w = torch.nn.Parameter(torch.tensor([0.5, -2.0, 0.0]))
    optimizer = PenalisedSGD([w], lr=0, penalty=L2(1.0) + L0(1.0, 5), update=update)
    before = w.detach().clone()
    w.grad = torch.ones(3)
    optimizer.step()
    assert torch.equal(w, before)


@pytest.mark.parametrize("penalty", [L2(1e-3), L1(1e-3), L0(1e-3, 5), L2(1e-3) + L1(1e-4) + L0(1e-3, 5)])
@pytest.mark.parametrize("masked", [False, True])
def test_small_parameters_step_together_to_the_same_bits(penalty, masked, monkeypatch):
    def run(small):
        monkeypatch.setattr(optim, "SMALL", small)
        torch.manual_seed(0)
        model = torch.nn.Sequential(
            torch.nn.Conv2d(3, 5, 3).to(memory_format=torch.channels_last), torch.nn.Linear(7, 9)
        )
        optimizer = PenalisedSGD(compress.parameter_groups(model, penalty), lr=0.1)
        if masked:
            optimizer.hold({p: torch.rand_like(p) > 0.5 for p in model.parameters() if p.ndim == 4})
        for _ in range(3):
            for p in model.parameters():
                p.grad = torch.randn_like(p)
            optimizer.step()
        return [p.detach() for p in model.parameters()]

    for together, alone in zip(run(optim.SMALL), run(0), strict=True):
        assert torch.equal(together, alone)


GROUPED = [L2(1e-3) + L0(1e-3, 5), L1(1e-3), None, L0(torch.linspace(0, 1e-3, 10)[:, None], 3)]


@pytest.mark.parametrize("penalty", GROUPED, ids=repr)
def test_a_readers_own_save_is_read_as_weights_and_goes_on_to_the_same_bits(penalty, few, tmp_path):
    x, y = few

    def steps(model, optimizer, count):
        for _ in range(count):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()

    def fresh(penalty):
        model = compress.lenet_300_100(0)
        own = {"hidden1": L1(1e-4), "hidden2": None, "output": penalty}
        return model, PenalisedSGD(compress.parameter_groups(model, own), lr=0.1, update="decoupled")

    model, optimizer = fresh(penalty)
    steps(model, optimizer, 2)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "mine.pt")
    steps(model, optimizer, 2)

    saved = torch.load(tmp_path / "mine.pt", weights_only=True)
    again, restored = fresh(L2(1.0))  # another penalty: the saved one takes its place
    again.load_state_dict(saved["model"])
    restored.load_state_dict(saved["optimizer"])
    assert [group["penalty"] for group in restored.param_groups] == [L1(1e-4), None, penalty, None]
    steps(again, restored, 2)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), again.parameters(), strict=True))


def test_the_state_tells_penalties_as_plain_data_and_leaves_the_optimizer_alone():
    optimizer = PenalisedSGD([one_weight(1.0, 0.0)], lr=0.1, penalty=L2(1) + L0(2, 5))
    told = optimizer.state_dict()["param_groups"][0]["penalty"]
    assert told == [{"penalty": "L2", "alpha": 1.0}, {"penalty": "L0", "alpha": 2.0, "beta": 5.0}]
    assert optimizer.param_groups[0]["penalty"] == L2(1) + L0(2, 5)
    state = optimizer.state_dict()
    state["param_groups"][0]["penalty"] = L1(3)  # as states of earlier versions hold it
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["penalty"] == L1(3)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ([{"penalty": "Dropout", "alpha": 1.0}], "penalty must be one of L2, L1, L0; got 'Dropout'"),
        ([{"penalty": "L0", "alpha": 1.0, "beta": 0.5}], r"beta must be >= 1 \(paper, Eq. 10\); got 0.5"),
    ],
)
def test_a_state_with_an_impossible_penalty_is_refused(told, message):
    optimizer = PenalisedSGD([one_weight(1.0, 0.0)], lr=0.1)
    state = optimizer.state_dict()
    state["param_groups"][0]["penalty"] = told
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(state)


def test_clipped_and_proximal_are_two_algorithms():
    r"""Where they differ, by hand: the pull is that of the weight before the step, or that of where the step ends.

    l1 pulls the same everywhere but at zero, so both soft-threshold. The smoothed l0 pulls less, the farther a weight
    is from zero: a weight that the loss carries far away, or leaves where it is, tells the two apart.
    """
    eta, alpha, beta = 0.1, 0.1, 5.0

    def after(w, g, penalty, update):
        weight = one_weight(w, g)
        PenalisedSGD([weight], lr=eta, momentum=0, penalty=penalty, update=update).step()
        return weight.item()

    for w, g in [(0.5, 0.0), (0.001, 0.0), (0.1, -5.0), (-0.3, 2.0)]:
        assert after(w, g, L1(alpha), "clipped") == pytest.approx(after(w, g, L1(alpha), "proximal"), abs=1e-15)
    # but at zero itself, where the gradient of a penalty is 0 and its prox still holds on
    assert after(0.0, -0.5, L1(alpha), "clipped") == pytest.approx(0.05)
    assert after(0.0, -0.5, L1(alpha), "proximal") == pytest.approx(0.05 - eta * alpha)
    penalty = L0(alpha, beta)
    # the loss carries a small weight from 0.01 to 0.51: clipped pulls as strongly as at 0.01, proximal as at its end
    clipped, proximal = (after(0.01, -5.0, penalty, update) for update in ("clipped", "proximal"))
    assert clipped == pytest.approx(0.51 - eta * alpha * beta * math.exp(-beta * 0.01))
    assert proximal == pytest.approx(0.51 - eta * alpha * beta * math.exp(-beta * proximal))
    assert proximal - clipped > 0.04
    # a weight of 0.06 that the loss leaves alone: clipped steps down the slope at 0.06; the proximal step knows that
    # zero is near and worth more, with kappa = alpha * beta**2 * eta = 0.25 < 1 by the implicit equation
    clipped, proximal = (after(0.06, 0.0, penalty, update) for update in ("clipped", "proximal"))
    assert clipped == pytest.approx(0.06 - eta * alpha * beta * math.exp(-beta * 0.06))
    assert 0 < proximal < clipped
    # stronger, kappa = 2.5: proximal leaps from 0.3 to zero at once, clipped walks there
    strong = L0(1.0, beta)
    assert after(0.3, 0.0, strong, "proximal") == 0
    assert after(0.3, 0.0, strong, "clipped") == pytest.approx(0.3 - eta * beta * math.exp(-beta * 0.3))
