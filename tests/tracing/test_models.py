"""Models of every kind: what is called, what is shared, what is counted."""

from __future__ import annotations

import collections
import dataclasses
import warnings
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.flop_counter import FlopCounterMode

from modelviz import ModelGraph, trace
from modelviz.tracing.recipes import RECIPES

from .flow import flows, names, tensors_from

EXECUTIONS = ("fake", "real")


# What PyTorch's counter leaves out: products with a vector.
VECTOR_FORMULAS = {
    torch.ops.aten.mv: lambda matrix, vector, out_shape, **_: 2 * matrix[0] * matrix[1],
    torch.ops.aten.dot: lambda a, b, out_shape, **_: 2 * a[0],
    torch.ops.aten.vdot: lambda a, b, out_shape, **_: 2 * a[0],
}


def reference_flops(model: nn.Module, *args: Any, **kwargs: Any) -> int:
    from torch.nn.attention import SDPBackend, sdpa_kernel

    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with (
            torch.no_grad(),
            sdpa_kernel(SDPBackend.MATH),
            FlopCounterMode(display=False, custom_mapping=VECTOR_FORMULAS) as counter,
        ):
            model(*args, **kwargs)
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)
    return counter.get_total_flops()


def parameter_sum(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def test_a_module_used_several_times() -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.Linear(4, 4)
            self.same_cell = self.cell
            self.unused = nn.Linear(3, 3)

        def forward(self, x: Any) -> Any:
            for _ in range(3):
                x = self.cell(x)
            return self.same_cell(x)

    model = Recurrent()
    graph = trace(model, (2, 4))
    assert [c.index for c in graph.calls_of("cell")] == [0, 1, 2, 3]
    assert graph.calls_of("same_cell") == graph.calls_of("cell")
    assert graph.module("same_cell").shared_with == "cell"
    assert graph.calls_of("unused") == ()
    assert graph.total_params == parameter_sum(model) == 20 + 12
    assert graph.total_flops == 4 * 2 * 2 * 4 * 4


def test_tied_weights_are_counted_once() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(10, 4)
            self.head = nn.Linear(4, 10, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, ids: Any) -> Any:
            return self.head(self.embed(ids))

    model = Tied()
    graph = trace(model, (2, 3), dtypes=[torch.long])
    assert graph.total_params == 40
    assert graph.module("head").parameters[0].shared_with == "embed.weight"
    weight = [t.id for t in graph.tensors if t.name == "embed.weight"]
    assert len(weight) == 1
    assert all(weight[0] in op.inputs for op in graph.ops), "both layers read the one weight"


def test_what_a_module_holds() -> None:
    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(4), requires_grad=False)
            self.register_buffer("mean", torch.zeros(4), persistent=False)
            self.register_buffer("steps", torch.zeros((), dtype=torch.long))
            self.table = torch.arange(4.0)
            self.tables = [torch.ones(4)]
            self.weights = nn.ParameterList([nn.Parameter(torch.ones(4)) for _ in range(2)])
            self.named = nn.ParameterDict({"a": nn.Parameter(torch.ones(4))})

        def forward(self, x: Any) -> Any:
            x = x * self.scale + self.mean + self.table + self.tables[0]
            return x * self.weights[1] + self.named["a"]

    graph = trace(Holder(), (2, 4))
    assert graph.trainable_params == 12 and graph.total_params == 16
    assert [b.persistent for b in graph.module("").buffers] == [False, True]
    kinds = {t.name: t.kind for t in graph.tensors if t.name}
    assert kinds["scale"] == kinds["weights.1"] == kinds["named.a"] == "parameter"
    assert kinds["mean"] == "buffer" and kinds["table"] == kinds["tables.0"] == "constant"
    assert "weights.0" not in kinds, "never read"


Point = collections.namedtuple("Point", ["x", "y"])


@dataclasses.dataclass
class Result:
    logits: torch.Tensor
    parts: dict[str, torch.Tensor]


class Box:
    def __init__(self, value: torch.Tensor) -> None:
        self.value = value


