"""Every model of the zoo: counts equal PyTorch's own, and a trace leaves the model as it was."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from torch import nn

from benchmarks.reference import reference_flops
from benchmarks.zoo import Entry, Sample, missing, zoo
from modelviz import trace

# What the models' own libraries warn about is theirs.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("one_thread")]

# One of each kind: the default run stays short, the slow run has the others.
QUICK = {
    "torch-transformer-encoder-padded",
    "torch-lstm-packed",
    "torch-gru-bidirectional",
    "torch-lstm-projected",
    "torch-bilinear",
    "torch-matrix-vector",
    "torch-spectral-norm",
    "torch-quantized-dynamic",
    "torch-mixture-of-experts",
    "torch-checkpointed",
    "torch-complex",
    "torch-unet",
    "torchvision-squeezenet",
    "timm-resnet",
    "timm-mobilenetv3",
    "timm-swin",
    "timm-levit",
    "timm-efficientvit",
    "transformers-bert",
    "transformers-albert",
    "transformers-llama",
    "transformers-mixtral",
    "transformers-t5",
    "transformers-mamba",
    "transformers-wav2vec2",
    "transformers-switch-transformers",
    "transformers-detr",
    "diffusers-unet2d-condition",
    "pyg-gat",
}

# Models that look at values which only a real forward has (experts' token counts, detected
# points, sampled lengths), or whose kernels exist for real tensors only.
NEED_DATA = {
    "torch-lstm-packed",
    "torch-gru-packed-unsorted",
    "torch-mixture-of-experts",
    "torch-quantized-dynamic",
    "torch-quantized-static",
    "transformers-nystromformer",
    "transformers-jetmoe",
    "transformers-dbrx",
    "transformers-switch-transformers",
    "transformers-superpoint",
    "transformers-vits",
}


def models() -> list[Any]:
    """The zoo as test parameters, all but the quick ones marked slow."""
    return [
        pytest.param(
            entry,
            id=entry.name,
            marks=[] if entry.name in QUICK else [pytest.mark.slow],
        )
        for entry in zoo()
    ]


@pytest.mark.parametrize("entry", models())
@pytest.mark.parametrize("execution", ["auto", "real"])
def test_counts_and_leaves_no_mark(entry: Entry, execution: str) -> None:
    reason = missing(entry.family)
    if reason is not None:
        pytest.skip(reason)
    sample = entry.build()
    torch.manual_seed(0)
    before = Snapshot(sample)

    graph = trace(sample.module, execution=execution, **sample.trace_arguments())  # type: ignore[arg-type]

    assert before.differences(sample) == []
    assert_same(answer(sample), answer(entry.build()))
    countable = entry.build_countable()
    assert graph.total_params == sum(p.numel() for p in countable.module.parameters())
    assert graph.total_flops == reference_flops(countable)
    assert graph.failure is None
    if execution == "real":
        assert graph.execution == "real"
    elif graph.execution == "real":
        assert entry.name in NEED_DATA, graph.notes
        assert any("ran for real" in note for note in graph.notes)
    # These are named, and count as nothing to PyTorch's counter, too.
    named = ("::_fft_", "::linalg_matrix_exp", "PyTorch's counter leaves it out")
    unknown = [note for note in graph.notes if "no FLOPs formula" in note]
    assert not [note for note in unknown if not any(text in note for text in named)]


def test_zoo_has_every_family() -> None:
    names = [entry.name for entry in zoo()]
    assert len(names) == len(set(names)) >= 100
    assert {entry.family for entry in zoo()} == {
        "torch",
        "torchvision",
        "timm",
        "transformers",
        "diffusers",
        "torch_geometric",
    }
    assert sum(entry.full is not None for entry in zoo()) >= 30
    assert {entry.name for entry in zoo()} >= QUICK


def answer(sample: Sample) -> Any:
    """What the model returns, random numbers starting from the same seed."""
    torch.manual_seed(0)
    random.seed(0)
    with torch.no_grad():
        return sample.forward()


class Snapshot:
    """What a trace may not change: the model, its inputs, the random generators."""

    def __init__(self, sample: Sample) -> None:
        self.kept = _everything(sample)

    def differences(self, sample: Sample) -> list[str]:
        """The names of what is no longer as it was."""
        now = _everything(sample)
        names = {**self.kept, **now}
        return [name for name in names if self.kept.get(name) != now.get(name)]


def _everything(sample: Sample) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "random state": bytes(torch.get_rng_state().numpy()),
        "python random state": random.getstate(),
        "gradients enabled": torch.is_grad_enabled(),
        "fast path": torch.backends.mha.get_fastpath_enabled(),
        "default dtype": torch.get_default_dtype(),
    }
    for index, tensor in enumerate(_tensors((sample.args, sample.kwargs))):
        facts[f"input {index}"] = (id(tensor), tensor.requires_grad, _bytes(tensor))
    for path, module in sample.module.named_modules(remove_duplicate=False):
        for name, value in vars(module).items():
            key = f"{path}.{name}"
            facts[key] = _fact(value)
            if name in ("_parameters", "_buffers"):
                for tensor_name, tensor in value.items():
                    facts[f"{key}.{tensor_name}"] = None if tensor is None else _tensor(tensor)
            elif isinstance(value, torch.Tensor):
                facts[key] = _tensor(value)
    return facts


def _fact(value: Any) -> Any:
    """Something that differs if an attribute was set anew or a container in it was changed."""
    if isinstance(value, dict):
        return id(value), [(key, id(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return id(value), [id(item) for item in value]
    if isinstance(value, (bool, int, float, str, type(None))):
        return value
    return id(value)


def _tensor(tensor: torch.Tensor) -> Any:
    grad = id(tensor.grad) if tensor.is_leaf else None
    return (
        id(tensor),
        type(tensor),
        tensor.device,
        tensor.dtype,
        tensor.requires_grad,
        grad,
        _bytes(tensor),
    )


def _bytes(tensor: torch.Tensor) -> bytes:
    if tensor.is_meta or isinstance(tensor, torch._subclasses.FakeTensor):
        return b"no data"
    flat = tensor.detach().reshape(-1)
    if flat.dtype in (torch.bfloat16, torch.complex64):
        flat = torch.view_as_real(flat).reshape(-1) if flat.is_complex() else flat.float()
    return bytes(flat.numpy())


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        return [tensor for part in value.values() for tensor in _tensors(part)]
    if isinstance(value, (list, tuple)):
        return [tensor for part in value for tensor in _tensors(part)]
    return []


def assert_same(actual: Any, expected: Any) -> None:
    """Fail unless two models answered the same, tensor by tensor."""
    left, right = _tensors(actual), _tensors(expected)
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        assert type(one) is type(other)
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


def test_snapshot_notices_changes() -> None:
    changes: list[Any] = [
        lambda m: m[0].weight.data.add_(1),
        lambda m: m[1].running_mean.add_(1),
        lambda m: m.train(),
        lambda m: m[0].register_forward_hook(lambda *a: None),
        lambda m: setattr(m[0], "cache", 1),
        lambda m: setattr(m[0].weight, "grad", torch.ones_like(m[0].weight)),
        lambda m: m[0].weight.requires_grad_(False),
        lambda m: torch.rand(1),
        lambda m: m.to(torch.float64),
    ]
    for change in changes:
        module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).eval()
        sample = Sample(module, (torch.randn(3, 2),))
        before = Snapshot(sample)
        assert before.differences(sample) == []
        with torch.no_grad():
            change(module)
        assert before.differences(sample) != []
