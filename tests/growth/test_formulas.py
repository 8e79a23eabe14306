"""Formulas: exact where they claim to hold, clear where they do not."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

import modelviz
from modelviz import Formulas, InputError, formulas
from modelviz.analysis.figures import module_figures
from modelviz.analysis.memory import forward_memory


class Attention(nn.Module):
    """Attention over tokens whose positions end at 64; it hands back keys and values."""

    def __init__(self, window: int | None = None) -> None:
        super().__init__()
        self.table = nn.Embedding(50, 8)
        self.positions = nn.Embedding(64, 8)
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Linear(8, 8)
        self.window = window

    def forward(self, ids: torch.Tensor) -> Any:
        x = self.table(ids) + self.positions(torch.arange(ids.shape[1]))
        if self.window is not None and ids.shape[1] > self.window:
            x = torch.relu(x)
        q, k, v = (
            part.unflatten(-1, (2, 4)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1)
        )
        mixed = scaled_dot_product_attention(q, k, v)
        return self.out(mixed.transpose(1, 2).flatten(2)), (k, v)


class Strided(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 4, 7, 2, 3),
            nn.MaxPool2d(3, 2, 1),
            nn.Conv2d(4, 8, 3, 2, 1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, 5),
        )


@pytest.fixture(scope="module")
def attention() -> Formulas:
    return formulas(Attention(), (2, 9), dtypes=[torch.long], dims={"ids": ("batch", "seq")})


@pytest.fixture(scope="module")
def strided() -> Formulas:
    return formulas(Strided(), (2, 3, 33, 41), dims=("batch", None, "height", "width"))


def test_expressions_are_those_of_the_textbook(attention: Formulas) -> None:
    batch, seq = attention.symbols["batch"], attention.symbols["seq"]
    projections = 2 * (8 * 24 + 8 * 8) * batch * seq
    assert attention.flops == projections + 2 * 2 * 8 * batch * seq**2
    assert attention.macs == attention.flops / 2
    assert attention.params == sum(p.numel() for p in Attention().parameters())
    assert attention.kv_cache_bytes == 2 * 8 * 4 * batch * seq  # keys and values, float32
    assert attention.shapes("out") == ((batch, seq, 8),)
    assert attention.of("qkv").flops == 2 * 8 * 24 * batch * seq
    assert attention.crossover("seq") == 16
    assert attention.crossover("batch") is None


def test_range_ends_where_the_table_does(attention: Formulas) -> None:
    assert (attention.valid["seq"].low, attention.valid["seq"].high) == (1, 64)
    above = attention.valid["seq"].above
    assert above is not None
    assert (above.size, above.path) == (65, "positions")
    assert above.file == __file__ and above.line
    with pytest.raises(InputError, match="seq=65"):
        attention.at(batch=1, seq=65)


def test_numbers_are_those_of_a_trace(strided: Formulas) -> None:
    chance = random.Random(7)
    for _ in range(6):
        sizes = {name: chance.randrange(2, 90) for name in strided.names}
        graph = modelviz.trace(Strided(), (sizes["batch"], 3, sizes["height"], sizes["width"]))
        found = strided.at(sizes)
        assert found["flops"] == graph.total_flops
        assert found["activation_bytes"] == module_figures(graph)[""].all.memory
        assert found["peak_bytes"] == forward_memory(graph).peak_bytes
        assert strided.flops.subs(sizes) == graph.total_flops
        pooled = graph.tensors[graph.calls_of("1")[0].outputs[0]].shape
        assert tuple(part.subs(sizes) for part in strided.shapes("1")[0]) == pooled


def test_forms(attention: Formulas) -> None:
    text = str(attention)
    assert "32*batch*seq**2 + 512*batch*seq" in text
    assert "from seq = 16 on" in text
    assert "at 65 the forward fails: IndexError" in text
    data = json.loads(attention.to_json())
    assert data["formulas"]["flops"] == "32*batch*seq**2 + 512*batch*seq"
    assert data["valid"]["ranges"]["seq"]["high"] == 64
    assert data["modules"]["qkv"]["flops"] == "384*batch*seq"
    assert r"\mathit{seq}^{2}" in attention.to_latex()
    assert "<code>32*batch*seq**2" in attention._repr_html_()
    assert "FLOPs by seq (batch = 2)" in attention.chart()


def test_another_way_ends_the_range_with_its_line() -> None:
    found = formulas(Attention(window=20), (2, 9), dtypes=[torch.long], dims=[("batch", "seq")])
    above = found.valid["seq"].above
    assert found.valid["seq"].high == 20
    assert above is not None and "relu" in above.message
    assert above.line == Attention.forward.__code__.co_firstlineno + 3


class Crossed(nn.Module):
    """Attention of one sequence to another: three dimensions in one product."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(12, 3, batch_first=True)

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return self.attention(target, source, source)[0]


