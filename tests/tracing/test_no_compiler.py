"""A first trace imports neither the compiler nor sympy, and leaves PyTorch as it was."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.fx.experimental import symbolic_shapes

import modelviz
from modelviz.tracing import no_compiler, plain_sizes
from modelviz.tracing.no_compiler import FakeMode, without_compiler
from modelviz.tracing.torch_internals import (
    DISABLING,
    DISPATCH_RULES,
    SYMPY_USERS,
    FakeTensorMode,
    prims_common,
)

ROOT = Path(__file__).parents[2]
START = """
import sys, torch, modelviz
from torch import nn
from torch.nn import functional as F
HEAVY = {"torch._dynamo", "torch._inductor", "sympy", "torch.distributed.tensor"}
def loaded():
    return sorted(HEAVY & set(sys.modules))
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], str]:
    """What a new interpreter prints for code after ``START``."""
    return lambda code: printed_by(code, tmp_path / "script.py")


def printed_by(code: str, script: Path) -> str:
    script.write_text(START + code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_first_summary_and_picture_import_no_compiler(run: Callable[[str], str]) -> None:
    printed = run("""
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)
        self.norm = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.gru = nn.GRU(8, 8, batch_first=True)
        self.embed = nn.Embedding(64, 8)
    def forward(self, x):
        x = F.max_pool2d(F.gelu(self.bn(self.conv(x))), 2)
        x = self.norm(x.flatten(2).transpose(1, 2) + self.embed(torch.arange(16)))
        x = self.attention(x, x, x)[0]
        x = self.gru(x)[0].softmax(-1).mean(1)
        return torch.where(x > 0, x.tanh(), x.exp()).var(), torch.cat([x, x]).pow(2).sum(-1)
graph = modelviz.summary(Block(), (2, 3, 8, 8), verbose=0).graph
assert graph.execution == "fake", graph.findings
assert modelviz.draw(graph).svg
print(loaded())
""")
    assert printed == "[]"


def test_a_first_input_that_is_no_plain_tensor_imports_no_compiler(
    run: Callable[[str], str],
) -> None:
    printed = run("""
class Own(torch.Tensor):
    pass
class Dense(nn.Module):
    def forward(self, x):
        return x.to_dense()
for model, given in (
    (nn.Linear(8, 8), torch.ones(3, 8)[1:]),
    (nn.Linear(8, 8), torch.ones(3, 8, requires_grad=True)[1:]),
    (nn.Linear(8, 8), torch.ones(1, 8).expand(4, 8)),
    (nn.Linear(8, 8), torch.ones(2, 8).as_subclass(Own)),
    (nn.Conv2d(3, 4, 3), torch.ones(1, 8, 8, 3).permute(0, 3, 1, 2)),
    (nn.ReLU(), torch.ones(4, dtype=torch.complex64).real),
    (Dense(), torch.eye(4).to_sparse()),
):
    assert modelviz.trace(model, input_data=given).outputs
    print(loaded())
""")
    assert set(printed.split("\n")) == {"[]"}


def test_first_summary_and_picture_do_not_look_through_all_that_was_imported(
    run: Callable[[str], str],
) -> None:
    printed = run("""
import gc
gc.collect()
gc.freeze()  # so that whatever is new is a reason to look through all
gc.collect()
gc.set_threshold(700, 5, 1)
whole = []
gc.callbacks.append(lambda phase, info: whole.append(1) if info["generation"] == 2 else None)
model, before = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), gc.get_threshold()
assert modelviz.draw(modelviz.summary(model, (1, 3, 8, 8), verbose=0).graph).svg
print(len(whole), gc.get_threshold() == before)
""")
    assert printed == "0 True"


def test_compiler_that_a_forward_imports_is_the_real_one(run: Callable[[str], str]) -> None:
    printed = run("""
class Net(nn.Module):
    def forward(self, x):
        import torch.fx.experimental.symbolic_shapes as shapes
        from torch.fx.experimental.symbolic_shapes import ShapeEnv, guard_or_false
        import sympy
        assert sympy.Symbol("s") + 0 == sympy.Symbol("s")
        assert isinstance(ShapeEnv(), ShapeEnv) and guard_or_false(True) is True
        assert shapes.ShapeEnv is ShapeEnv
        return x + 1
assert modelviz.trace(Net(), (2, 3)).ops[-1].name == "add"
import torch.fx.experimental.symbolic_shapes as after
assert after.__file__ and after.ShapeEnv and after is torch.fx.experimental.symbolic_shapes
print("torch._dynamo" in sys.modules or ShapeEnv.__module__)
""")
    assert printed in ("True", "torch.fx.experimental.symbolic_shapes")


@pytest.mark.slow
def test_compiling_works_after_a_trace(run: Callable[[str], str]) -> None:
    printed = run("""
model = nn.Sequential(nn.Linear(4, 4), nn.GELU(), nn.Softmax(-1))
modelviz.trace(model, (2, 4))
x = torch.ones(2, 4)
compiled = torch.compile(model, backend="eager", dynamic=True)
assert torch.equal(compiled(x), model(x))
from torch.distributed.tensor import DTensor
assert issubclass(DTensor, torch.Tensor)
assert len(modelviz.trace(compiled, (2, 4)).ops) == 3
print({"torch._dynamo", "torch.distributed.tensor"} <= set(loaded()))
""")
    assert printed == "True"


def state() -> list[Any]:
    """What a trace changes in PyTorch while it runs."""
    alone = "getattr" in DISABLING
    users = [getattr(prims_common, name, None) for name in SYMPY_USERS]
    symbols = sys.modules.get(plain_sizes.SYMBOLS)
    attribute = vars(torch.fx.experimental).get("symbolic_shapes")
    return [alone, users, symbols, attribute, vars(DISPATCH_RULES)["find"]]


def as_if_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has imported none of them."""
    monkeypatch.setattr(no_compiler, "compiler_imported", lambda: False)
    for name in (plain_sizes.SYMBOLS, no_compiler.DISTRIBUTED_TENSORS):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delattr(torch.fx.experimental, "symbolic_shapes", raising=False)


def test_everything_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    as_if_first(monkeypatch)
    before = state()
    with without_compiler():
        inside = state()
        with without_compiler():
            assert state() == inside
        assert state() == inside
    assert state() == before
    # Older releases of torch have fewer things that would import the compiler.
    there = [True, bool(no_compiler._lightened()), True, True, True]
    assert [a != b for a, b in zip(inside, before, strict=True)] == there


def test_what_only_symbolic_shapes_can_answer_is_asked_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    as_if_first(monkeypatch)
    with without_compiler():
        stand_in = sys.modules[plain_sizes.SYMBOLS]
        assert vars(stand_in)["free_unbacked_symbols"](3) == set()
        assert sys.modules[plain_sizes.SYMBOLS] is not stand_in
        assert sys.modules[plain_sizes.SYMBOLS].__file__ is not None


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_everything_is_put_back_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    class Fails(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise error

    as_if_first(monkeypatch)
    before = state()
    with pytest.raises(modelviz.TraceError):
        modelviz.trace(Fails(), (2, 3))
    assert state() == before


def test_mode_has_what_pytorch_gives_its_own() -> None:
    ours = vars(FakeMode(allow_non_fake_inputs=True, allow_fallback_kernels=False))
    real = vars(FakeTensorMode(allow_non_fake_inputs=True, allow_fallback_kernels=False))
    plain = (bool, int, type(None), str)
    assert {name: type(value) for name, value in ours.items()} == {
        name: type(value) for name, value in real.items()
    }
    assert {name: value for name, value in ours.items() if isinstance(value, plain)} == {
        name: value for name, value in real.items() if isinstance(value, plain)
    }


VALUES: tuple[Any, ...] = (
    True,
    False,
    0,
    1,
    7,
    (),
    (2, 3),
    [2, 3],
    (2, (3, 4)),
    torch.zeros(2, 3),
    (torch.zeros(2), 1),
)


def outcome(function: Any, arguments: tuple[Any, ...]) -> Any:
    """What the function says, as plain data; or how it fails."""
    try:
        result = function(*arguments)
    except Exception as error:
        return type(error)
    return repr(list(result) if hasattr(result, "__next__") else result)


@pytest.mark.parametrize("name", sorted(set(plain_sizes.PLAIN) & set(vars(symbolic_shapes))))
def test_answers_for_plain_values_are_pytorchs(name: str) -> None:
    answer = plain_sizes._answering(name, plain_sizes.PLAIN[name])
    real = getattr(symbolic_shapes, name)
    cases = [(value,) for value in VALUES] + list(itertools.product(VALUES[:9], repeat=2))
    for case in cases:
        expected = outcome(real, case)
        if plain_sizes.PLAIN[name] is plain_sizes._ask or not isinstance(expected, str):
            continue  # asked there, or an argument that no shape function gives
        assert outcome(answer, case) == expected, case
