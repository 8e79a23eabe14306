"""A fake forward refuses what the real kernels refuse, in their words, and nothing else."""

from __future__ import annotations

import itertools
import linecache
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from modelviz import TraceError, trace
from modelviz.tracing.asked import may_be_asked
from modelviz.tracing.execution import _fake_mode
from modelviz.tracing.executors import FakeExecutor
from modelviz.tracing.guard import Guard, quiet_process
from modelviz.tracing.recorder import Recorder

from .kernel_calls import KernelCall, kernel_calls

D, H, B, L = torch.float64, torch.float16, torch.bfloat16, torch.int64


class Does(nn.Module):
    """A model whose forward is one function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any) -> Any:
        return self.function(*args)


def does(function: Callable[..., Any]) -> nn.Module:
    return Does(function)


def first_line(error: BaseException | None) -> tuple[str, str] | None:
    return None if error is None else (type(error).__name__, str(error).strip().split("\n")[0])


def raised(call: Callable[[], Any]) -> BaseException | None:
    try:
        call()
    except TraceError as error:
        return error.__cause__
    except Exception as error:
        return error
    return None


def r(*shape: int, dtype: Any = torch.float32) -> torch.Tensor:
    return torch.ones(shape, dtype=dtype)


def positions(count: int) -> nn.Module:
    table = nn.Embedding(16, 8)

    class Positions(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = table

        def forward(self, x: Any) -> Any:
            return self.table(torch.arange(count)) + x

    return Positions()


class Buffered(nn.Module):
    """Positions that are a buffer, as BERT has them."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("position_ids", torch.arange(32).expand(1, -1))
        self.table = nn.Embedding(16, 8)

    def forward(self, x: Any) -> Any:
        return self.table(self.position_ids[:, : x.shape[1]]) + x


