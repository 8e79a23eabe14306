"""Packed weights: what they stand for and what they take, for the layouts that libraries use.

The classes here are laid out as those of the libraries are; none of the libraries is needed.
"""

from __future__ import annotations

import json
from math import prod
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from modelviz import ModelGraph, draw, export, summary, trace

OUT, IN = 32, 64


class Params4bit(nn.Parameter):
    """As in bitsandbytes: half the bytes, and a state that knows the shape and the scales."""

    quant_state: Any = None


class Linear4bit(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        packed = torch.zeros(OUT * IN // 2, 1, dtype=torch.uint8)
        self.weight = torch.Tensor._make_subclass(Params4bit, packed, False)
        self.weight.quant_state = SimpleNamespace(
            shape=torch.Size((OUT, IN)),
            absmax=torch.ones(OUT * IN // 64),
            code=torch.ones(16),
            dtype=torch.float32,
            blocksize=64,
            quant_type="nf4",
            state2=SimpleNamespace(absmax=torch.ones(2), code=torch.ones(4)),
        )
        self.bias = nn.Parameter(torch.zeros(OUT))

    def forward(self, x: Any) -> Any:
        wide = torch.cat([self.weight & 15, self.weight >> 4], 1).reshape(OUT, IN).float()
        return F.linear(x, wide, self.bias)


class Int8Params(nn.Parameter):
    """As in bitsandbytes: integers, and a scale for each row beside them."""

    SCB: Any = None
    CB: Any = None


class Linear8bit(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        packed = torch.zeros(OUT, IN, dtype=torch.int8)
        self.weight = torch.Tensor._make_subclass(Int8Params, packed, False)
        self.weight.SCB = torch.ones(OUT)

    def forward(self, x: Any) -> Any:
        return F.linear(x, self.weight.float() * self.weight.SCB[:, None])


class GPTQ(nn.Module):
    """As in GPTQModel and AutoGPTQ: all of it in buffers of packed int32."""

    def __init__(self, bits: int = 4, group: int = 32, named: bool = True) -> None:
        super().__init__()
        if named:
            self.in_features, self.out_features = IN, OUT
        self.bits = bits
        each = 32 // bits
        self.register_buffer("qweight", torch.zeros(IN // each, OUT, dtype=torch.int32))
        self.register_buffer("qzeros", torch.zeros(IN // group, OUT // each, dtype=torch.int32))
        self.register_buffer("scales", torch.ones(IN // group, OUT, dtype=torch.float16))
        self.register_buffer("g_idx", torch.arange(IN, dtype=torch.int32) // group)
        self.register_buffer("bias", torch.zeros(OUT, dtype=torch.float16))

    def forward(self, x: Any) -> Any:
        each = 32 // self.bits
        shifts = torch.arange(0, 32, self.bits)[None, :, None]
        wide = ((self.qweight[:, None] >> shifts) & (2**self.bits - 1)).reshape(IN, OUT)
        assert each * self.qweight.shape[0] == IN
        return x @ (wide * self.scales[self.g_idx].float()) + self.bias.float()


class AWQ(nn.Module):
    """As in AutoAWQ: packed along the outputs, without an index of groups."""

    def __init__(self) -> None:
        super().__init__()
        self.in_features, self.out_features, self.w_bit, self.group_size = IN, OUT, 4, 32
        self.register_buffer("qweight", torch.zeros(IN, OUT // 8, dtype=torch.int32))
        self.register_buffer("qzeros", torch.zeros(2, OUT // 8, dtype=torch.int32))
        self.register_buffer("scales", torch.ones(2, OUT, dtype=torch.float16))
        self.bias = None

    def forward(self, x: Any) -> Any:
        shifts = torch.arange(0, 32, 4)
        wide = ((self.qweight[..., None] >> shifts) & 15).reshape(IN, OUT)
        return x @ (wide * self.scales.repeat_interleave(32, 0).float())


class HQQ(nn.Module):
    """As in hqq: a packed parameter, its shape and scales in a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.W_q = nn.Parameter(torch.zeros(OUT * IN // 2, dtype=torch.uint8), requires_grad=False)
        self.meta = {
            "nbits": 4,
            "shape": torch.Size((OUT, IN)),
            "scale": torch.ones(OUT, 1, dtype=torch.float16),
            "zero": torch.ones(OUT, 1, dtype=torch.float16),
        }

    def forward(self, x: Any) -> Any:
        wide = torch.cat([self.W_q & 15, self.W_q >> 4]).reshape(OUT, IN)
        return F.linear(x, (wide - self.meta["zero"]).float() * self.meta["scale"])


class GGUFParameter(nn.Parameter):
    """As in diffusers: bytes of blocks, which know the shape they stand for."""

    quant_shape: Any = None


class GGUF(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        # Q4_0: a block of 32 values takes 18 bytes, 16 of them values and 2 a scale.
        packed = torch.zeros(OUT, IN // 32 * 18, dtype=torch.uint8)
        self.weight = torch.Tensor._make_subclass(GGUFParameter, packed, False)
        self.weight.quant_shape = torch.Size((OUT, IN))

    def forward(self, x: Any) -> Any:
        blocks = self.weight.as_subclass(torch.Tensor).reshape(OUT, IN // 32, 18)[..., 2:]
        wide = torch.cat([blocks & 15, blocks >> 4], -1).reshape(OUT, IN)
        return F.linear(x, wide.float())


class AffineQuantized(torch.Tensor):
    """As in torchao: a tensor of the logical shape and dtype, made of integers and scales."""

    inner: torch.Tensor
    scale: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor, scale: torch.Tensor, shape: Any) -> Any:
        return torch.Tensor._make_wrapper_subclass(cls, shape, dtype=torch.bfloat16)

    def __init__(self, inner: torch.Tensor, scale: torch.Tensor, shape: Any) -> None:
        self.inner, self.scale = inner, scale

    def __tensor_flatten__(self) -> tuple[list[str], Any]:
        return ["inner", "scale"], (tuple(self.shape),)

    @classmethod
    def __tensor_unflatten__(cls, parts: Any, meta: Any, size: Any, stride: Any) -> Any:
        return cls(parts["inner"], parts["scale"], meta[0])

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.detach.default:
            return args[0]
        raise NotImplementedError(str(func))


class Torchao(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        packed = torch.zeros(OUT, IN // 2, dtype=torch.uint8)
        wide = AffineQuantized(packed, torch.ones(OUT, 2, dtype=torch.bfloat16), (OUT, IN))
        self.weight = nn.Parameter(wide, requires_grad=False)


class Float8(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        weight = torch.zeros(OUT, IN).to(torch.float8_e4m3fn)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Any) -> Any:
        return F.linear(x, self.weight.float() * self.scale)


class Held(nn.Module):
    """A layer that names its sizes and holds these tensors, none of them trained."""

    def __init__(self, sizes: dict[str, Any], **tensors: torch.Tensor) -> None:
        super().__init__()
        vars(self).update(sizes)
        for name, tensor in tensors.items():
            if name == "weight":
                self.register_buffer(name, tensor)
            else:
                setattr(self, name, nn.Parameter(tensor, requires_grad=False))


SIZES = {"in_features": IN, "out_features": OUT}
FP8 = torch.float8_e4m3fn
BYTES, NONE = torch.uint8, torch.zeros
HELD: dict[str, tuple[nn.Module, str, dict[str, tuple[tuple[int, ...], int]]]] = {
    "values of 4 bits with scales of 8": (
        Held(
            SIZES,
            weight_packed=NONE(OUT, IN // 2, dtype=BYTES),
            weight_scale=NONE(OUT, IN // 16).to(FP8),
            weight_global_scale=torch.ones(1),
        ),
        "4-bit",
        {"weight_packed": ((OUT, IN), OUT * IN // 2 + OUT * IN // 16 + 4)},
    ),
    "floats of 8 bits in blocks": (
        Held(SIZES, projection=NONE(OUT, IN).to(FP8), projection_scale_inv=torch.ones(1, 1)),
        "8-bit",
        {"projection": ((OUT, IN), OUT * IN + 4)},
    ),
    "experts in blocks": (
        Held(
            {},
            up_blocks=NONE(4, OUT, 2, 16, dtype=BYTES),
            up_scales=NONE(4, OUT, 2, dtype=BYTES),
            down_blocks=NONE(4, IN, 1, 16, dtype=BYTES),
            down_scales=NONE(4, IN, 1, dtype=BYTES),
        ),
        "4-bit",
        {"up_blocks": ((4, OUT, 64), 4 * OUT * 34), "down_blocks": ((4, IN, 32), 4 * IN * 17)},
    ),
    "experts in half rows": (
        Held(
            {"hidden_size": IN, "intermediate_size": 48},
            up=NONE(4, 96, IN // 2, dtype=BYTES),
            down=NONE(4, IN, 24, dtype=BYTES),
        ),
        "4-bit",
        {"up": ((4, 96, IN), 4 * 48 * IN), "down": ((4, IN, 48), 4 * 24 * IN)},
    ),
    "a convolution": (
        Held(
            {"in_channels": 8, "out_channels": 16, "kernel_size": (3, 3), "groups": 2},
            weight=NONE(16, 4, 3, 3, dtype=torch.int8),
            scale=torch.ones(16),
        ),
        "8-bit",
        {"weight": ((16, 4, 3, 3), 576 + 64)},
    ),
    "an embedding": (
        Held(
            {"num_embeddings": 100, "embedding_dim": IN},
            weight=NONE(100, IN // 4, dtype=BYTES),
            embedding_scale=torch.ones(100, 1),
        ),
        "2-bit",
        {"weight": ((100, IN), 100 * IN // 4 + 400)},
    ),
}


@pytest.mark.parametrize("name", HELD)
def test_weights_packed_in_other_ways(name: str) -> None:
    module, packing, weights = HELD[name]
    graph = graph_of(module)
    found = {p.name: (p.shape, p.bytes) for _, p in graph.unique_parameters()}
    assert found == weights and graph.packings == (packing,)
    assert graph.total_params == sum(prod(shape) for shape, _ in weights.values())
    assert graph.total_param_bytes == sum(size for _, size in weights.values())


def test_quantized_embeddings_of_pytorch() -> None:
    graph = graph_of(torch.ao.nn.quantized.Embedding(100, IN, dtype=torch.quint8))
    assert graph.total_params == graph.total_param_bytes == 100 * IN
    assert graph.packings == ("8-bit",)


WEIGHT = OUT * IN
CASES: dict[str, tuple[Any, str, int, int, int]] = {
    # packing, all parameters, bytes of the weight, all bytes
    "bitsandbytes 4-bit": (Linear4bit, "4-bit", WEIGHT + OUT, 1024 + 128 + 64 + 8 + 16, 128),
    "bitsandbytes 8-bit": (Linear8bit, "8-bit", WEIGHT, 2048 + 128, 0),
    "GPTQ": (GPTQ, "4-bit", WEIGHT + OUT, 1024 + 32 + 128 + 256, 64),
    "GPTQ of 8 bits": (lambda: GPTQ(8), "8-bit", WEIGHT + OUT, 2048 + 64 + 128 + 256, 64),
    "GPTQ of 2 bits": (lambda: GPTQ(2), "2-bit", WEIGHT + OUT, 512 + 16 + 128 + 256, 64),
    "GPTQ without sizes": (
        lambda: GPTQ(named=False),
        "4-bit",
        WEIGHT + OUT,
        1024 + 32 + 128 + 256,
        64,
    ),
    "AWQ": (AWQ, "4-bit", WEIGHT, 1024 + 32 + 128, 0),
    "HQQ": (HQQ, "4-bit", WEIGHT, 1024 + 64 + 64, 0),
    "GGUF": (GGUF, "4-bit", WEIGHT, 32 * 36, 0),
    "torchao": (Torchao, "4-bit", WEIGHT, 1024 + 128, 0),
    "float8": (Float8, "8-bit", WEIGHT + 1, 2048, 4),
}


def graph_of(model: nn.Module) -> ModelGraph:
    return trace(nn.Sequential(model), execution="none")


@pytest.mark.parametrize("name", CASES)
def test_a_packed_weight(name: str) -> None:
    build, packing, count, stored, rest = CASES[name]
    graph = graph_of(build())
    assert graph.total_params == count
    assert graph.total_param_bytes == stored + rest
    (weight,) = [p for _, p in graph.unique_parameters() if p.packing is not None]
    assert weight.shape == (OUT, IN) and weight.packing == packing and weight.bytes == stored
    assert not weight.trainable and graph.packings == (packing,)
    assert packing in graph.modules[1].config
    assert all(buffer.name != "qweight" for module in graph.modules for buffer in module.buffers)
    # What is saved comes back.
    assert ModelGraph.from_json(graph.to_json()) == graph


@pytest.mark.parametrize("name", [name for name in CASES if name != "torchao"])
@pytest.mark.parametrize("execution", ["fake", "real"])
def test_the_products_are_counted(name: str, execution: Any) -> None:
    graph = trace(CASES[name][0](), (3, IN), execution=execution)
    assert graph.total_flops == 2 * 3 * IN * OUT


class Three(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Linear4bit() for _ in range(3))

    def forward(self, x: Any) -> Any:
        return sum(layer(x) for layer in self.layers)


def test_the_summary_and_the_pictures_say_so(tmp_path: Any) -> None:
    model = Three()
    text = str(summary(model, (1, IN), verbose=0))
    # 3 * 2080 parameters; 3 * (1240 + 128) bytes
    assert "Packed weights: 6.24 k parameters in 4.10 kB (4-bit)" in text
    assert "Total params: 6,240" in text
    assert "4-bit" in draw(model, (1, IN), depth=3).svg
    page = export(model, tmp_path / "page.html", (1, IN)).read_text()
    assert "4-bit" in page


def test_quantized_modules_of_pytorch() -> None:
    with pytest.warns(Warning):
        model = torch.ao.quantization.quantize_dynamic(
            nn.Sequential(nn.Linear(IN, OUT)), {nn.Linear}, torch.qint8
        )
    graph = trace(model, (1, IN))
    weights = [p for _, p in graph.unique_parameters() if p.packing is not None]
    assert [(p.shape, p.bytes, p.packing) for p in weights] == [((OUT, IN), 2048, "8-bit")]
    assert graph.total_params == WEIGHT + OUT


def test_a_product_with_packed_bytes_counts_as_what_it_stands_for() -> None:
    try:
        torch.ops.bitsandbytes.gemm_4bit.default  # noqa: B018
    except AttributeError:
        # As bitsandbytes declares it, but for the details of the quantization.
        gemm = torch.library.custom_op(
            "bitsandbytes::gemm_4bit",
            lambda A, B: A @ B.new_ones(A.shape[-1], 2 * B.numel() // A.shape[-1]).to(A.dtype),
            mutates_args=(),
            schema="(Tensor A, Tensor B) -> Tensor",
        )
        gemm.register_fake(lambda A, B: A.new_empty(A.shape[0], 2 * B.numel() // A.shape[-1]))
    else:
        pytest.skip("bitsandbytes itself is installed")

    class Product(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = Linear4bit()

        def forward(self, x: Any) -> Any:
            weight = self.layer.weight.as_subclass(torch.Tensor)
            return torch.ops.bitsandbytes.gemm_4bit(x, weight)

    graph = trace(Product(), (3, IN))
    assert graph.total_flops == 2 * 3 * IN * OUT


def test_what_is_not_packed_is_left_alone() -> None:
    class Counts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.in_features, self.out_features = 4, 4
            self.weight = nn.Parameter(torch.ones(4, 4))
            self.register_buffer("positions", torch.arange(16))
            self.register_buffer("mask", torch.ones(4, 4, dtype=torch.bool))

    class Table(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("codes", torch.zeros(4, 4, dtype=torch.uint8))

    for model in (Counts(), Table(), nn.BatchNorm2d(4), nn.Linear(4, 4).half()):
        graph = graph_of(model)
        assert graph.packings == ()
        assert graph.total_params == sum(p.numel() for p in model.parameters())
        assert sum(len(m.buffers) for m in graph.modules) == len(list(model.buffers()))
    assert "Packed weights" not in str(summary(Counts(), verbose=0))


def test_a_graph_of_version_1_is_read() -> None:
    graph = graph_of(nn.Linear(4, 4))
    data = json.loads(graph.to_json())
    data["version"] = 1
    data["notes"] = [finding.message for finding in graph.findings]
    column = data["modules"]["columns"].index("parameters")
    for row in data["modules"]["rows"]:
        row[column] = [parameter[:-1] for parameter in row[column]]
    assert ModelGraph.from_dict(data).modules == graph.modules
