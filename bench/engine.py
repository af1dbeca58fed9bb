"""What a penalty adds to a training iteration, and how our epochs compare with the loop of the tutorials.

``rows()`` gives ``(name, value, unit, target)`` for ``make bench``. ``python bench/engine.py`` prints them too, with
200 steps in each pair of LeNet-5-Caffe as well, which takes minutes.
"""

import os
import statistics
import subprocess
import sys
import time

import torch
from PIL import Image
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision import transforms

from l0lib import L0, L2, compress
from l0lib.compress import datasets, latency, models, optim

#: Pairs of which the median is told; CI has fewer, since only what is far from its target counts there.
PAIRS = 5 if os.environ.get("CI") == "true" else 9
BATCH, BLOCK = 128, 5
PENALTY = L2(5e-5) + L0(5e-5, 4)
NETWORKS = {"LeNet-300-100": compress.lenet_300_100, "LeNet-5-Caffe": compress.lenet_5_caffe}
#: Seconds of an iteration over those of plain SGD, and of our epoch over those of the usual loop.
ITERATION = {"LeNet-300-100": 1.15, "LeNet-5-Caffe": 1.03}
EPOCH = {"LeNet-300-100": 1 / 5, "LeNet-5-Caffe": 1 / 1.4}
#: A step of LeNet-5-Caffe takes as long as ten of LeNet-300-100.
STEPS = {"LeNet-300-100": 200, "LeNet-5-Caffe": 20}
IMAGES = {"LeNet-300-100": 30 * BATCH, "LeNet-5-Caffe": 6 * BATCH}
#: Photographs of an epoch of ResNet-20, by our trainer in bfloat16 over the usual loop in float32.
PHOTOGRAPHS, RESNET = 2 * BATCH, 1 / 1.5
#: Of MNIST's pixels, as the tutorials have them. Ours uses them once, the usual loop at every image.
MEAN, DEVIATION = 0.1307, 0.3081


def interleaved(ways, steps, pairs=PAIRS):
    """Run each of ``ways``, functions of a number of steps, in turns of a few steps; return seconds by way and pair."""
    for way in ways.values():
        way(min(steps, 2 * BLOCK))  # what torch sets up once
    taken = {name: [] for name in ways}
    names = list(ways)
    for pair in range(pairs):
        total = dict.fromkeys(names, 0.0)
        for block in range(0, steps, BLOCK):
            first = (pair + block // BLOCK) % len(names)
            for name in names[first:] + names[:first]:
                start = time.perf_counter()
                ways[name](min(BLOCK, steps - block))
                total[name] += time.perf_counter() - start
        for name in names:
            taken[name].append(total[name])
    return taken


def ratio(taken, ours, theirs):
    """The median over the pairs."""
    return statistics.median(a / b for a, b in zip(taken[ours], taken[theirs], strict=True))


def trained(build, optimizer, penalty=None):
    """A function of a number of iterations on one batch; autograd differentiates ``penalty``, if there is one."""
    model = build(0)
    step = optimizer(model)
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(BATCH, 28, 28, generator=generator)
    labels = torch.randint(10, (BATCH,), generator=generator)

    def iterate(steps):
        for _ in range(steps):
            loss = cross_entropy(model(images), labels)
            if penalty is not None:
                loss = loss + sum(penalty.value(p) for p in model.parameters() if p.ndim > 1)
            step.zero_grad()
            loss.backward()
            step.step()

    return iterate


def plain(model, **how):
    """Torch's own SGD."""
    return torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, **how)


def penalised(model, update="coupled"):
    """Ours, under l2 + l0."""
    return compress.PenalisedSGD(compress.parameter_groups(model, PENALTY), lr=0.01, update=update)