REFUSED: dict[str, tuple[nn.Module, tuple[Any, ...]]] = {
    "linear": (nn.Linear(4, 4), (r(2, 4, dtype=D),)),
    "linear in half": (nn.Linear(4, 4), (r(2, 3, 4, dtype=H),)),
    "linear of integers": (nn.Linear(4, 4), (r(2, 4, dtype=L),)),
    "linear without bias": (nn.Linear(4, 4, bias=False), (r(4, dtype=D),)),
    "bilinear": (nn.Bilinear(4, 4, 2), (r(2, 4), r(2, 4, dtype=D))),
    "matmul": (does(torch.matmul), (r(2, 3, 4), r(2, 4, 3, dtype=D))),
    "mm": (does(torch.mm), (r(3, 4), r(4, 3, dtype=B))),
    "mv": (does(torch.mv), (r(3, 4), r(4, dtype=D))),
    "dot": (does(torch.dot), (r(4), r(4, dtype=D))),
    "bmm": (does(torch.bmm), (r(2, 3, 4), r(2, 4, 3, dtype=H))),
    "baddbmm": (does(torch.baddbmm), (r(2, 3, 3, dtype=D), r(2, 3, 4), r(2, 4, 3))),
    "addmm": (does(torch.addmm), (r(3), r(3, 4), r(4, 3, dtype=D))),
    "einsum": (
        does(lambda a, b: torch.einsum("bij,bjk->bik", a, b)),
        (r(2, 3, 4), r(2, 4, 3, dtype=D)),
    ),
    "conv1d": (nn.Conv1d(3, 4, 3), (r(1, 3, 9, dtype=D),)),
    "conv2d": (nn.Conv2d(3, 4, 3, padding=1), (r(1, 3, 9, 9, dtype=H),)),
    "conv3d grouped": (nn.Conv3d(4, 4, 3, groups=2), (r(1, 4, 5, 5, 5, dtype=D),)),
    "conv2d of integers": (nn.Conv2d(3, 4, 3), (r(1, 3, 9, 9, dtype=torch.uint8),)),
    "transposed conv": (nn.ConvTranspose2d(3, 4, 3, 2, 1, 1), (r(1, 3, 5, 5, dtype=D),)),
    "attention's value": (
        does(F.scaled_dot_product_attention),
        (r(1, 2, 3, 4), r(1, 2, 3, 4), r(1, 2, 3, 4, dtype=D)),
    ),
    "attention's mask": (
        does(F.scaled_dot_product_attention),
        (r(1, 2, 3, 4), r(1, 2, 3, 4), r(1, 2, 3, 4), r(3, 3, dtype=L)),
    ),
    "multi-head attention": (
        nn.MultiheadAttention(8, 2),
        (r(3, 1, 8), r(3, 1, 8, dtype=D), r(3, 1, 8)),
    ),
    "transformer layer": (nn.TransformerEncoderLayer(8, 2, 16), (r(3, 1, 8, dtype=D),)),
    "rnn": (nn.RNN(4, 4), (r(3, 1, 4, dtype=D),)),
    "lstm": (nn.LSTM(4, 4), (r(3, 1, 4, dtype=H),)),
    "gru of integers": (nn.GRU(4, 4), (r(3, 1, 4, dtype=L),)),
    "gru's state": (nn.GRU(4, 4), (r(3, 1, 4), r(1, 1, 4, dtype=D))),
    "lstm's state": (nn.LSTM(4, 4), (r(3, 1, 4), (r(1, 1, 4), r(1, 1, 4, dtype=D)))),
    "rnn cell": (nn.RNNCell(4, 4), (r(2, 4, dtype=D),)),
    "lstm cell": (nn.LSTMCell(4, 4), (r(2, 4, dtype=D),)),
    "gru cell": (nn.GRUCell(4, 4), (r(2, 4, dtype=D),)),
    "gru cell's state": (nn.GRUCell(4, 4), (r(2, 4), r(2, 4, dtype=D))),
    "lstm cell's state": (nn.LSTMCell(4, 4), (r(2, 4), (r(2, 4, dtype=H), r(2, 4)))),
    "batch norm": (nn.BatchNorm2d(4).eval(), (r(2, 4, 3, 3, dtype=D),)),
    "batch norm in training": (nn.BatchNorm1d(4), (r(2, 4, dtype=D),)),
    "batch norm of integers": (nn.BatchNorm1d(4).eval(), (r(2, 4, dtype=L),)),
    "layer norm": (nn.LayerNorm(4), (r(2, 4, dtype=D),)),
    "layer norm of integers": (nn.LayerNorm(4), (r(2, 4, dtype=L),)),
    "group norm": (nn.GroupNorm(2, 64), (r(2, 64, 16, 16, dtype=D),)),
    "instance norm": (nn.InstanceNorm2d(4, affine=True), (r(2, 4, 3, 3, dtype=D),)),
    "rms norm of integers": (nn.RMSNorm(4), (r(2, 4, dtype=L),)),
    "softmax of integers": (nn.Softmax(-1), (r(2, 4, dtype=L),)),
    "gelu of integers": (nn.GELU(), (r(2, 4, dtype=L),)),
    "dropout of integers": (nn.Dropout(), (r(2, 4, dtype=L),)),
    "mean of integers": (does(lambda x: x.mean()), (r(2, 4, dtype=L),)),
    "pooling of integers": (nn.AvgPool2d(2), (r(1, 1, 4, 4, dtype=torch.int32),)),
    "upsampling of integers": (
        nn.Upsample(scale_factor=2, mode="bilinear"),
        (r(1, 1, 4, 4, dtype=L),),
    ),
    "fft in half": (does(torch.fft.rfft), (r(8, dtype=H),)),
    "cholesky in half": (does(torch.linalg.cholesky), (r(2, 2, dtype=H),)),
    "inverse in half": (does(torch.linalg.inv), (r(2, 2, dtype=B),)),
    "cdist": (does(torch.cdist), (r(3, 4), r(5, 4, dtype=H))),
    "bits of floats": (does(lambda a: ~a), (r(3),)),
    "indices that are floats": (nn.Embedding(4, 2), (r(3),)),
    "a mask that is float": (does(lambda a, m: a.masked_fill(m, 0.0)), (r(3), r(3))),
    "lerp": (does(lambda a, b: torch.lerp(a, b, 0.5)), (r(3), r(3, dtype=D))),
    "arange beyond a table": (positions(17), (r(17, 8),)),
    "a long arange beyond a table": (positions(70_000), (r(1, 8),)),
    "buffer beyond a table": (Buffered(), (r(1, 20, 8),)),
    "words beyond a table": (nn.Embedding(10, 2), (torch.tensor([[1, 10]]),)),
    "words below a table": (nn.Embedding(10, 2), (torch.tensor([-1]),)),
    "bag beyond a table": (nn.EmbeddingBag(10, 2), (torch.tensor([[1, 10]]),)),
    "gather": (does(lambda x: x.gather(1, torch.tensor([[0, 4]]))), (r(1, 4),)),
    "index_select": (does(lambda x: x.index_select(0, torch.arange(5))), (r(4, 3),)),
    "index": (does(lambda x: x[:, torch.arange(5)]), (r(2, 4),)),
    "negative index": (does(lambda x: x[torch.tensor([-5])]), (r(4),)),
    "index_put": (does(lambda x: torch.zeros(2, 2).index_put((torch.tensor([2]),), x)), (r(2),)),
    "scatter": (does(lambda x: torch.zeros(1, 3).scatter(1, torch.tensor([[3]]), x)), (r(1, 1),)),
    "scatter_add_": (does(lambda x: torch.zeros(3).scatter_add_(0, torch.tensor([3]), x)), (r(1),)),
    "index_add": (does(lambda x: torch.zeros(3).index_add(0, torch.tensor([3]), x)), (r(1),)),
    "index_copy": (does(lambda x: torch.zeros(3).index_copy(0, torch.tensor([3]), x)), (r(1),)),
    "take": (does(lambda x: x.take(torch.tensor([6]))), (r(2, 3),)),
    "one_hot": (does(lambda x: F.one_hot(x, 3)), (torch.tensor([3]),)),
    "cross entropy": (does(F.cross_entropy), (r(2, 3), torch.tensor([0, 3]))),
    "nll_loss": (does(F.nll_loss), (r(2, 3), torch.tensor([-1, 0]))),
    "nll_loss of images": (does(F.nll_loss), (r(1, 3, 2, 2), torch.full((1, 2, 2), 7))),
    "shapes": (does(torch.matmul), (r(2, 3), r(2, 3))),
    "copy out of meta": (does(lambda x: x.to("meta").cpu()), (r(2, 3),)),
    "as_strided beyond": (does(lambda x: x.as_strided((5, 5), (5, 1))), (r(2, 4),)),
    "as_strided from an offset": (does(lambda x: x.as_strided((2, 2), (4, 1), 7)), (r(2, 4),)),
    "view": (does(lambda x: x.view(3, 3)), (r(2, 4),)),
    "view of a transposed one": (does(lambda x: x.t().view(-1)), (r(2, 4),)),
    "narrow": (does(lambda x: x.narrow(0, 1, 5)), (r(2, 4),)),
    "index_fill": (does(lambda x: x.index_fill(0, torch.tensor([3]), 1.0)), (r(2, 4),)),
    "a part on meta": (does(lambda x: x + torch.ones(2, 4, device="meta")), (r(2, 4),)),
    "a class too many": (does(lambda y: F.one_hot(y, 3)), (torch.tensor([0, 3]),)),
    "a class below none": (does(lambda y: F.one_hot(y - 1, 3)), (torch.tensor([0, 2]),)),
}