@pytest.mark.parametrize(
    "pack, places",
    [
        (lambda a, b: (a, b), ["[0]", "[1]"]),
        (lambda a, b: {"a": a, "b": [b]}, ["a", "b[0]"]),
        (lambda a, b: Point(a, b), ["x", "y"]),
        (lambda a, b: Result(a, {"b": b}), ["logits", "parts.b"]),
        (lambda a, b: [Box(a), Box(b)], ["[0].value", "[1].value"]),
    ],
)
def test_outputs_of_every_form(pack: Any, places: list[str]) -> None:
    class Inner(nn.Module):
        def forward(self, x: Any) -> Any:
            return pack(x * 2, x + 1)

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()

        def forward(self, x: Any) -> Any:
            return self.inner(x)

    for execution in EXECUTIONS:
        graph = trace(Outer(), (2, 4), execution=execution)
        assert [graph.tensors[t].name for t in graph.outputs] == places
        assert [graph.tensors[t].kind for t in graph.outputs] == ["output", "output"]
        assert graph.calls_of("inner")[0].outputs == graph.outputs


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize(
    "norm", [parametrizations.weight_norm, parametrizations.spectral_norm, nn.utils.weight_norm]
)
def test_reparametrized_layers_are_counted(norm: Any, execution: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        model = nn.Sequential(norm(nn.Conv2d(3, 8, 3)), norm(nn.Linear(6, 5))).eval()
    x = torch.randn(1, 3, 8, 8)
    graph = trace(model, input_data=x, execution=execution)
    assert graph.total_flops == reference_flops(model, x) >= 2 * 36 * 8 * 27 + 2 * 48 * 6 * 5
    assert graph.total_params == parameter_sum(model)
    assert [graph.module(p).class_name for p in ("0", "1")] == ["Conv2d", "Linear"]


def test_lazy_modules_stay_lazy() -> None:
    model = nn.Sequential(nn.LazyConv2d(8, 3), nn.Flatten(), nn.LazyLinear(5))
    graph = trace(model, (1, 3, 8, 8))
    assert graph.total_params == 8 * 27 + 8 + 288 * 5 + 5
    assert graph.total_flops == 2 * 36 * 8 * 27 + 2 * 288 * 5
    assert isinstance(model[0], nn.LazyConv2d) and model[0].has_uninitialized_params()
    assert "lazy" in graph.notes[0]
    assert trace(model, execution="none").total_params == 0


def test_compiled_models_are_seen_through() -> None:
    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(4, 4)
            self.b = torch.compile(nn.Linear(4, 4))
            self.c = nn.Linear(4, 4)
            self.c.compile()

        def forward(self, x: Any) -> Any:
            return self.c(self.b(self.a(x)))

    model = Inner()
    for candidate in (model, torch.compile(model)):
        for execution in EXECUTIONS:
            graph = trace(candidate, (2, 4), execution=execution)
            assert graph.name == "Inner"
            assert [
                c.module for c in graph.calls if graph.module(c.module).class_name == "Linear"
            ] == [
                "a",
                "b",
                "c",
            ]
            assert [m.path for m in graph.modules] == ["", "a", "b", "c"]
            assert flows(graph, "a", "b") and flows(graph, "b", "c")
            assert graph.total_flops == 3 * 2 * 2 * 16


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scripted_modules_are_one_opaque_call() -> None:
    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.fc(x)) + x

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.before = nn.Linear(4, 4)
            self.inner = torch.jit.script(Inner())
            self.after = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            return self.after(self.inner(self.before(x)))

    for execution in EXECUTIONS:
        graph = trace(Outer(), (2, 4), execution=execution)
        assert names(graph) == ["linear", "Inner", "linear"]
        assert graph.total_flops == 3 * 2 * 2 * 16
        assert graph.total_params == 60
        assert flows(graph, "before", "after") and flows(graph, "inner", "after")
        assert graph.module("inner").class_name == "Inner"
        assert "scripted" in graph.notes[0]


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_autocast(execution: str) -> None:
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(4, 4)
            self.b = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            with torch.autocast("cpu", torch.bfloat16):
                return self.a(x), self.b(x), self.a(x)

    graph = trace(Mixed(), (2, 4), execution=execution)
    assert graph.tensors[graph.outputs[0]].dtype == "bfloat16"
    assert graph.total_flops == 3 * 2 * 2 * 16
    assert not flows(graph, graph.calls_of("a")[0], graph.calls_of("a")[1])
    assert torch.is_autocast_cache_enabled()


