import copy
import functools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from l0lib import L0, L1, L2, compress
from l0lib.compress import augment, distill
from l0lib.compress.training import MAGNITUDE_EDGES, magnitude_histogram

QUICK = {"epochs": 2, "learning_rate": 0.1, "batch_size": 100}


def trained(few, penalty=None, seed=0, **change):
    model = compress.lenet_300_100(seed)
    history = compress.train(model, few, penalty, **{**QUICK, "seed": seed, **change})
    return model, history


def same(a, b):
    return all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def test_the_same_seed_gives_the_same_network_to_the_last_bit(few):
    penalty = L2(1e-4) + L0(1e-3, 5)
    first, history = trained(few, penalty)
    torch.rand(3)
    again, repeated = trained(few, penalty)
    assert same(first, again)
    assert history[1:] == repeated[1:]
    assert not same(first, trained(few, penalty, seed=1)[0])


def test_seeds_are_paired_across_penalties(few):
    """A penalty of strength zero changes nothing: neither the initial weights nor the order of the batches."""
    plain, _ = trained(few, None)
    assert same(plain, trained(few, L2(0.0))[0])
    assert same(plain, trained(few, L0(0.0, 5))[0])
    assert not same(plain, trained(few, L1(1e-3))[0])


def test_training_learns_and_its_history_says_so(few):
    model, history = trained(few, L2(1e-4), epochs=8)
    assert [epoch.epoch for epoch in history] == list(range(9))
    assert math.isnan(history[0].loss)
    assert history[-1].loss < 0.5 * history[1].loss
    assert compress.evaluate(model, few).error < 0.2
    weights = [p.detach() for p in model.parameters() if p.ndim > 1]
    assert history[-1].penalty == pytest.approx(sum(float((1e-4 * p * p).sum()) for p in weights), rel=1e-4)
    assert all(sum(epoch.magnitudes) == sum(p.numel() for p in weights) for epoch in history)


def test_the_learning_rate_falls_along_half_a_cosine(few):
    rates = [compress.cosine(step, 8, 0.2) for step in range(9)]
    assert rates[0] == 0.2
    assert rates[4] == pytest.approx(0.1)
    assert rates[8] == pytest.approx(0)
    assert rates == sorted(rates, reverse=True)
    _, history = trained(few, epochs=2)
    assert history[-1].learning_rate == pytest.approx(compress.cosine(5, 6, 0.1))  # 256 images, 3 batches an epoch


def test_the_histogram_counts_by_decade():
    model = torch.nn.Linear(6, 1)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.0, 1e-12, -0.0105, 0.0105, 1.05, 1e6]]))
    counts = dict(zip((round(edge, 1) for edge in MAGNITUDE_EDGES), magnitude_histogram(model), strict=False))
    assert {edge: count for edge, count in counts.items() if count} == {
        -9.0: 2,
        -2.0: 2,
        0.0: 1,
        round(MAGNITUDE_EDGES[-2], 1): 1,
    }


def test_fine_tuning_moves_what_was_kept_and_nothing_else(few):
    model, _ = trained(few, L1(1e-3), epochs=4)
    masks = compress.prune_global(model, 50)
    pruned_error = compress.evaluate(model, few).errors
    start = {name: p.clone() for name, p in model.state_dict().items()}
    compress.train(model, few, L1(1e-3), masks=masks, **{**QUICK, "epochs": 8})
    masks.check(model)
    assert compress.compression_ratio(model) >= 50
    assert compress.evaluate(model, few).errors < pruned_error
    for name, value in model.state_dict().items():
        assert not value[~masks[name]].any()
        assert masks[name].sum() == 0 or not torch.equal(value, start[name])


def test_masked_training_starts_from_a_masked_network(few):
    dense, pruned = compress.lenet_300_100(0), compress.lenet_300_100(0)
    masks = compress.prune_global(pruned, 10)
    compress.train(dense, few, masks=masks, **QUICK)
    compress.train(pruned, few, masks=masks, **QUICK)
    assert same(dense, pruned)


