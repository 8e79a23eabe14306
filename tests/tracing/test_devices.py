"""A model on meta has the figures of the device that it will run on."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.zoo import Entry, missing, zoo
from modelviz import InputError, ModelGraph, TraceError, summary, trace
from modelviz.analysis.memory import forward_memory

pytestmark = pytest.mark.filterwarnings("ignore")

QUICK = {
    "torch-gru-bidirectional",
    "transformers-ibert",
    "timm-resnet",
    "transformers-llama",
    "diffusers-unet2d-condition",
}
# On meta these look at values that are not there; a real forward has them.
NEED_DATA = {
    "transformers-dbrx",
    "transformers-encodec",
    "transformers-jetmoe",
    "transformers-mimi",
    "transformers-superpoint",
    "transformers-switch-transformers",
    "transformers-vits",
}
# Some kernel has another memory layout on fake tensors than for real, which saves or costs a copy
# further on; or the model asks whether its tensors are fake. Meta is as fake here, too.
UNLIKE_REAL = {
    "diffusers-asymmetric-autoencoder",
    "diffusers-autoencoder-kl",
    "diffusers-unet2d",
    "diffusers-vq",
    "timm-botnet",
    "timm-halonet",
    "timm-pvt",
    "timm-twins-pcpvt",
    "timm-twins-svt",
    "transformers-bigbird-pegasus",
    "transformers-cvt",
    "transformers-glpn",
    "transformers-llava",
    "transformers-patchtst",
    "transformers-segformer",
    "transformers-vilt",
    "transformers-yolos",
}


def figures(graph: ModelGraph) -> dict[str, Any]:
    """What must not depend on whether a forward had data."""
    memory = forward_memory(graph)
    return {
        "ops": [op.name for op in graph.ops],
        "flops": graph.total_flops,
        "read": [op.bytes_read for op in graph.ops],
        "written": [op.bytes_written for op in graph.ops],
        "workspace": [op.workspace for op in graph.ops],
        "peak": memory.peak_bytes,
        "at": memory.peak_op,
        "devices": {storage.device for storage in graph.storages},
    }


def entries() -> list[Any]:
    """The libraries' models in the zoo as test parameters, all but a few marked slow."""
    libraries = ("timm", "transformers", "diffusers")
    return [
        pytest.param(
            entry,
            id=entry.name,
            marks=[] if entry.name in QUICK else [pytest.mark.slow],
        )
        for entry in zoo()
        if entry.family in libraries or entry.name in QUICK
    ]


@pytest.mark.parametrize("entry", entries())
def test_meta_fake_and_real_agree(entry: Entry) -> None:
    reason = missing(entry.family)
    if reason is not None:
        pytest.skip(reason)
    if entry.name in NEED_DATA:
        pytest.skip("its forward needs values")
    sample = entry.build()
    real = trace(sample.module, execution="real", **sample.trace_arguments())
    fake = trace(sample.module, execution="fake", **sample.trace_arguments())
    sample.module.to("meta")
    meta = trace(sample.module, execution="fake", **sample.trace_arguments())
    assert figures(meta) == figures(fake)
    if entry.name not in UNLIKE_REAL:
        assert figures(fake) == figures(real)