def test_packed_sequences() -> None:
    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(10, 6)
            self.lstm = nn.LSTM(6, 5, bidirectional=True, batch_first=True)
            self.head = nn.Linear(10, 3)

        def forward(self, ids: Any, lengths: Any) -> Any:
            packed = pack_padded_sequence(self.embed(ids), lengths, True, enforce_sorted=False)
            output, _ = self.lstm(packed)
            return self.head(pad_packed_sequence(output, batch_first=True)[0])

    data = [torch.randint(0, 10, (3, 7)), torch.tensor([7, 4, 2])]
    graph = trace(Tagger(), input_data=data)
    assert flows(graph, "embed", "lstm") and flows(graph, "lstm", "head")
    assert graph.calls_of("lstm")[0].outputs
    elements = 7 + 4 + 2
    recurrent = 2 * 2 * elements * (4 * 5 * 6 + 4 * 5 * 5)
    assert graph.total_flops == recurrent + 2 * 3 * 7 * 10 * 3


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("layers, directions", [(1, 1), (2, 2)])
def test_recurrent_layers(kind: Any, layers: int, directions: int, execution: str) -> None:
    model = kind(6, 5, layers, bidirectional=directions == 2)
    graph = trace(model, (9, 2, 6), execution=execution)
    gates = {nn.LSTM: 4, nn.GRU: 3, nn.RNN: 1}[kind]
    weights = sum(
        directions * gates * 5 * ((6 if layer == 0 else 5 * directions) + 5)
        for layer in range(layers)
    )
    assert graph.total_flops == 2 * 9 * 2 * weights
    assert all(any(t.name == name for t in graph.tensors) for name, _ in model.named_parameters())


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_the_fused_encoder_layer_shows_its_layers(execution: str) -> None:
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
    model = nn.TransformerEncoder(layer, 2).eval()
    mask = torch.zeros(2, 5, dtype=torch.bool)
    graph = trace(model, (2, 5, 16), execution=execution, src_key_padding_mask=mask)
    assert len(graph.calls_of("layers.1.linear1")) == 1
    assert graph.total_flops == reference_flops(
        model, torch.randn(2, 5, 16), src_key_padding_mask=mask
    )
    assert torch.backends.mha.get_fastpath_enabled()


@pytest.mark.filterwarnings("ignore")
def test_quantized_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch.ao.quantization import quantize_dynamic

    here = torch.backends.quantized
    engine = "qnnpack" if "qnnpack" in here.supported_engines else "fbgemm"
    monkeypatch.setattr(here, "engine", engine)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4)).eval()
    quantized = quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
    graph = trace(quantized, (3, 8))
    assert graph.total_params == 8 * 16 + 16 + 16 * 4 + 4
    assert graph.total_flops == 2 * 3 * (8 * 16 + 16 * 4)
    assert all(p.packed for m in graph.modules for p in m.parameters)
    assert flows(graph, "0", "1") and flows(graph, "1", "2")

    lstm = quantize_dynamic(nn.Sequential(nn.LSTM(8, 16)), {nn.LSTM}, dtype=torch.qint8)
    graph = trace(lstm, (5, 2, 8))
    assert graph.total_params == 4 * 16 * (8 + 16) + 2 * 4 * 16
    assert graph.total_flops == 2 * 5 * 2 * 4 * 16 * (8 + 16)


@pytest.mark.filterwarnings("ignore")
def test_statically_quantized_convolutions() -> None:
    import torch.ao.nn.quantized as nnq

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nnq.Conv2d(3, 8, 3)

        def forward(self, x: Any) -> Any:
            return self.conv(torch.quantize_per_tensor(x, 0.1, 0, torch.quint8)).dequantize()

    graph = trace(Net(), (1, 3, 8, 8))
    assert graph.total_params == 8 * 27 + 8
    assert graph.total_flops == 2 * 36 * 8 * 27


@pytest.mark.filterwarnings("ignore:Complex modules")
@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.complex64, torch.float64])
def test_dtypes(dtype: torch.dtype, execution: str) -> None:
    model = nn.Linear(4, 3).to(dtype)
    graph = trace(model, (2, 4), execution=execution, dtypes=[dtype])
    assert graph.tensors[graph.outputs[0]].dtype == str(dtype).removeprefix("torch.")
    assert graph.total_flops == 2 * 2 * 12
    if not dtype.is_complex:
        assert trace(model, (2, 4)).total_flops == 2 * 2 * 12, "the model's dtype is the default"


def test_models_without_weights_in_memory() -> None:
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(100_000, 100_000), nn.ReLU(), nn.Linear(100_000, 10))
    graph = trace(model, (2, 100_000))
    assert graph.total_params == parameter_sum(model)
    assert graph.total_flops == 2 * 2 * (100_000**2 + 100_000 * 10)
    assert graph.tensors[graph.outputs[0]].device == "cpu", "where it would run"
    given = trace(model, input_data=torch.randn(2, 100_000))
    assert given.total_flops == graph.total_flops, "data follows the model to its device"