@pytest.mark.parametrize("execution", ["fake", "auto"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_pytorch_refuses(name: str, execution: Any) -> None:
    model, inputs = REFUSED[name]
    with torch.no_grad():
        expected = raised(lambda: model(*inputs))
    assert expected is not None, "PyTorch itself accepts this"
    actual = raised(lambda: trace(model, input_data=list(inputs), execution=execution))
    assert first_line(actual) == first_line(expected)


ACCEPTED: dict[str, tuple[nn.Module, tuple[Any, ...]]] = {
    "sum of dtypes": (does(torch.add), (r(2), r(2, dtype=D))),
    "layer norm of bfloat16 with float weights": (nn.LayerNorm(4), (r(2, 4, dtype=B),)),
    "double": (nn.Linear(4, 4).double(), (r(2, 4, dtype=D),)),
    "bfloat16 conv": (nn.Conv2d(3, 8, 3, 2, 1).bfloat16(), (r(1, 3, 8, 8, dtype=B),)),
    "half transformer": (nn.TransformerEncoderLayer(8, 2, 16).half(), (r(3, 1, 8, dtype=H),)),
    "half lstm": (nn.LSTM(4, 4).bfloat16(), (r(3, 1, 4, dtype=B),)),
    "grouped transposed": (
        nn.ConvTranspose2d(8, 8, 3, 2, 1, 1, groups=4).double(),
        (r(1, 8, 5, 5, dtype=D),),
    ),
    "group norm": (nn.GroupNorm(32, 64).double(), (r(2, 64, 16, 16, dtype=D),)),
    "integer division": (does(lambda a, b: a // b), (r(5, dtype=L), r(5, dtype=L))),
    "within the table": (nn.Embedding(10, 2), (torch.tensor([[0, 9]]),)),
    "from the end": (does(lambda x: x[torch.tensor([-4, 3])]), (r(4),)),
    "ignored class": (does(F.cross_entropy), (r(2, 3), torch.tensor([0, -100]))),
    "all classes": (does(lambda y: F.one_hot(y, 3)), (torch.tensor([0, 2]),)),
    "take from the end": (does(lambda x: x.take(torch.tensor([-6]))), (r(2, 3),)),
    "bytes as a mask": (
        does(lambda m, x: torch.where(m.bool(), x, x)),
        (r(3, dtype=torch.uint8), r(3)),
    ),
    "positions by a mask": (
        does(lambda mask: F.embedding((mask.cumsum(1) * mask).long() + 1, torch.ones(10, 2))),
        (torch.ones(2, 8, dtype=L),),
    ),
    "positions": (positions(16), (r(16, 8),)),
    "complex": (nn.Linear(4, 4, dtype=torch.complex64), (r(2, 4, dtype=torch.complex64),)),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_pytorch_accepts(name: str) -> None:
    model, inputs = ACCEPTED[name]
    with torch.no_grad():
        assert raised(lambda: model(*inputs)) is None
    graph = trace(model, input_data=list(inputs), execution="fake")
    assert graph.failure is None and graph.execution == "fake"


def test_a_known_index_is_looked_at_although_the_op_was_seen_before() -> None:
    class Looks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(16, 8)

        def forward(self, x: Any) -> Any:
            return self.table(x)

    model = Looks()
    assert trace(model, (1, 4), dtypes=[torch.long], execution="fake").failure is None
    assert trace(model, input_data=torch.zeros(1, 4, dtype=torch.long)).failure is None
    with pytest.raises(TraceError, match="index out of range in self"):
        trace(model, input_data=torch.full((1, 4), 16))


FOUND: dict[str, Callable[[Any], Any]] = {
    "of a batch": lambda ids: torch.arange(ids.shape[1]).expand_as(ids),
    "from two": lambda ids: torch.arange(ids.shape[1]) + 2,
    "counted": lambda ids: torch.ones_like(ids).cumsum(1),
    "counted in what is made alike": lambda ids: ids.new_ones(ids.shape).cumsum(-1),
    "all the last": lambda ids: torch.full_like(ids, 512),
}


class Picks(nn.Module):
    """Picks columns of a table by indices, of which the last are given."""

    def __init__(self, last: Any) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.rand(2, 6))
        self.register_buffer("first", torch.tensor([0, -6, 5]))
        self.register_buffer("last", torch.as_tensor(last))

    def forward(self, x: Any) -> Any:
        return self.table[:, self.first].sum() + self.table[:, self.last].sum() + x


@pytest.mark.parametrize("execution", ["fake", "real"])
def test_indices_that_pick_are_looked_at_each_time(execution: Any) -> None:
    x = torch.zeros(1, 4)
    graphs = [trace(Picks([1, 2, 3]), input_data=x, execution=execution) for _ in range(2)]
    assert graphs[0].to_json() == graphs[1].to_json()
    for wrong in (6, -7):
        with pytest.raises(TraceError, match="out of bounds for dimension"):
            trace(Picks([1, wrong, 3]), input_data=x, execution=execution)


def test_an_index_that_the_forward_wrote_to_is_no_longer_known() -> None:
    class Moves(Picks):
        def forward(self, x: Any) -> Any:
            self.last.add_(x.long().sum())
            return super().forward(x)

    for _ in range(2):
        graph = trace(Moves([1, 2, 3]), (1, 4), execution="fake")
        assert [op.name for op in graph.ops].count("getitem") == 2


@pytest.mark.parametrize("execution", ["auto", "real"])
def test_a_mask_picks_as_many_as_it_holds_each_time(execution: Any) -> None:
    class Masks(nn.Module):
        def forward(self, x: Any, mask: Any) -> Any:
            return x[mask]

    for count in (1, 3, 3, 0):
        mask = torch.arange(4) < count
        graph = trace(Masks(), input_data=[torch.rand(4, 2), mask], execution=execution)
        assert graph.tensors[graph.outputs[0]].shape == (count, 2)


@pytest.mark.parametrize("name", FOUND)
def test_positions_beyond_a_table_are_seen_whatever_the_sequence_holds(name: str) -> None:
    """Of the input nothing is known but its size; also when such an op was seen before."""
    model = does(lambda ids: F.embedding(FOUND[name](ids), torch.ones(512, 1)))
    for shape in ((2, 700), (256, 700), (1, 131_072), (1, 131_072)):
        with pytest.raises(TraceError, match="index out of range in self"):
            trace(model, shape, dtypes=[torch.long], execution="fake")


def test_a_kernel_is_asked_with_expanded_tensors_in_its_own_words() -> None:
    class Pools(nn.Module):
        def forward(self, x: Any, places: Any) -> Any:
            return torch.zeros(10, 4).scatter_add_(0, places[:, None].expand(-1, 8), x)

    with pytest.raises(TraceError, match=r"Expected index \[30, 8\] to be no larger than self"):
        trace(Pools(), [(30, 8), (30,)], dtypes=[torch.float, torch.long], execution="fake")


def test_a_refusal_is_final_and_names_the_line() -> None:
    class Counts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            runs.append(x)
            return self.layer(x)

    runs: list[Any] = []
    with pytest.raises(TraceError) as caught:
        trace(Counts(), input_data=torch.ones(2, 4, dtype=torch.float64))
    failure = caught.value.graph.failure
    assert len(runs) == 1, "no second forward to learn the same"
    assert failure is not None and failure.module == "layer" and failure.error == "RuntimeError"
    assert failure.file == __file__ and failure.line is not None
    assert "self.layer(x)" in linecache.getline(__file__, failure.line)
    assert failure.shapes == ((2, 4), (4, 4), (4,))


def test_autocast_mixes_dtypes() -> None:
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            with torch.autocast("cpu", torch.bfloat16):
                return self.layer(x.double().float()) @ x.bfloat16()

    assert trace(Mixed(), (4, 4), execution="fake").failure is None
    assert raised(lambda: Mixed()(r(4, 4))) is None


# -- every kernel of the zoo, with wrong dtypes -------------------------------------------------

DTYPES = [
    "float32",
    "float64",
    "float16",
    "bfloat16",
    "int64",
    "int32",
    "uint8",
    "bool",
    "complex64",
]
# No fake kernel, so that such a model runs for real.
UNSUPPORTED = {
    "aten._nested_tensor_from_mask.default",
    "aten._nested_tensor_from_mask_left_aligned.default",
}
# These trust whoever calls them, who has checked: asked with sizes or dtypes that do not fit, they
# read where they must not. So nobody asks, and only their callers' refusals are known.
NOT_ASKED = {
    "aten._embedding_bag.default",
    "aten._fft_c2r.default",
    "aten._fft_c2c.default",
    "aten._fft_r2c.default",
    "aten._native_multi_head_attention.default",
    "aten._scaled_dot_product_flash_attention_for_cpu.default",
    "aten._transformer_encoder_layer_fwd.default",
    "aten._trilinear.default",
    "aten._weight_norm_interface.default",
    "aten.mkldnn_rnn_layer.default",
    "aten.quantize_per_tensor.default",
}
# Whether these run depends on values that a fake forward does not know.
BY_VALUE = {"aten.multinomial.default"}
NEED_VALUES = {"DataDependentOutputException", "DynamicOutputShapeException"}
MASK_MISFITS = "shape mismatch: value tensor"
# Masks of bytes, which PyTorch calls deprecated: a fake kernel says no, and ``auto`` runs for real.
DEPRECATED = {"aten.where.self", "aten.index.Tensor"}


def swaps(call: KernelCall) -> Iterator[dict[int, str]]:
    """Other dtypes for each tensor alone, for all of single precision, and for all."""
    given = call.dtypes
    yield {}
    for dtype in DTYPES:
        yield from ({i: dtype} for i, old in enumerate(given) if old != dtype)
        yield {i: dtype for i, old in enumerate(given) if old == "float32"}
        yield dict.fromkeys(range(len(given)), dtype)


def zeros(shape: Any, stride: Any, dtype: torch.dtype) -> torch.Tensor:
    return torch.empty_strided(shape, stride, dtype=dtype).zero_()


class Dispatched(TorchDispatchMode):
    """Hands each kernel to an executor, as a trace does."""

    def __init__(self, executor: FakeExecutor) -> None:
        super().__init__()
        self.executor = executor

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.executor.run(func, args, kwargs or {})


Outcome = tuple[str, str] | None


def real_outcome(call: KernelCall, swap: dict[int, str]) -> Outcome:
    args, kwargs = call.arguments(swap, zeros)
    return first_line(raised(lambda: call.kernel(*args, **kwargs)))


def fake_outcome(call: KernelCall, swap: dict[int, str]) -> Outcome:
    mode = _fake_mode()
    executor = FakeExecutor(mode, Recorder({}), Guard([]))
    with executor.context():
        args, kwargs = call.arguments(swap, lambda *how: mode.from_tensor(zeros(*how)))
        with Dispatched(executor):
            return first_line(raised(lambda: call.kernel(*args, **kwargs)))


def disagreements(calls: list[KernelCall], step: int) -> tuple[int, int, list[Any]]:
    """How many cases were compared, how many PyTorch refused, and where a fake kernel differs."""
    cases = [(call, swap) for call in calls for swap in swaps(call)][::step]
    refused, found = 0, []
    with warnings.catch_warnings(), quiet_process(), torch.no_grad():
        warnings.simplefilter("ignore")
        for call, swap in cases:
            expected, actual = real_outcome(call, swap), fake_outcome(call, swap)
            refused += expected is not None
            by_value = (actual is not None and actual[0] in NEED_VALUES) or (
                expected is not None and expected[1].startswith(MASK_MISFITS)
            )
            if actual != expected and not by_value:
                found.append((call.name, call.dtypes, swap, expected, actual))
    return len(cases), refused, found


# PyTorch's version for ``meta`` takes fewer dtypes than that for the CPU.
NARROWER_ON_META = {"aten._grouped_mm.default"}


def on_meta(place: int) -> Callable[..., torch.Tensor]:
    """Makes real arguments, of which the one at ``place`` has no data."""
    places = itertools.count()

    def make(*how: Any) -> torch.Tensor:
        made = zeros(*how)
        return made.to("meta") if next(places) == place else made

    return make


def outcomes_on_two_devices(call: KernelCall, place: int) -> tuple[Outcome, Outcome]:
    args, kwargs = call.arguments({}, on_meta(place))
    real = first_line(raised(lambda: call.kernel(*args, **kwargs)))
    mode, make = _fake_mode(), on_meta(place)
    executor = FakeExecutor(mode, Recorder({}), Guard([]))
    with executor.context():
        args, kwargs = call.arguments({}, lambda *how: mode.from_tensor(make(*how)))
        with Dispatched(executor):
            return real, first_line(raised(lambda: call.kernel(*args, **kwargs)))


@pytest.mark.parametrize("step", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_kernels_of_the_zoo_refuse_two_devices(step: int) -> None:
    calls = [call for call in compared() if call.name not in NARROWER_ON_META][::step]
    refused, taken = 0, []
    with warnings.catch_warnings(), quiet_process(), torch.no_grad():
        warnings.simplefilter("ignore")
        for call in calls:
            for place in range(len(call.dtypes)) if len(call.dtypes) > 1 else ():
                real, fake = outcomes_on_two_devices(call, place)
                refused += real is not None
                if real is not None and fake is None:
                    taken.append((call.name, place, real))
    assert refused > 150 // step and taken == []


def compared() -> list[KernelCall]:
    left_out = UNSUPPORTED | BY_VALUE | NOT_ASKED
    return [call for call in kernel_calls() if call.name not in left_out]


def test_kernels_that_trust_their_caller_are_not_asked() -> None:
    calls = {call.name: call.kernel for call in kernel_calls()}
    assert [name for name in NOT_ASKED if may_be_asked(calls[name])] == []
    backward = [torch.ops.aten.native_layer_norm_backward, torch.ops.aten.tanh_backward]
    assert not any(may_be_asked(kernel.default) for kernel in backward)
    for name in ("_thnn_fused_lstm_cell", "_cudnn_rnn", "mkldnn_convolution", "lu_solve"):
        assert not may_be_asked(getattr(torch.ops.aten, name).default)


def assert_alike(found: list[Any]) -> None:
    # A mask of bytes is the one thing that a fake kernel refuses and a real one only warns about.
    left = [f for f in found if not (f[0] in DEPRECATED and f[3] is None)]
    assert not left, "\n".join(map(str, left))


def test_kernels_of_the_zoo_refuse_alike() -> None:
    count, refused, found = disagreements(compared(), step=37)
    assert count > 400 and refused > 50
    assert_alike(found)


@pytest.mark.slow
def test_kernels_of_the_zoo_refuse_alike_in_every_case() -> None:
    count, refused, found = disagreements(compared(), step=1)
    print(f"{count} cases, {refused} refused by PyTorch, {len(found)} others")
    assert count > 15_000 and refused > 3_000
    assert_alike(found)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: F.softmax(x, dim=2),
        lambda x: F.softmin(x, dim=-3),
        lambda x: F.gumbel_softmax(x, dim=2),
        lambda x: x.sort(2),
        lambda x: x.argsort(-3),
        lambda x: x.select(-3, 0),
        lambda x: x.index_select(0, torch.zeros(2, 2, dtype=L)),
        lambda x: torch.multinomial(x.abs() + 1, 9),
        lambda x: torch.multinomial(x.abs() + 1, 0),
        lambda x: torch.bernoulli(x, 2.0),
        lambda x: x[:0].max(),
        lambda x: x[:0].min(0),
        lambda x: torch.bucketize(x, torch.ones(2, 2)),
        lambda x: F.conv_transpose1d(x[:, None], torch.ones(1, 1, 2), output_padding=1),
        lambda x: F.conv1d(x[:, None], torch.ones(1, 1, 2), dilation=0),
        lambda x: F.conv1d(x[:, None], torch.ones(1, 1, 2), stride=0),
    ],
)
def test_dimensions_and_settings_that_no_kernel_takes(function: Callable[..., Any]) -> None:
    # What a kernel takes of the same dtypes and ranks must not be remembered for these.
    for right in (lambda x: F.softmax(x, 1).sort(1), lambda x: F.conv1d(x[:, None], r(1, 1, 2))):
        trace(does(right), (2, 4), execution="fake")
    real = raised(lambda: function(torch.rand(2, 4)))
    assert real is not None
    fake = raised(lambda: trace(does(function), (2, 4), execution="fake"))
    assert first_line(fake) == first_line(real)


@pytest.mark.parametrize("shape", [(2, 4), (200, 400)])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.as_strided((500, 500), (400, 1)),
        lambda x: x.as_strided(x.shape, x.stride(), 4),
        lambda x: x[1:].as_strided(x.shape, x.stride()),
        lambda x: torch.as_strided_copy(x, (9, 9), (1, 9999)),
        lambda x: torch.as_strided_scatter(x, torch.zeros(9, 9), (9, 9), (1, 9999)),
        lambda x: x.clone().as_strided_((9, 9), (1, 9999)),
        lambda x: x.new_empty_strided((2, 2), (-1, 1)),
        lambda x: x.select(-5, 0),
        lambda x: x.select(0, 999),
        lambda x: torch.select_copy(x, -7, 0),
        lambda x: torch.select_scatter(x, torch.zeros(x.shape[1]), -8, 0),
        lambda x: torch.select_scatter(x, torch.zeros(x.shape[1]), 0, 999),
        lambda x: torch.slice_scatter(x, torch.zeros(x.shape), -8),
        lambda x: torch.diagonal_scatter(x, torch.zeros(2), 0, -8, 0),
    ],
)
def test_places_that_are_not_there(function: Callable[..., Any], shape: tuple[int, int]) -> None:
    real = raised(lambda: function(torch.rand(shape)))
    assert real is not None
    fake = raised(lambda: trace(does(function), shape, execution="fake"))
    assert first_line(fake) == first_line(real)


def test_places_that_are_there_just_so() -> None:
    def parts(x: Any) -> Any:
        last = x.as_strided((2, 4), (4, 1)) + x[1:].as_strided((4,), (1,))
        rows = x.as_strided((0, 9), (99, 1)).sum() + x.select(-2, -2).sum() + x.as_strided((), ())
        return torch.select_scatter(last, x[0], -2, 1) + rows + x.expand(3, 2, 4)[2]

    assert trace(does(parts), (2, 4), execution="fake").failure is None
    parts(torch.rand(2, 4))


WRITES: list[tuple[Callable[..., Any], bool]] = [
    (lambda y: y.add_(1), False),
    (lambda y: y.copy_(torch.ones(3, 4)), False),
    (lambda y: y.index_add_(0, torch.tensor([0]), torch.ones(1, 4)), False),
    (lambda y: y.fill_(1.0), True),
    (lambda y: y.__setitem__(0, 1.0), True),
    (lambda y: y.clone().add_(1), True),
]


@pytest.mark.parametrize("write, runs", WRITES)
@pytest.mark.parametrize("execution", ["fake", "real"])
@torch.no_grad()
def test_writes_into_expanded_tensors(
    write: Callable[..., Any], runs: bool, execution: Any
) -> None:
    model = does(lambda x: (write(x[:1].expand(3, 4)), x)[1])
    if runs:
        assert trace(model, (2, 4), execution=execution).failure is None
        return
    with pytest.raises(TraceError, match="more than one element of the written-to tensor"):
        trace(model, (2, 4), execution=execution)


RESHAPED: list[tuple[Callable[..., Any], str | None]] = [
    (lambda model, x: model.weight.t_(), "a leaf Variable that requires grad"),
    (lambda model, x: model.weight[0].unsqueeze_(0), "a view of a leaf Variable"),
    (lambda model, x: model.weight.data.t_(), None),
    (lambda model, x: (x * model.weight).t_(), None),
    (lambda model, x: x.unsqueeze_(0), None),
]


@pytest.mark.parametrize("reshape, words", RESHAPED)
@pytest.mark.parametrize("execution", ["fake", "real"])
def test_a_leaf_that_requires_gradients_keeps_its_shape(
    reshape: Callable[..., Any], words: str | None, execution: Any
) -> None:
    class Reshapes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.rand(2, 4))

        def forward(self, x: Any) -> Any:
            reshape(self, x)
            return x

    with torch.no_grad():
        assert trace(Reshapes(), (2, 4), execution=execution).failure is None
    if words is None:
        assert trace(Reshapes(), (2, 4), execution=execution).failure is None
        return
    with pytest.raises(TraceError, match=words):
        trace(Reshapes(), (2, 4), execution=execution)
