"""Diffs as a reader meets them: ``python -m benchmarks.review.gallery [FOLDER]``.

For each pair of models the table as text, the Markdown and the picture. In ``docs/figures``, where
they go without a folder, only pictures of less than 100 kB are kept.
"""

from __future__ import annotations

import contextlib
import copy
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

import modelviz
from modelviz.comparing.build import compare
from modelviz.comparing.revisions import graph_at_revision
from modelviz.sources import resolve

FIGURES = Path(__file__).parents[2] / "docs" / "figures"
LARGEST = 100_000
IMAGE = (1, 3, 224, 224)


class LowRank(nn.Module):
    """A linear layer that is kept, and a product of two small ones added to it."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.up = nn.Linear(rank, base.out_features, bias=False)
        base.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + self.up(self.down(x))


class Attention(nn.Module):
    """Attention with projections of its own."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        heads = [
            part.unflatten(-1, (4, -1)).transpose(1, 2)
            for part in (self.query(x), self.key(x), self.value(x))
        ]
        mixed = nn.functional.scaled_dot_product_attention(*heads)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention and a feed-forward, each after a normalisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.attention = Attention(width)
        self.feed = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norms[0](x))
        return x + self.feed(self.norms[1](x))


class Encoder(nn.Module):
    """Blocks on embedded words."""

    def __init__(self, width: int = 64, depth: int = 4) -> None:
        super().__init__()
        self.words = nn.Embedding(1000, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.head = nn.Linear(width, 1000)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.words(ids)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def changed_block() -> modelviz.Diff:
    """ResNet-50 in which one block has another activation and no third normalisation."""
    before = resolve("timm:resnet50").model
    assert isinstance(before, nn.Module)
    after = copy.deepcopy(before)
    block: Any = after.get_submodule("layer3.2")
    block.act1 = nn.SiLU()
    block.bn3 = nn.Identity()
    return modelviz.diff(before, after, IMAGE)


def two_depths() -> modelviz.Diff:
    """ResNet-18 and ResNet-34."""
    graphs = [modelviz.trace(resolve(f"timm:resnet{depth}").model, IMAGE) for depth in (18, 34)]
    return compare(graphs[0], graphs[1], ("resnet18", "resnet34"))


def two_families() -> modelviz.Diff:
    """A small GPT-2 and a small Llama."""
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    gpt = GPT2LMHeadModel(GPT2Config(n_layer=4, n_embd=64, n_head=4, vocab_size=1000))
    llama = LlamaForCausalLM(
        LlamaConfig(
            num_hidden_layers=4,
            hidden_size=64,
            intermediate_size=172,
            num_attention_heads=4,
            num_key_value_heads=2,
            vocab_size=1000,
        )
    )
    return modelviz.diff(gpt, llama, (1, 16), dtypes=[torch.long], mode="eval")


def adapted() -> modelviz.Diff:
    """An encoder before and after LoRA on its queries and values."""
    before = Encoder()
    after = copy.deepcopy(before).requires_grad_(False)
    for block in after.blocks:
        block.attention.query = LowRank(block.attention.query, 4)
        block.attention.value = LowRank(block.attention.value, 4)
    return modelviz.diff(before, after, (1, 16), dtypes=[torch.long])


NET = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(16)
        self.body = nn.Sequential(nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(), nn.Dropout(0.1))
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        return self.head(self.body(self.norm(self.stem(x)).relu()).mean((2, 3)))
"""


def two_revisions() -> modelviz.Diff:
    """A file as it was one commit ago, and as it is."""
    after = NET.replace("nn.BatchNorm2d(16)", "nn.GroupNorm(4, 16)").replace(
        ", nn.Dropout(0.1)", ""
    )
    after = after.replace("(16, 32, 3, stride=2)", "(16, 48, 3, stride=2)")
    after = after.replace("nn.Linear(32, 10)", "nn.Linear(48, 10)")
    with tempfile.TemporaryDirectory() as folder:
        git = ("git", "-c", "user.name=me", "-c", "user.email=me@example.org", "-C", folder)
        subprocess.run([*git, "init", "-q"], check=True)
        for text in (NET, after):
            (Path(folder) / "net.py").write_text(text)
            subprocess.run([*git, "add", "net.py"], check=True)
            subprocess.run([*git, "commit", "-qm", "net"], check=True)
        names = "HEAD~1:net.py:Net", "HEAD:net.py:Net"
        with contextlib.chdir(folder):
            graphs = [
                graph_at_revision(name, ["1,3,32,32"], None, "eval", "auto", "forward")
                for name in names
            ]
    assert graphs[0] is not None and graphs[1] is not None
    return compare(graphs[0], graphs[1], names)


PAIRS: Mapping[str, Callable[[], modelviz.Diff]] = {
    "changed-block": changed_block,
    "two-depths": two_depths,
    "two-families": two_families,
    "adapted": adapted,
    "two-revisions": two_revisions,
}


def main(folder: Path, largest: float) -> None:
    """Write the files of every pair, and print what was written and how long it took."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in PAIRS.items():
        start = time.perf_counter()
        diff = make()
        picture = diff.draw().svg
        seconds = time.perf_counter() - start
        print(f"## {name}: {len(diff.changes)} changes, {len(picture):,} bytes, {seconds:.1f} s")
        (folder / f"diff-{name}.md").write_text(diff.to_markdown(), encoding="utf-8")
        if len(picture.encode()) < largest:
            (folder / f"diff-{name}.svg").write_text(picture, encoding="utf-8")
        if largest == float("inf"):
            (folder / f"diff-{name}.txt").write_text(f"{diff}\n", encoding="utf-8")
            diff.draw().save(folder / f"diff-{name}.png")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), float("inf"))
    else:
        main(FIGURES, LARGEST)
