"""Models of transformers: by a name and its default configuration, or by a ``config.json``.

Only classes of transformers itself are built; code that a configuration names is never run.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..findings import note
from ..graph import Finding
from .base import Source
from .building import require, weightless
from .config_values import parse_config, quantization_asked
from .names import close_matches
from .other_configs import other_config

if TYPE_CHECKING:
    from torch import nn

NAMES_NO_MODEL = (
    "the config names no model: expected a model_type such as 'llama', or architectures "
    "such as ['LlamaForCausalLM'], as in the config.json of the Hugging Face Hub"
)


_CHECKED = re.compile(r"^(?:Class validation|Validation) error for \w+ '[^']*': (?:\w+Error: )?")


def model_names() -> tuple[str, ...]:
    """The model types, such as ``bert``, then the architectures, such as ``BertModel``."""
    types, architectures = _registry()
    return (*types, *architectures)


def build_default(name: str) -> nn.Module:
    """The model type or architecture ``name`` in its default configuration."""
    import transformers

    types, architectures = _registry()
    model_class = getattr(transformers, name if name in architectures else types[name])
    return _build(model_class, model_class.config_class())


def from_config(text: str) -> Source:
    """The model that a ``config.json`` describes, without weights. Raises InputError."""
    values = parse_config(text)
    if not {"model_type", "architectures"} & set(values):
        other = other_config(json.loads(text))
        told = f"this is no config of a model of transformers: {other}"
        raise InputError(NAMES_NO_MODEL if other is None else told)
    require("transformers")
    name, findings = _class_for(values)
    if asked := quantization_asked(text):
        message = f"the config asks for quantized weights ({asked}); it is built without"
        findings += (note("MV011", message),)
    import transformers

    model_class = getattr(transformers, name)

    def build() -> nn.Module:
        return _build(model_class, _config(model_class.config_class, values))

    source = weightless(build, f"{name} with this config.json")
    return Source(source.model, None, findings, source.with_weights)


def _class_for(values: dict[str, Any]) -> tuple[str, tuple[Finding, ...]]:
    """The name of the class to build, and what to say about the choice."""
    types, architectures = _registry()
    listed = values.get("architectures") or []
    wanted = listed[0] if isinstance(listed, list) and listed else None
    kind = values.get("model_type")
    findings: tuple[Finding, ...] = ()
    if "auto_map" in values:
        message = "the config names code of its own (auto_map), which is not run"
        findings = (note("MV011", message),)
    if isinstance(wanted, str) and wanted in architectures:
        return wanted, findings
    if isinstance(kind, str) and kind in types:
        if wanted is not None:
            message = f"transformers has no class {wanted}: built as {types[kind]}"
            findings += (note("MV011", message),)
        return types[kind], findings
    if kind is None and wanted is None:
        raise InputError(NAMES_NO_MODEL)
    if "auto_map" in values:
        raise InputError(
            f"the model {wanted or kind!r} is defined by code beside its config.json (auto_map), "
            "which is not run: trace the model from Python instead"
        )
    near = close_matches(str(kind or wanted), (*types, *architectures))
    advice = f"did you mean {' or '.join(near)}?" if near else "a newer release may have it"
    raise InputError(f"this transformers knows no model {wanted or kind!r}: {advice}")


def _config(config_class: Any, values: dict[str, Any]) -> Any:
    """The configuration with these values. Raises InputError for values that it refuses."""
    try:
        return config_class.from_dict(values)
    except Exception as error:
        reason = " ".join(line.strip() for line in str(error).splitlines())
        # What checks of transformers and of its data classes put before their message.
        reason = _CHECKED.sub("", reason)
        if unknown := re.fullmatch(r"module 'torch' has no attribute '(\w+)'", reason):
            reason = f"{unknown[1]!r} is no dtype of PyTorch, such as 'bfloat16'"
        raise InputError(f"the config cannot be used: {reason or type(error).__name__}") from error


def _build(model_class: Any, config: Any) -> nn.Module:
    _without_pretrained(config)
    model: nn.Module = model_class._from_config(config)
    return model


def _without_pretrained(config: Any) -> None:
    """Let no part of the configuration ask for weights, which would have to be fetched."""
    if getattr(config, "use_pretrained_backbone", False):
        config.use_pretrained_backbone = False
    for name in config.sub_configs:
        if (part := getattr(config, name, None)) is not None:
            _without_pretrained(part)


@cache
def _registry() -> tuple[dict[str, str], frozenset[str]]:
    """The class for each model type, and the names of all classes."""
    from transformers.models.auto import modeling_auto

    types: dict[str, str] = {}
    architectures: dict[str, None] = {}
    for name, table in vars(modeling_auto).items():
        if name.startswith("MODEL_") and name.endswith("MAPPING_NAMES"):
            for kind, listed in table.items():
                classes = (listed,) if isinstance(listed, str) else tuple(listed)
                types.setdefault(kind, classes[0])
                architectures.update(dict.fromkeys(classes))
    return dict(sorted(types.items())), frozenset(architectures)