def test_three_dimensions_in_a_sum_of_products() -> None:
    sizes, dims = [(2, 7, 12), (2, 5, 12)], [("batch", "source", None), ("batch", "target", None)]
    found = formulas(Crossed().eval(), sizes, dims=dims)
    batch, source, target = (found.symbols[name] for name in ("batch", "source", "target"))
    whole = 48 * batch * source * target + 576 * batch * (source + target)
    assert (found.flops - whole).expand() == 0
    assert [one.high for one in found.valid.ranges.values()] == [65_536] * 3


class Patches(nn.Module):
    """Windows as rows: their number is a product of shares that no size tells alone."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(18, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(nn.functional.unfold(x, 3, padding=1, stride=2).transpose(1, 2))


@pytest.mark.slow
def test_a_size_that_is_a_product_of_shares() -> None:
    found = formulas(Patches(), (1, 2, 16, 17), dims=[("batch", None, "height", "width")])
    assert str(found.shapes()[0]) == "(batch, ceiling(height/2)*ceiling(width/2), 4)"
    graph = modelviz.trace(Patches(), (3, 2, 31, 40))
    assert found.at(batch=3, height=31, width=40)["flops"] == graph.total_flops


class Halves(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv1d(2, 2, 2, 2)
        self.up = nn.ConvTranspose1d(2, 2, 2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.up(self.down(x))


def test_sizes_that_must_be_multiples() -> None:
    found = formulas(Halves(), (2, 2, 10), dims=("batch", None, "length"))
    assert found.valid["length"].step == 2
    assert 12 in found.valid["length"] and 13 not in found.valid["length"]
    assert str(found.flops) == "16*batch*length"


class Loop(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = x[:, 0]
        for step in range(1, x.shape[1]):
            state = torch.tanh(self.cell(state) + x[:, step])
        return state


@pytest.mark.slow
def test_loops_over_a_dimension() -> None:
    found = formulas(Loop(), (2, 7, 4), dims=("batch", "steps", None))
    batch, steps = found.symbols["batch"], found.symbols["steps"]
    assert (found.flops - 32 * batch * (steps - 1)).expand() == 0
    assert any("depends on the sizes" in remark for remark in found.valid.remarks)


@pytest.mark.slow
def test_without_dims_names_are_given_by_custom() -> None:
    found = formulas(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(64, 2)), (1, 3, 6, 6)
    )
    assert found.names == ("batch",)


class Fixed(nn.Module):
    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return x.reshape(x.shape[0], 3, 16) + bias


@pytest.mark.parametrize(
    ("dims", "said"),
    [
        ({"x": ("batch", "seq")}, r"2 names for x, which has 3 dimensions, \(2, 3, 16\)"),
        ({"y": ("batch", None, None)}, r"'y', which is no input: expected one of x"),
        ({5: ("batch", None, None)}, "names input 5"),
        ({"x": ("batch", 4, None)}, "dimension 1 of x is 3, not 4"),
        ({"x": ("a b", None, None)}, "'a b' in x is no name"),
        ({"x": (None, None, None)}, "names no dimension"),
        ({"x": ("n", "n", None)}, "'n' is 2 in one input and 3 in x"),
        ({"x": (None, None, "width")}, r"'width' cannot change: .* fails: RuntimeError: .*:\d+"),
        ("batch", "expected names by input"),
    ],
)
def test_errors_name_what_is_wrong(dims: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        formulas(Fixed(), [(2, 3, 16), (16,)], dims=dims)


def test_a_graph_has_no_forward_to_run() -> None:
    graph = modelviz.trace(nn.Linear(2, 2), (1, 2))
    with pytest.raises(InputError, match="has lazy parameters"):
        formulas(nn.Sequential(nn.LazyConv2d(8, 3), nn.Flatten(), nn.LazyLinear(3)), (2, 3, 8, 8))
    with pytest.raises(InputError, match="needs the model itself"):
        formulas(graph, (1, 2), dims=("batch", None))  # type: ignore[arg-type]


def test_model_stays_as_it_was() -> None:
    model = Halves().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(3)
    state = torch.get_rng_state()
    formulas(model, (2, 2, 10), dims=("batch", None, None))
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_curves_stay_in_what_was_proven_and_show_what_overtakes(attention: Formulas) -> None:
    curve = attention.curve("seq")
    assert [curve.points[0][0], curve.points[-1][0]] == [1, 64]
    for size, value in curve.points:
        assert value == attention.at(batch=2, seq=size)["flops"]
        linear, square = (dict(curve.parts[power])[size] for power in (1, 2))
        assert (square > linear) == (size > 16)
        assert linear + square == pytest.approx(value)
    assert curve.crossover == 16
    assert not attention.curve("batch").parts
    assert attention.curve("seq", "kv_cache_bytes").points[-1] == (64, 2 * 8 * 4 * 2 * 64)
    with pytest.raises(InputError, match="no dimension 'time'"):
        attention.curve("time")


def test_growth_is_drawn(attention: Formulas, tmp_path: Any) -> None:
    chart = attention.draw()
    for text in ("FLOPs by seq", "KV cache (bytes) by batch", "overtakes at seq = 16"):
        assert text in chart.svg
    assert "KV cache" not in attention.draw("flops", theme="dark").svg
    assert chart.save(tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="expected a name that ends in"):
        chart.save("growth.bmp")
    with pytest.raises(InputError, match="figure='time': expected one of flops"):
        attention.draw("time")


class Branches(nn.Module):
    """Two strides whose results must fit again: sizes 4, 8, 12 run, and those just below them."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Conv1d(1, 2, 3, stride=2, padding=1)
        self.coarse = nn.Conv1d(2, 2, 3, stride=2, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine = self.fine(x)
        coarse = self.coarse(fine)
        return fine + coarse.repeat_interleave(2, dim=-1)


def test_sizes_between_that_do_not_run_are_not_claimed() -> None:
    valid = formulas(Branches(), (1, 1, 16), dims=(None, None, "length")).valid["length"]
    assert valid.step == 4
    assert valid.low % 4 == 0 and valid.high % 4 == 0


def test_strides_alike_near_the_given_size_are_told_apart() -> None:
    """What paddings of 0, 3 and 7 before a stride of 16 give is one at most sizes."""
    paddings = nn.ModuleList([nn.Conv1d(1, 1, 16, 16, padding) for padding in (0, 3, 7)])

    class Together(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.paths = paddings

        def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
            return [path(x) for path in self.paths]

    found = formulas(Together(), (1, 1, 64), dims=(None, None, "length"))
    length = found.symbols["length"]
    for size in range(int(found.valid["length"].low), 200):
        wanted = 2 * 16 * sum((size + 2 * p - 16) // 16 + 1 for p in (0, 3, 7))
        assert found.flops.subs(length, size) == wanted


@pytest.mark.slow
def test_rows_times_columns_at_many_strides_are_found() -> None:
    class Pyramid(nn.Module):
        """Tokens of each of seven levels go through a layer of their own."""

        def __init__(self) -> None:
            super().__init__()
            self.down = nn.ModuleList([nn.Conv2d(2, 2, 3, 2, 1) for _ in range(7)])
            self.heads = nn.ModuleList([nn.Linear(2, 3) for _ in range(7)])

        def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
            found = []
            for down, head in zip(self.down, self.heads, strict=True):
                x = down(x)
                found.append(head(x.flatten(2).transpose(1, 2)))
            return found

    dims = (None, None, "height", "width")
    found = formulas(Pyramid(), (1, 2, 96, 160), dims=dims)
    for level in range(7):
        assert found.of(f"heads.{level}").flops.subs({"height": 333, "width": 77}) == (
            12 * -(-333 // 2 ** (level + 1)) * -(-77 // 2 ** (level + 1))
        )


class Chunks(nn.Module):
    """Rows of chunks of 16, the last one filled up, as streaming attention has them."""

    def __init__(self) -> None:
        super().__init__()
        self.chunk = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        padded = nn.functional.pad(x, (0, 0, 0, -length % 16)).reshape(-1, 16, width)
        scores = self.chunk(padded) @ padded.transpose(1, 2)
        return (scores @ padded).reshape(batch, -1, width)[:, :length]


def test_whole_chunks_are_found_where_near_sizes_have_as_many() -> None:
    found = formulas(Chunks(), (3, 20, 4), dims=("batch", "length", None))
    assert found.valid["length"].low == 1 and found.valid["length"].high > 10_000
    for batch, length in ((1, 1), (5, 16), (2, 17), (7, 4_001)):
        wanted = batch * -(-length // 16) * (2 * 16 * 4 * 4 + 2 * 2 * 16 * 16 * 4)
        assert found.flops.subs({"batch": batch, "length": length}) == wanted


class Pocket(nn.Module):
    """Goes another way for large batches of middling length, and no other."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[0] > 8 and 40 < x.shape[1] < 4_000:
            x = self.layer(x)
        return self.layer(x)


def test_sizes_that_do_not_go_together_are_not_claimed() -> None:
    valid = formulas(Pocket(), (2, 10, 4), dims=("batch", "length", None)).valid
    inside = [(b, n) for b in (16, 100, 1_000) for n in (64, 200, 1_000)]
    assert not any({"batch": b, "length": n} in valid for b, n in inside)
    assert {"batch": 2, "length": 10} in valid
    assert "goes another way" in str(valid) and ", with " in str(valid)


@pytest.mark.slow
def test_polynomials_that_only_pass_through_points_are_refused() -> None:
    """What grows with a logarithm is no polynomial, near the given size and elsewhere."""

    class Halving(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            kept = x[:, : int(7 * x.shape[1] ** 0.5)]
            return self.layer(kept)

    try:
        found = formulas(Halving(), (2, 100, 4), dims=("batch", "length", None))
    except InputError as error:
        assert "no formula was found" in str(error)
        return
    length = found.valid["length"]
    for size in range(length.low, length.high + 1, length.step):
        wanted = 2 * 3 * min(size, int(7 * size**0.5)) * 16
        assert found.flops.subs({"batch": 3, "length": size}) == wanted


class Neighbours(nn.Module):
    """A layer on nodes, and the sum of their neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Any, adjacency: Any) -> Any:
        return adjacency @ self.layer(x)


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr])
def test_a_sparse_matrix_in_another_size(layout: Any) -> None:
    given = [torch.zeros(6, 4), torch.eye(6).to_sparse(layout=layout)]
    dims = {"x": ("n", None), "adjacency": ("n", "n")}
    # The seventh node has the edges of the first, so that both are there four times: 6 + 3.
    found = formulas(Neighbours(), input_data=given, dims=dims)
    assert found.flops.subs("n", 6) == 2 * (6 * 4 * 4 + 6 * 4)
    assert found.flops.subs("n", 7) == 2 * (7 * 4 * 4 + 9 * 4)