def iterations(network, steps):
    """Rows of the whole iteration, forward, backward and update, on one thread."""
    build = NETWORKS[network]
    ways = {
        "plain": trained(build, plain),
        "fused": trained(build, lambda model: plain(model, fused=True)),
        "ours": trained(build, penalised),
    }
    taken = interleaved(ways, steps)
    fewer = max(BLOCK, steps // 5)
    beside = interleaved({"plain": ways["plain"], "autograd": trained(build, plain, PENALTY)}, fewer)
    what = f"iteration of {network} under l2 + l0 over torch's SGD"
    how = f"median of {PAIRS} pairs of {steps}"
    return [
        (f"{what}, {how}", ratio(taken, "ours", "plain"), "x", ITERATION[network]),
        (f"{what} with fused=True, {how}", ratio(taken, "ours", "fused"), "x", None),
        (
            f"{what}, the penalty by autograd, median of {PAIRS} pairs of {fewer}",
            ratio(beside, "autograd", "plain"),
            "x",
            None,
        ),
    ]


def updates():
    """Rows of the other three updates: clipped costs a little more than coupled, proximal solves for its end point."""
    network, steps = "LeNet-300-100", 20
    others = ("decoupled", "clipped", "proximal")
    ways = {"plain": trained(NETWORKS[network], plain)}
    for update in others:
        ways[update] = trained(NETWORKS[network], lambda model, update=update: penalised(model, update))
    taken = interleaved(ways, steps)
    how = f"median of {PAIRS} pairs of {steps}"
    return [
        (f"iteration of {network}, {u} update, over torch's SGD, {how}", ratio(taken, u, "plain"), "x", None)
        for u in others
    ]


class Pictures(TorchDataset):
    """As torchvision's datasets give them: each image through PIL and transforms."""

    def __init__(self, part, changes=()):
        channels = part.images.ndim - 2
        self.images = part.images.transpose(0, 2, 3, 1) if channels > 1 else part.images
        self.labels = part.labels
        normalise = transforms.Normalize((MEAN,) * (3 if channels > 1 else 1), (DEVIATION,))
        self.transform = transforms.Compose([*changes, transforms.ToTensor(), normalise])

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.transform(Image.fromarray(self.images[index])), int(self.labels[index])


def digits(count):
    """So many images: MNIST where it is cached, else the embedded ones, over and over if there are fewer."""
    cached = (datasets.data_folder() / "mnist.npz").exists()
    part = compress.mnist(0).train if cached else compress.embedded_digits().train
    take = torch.arange(count).remainder(len(part)).numpy()
    return compress.Part(part.images[take], part.labels[take])


def usual(build, part, workers, changes=()):
    """One epoch as the tutorials have it."""
    model = build(0).to(memory_format=torch.contiguous_format)
    optimizer = plain(model)
    loader = DataLoader(
        Pictures(part, changes),
        batch_size=BATCH,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,  # so that starting the processes is not counted
    )

    def epoch(_):
        model.train()
        for images, labels in loader:
            optimizer.zero_grad()
            loss = cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()

    return epoch


def ours(build, part, **how):
    """One epoch by our trainer."""
    model = build(0)
    if how.pop("contiguous", False):
        model.to(memory_format=torch.contiguous_format)
    images, labels = part.tensors()
    tensors = images.sub_(MEAN).div_(DEVIATION), labels
    return lambda _: compress.train(model, tensors, epochs=1, learning_rate=0.01, schedule=level, **how)


def level(step, steps, start):
    """No schedule, as the usual loop has none."""
    return start


def emulated():
    """Whether bfloat16 takes more than twice the time of float32 here: a CPU without its instructions emulates it."""
    took = {}
    for dtype in (torch.float32, torch.bfloat16):
        layer, images = torch.nn.Conv2d(16, 16, 3).to(dtype), torch.randn(32, 16, 32, 32).to(dtype)
        layer(images).sum().backward()
        times = []
        for _ in range(3):
            start = time.perf_counter()
            layer(images).sum().backward()
            times.append(time.perf_counter() - start)
        took[dtype] = min(times)
    return took[torch.bfloat16] > 2 * took[torch.float32]


def epochs(network):
    """Rows of an epoch.

    The target holds against the loader as it is by default. Two workers prepare images beside the training, on cores
    of their own if there are any.
    """
    build, part = NETWORKS[network], digits(IMAGES[network])
    ways = {
        "usual": usual(build, part, 0),
        "usual, 2 workers": usual(build, part, 2),
        "ours": ours(build, part),
        "under l2 + l0": ours(build, part, penalty=PENALTY),
    }
    if not emulated():
        ways["bf16"] = ours(build, part, bf16=True)
    if network == "LeNet-5-Caffe":
        ways["in the default layout"] = ours(build, part, contiguous=True)
    taken = interleaved(ways, 1)
    what, how = f"epoch of {network}, seconds", f"median of {PAIRS} pairs of {IMAGES[network]:,} images"
    found = [
        (f"{what} over the usual loop's, {how}", ratio(taken, "ours", "usual"), "x", EPOCH[network]),
        (f"{what} over the usual loop's with 2 workers, {how}", ratio(taken, "ours", "usual, 2 workers"), "x", None),
    ]
    others = [name for name in ways if not name.startswith(("usual", "ours"))]
    return found + [(f"{what} {name} over without, {how}", ratio(taken, name, "ours"), "x", None) for name in others]


def photographs():
    """Rows of an epoch of ResNet-20 with crops and mirror images: ours in bfloat16, channels last.

    Where bfloat16 is emulated, an epoch in it takes minutes; the check is then that ours is no slower in float32.
    """
    data = compress.embedded_photographs().train
    part = compress.Part(data.images[:PHOTOGRAPHS], data.labels[:PHOTOGRAPHS])
    customary = (transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip())
    moved = {"shift": 4, "mirror": True}
    ways = {
        "usual": usual(models.ResNet20, part, 0, customary),
        "ours": ours(models.ResNet20, part, **moved),
    }
    if native := not emulated():
        ways["bf16"] = ours(models.ResNet20, part, bf16=True, **moved)
    taken = interleaved(ways, 1)
    what, how = "epoch of ResNet-20, seconds", f"median of {PAIRS} pairs of {PHOTOGRAPHS:,} photographs"
    plain = f"{what} in float32 over the usual loop's, {how}", ratio(taken, "ours", "usual"), "x"
    if not native:
        return [(f"{plain[0]}; this CPU emulates bf16", *plain[1:], 1.0)]
    half = f"{what} in bf16 over the usual loop's, {how}", ratio(taken, "bf16", "usual"), "x", RESNET
    return [half, (*plain, None)]


def together():
    """A row of a penalised step of ResNet-20 with its small parameters in common calls, over one by one."""
    model = models.ResNet20()
    for p in model.parameters():
        p.grad = torch.randn_like(p)
    optimizer = compress.PenalisedSGD(compress.parameter_groups(model, PENALTY), lr=1e-6)
    usual = optim.SMALL

    def steps(small):
        def run(count):
            optim.SMALL = small
            for _ in range(count):
                optimizer.step()

        return run

    try:
        taken = interleaved({"together": steps(usual), "one by one": steps(0)}, 40)
    finally:
        optim.SMALL = usual
    what = f"penalised step of ResNet-20, small parameters together over one by one, median of {PAIRS} pairs"
    return [(what, ratio(taken, "together", "one by one"), "x", 1.0)]


def threshold(count=100_000_000):
    """A row of the memory that global pruning of ``count`` parameters takes beside them, masks included (Linux)."""
    if not os.path.exists("/proc/self/clear_refs"):
        return []
    code = f"""
import torch
from l0lib.compress import prune_global
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) * 1024
model = torch.nn.ParameterList(torch.randn({count // 4}) for _ in range(4))
open("/proc/self/clear_refs", "w").write("5")
before = peak()
prune_global(model, 10)
print((peak() - before) / {count})
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [(f"memory to prune {count:,} parameters globally, beside the network", float(told.stdout), "B/p", 4.0)]


def sparse():
    """Rows of the sparsity from which on skipping zeros pays, for the largest layer of LeNet-300-100."""
    grid = [0.5, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99]
    found = []
    for batch in (1, 128):
        measured = latency.matmul_latency((300, 784), grid, batch)
        for way in ("torch-csr", "scipy-csr"):
            least = latency.break_even(measured, way)
            what = f"sparsity from which {way} beats dense, 784 inputs to 300, batch {batch}"
            found.append((what, 100.0 if least is None else 100 * least, "%", None))
    return found


def rows(steps=STEPS):
    """All of them, on one thread, as the notebooks run: several wait for each other where the machine is shared."""
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        measured = [row for network in NETWORKS for row in iterations(network, steps[network])] + updates() + sparse()
        measured += together() + threshold()
        return measured + [row for network in NETWORKS for row in epochs(network)] + photographs()
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    for name, value, unit, target in rows(dict.fromkeys(NETWORKS, 200)):
        print(f"{value:8.3f} {unit}  {f'target {target:.2f}' if target else '':12}  {name}")