def test_a_part_and_its_tensors_are_the_same_training_data(digits):
    part = compress.Part(digits.validation.images[:200], digits.validation.labels[:200])
    assert same(trained(part)[0], trained(part.tensors())[0])
    assert compress.evaluate(compress.lenet_300_100(0), part) == compress.evaluate(
        compress.lenet_300_100(0), part.tensors()
    )


def test_a_diverging_run_says_so(few):
    with pytest.raises(RuntimeError, match=r"loss must stay finite; got .* try a smaller learning rate"):
        trained(few, learning_rate=1e6, epochs=4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number >= 1; got 0"),
        ({"epochs": 1.5}, "epochs must be a whole number >= 1; got 1.5"),
        ({"batch_size": 0}, "batch_size must be a whole number >= 1; got 0"),
        ({"shift": -1}, "shift must be a whole number from 0 to 1000000; got -1"),
        ({"learning_rate": -1}, "learning_rate must be > 0 and finite; got -1"),
        ({"learning_rate": math.nan}, "learning_rate must be > 0 and finite; got nan"),
        ({"warm_up": 2}, "warm_up must be >= 0 and < epochs; got 2"),
        ({"warm_up": -1}, "warm_up must be >= 0"),
        (
            {"schedule": "triangle"},
            "schedule must be a function of step, steps and start, or one of cosine, step; got 'triangle'",
        ),
        ({"schedule": None}, "schedule must be a function of step, steps and start, or one of cosine, step; got None"),
        ({"schedule": lambda *_: -1.0}, "schedule must return finite rates >= 0; got -1.0 at step 0"),
        ({"schedule": lambda *_: math.nan}, "schedule must return finite rates >= 0; got nan at step 0"),
        ({"temperature": 0}, r"temperature must be > 0 and at most 1e\+100; got 0"),
        ({"distillation_weight": 1.5}, "distillation_weight must be between 0 and 1; got 1.5"),
        ({"device": "abacus"}, "device must be one that torch knows, such as cpu or cuda; got 'abacus'"),
        ({"checkpoint_steps": 3}, "checkpoint_steps must be >= 1 and go with a checkpoint; got 3"),
    ],
)
def test_bad_arguments_are_named(few, wrong, message):
    with pytest.raises(ValueError, match=message):
        trained(few, **wrong)


@pytest.mark.parametrize("labels", [0, 10])
def test_every_image_has_a_label(few, labels):
    with pytest.raises(ValueError, match=f"one label for each image, .*; got {len(few[0])} images and {labels} labels"):
        trained((few[0], few[1][:labels]))


def test_weights_that_the_last_step_broke_are_told(few):
    with pytest.raises(RuntimeError, match="loss must stay finite; weights are not, in epoch 1: try a smaller"):
        trained(few, learning_rate=1e39, epochs=1, batch_size=len(few[1]))


