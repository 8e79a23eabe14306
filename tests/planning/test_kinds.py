"""Steps of models of kinds that shapes alone, or one thread, do not show."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.attention.flex_attention import flex_attention
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from modelviz import InputError, plan, profile, trace
from modelviz.tracing.formulas import kernel_formula


class Complex(nn.Module):
    """A linear map of complex numbers, by two of real ones."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, z: Any) -> Any:
        return torch.complex(self.a(z.real) - self.b(z.imag), self.a(z.imag) + self.b(z.real))


def test_a_complex_output_is_trained() -> None:
    found = plan(Complex(), input_data=torch.randn(2, 4, dtype=torch.complex64))
    assert found.breakdown["parameters"] == 2 * 20 * 4
    assert found.breakdown["optimizer"] == 2 * 2 * 20 * 4 + 4 * 4  # and a step for each tensor


class Sparse(nn.Module):
    def __init__(self, edges: torch.Tensor) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.register_buffer("edges", edges)

    def forward(self, x: Any) -> Any:
        return self.edges @ self.layer(x)


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
@pytest.mark.parametrize("optimizer", ["sgd", None])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_sparse_buffer_is_what_it_holds(compressed: bool, optimizer: Any) -> None:
    dense = torch.eye(6)
    model = Sparse(dense.to_sparse_csr() if compressed else dense.to_sparse())
    held = 7 * 8 + 6 * (8 + 4) if compressed else 6 * (2 * 8 + 4)
    assert plan(model, (6, 4), optimizer=optimizer).breakdown["buffers"] == held
    (buffer,) = [buffer for module in trace(model, (6, 4)).modules for buffer in module.buffers]
    assert buffer.bytes == held


class Compresses(nn.Module):
    """Makes a sparse matrix in the forward."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        return torch.eye(6).to_sparse_csr() @ self.layer(x)


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
def test_a_compressed_matrix_that_the_forward_makes() -> None:
    graph = trace(Compresses(), (6, 4))
    assert [(op.name, op.flops) for op in graph.ops][1:] == [
        ("to_sparse_csr", 0), ("linear", 144), ("matmul", 2 * 6 * 3),
    ]  # fmt: skip
    found = plan(Compresses(), (6, 4), optimizer="sgd")
    assert found.breakdown["parameters"] == 60 and found.peak_bytes > 60 + 96 + 128


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRU(4, 5)

    def forward(self, packed: Any) -> Any:
        return pad_packed_sequence(self.cell(packed)[0])[0]


@pytest.mark.parametrize("optimizer", ["sgd", None])
def test_packed_sequences(optimizer: Any) -> None:
    packed = pack_padded_sequence(torch.rand(4, 3, 4), torch.tensor([4, 2, 1]))
    found = plan(Recurrent(), input_data=(packed,), optimizer=optimizer)
    assert found.breakdown["parameters"] == 15 * (4 + 5 + 2) * 4


def test_padding_in_a_fused_encoder_takes_no_memory() -> None:
    layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
    model = nn.TransformerEncoder(layer, 2)
    half = torch.zeros(4, 16, dtype=torch.bool)
    half[:, 8:] = True

    def held(mask: torch.Tensor | None) -> dict[str, int]:
        given = {"src": torch.rand(4, 16, 64), "src_key_padding_mask": mask}
        return dict(plan(model, input_data=given, optimizer=None).breakdown)

    whole, padded = held(None), held(half)
    assert padded["temporaries"] == whole["temporaries"] // 2
    assert whole["activations"] // 2 <= padded["activations"] < whole["activations"]


class Forces(nn.Module):
    """An energy, and the forces that follow from it, in evaluation as well."""

    def __init__(self) -> None:
        super().__init__()
        self.energy = nn.Sequential(nn.Linear(3, 8), nn.SiLU(), nn.Linear(8, 1))

    def forward(self, positions: Any) -> Any:
        positions = positions.detach().requires_grad_()
        energy = self.energy(positions).sum()
        return energy, torch.autograd.grad(energy, positions)[0]


def test_an_inference_that_takes_gradients_records_them() -> None:
    found = plan(Forces(), (4, 3), optimizer=None)
    assert found.breakdown["gradients"] == 0 and found.peak_bytes > 4 * (24 + 8 + 8 + 1)


class Pooled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def forward(self, x: Any) -> Any:
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(lambda branch: branch(x), self.branches))


def test_branches_in_threads_are_planned_and_timed() -> None:
    assert plan(Pooled(), (2, 4)).breakdown["parameters"] == 3 * 20 * 4
    assert (profile(Pooled(), (2, 4)).total_seconds or 0) > 0


class Copies(nn.Module):
    """Casts a copy of a layer in the forward."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x: Any) -> Any:
        return copy.deepcopy(self.layer).to(torch.float64)(x.double())


def test_a_layer_that_the_forward_copies_and_casts() -> None:
    assert plan(Copies(), (2, 8), optimizer=None).peak_bytes >= 72 * (4 + 8)


class Divided(nn.Module):
    """Refuses to run without gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        if not torch.is_grad_enabled():
            raise ValueError("no gradients here")
        return self.layer(x)


def test_an_inference_that_fails_names_the_line_and_the_mode() -> None:
    line = Divided.forward.__code__.co_firstlineno + 2
    with pytest.raises(InputError, match=r"under torch\.no_grad") as caught:
        plan(Divided(), (2, 4), optimizer=None)
    assert f"test_kinds.py:{line}" in str(caught.value)


class Bilinear(nn.Module):
    """Two inputs and a weight in one kernel, of which the backward pass has three more."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Bilinear(4, 4, 3)

    def forward(self, x: Any) -> Any:
        return self.layer(x, x.flip(0))


def test_the_backward_of_a_bilinear_layer_is_counted() -> None:
    n, o, i, j = 2, 3, 4, 4
    assert plan(Bilinear(), (n, i)).breakdown["parameters"] == (o * i * j + o) * 4
    count = kernel_formula(torch.ops.aten._trilinear.default)
    assert count is not None
    gradient, x = torch.ones(n, o), torch.ones(n, i)
    out = torch.ones(o, i, j)
    assert count(gradient, x, x, [2, 3], [1, 3], [1, 2], [0], out=out) == 2 * n * o * i * (1 + j)


class Flexible(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        q = self.layer(x)[None, None]
        return flex_attention(q, q, q)


def test_flex_attention_is_planned_as_the_one_kernel_that_it_is() -> None:
    found = plan(Flexible(), (16, 4), optimizer=None)
    held = {holder.op: holder.bytes for holder in found.holders if holder.op}
    # The output, and the sums and, in newer versions, the maxima of the scores of 16 queries.
    assert held["flex_attention"] - 16 * 4 * 4 in (16 * 4, 2 * 16 * 4)
    assert held["addmm"] == 16 * 4 * 4
    assert found.breakdown["inputs"] == 16 * 4 * 4 and found.breakdown["parameters"] == 80
