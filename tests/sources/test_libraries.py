"""Models of the installed libraries, by name."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from modelviz.errors import InputError
from modelviz.sources import PREFIXES, Source, libraries, names, resolve
from modelviz.sources.building import weightless
from modelviz.sources.forward import WEIGHTS_NOTE, Forward, run
from modelviz.sources.names import close_matches, search


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("timm:resnet50", 25_557_032),
        ("torchvision:resnet50", 25_557_032),
        ("transformers:bert", 109_482_240),
        ("transformers:BertModel", 109_482_240),
    ],
)
def test_model_is_built_without_weights(name: str, parameters: int) -> None:
    model = resolve(name).model
    assert isinstance(model, nn.Module)
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters
    assert all(parameter.is_meta for parameter in model.parameters())


@pytest.mark.parametrize(
    ("prefix", "query", "first"),
    [
        ("timm", "resnet50", "resnet50"),
        ("timm", "RESNET 50 ", "resnet50"),
        ("timm", "vit base 384", "vit_base_patch16_384"),
        ("torchvision", "b_16", "vit_b_16"),
        ("transformers", "llama", "llama"),
        ("transformers", "bertfor token", "BertForTokenClassification"),
    ],
)
def test_search_finds_the_likeliest_first(prefix: str, query: str, first: str) -> None:
    found = names(prefix, query)
    assert found[0] == first
    assert len(found) <= 50


@pytest.mark.parametrize("prefix", PREFIXES)
def test_names_are_many_and_each_once(prefix: str) -> None:
    every = names(prefix, limit=10**6)
    assert len(set(every)) == len(every) > 100
    assert names(prefix, limit=3) == every[:3]
    assert names(prefix, "no such model") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timm:resnt50", r"timm has no model named 'resnt50': did you mean resnet50 or"),
        ("torchvision:vit_b16", "did you mean vit_b_16 or"),
        ("transformers:Berrt", "did you mean bert or"),
        ("transformers:__doc__", "transformers has no model named '__doc__'"),
        ("timm:", "timm has no model named ''"),
        ("timm:qqqqqqqq", "it has [0-9]+ others"),
    ],
)
def test_unknown_name_is_refused_with_close_ones(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        resolve(text)


def test_library_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    libraries._known.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"timm is not installed.*: pip install timm"):
        names("timm")
    with pytest.raises(InputError, match="timm is not installed"):
        resolve("timm:resnet50")
    libraries._known.cache_clear()


def test_unknown_library_is_refused() -> None:
    with pytest.raises(InputError, match="unknown library 'keras': expected timm, torchvision"):
        names("keras")


def test_exact_match_comes_before_longer_names() -> None:
    assert search(["ab2", "xab", "ab"], "ab", 9) == ["ab", "ab2", "xab"]
    assert search(["ab2", "xab", "ab"], "", 2) == ["ab2", "xab"]
    assert close_matches("AB", ["ab2", "xab", "ab"])[0] == "ab"


class LooksAtValues(nn.Linear):
    def forward(self, x: torch.Tensor) -> Any:
        return super().forward(x) if x.sum() > -1 else x


def test_weights_are_made_where_the_forward_looks_at_values() -> None:
    source = weightless(lambda: LooksAtValues(3, 4), "it")
    assert source.model.weight.is_meta  # type: ignore[union-attr]
    done = run(source, Forward())
    assert done.error is None
    assert done.graph.execution == "real"
    assert WEIGHTS_NOTE in done.graph.notes


def test_weights_are_made_where_meta_is_not_enough() -> None:
    def build() -> nn.Module:
        assert torch.ones(3).sum().item() == 3
        return nn.Linear(3, 4)

    source = weightless(build, "it")
    assert not source.model.weight.is_meta  # type: ignore[union-attr]


def test_failure_stays_a_failure_with_weights() -> None:
    source = weightless(lambda: nn.Linear(3, 4), "it")
    done = run(source, Forward({"input_size": (1, 5)}))
    assert done.error is not None
    assert done.graph.failure is not None


def test_what_a_library_raises_is_one_line() -> None:
    def build() -> nn.Module:
        raise RuntimeError("no\nway")

    with pytest.raises(InputError, match=r"^it cannot be built .*: RuntimeError: no$"):
        weightless(build, "it")


def test_no_forward_is_run_where_none_is_wanted() -> None:
    for forward in (Forward(execution="none"), Forward(inputs={})):
        assert run(Source(nn.Linear(3, 4)), forward).graph.execution == "none"
    assert run(Source(nn.Linear(3, 4)), Forward()).graph.execution == "fake"


@pytest.mark.slow
def test_command_takes_what_sources_take(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"model_type": "bert", "num_hidden_layers": 1}), encoding="utf-8")
    assert type(resolve(f"transformers:{config}").model).__name__ == "BertModel"
    run = subprocess.run(
        [sys.executable, "-m", "modelviz", "summary", str(config), "--depth", "1"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert "BertModel" in run.stdout
    assert "input_ids [1, 128] int64" in run.stdout