def plain_loop(few, penalty, epochs, rate, batch_size=100, seed=0):
    """Training in its simplest words: what the trainer's options must leave alone."""
    x, y = few
    model = compress.lenet_300_100(seed)
    optimizer = compress.PenalisedSGD(compress.parameter_groups(model, penalty), lr=rate)
    generator = torch.Generator().manual_seed(seed)
    losses, step, steps = [], 0, epochs * math.ceil(len(y) / batch_size)
    for _ in range(epochs):
        total = torch.zeros(())
        for batch in torch.randperm(len(y), generator=generator).split(batch_size):
            optimizer.param_groups[0]["lr"] = optimizer.param_groups[1]["lr"] = (
                rate * (1 + math.cos(math.pi * step / steps)) / 2
            )
            loss = torch.nn.functional.cross_entropy(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(batch)
            step += 1
        losses.append(float(total) / len(y))
    return model, losses


def test_the_options_left_out_leave_the_plain_loop_to_the_last_bit(few):
    penalty = L2(1e-4) + L0(1e-3, 5)
    model, history = trained(few, penalty, epochs=3)
    plain, losses = plain_loop(few, penalty, 3, 0.1)
    assert same(model, plain)
    assert [epoch.loss for epoch in history[1:]] == losses


def test_a_small_run_still_has_the_losses_it_had_before_the_options_came(few):
    """Chapter 7 rests on this; the tolerance is for the arithmetic of other machines."""
    _, history = trained(few, L2(1e-4) + L0(1e-3, 5), epochs=3)
    assert [epoch.loss for epoch in history[1:]] == pytest.approx([2.2744067, 1.7742622, 1.3880284], rel=1e-3)
    assert [epoch.penalty for epoch in history] == pytest.approx([48.96028, 46.67283, 43.86640, 43.01674], rel=1e-3)
    rates = [epoch.learning_rate for epoch in history]
    assert rates == pytest.approx([0.1, 0.0883022221559489, 0.041317591116653486, 0.0030153689607045845], rel=1e-12)


def test_a_list_of_parameter_groups_is_taken_for_the_penalty_they_hold(few):
    penalty = L1(1e-3)
    first = compress.lenet_300_100(0)
    history = compress.train(first, few, compress.parameter_groups(first, penalty), **QUICK)
    again, told = trained(few, penalty)
    assert same(first, again)
    assert history[1:] == told[1:]


def test_one_penalty_for_each_layer_may_be_given_by_name(few, tmp_path):
    alike = dict.fromkeys(("hidden1", "hidden2", "output"), L1(1e-3))
    assert same(trained(few, alike)[0], trained(few, L1(1e-3))[0])
    path = tmp_path / "run.pt"
    trained(few, alike, checkpoint=path)
    with pytest.raises(ValueError, match=r"penalty was 'hidden1: L1\(alpha=0\.001\); .*', is 'hidden1: None; "):
        trained(few, {**alike, "hidden1": None}, checkpoint=path)


def test_the_step_schedule_falls_to_a_tenth_at_half_and_to_a_hundredth_at_three_quarters(few):
    assert compress.learning_rates("step", 8, 2.0) == [2.0] * 4 + [0.2] * 2 + [0.02] * 2
    _, history = trained(few, schedule="step", epochs=4)
    assert [epoch.learning_rate for epoch in history] == pytest.approx([0.1, 0.1, 0.1, 0.01, 0.001])


def test_a_warm_up_rises_in_a_straight_line_and_the_schedule_has_what_is_left():
    rates = compress.learning_rates("cosine", 12, 0.4, warm_up=4)
    assert rates[:4] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert rates[4:] == [compress.cosine(step, 8, 0.4) for step in range(8)]


def test_a_schedule_of_ones_own_is_followed(few):
    half = functools.partial(compress.cosine, end=0.5)
    _, history = trained(few, schedule=half, epochs=4)
    assert [half(step, 12, 0.1) for step in (0, 12)] == pytest.approx([0.1, 0.05])
    assert history[-1].learning_rate == half(11, 12, 0.1)
    constant, _ = trained(few, schedule=lambda step, steps, start: start)
    assert not same(constant, trained(few)[0])


@given(
    move=st.tuples(st.integers(-4, 4), st.integers(-4, 4)),
    channels=st.sampled_from([(), (1,), (3,)]),
    seed=st.integers(0, 9),
)
def test_a_shift_moves_each_pixel_and_lets_zeros_in(move, channels, seed):
    dx, dy = move
    images = torch.rand(2, *channels, 5, 6, generator=torch.Generator().manual_seed(seed))
    expected = torch.zeros_like(images)
    for row in range(5):
        for column in range(6):
            if 0 <= row - dy < 5 and 0 <= column - dx < 6:
                expected[..., row, column] = images[..., row - dy, column - dx]
    assert torch.equal(augment.shift(images, dx, dy), expected)
    assert torch.equal(augment.shift(images, torch.tensor([dx, 0]), torch.tensor([dy, 0]), reach=7)[0], expected[0])
    assert torch.equal(augment.shift(images, torch.tensor([dx, 0]), torch.tensor([dy, 0]))[1], images[1])


@pytest.mark.parametrize("far", [5, 6, 10**6, -(10**6)])
def test_a_shift_beyond_the_image_leaves_nothing_of_it(far):
    images = torch.rand(2, 3, 5)
    assert not augment.shift(images, far, 0).any()
    assert not augment.shift(images, torch.tensor([far, far]), torch.tensor([0, 1]), reach=2 * 10**6).any()


def test_a_shift_beyond_its_reach_and_odd_images_are_refused():
    with pytest.raises(ValueError, match="reach must be >= the longest move, 2; got 1"):
        augment.shift(torch.rand(1, 5, 5), -2, 0, reach=1)
    with pytest.raises(ValueError, match=r"images must have 3 or 4 axes; got shape \(5, 5\)"):
        augment.shift(torch.rand(5, 5), 1, 0)


def test_drawn_shifts_reach_every_place_equally_often():
    moves = augment.draw_shifts(9000, 1, torch.Generator().manual_seed(0))
    counts = torch.bincount((moves[0] + 1) * 3 + moves[1] + 1)
    assert counts.shape == (9,)
    assert (counts - 1000).abs().max() < 150  # five standard deviations


class Seen(torch.nn.Module):
    """A network that keeps the images it is shown."""

    def __init__(self):
        super().__init__()
        self.inner, self.images = compress.lenet_300_100(0), []

    def forward(self, images):
        self.images.append(images)
        return self.inner(images)


def test_shifts_change_where_the_images_lie_and_not_their_order(few):
    still, moved = Seen(), Seen()
    compress.train(still, few, **QUICK)
    compress.train(moved, few, shift=2, **QUICK)
    a, b = torch.cat(still.images), torch.cat(moved.images)
    # a digit has an empty margin, so a moved one keeps all its ink
    assert torch.allclose(a.sum((1, 2)), b.sum((1, 2)), rtol=0.1)
    kept = (a == b).flatten(1).all(1).float().mean()
    assert 0 < kept < 0.15  # one move in 25 leaves the image where it was
    assert not torch.equal(b[:256].sum(0), b[256:].sum(0))  # each epoch draws anew


def test_distillation_is_hintons_formula():
    generator = torch.Generator().manual_seed(0)
    scores, taught = torch.randn(2, 6, 10, dtype=torch.float64, generator=generator)
    labels = torch.arange(6)
    p, q = torch.softmax(taught / 3, 1), torch.softmax(scores / 3, 1)
    divergence = (p * (p / q).log()).sum(1).mean()
    plain = -torch.log_softmax(scores, 1)[range(6), labels].mean()
    for weight in (0.0, 0.3, 1.0):
        expected = (1 - weight) * plain + weight * 9 * divergence
        assert distill.loss(scores, labels, taught, 3.0, weight).item() == pytest.approx(expected.item(), rel=1e-12)
    assert distill.loss(scores, labels, scores, 3.0, 1.0).item() == pytest.approx(0, abs=1e-12)


def test_a_network_learns_from_a_teacher_what_the_labels_do_not_say(few):
    x, y = few
    teacher, _ = trained(few, epochs=8)
    before = copy.deepcopy(teacher)
    teacher.train()
    model, _ = trained((x, torch.zeros_like(y)), teacher=teacher, distillation_weight=1.0, epochs=8)
    assert compress.evaluate(model, few).error < 0.3
    assert same(teacher, before)
    assert teacher.training
    unheard, _ = trained(few, teacher=teacher, distillation_weight=0.0)
    assert all(
        torch.allclose(p, q, atol=1e-6) for p, q in zip(unheard.parameters(), trained(few)[0].parameters(), strict=True)
    )
    with pytest.raises(ValueError, match="teacher must be another network than model"):
        compress.train(model, few, teacher=model, **QUICK)


def test_a_teachers_scores_may_stand_in_its_place(few):
    teacher, _ = trained(few, epochs=8)
    teacher.train()
    scores = distill.scores(teacher, few[0], batch_size=100)
    assert teacher.training
    assert scores.shape == (len(few[1]), 10)
    asked, told = (trained(few, teacher=it, distillation_weight=0.7)[0] for it in (teacher, scores))
    for p, q in zip(asked.parameters(), told.parameters(), strict=True):
        torch.testing.assert_close(p, q, atol=1e-5, rtol=1e-4)
    with pytest.raises(ValueError, match="teacher must be a network where images are shifted or mirrored; got scores"):
        trained(few, teacher=scores, shift=1)
    with pytest.raises(ValueError, match="teacher must have scores for each of the"):
        trained(few, teacher=scores[:5])


def test_bf16_rounds_the_forward_pass_and_keeps_the_weights_in_float32(few):
    full, rounded = trained(few), trained(few, bf16=True)
    assert not same(full[0], rounded[0])
    assert {p.dtype for p in rounded[0].parameters()} == {torch.float32}
    assert rounded[1][-1].loss == pytest.approx(full[1][-1].loss, rel=0.05)
    taught = [trained(few, bf16=low, teacher=full[0])[1][-1].loss for low in (False, True)]
    assert taught[0] != taught[1]
    assert taught[1] == pytest.approx(taught[0], rel=0.05)


def test_the_device_by_name_is_the_device_of_the_model(few):
    assert same(trained(few)[0], trained(few, device="cpu")[0])
    # with a GPU in the machine this one runs there, on images and masks that come from the CPU
    model = compress.lenet_300_100(0)
    masks = compress.prune_global(model, 5)
    history = compress.train(model, few, L1(1e-4), masks=masks, shift=1, device="auto", **{**QUICK, "epochs": 6})
    assert next(model.parameters()).is_cuda == torch.cuda.is_available()
    assert history[-1].loss < history[1].loss


def test_a_device_that_is_not_there_is_named(few, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device must be on this machine; got 'cuda', and torch finds no CUDA here"):
        trained(few, device="cuda")


def test_the_progress_bar_is_off_by_default_and_cleared_at_the_end(few, capsys):
    trained(few)
    assert capsys.readouterr().err == ""
    trained(few, progress=True)
    shown = capsys.readouterr().err
    assert "/6" in shown
    assert "loss=" in shown
    assert not shown.split("\r")[-1].strip()
    assert not shown.split("\r")[-2].strip()
    assert "\n" not in shown


def frozen_inside():
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(784, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, 10)
    )
    model[2].eval()
    return model


def test_what_is_frozen_in_a_network_in_training_mode_stays_frozen(few):
    model = frozen_inside()
    compress.train(model, few, epochs=1, learning_rate=0.1)
    assert [module.training for module in model] == [True, True, False, True, True]
    assert not model[2].running_mean.any(), "its running statistics stay"
    assert model[2].bias.any(), "its shift is trained"


def test_a_network_in_evaluation_mode_is_trained_whole_and_left_in_it(few):
    trained = []
    for mode in (True, False):
        model = frozen_inside().train(mode)
        compress.train(model, few, epochs=1, learning_rate=0.1)
        assert all(module.training is mode for module in model.modules())
        trained.append(model)
    assert trained[0][2].running_mean.any()
    for one, other in zip(*(model.state_dict().values() for model in trained), strict=True):
        assert torch.equal(one, other)


def test_groups_given_twice_are_as_new_the_second_time(few):
    def groups(model):
        weights = [p for p in model.parameters() if p.ndim > 1]
        biases = (p for p in model.parameters() if p.ndim == 1)
        return [{"params": iter(weights), "penalty": L2(1e-3)}, {"params": biases}]

    model = compress.lenet_300_100(0)
    own = [{**group, "params": list(group["params"])} for group in groups(model)]
    before = [dict(group) for group in own]
    plan = {"epochs": 1, "batch_size": 64}
    compress.train(model, few, own, learning_rate=0.1, momentum=0.5, update="clipped", **plan)
    assert [list(group) for group in own] == [list(group) for group in before]
    again = compress.lenet_300_100(0)
    again.load_state_dict(model.state_dict())
    compress.train(model, few, own, learning_rate=0.01, momentum=0.9, **plan)
    compress.train(again, few, groups(again), learning_rate=0.01, momentum=0.9, **plan)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), again.parameters(), strict=True))


def test_each_epoch_is_told_as_it_ends(few):
    told = []
    _, history = trained(few, epochs=3, on_epoch=told.append)
    assert told == history[1:]
