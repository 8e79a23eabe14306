"""Plans against real steps: ``python -m benchmarks.plan_memory`` writes the table.

With names, only those cases are measured, and nothing is written.

The measured side is PyTorch's own: the events of the CPU's allocator (``torch.profiler`` with
``profile_memory=True``) in two real steps, on top of what was there before. Models are small or
cut, so that 40 steps run in minutes on two cores.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

import modelviz
from modelviz.sources.torchvision_ops import import_torchvision
from modelviz.units import bytes_text
from tests.planning.real import real_peak

from .report import machine, table, write_section


@dataclass(frozen=True)
class Case:
    """A model, what it is given, and how it is trained; ``optimizer`` None for an inference."""

    name: str
    family: str
    make: Callable[[], nn.Module]
    args: Callable[[], tuple[Any, ...]]
    optimizer: str | None = "adamw"
    precision: str = "float32"
    kwargs: Callable[[], dict[str, Any]] = field(default=dict)


OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
    "sgd-momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "adafactor": torch.optim.Adafactor,
    "rmsprop": torch.optim.RMSprop,
}
_AUTOCAST = {"bf16-mixed": torch.bfloat16, "fp16-mixed": torch.float16}
_WEIGHTS = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def mean(output: Any) -> torch.Tensor:
    """The loss of every case: of the logits, or of the first output."""
    own = getattr(output, "loss", None)
    if own is not None:
        return own
    for name in ("logits", "last_hidden_state", "sample"):
        found = getattr(output, name, None)
        if found is not None:
            return found.mean()
    return (output[0] if isinstance(output, tuple) else output).mean()


def measure(case: Case) -> tuple[int, int, float]:
    """Planned bytes, measured bytes, and the seconds of planning."""
    torch.manual_seed(0)
    model, args, kwargs = case.make(), case.args(), case.kwargs()
    started = time.perf_counter()
    plan = modelviz.plan(
        model,
        input_data=list(args) or None,
        **kwargs,
        optimizer=case.optimizer,
        precision=case.precision,
        loss=mean,
    )
    seconds = time.perf_counter() - started
    weights = _WEIGHTS.get(case.precision)
    if weights is not None:
        model = model.to(weights)
        args = tuple(a.to(weights) if a.is_floating_point() else a for a in args)
    real = real_peak(
        model,
        args,
        kwargs,
        optimizer=None if case.optimizer is None else OPTIMIZERS[case.optimizer],
        loss=mean,
        autocast=_AUTOCAST.get(case.precision),
    )
    return plan.peak_bytes, real, seconds


# -- the cases ---------------------------------------------------------------------------------


def _mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(256, 1024), nn.GELU(), nn.Linear(1024, 1024), nn.GELU(),
                         nn.Linear(1024, 10))  # fmt: skip


def _cnn() -> nn.Module:
    layers: list[nn.Module] = []
    for before, after in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


def _encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(128, 4, 512, dropout=0.1, batch_first=True)
    return nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)


def _floats(*shape: int) -> Callable[[], tuple[Any, ...]]:
    return lambda: (torch.randn(shape),)


def _tokens(*shape: int, most: int = 1000) -> Callable[[], tuple[Any, ...]]:
    return lambda: (torch.randint(0, most, shape),)


def _timm(name: str, **settings: Any) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        import timm

        return timm.create_model(name, **settings)

    return make


def _transformers(kind: str, config: str, **settings: Any) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        import transformers

        return getattr(transformers, kind)(getattr(transformers, config)(**settings))

    return make


_SMALL = {
    "hidden_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 384,
    "vocab_size": 1000,
}
_GPT2 = {"n_embd": 128, "n_layer": 3, "n_head": 4, "vocab_size": 1000}
_gpt2 = _transformers("GPT2LMHeadModel", "GPT2Config", **_GPT2)
_llama = _transformers("LlamaForCausalLM", "LlamaConfig", **_SMALL, num_key_value_heads=2)
_bert = _transformers("BertForMaskedLM", "BertConfig", **_SMALL)


def _unet() -> nn.Module:
    from diffusers import UNet2DModel

    return UNet2DModel(
        sample_size=32,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=8,
    )


def _dit() -> nn.Module:
    from diffusers import DiTTransformer2DModel

    return DiTTransformer2DModel(
        num_attention_heads=4,
        attention_head_dim=32,
        num_layers=3,
        sample_size=16,
        norm_num_groups=4,
    )


def cases() -> Iterator[Case]:
    """The forty cases."""
    for optimizer in ("sgd", "sgd-momentum", "adamw", "adafactor", None):
        yield Case(f"mlp {optimizer}", "torch", _mlp, _floats(512, 256), optimizer)
    yield Case("mlp bf16", "torch", _mlp, _floats(2048, 256), precision="bfloat16")
    for optimizer in ("adamw", None):
        yield Case(f"cnn {optimizer}", "torch", _cnn, _floats(16, 3, 64, 64), optimizer)
    yield Case("cnn bf16-mixed", "torch", _cnn, _floats(16, 3, 64, 64), precision="bf16-mixed")
    yield Case("encoder", "torch", _encoder, _floats(8, 64, 128))
    yield Case("encoder bf16-mixed", "torch", _encoder, _floats(8, 64, 128), precision="bf16-mixed")
    yield Case("encoder inference", "torch", _encoder, _floats(8, 64, 128), None)
    recurrent: dict[str, Callable[[], nn.Module]] = {
        "lstm": lambda: nn.LSTM(64, 128, 2, batch_first=True),
        "lstm both ways": lambda: nn.LSTM(64, 128, bidirectional=True),
        "gru": lambda: nn.GRU(64, 128, 2),
        "rnn": lambda: nn.RNN(64, 128),
    }
    yield Case("gru inference", "torch", recurrent["gru"], _floats(32, 40, 64), None)
    for name, make in recurrent.items():
        yield Case(name, "torch", make, _floats(32, 40, 64))
    yield Case("lstm inference", "torch", recurrent["lstm"], _floats(32, 40, 64), None)
    picture = _floats(8, 3, 96, 96)
    for name in ("resnet18", "efficientnet_b0", "mobilenetv3_small_100", "regnetx_002"):
        yield Case(name, "timm", _timm(name), picture)
    yield Case("resnet18, batch 32", "timm", _timm("resnet18"), _floats(32, 3, 96, 96), "sgd")
    yield Case("resnet18 inference", "timm", _timm("resnet18"), picture, None)
    yield Case("convnext", "timm", _timm("convnext_atto"), picture, "sgd-momentum")
    vit = _timm("vit_tiny_patch16_224", depth=4)
    for precision in ("float32", "bf16-mixed", "bfloat16"):
        yield Case(f"vit {precision}", "timm", vit, _floats(8, 3, 224, 224), precision=precision)
    yield Case("mixer", "timm", _timm("mixer_s32_224"), _floats(8, 3, 224, 224))
    for precision in ("float32", "bf16-mixed"):
        yield Case(f"gpt2 {precision}", "transformers", _gpt2, _tokens(8, 64), precision=precision)
        yield Case(f"llama {precision}", "transformers", _llama, _tokens(8, 64), "adam", precision)
    yield Case("gpt2, batch 32", "transformers", _gpt2, _tokens(32, 64), "adafactor")
    yield Case("llama inference", "transformers", _llama, _tokens(8, 64), None)
    yield Case("bert", "transformers", _bert, _tokens(8, 64))
    yield Case("bert rmsprop", "transformers", _bert, _tokens(8, 128), "rmsprop")
    t5 = _transformers(
        "T5ForConditionalGeneration", "T5Config", d_model=128, d_kv=32, d_ff=384, num_layers=2,
        num_heads=4, vocab_size=1000, decoder_start_token_id=0,
    )  # fmt: skip
    both = {"labels": torch.zeros(8, 32, dtype=torch.int64)}
    yield Case("t5", "transformers", t5, _tokens(8, 64), kwargs=lambda: both)
    yield Case("unet", "diffusers", _unet, lambda: (torch.randn(4, 3, 32, 32), torch.tensor(3)))
    labels = {"class_labels": torch.zeros(4, dtype=torch.int64), "timestep": torch.zeros(4)}
    yield Case("dit", "diffusers", _dit, _floats(4, 4, 16, 16), kwargs=lambda: labels)


def main() -> None:
    """Measure the cases that are named, or all of them and write the table."""
    import_torchvision()
    wanted = set(sys.argv[1:])
    rows, errors = [], []
    for case in cases():
        if wanted and not any(word in case.name for word in wanted):
            continue
        planned, real, seconds = measure(case)
        off = planned / real - 1
        errors.append(abs(off))
        rows.append(
            (case.name, case.family, str(case.optimizer), case.precision, bytes_text(planned),
             bytes_text(real), f"{off:+.2%}", f"{seconds:.1f}")
        )  # fmt: skip
        print(*rows[-1], sep=" | ", flush=True)
        gc.collect()
    said = (
        f"{len(errors)} steps: median {statistics.median(errors):.2%} off, worst "
        f"{max(errors):.2%}. Seconds are those of planning. {machine()}."
    )
    print(said)
    if not wanted:
        head = ("model", "family", "optimizer", "precision", "planned", "measured", "off", "s")
        write_section("plan_memory", f"{said}\n\n{table(head, rows)}")


if __name__ == "__main__":
    main()