class Attends(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(64, 192)
        self.up = nn.Linear(64, 256)
        self.register_buffer("scale", torch.ones(64))
        self.register_buffer("view", self.scale[:32])

    def forward(self, x: Any) -> Any:
        q, k, v = (part.unflatten(-1, (4, 16)).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
        offset = torch.arange(64, device=self.up.weight.device)
        y = y * self.scale + offset + torch.zeros(64).to(self.scale)
        return self.up(y[..., : self.view.shape[0]].repeat(1, 1, 2))


def test_attention_takes_no_table_of_scores() -> None:
    x = torch.zeros(1, 4096, 64)
    want = trace(Attends(), input_data=x)
    with torch.device("meta"):
        model = Attends()
    before = {name: tensor for name, tensor in model.state_dict(keep_vars=True).items()}
    got = trace(model, input_data=x)
    assert figures(got) == figures(want)
    assert forward_memory(got).peak_bytes < 4 * 4096 * 4096, "less than the scores of one head"
    assert [f.code for f in got.findings] == ["MV017"]
    assert "as if they were on cpu" in got.notes[0]
    after = model.state_dict(keep_vars=True)
    assert all(after[name] is tensor for name, tensor in before.items())
    assert {t.name for t in got.tensors if t.kind == "parameter"} == {
        "qkv.weight",
        "qkv.bias",
        "up.weight",
        "up.bias",
    }


class AttendsAlone(nn.Module):
    def forward(self, x: Any) -> Any:
        return F.scaled_dot_product_attention(x, x, x) + torch.ones(16)


def test_a_model_without_weights_is_where_its_inputs_are() -> None:
    x = torch.zeros(1, 2, 64, 16)
    want = figures(trace(AttendsAlone(), input_data=x, execution="real"))
    got = trace(AttendsAlone(), input_data=[x.to("meta")])
    assert figures(got) == want
    assert forward_memory(got).peak_bytes < 2 * 64 * 64 * 4 + 3 * 2 * 64 * 16 * 4
    assert "the inputs are on the meta device: traced as if they were on cpu" in got.notes[0]


def test_a_size_and_inputs_on_meta_are_taken_to_be_there_too() -> None:
    with torch.device("meta"):
        model = Attends()
        x = torch.zeros(1, 16, 64)
    want = figures(trace(Attends(), (1, 16, 64)))
    assert figures(trace(model, (1, 16, 64))) == want
    assert figures(trace(model, input_data=x)) == want
    assert figures(trace(Attends(), (1, 16, 64), device="meta")) == want
    assert figures(trace(model, (1, 16, 64), device="cpu")) == want


def test_meta_refuses_what_the_device_refuses() -> None:
    with torch.device("meta"):
        model = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 4))
    with pytest.raises(TraceError, match="index out of range in self"):
        trace(model, input_data=torch.tensor([[3, 10]]))
    with pytest.raises(TraceError, match="must have the same dtype, but got Double and Float"):
        trace(model[1], input_data=torch.zeros(2, 4, dtype=torch.float64))


def test_tied_weights_are_one_on_meta() -> None:
    with torch.device("meta"):
        model = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 10, bias=False))
    model[1].weight = model[0].weight  # type: ignore[assignment]
    graph = trace(model, input_data=torch.zeros(1, 3, dtype=torch.long))
    weights = [tensor for tensor in graph.tensors if tensor.kind == "parameter"]
    assert [tensor.name for tensor in weights] == ["0.weight"]
    assert graph.total_params == 40 and {storage.device for storage in graph.storages} == {"cpu"}


def test_a_value_that_is_not_there_is_said() -> None:
    class Chooses(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            return self.layer(x) if self.layer(x).sum() > 0 else x

    with pytest.raises(TraceError, match="'meta' has shapes and no data"):
        trace(Chooses().to("meta"), (2, 4))


lacks_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")


@lacks_cuda
def test_a_device_that_is_not_there() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()).eval()
    graph = trace(model, (1, 3, 8, 8), device="cuda")
    assert {storage.device for storage in graph.storages} == {"cuda:0"}
    assert "as if on cuda:0" in graph.notes[0]
    assert graph.total_flops == trace(model, (1, 3, 8, 8)).total_flops
    assert next(model.parameters()).device.type == "cpu"
    with pytest.raises(InputError, match="this machine has none"):
        trace(model, (1, 3, 8, 8), device="cuda", execution="real")
    with pytest.raises(TraceError, match=r"at least two devices, cuda:0 and cpu"):
        trace(Adds(), (2, 4), device="cuda")


class Adds(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.layer(x) + torch.ones(4)


def test_the_summary_says_so() -> None:
    text = str(summary(nn.Linear(4, 4).to("meta"), (2, 4), verbose=0))
    assert "traced as if they were on cpu" in text