def test_several_devices() -> None:
    class Split(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(4, 4)
            self.b = nn.Linear(4, 4, device="meta")

        def forward(self, x: Any) -> Any:
            return self.b(self.a(x).to("meta"))

    graph = trace(Split(), (2, 4))
    devices = {graph.tensors[t].device for call in graph.calls for t in call.outputs}
    assert devices == {"cpu", "meta"}
    assert flows(graph, "a", "b")


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_another_method(execution: str) -> None:
    class Auto(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Linear(4, 2)
            self.decoder = nn.Linear(2, 4)

        def encode(self, x: Any, scale: float = 1.0) -> Any:
            return self.encoder(x) * scale

        def forward(self, x: Any) -> Any:
            return self.decoder(self.encode(x))

    graph = trace(Auto(), (2, 4), method="encode", execution=execution)
    assert graph.calls[0].method == "encode" and graph.calls[0].module == ""
    assert [c.module for c in graph.calls] == ["", "encoder"]
    assert graph.calls_of("decoder") == ()
    assert graph.total_flops == 2 * 2 * 8


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_graph_neural_networks(execution: str) -> None:
    geometric = pytest.importorskip("torch_geometric.nn")

    class Gcn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = geometric.GCNConv(4, 8)
            self.second = geometric.GCNConv(8, 2)

        def forward(self, x: Any, edge_index: Any) -> Any:
            return self.second(torch.relu(self.first(x, edge_index)), edge_index)

    edges = torch.tensor([[0, 1, 2, 2], [1, 2, 0, 1]])
    graph = trace(Gcn(), input_data=[torch.randn(3, 4), edges], execution="auto")
    assert flows(graph, "first", "second")
    assert tensors_from(graph, graph.inputs[1:]).intersection(graph.outputs)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_training_mode_without_side_effects(execution: str) -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)).train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    graph = trace(model, (3, 4), execution=execution)
    assert "batch_norm" in names(graph)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


def test_the_same_model_gives_the_same_json() -> None:
    def one() -> ModelGraph:
        torch.manual_seed(torch.initial_seed() + 1)
        layer = nn.TransformerEncoderLayer(16, 4, 32)
        return trace(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), (5, 2, 16))

    first, second = one(), one()
    assert first.to_json() == second.to_json()
    assert ModelGraph.from_json(first.to_json()) == first


class Attend(nn.Module):
    """Attention of a sequence to itself, and to another one."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2)

    def forward(self, x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        own, _ = self.attention(x, x, x, need_weights=False)
        both, _ = self.attention(own, other, other)
        return both + nn.functional.scaled_dot_product_attention(both, other, other)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_attention_is_the_same_when_it_is_known_already(execution: Any) -> None:
    RECIPES.clear()
    sizes = ((5, 1, 8), (5, 1, 8))
    first, second = (trace(Attend(), sizes, execution=execution) for _ in range(2))
    assert first.to_json() == second.to_json()
    attention = [op for op in second.ops if op.name == "multi_head_attention_forward"]
    own, both = (set(op.inputs) & {*second.inputs} for op in attention)
    assert own == {second.inputs[0]}
    assert both == {second.inputs[1]}


def test_attention_follows_the_switches_of_torch() -> None:
    from torch.nn.attention import SDPBackend, sdpa_kernel

    class Switching(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for backend in (SDPBackend.MATH, SDPBackend.FLASH_ATTENTION):
                with sdpa_kernel(backend):
                    x = nn.functional.scaled_dot_product_attention(x, x, x)
            return x

    RECIPES.clear()
    for _ in range(2):
        math, flash = trace(Switching(), (1, 2, 16, 8)).ops
        assert math.workspace > flash.workspace


def test_what_views_a_known_value_has_its_memory() -> None:
    class Indices(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            places = torch.arange(6).view(2, 3)
            row = places[1]
            row += 1
            assert int(places[1, 0]) == 4
            return x[:, places[0]] + x[:, row - 1]

    graph = trace(Indices(), (2, 8))
    assert graph.execution == "fake"
    memory = {
        graph.tensors[op.outputs[0]].storage
        for op in graph.ops
        if op.name in ("arange", "view", "__getitem__", "__iadd__")
        and graph.tensors[op.outputs[0]].dtype == "int64"
    }
    assert len(memory) == 1


@pytest.mark.parametrize("execution", ["real", "fake"])
def test_a_tensor_made_from_numbers_is_the_same_in_every_trace(execution: str) -> None:
    class Made(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for _ in range(2):
                x = torch.cat([torch.tensor([1.0, 2.0]), x, torch.tensor([])])
            return x

    first, second = (trace(Made(), (3,), execution=execution) for _ in range(2))
    assert first.to_json() == second.to_json()
    assert sum(tensor.kind == "constant" for tensor in first.tensors) == 4


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_a_recurrent_layer_of_many_steps_runs_on_fake_tensors(kind: type[nn.Module]) -> None:
    """Its recipe comes from short sequences, beside the forward."""
    few, many = (trace(kind(8, 8), (steps, 2, 8), execution="fake") for steps in (30, 300))
    assert many.total_flops == 10 * few.total_flops
    assert [op.name for op in many.ops] == [op.name for op in few.ops]
