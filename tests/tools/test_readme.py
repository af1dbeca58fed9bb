"""What the README promises holds: its commands, its ten lines, its picture."""

import re
import subprocess

import numpy as np
import pytest

from tests.browser import ROOT, tool

README = (ROOT / "README.md").read_text("utf8")
MAKEFILE = (ROOT / "Makefile").read_text("utf8")


def test_every_target_has_its_plain_command():
    targets = set(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.M)[0].split()) - {"help", "FORCE"}
    assert set(re.findall(r"^\| `make (\w+)` \| \S", README, re.M)) == targets
    for script in re.findall(r"tools/\w+\.py", README):
        assert (ROOT / script).exists(), script
        assert script in MAKEFILE, script


def test_make_alone_prints_help():
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("book", "test", "unit", "properties", "serve", "lab", "strip", "bench", "clean"):
        assert f"make {target}" in said


def test_the_ten_lines_run():
    code = re.search(r"```python\n(.*?)```", README, re.S).group(1)
    assert len(code.strip().splitlines()) <= 11
    exec(code, {})


def test_the_loop_of_ones_own_runs(tmp_path, monkeypatch, capsys):
    """What the reader is said to bring: a network of torchvision's, AdamW, a loss, batches, a way to fine-tune."""
    import torch
    import torchvision

    from l0lib import compress

    code = re.search(r"## In your own training loop.*?```python\n(.*?)```", README, re.S).group(1)
    assert len(code.strip().splitlines()) <= 11
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    model = torchvision.models.squeezenet1_1(weights=None, num_classes=10)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    loss = torch.nn.functional.cross_entropy
    batches = [(torch.randn(8, 3, 32, 32), torch.randint(10, (8,))) for _ in range(2)]
    held = []

    def fine_tune(model, optimizer):
        for x, y in batches:
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()
            held.append(compress.compression_ratio(model))

    brought = {"model": model, "optimizer": optimizer, "loss": loss, "batches": batches, "fine_tune": fine_tune}
    exec(code, brought)
    assert all(ratio >= 10 for ratio in held)
    assert "10.0x smaller" in capsys.readouterr().out
    stored = compress.storage.load(tmp_path / "network.l0")
    assert all(torch.equal(stored[name], tensor) for name, tensor in model.state_dict().items())


def test_every_linked_file_is_there():
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / path).exists(), path


def test_the_picture_is_what_the_library_draws(tmp_path):
    """Loosely: the same curves to half a point, whatever Matplotlib's version.

    Once a weight swings round zero, its orbit is chaotic: a last bit of the exponential, which differs between
    processors, changes it wholly. Of such thin lines the extent counts.
    """
    tool("picture").draw(tmp_path / "again.svg")

    def curves(path):
        text = path.read_text("utf8")
        lines = re.findall(r'<g id="line2d_\d+">\s*<path d="([^"]+)" clip-path[^>]*stroke-width: ([\d.]+)', text)
        found = []
        for line, width in lines:
            numbers = np.array(re.findall(r"-?\d+(?:\.\d+)?", line), dtype=float)
            thin = float(width) < 1
            found.append([*numbers[::2][[0, -1]], numbers[1::2].min(), numbers[1::2].max()] if thin else list(numbers))
        return found

    committed, drawn = curves(ROOT / "book/assets/first-look.svg"), curves(tmp_path / "again.svg")
    assert len(committed) == len(drawn) >= 3
    for before, now in zip(committed, drawn, strict=True):
        assert now == pytest.approx(before, abs=2.5 if len(now) == 4 else 0.5)


def test_the_version_is_one():
    import l0lib

    assert f"version: {l0lib.__version__}" in (ROOT / "CITATION.cff").read_text()
    assert f"## {l0lib.__version__} " in (ROOT / "CHANGELOG.md").read_text()
