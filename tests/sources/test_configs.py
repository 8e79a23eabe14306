"""A model from the text of a config.json, which is not trusted."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from modelviz.errors import InputError, ModelvizError
from modelviz.sources import from_config
from modelviz.sources.config_values import parse_config, quantization_asked
from modelviz.sources.forward import Forward, run
from tests.work import work

LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 128,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 64,
}
LLAMA_405B = LLAMA | {
    "vocab_size": 128256,
    "hidden_size": 16384,
    "intermediate_size": 53248,
    "num_hidden_layers": 126,
    "num_attention_heads": 128,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
    "torch_dtype": "bfloat16",
}


def parameters(model: Any) -> int:
    assert isinstance(model, nn.Module)
    return sum(parameter.numel() for parameter in model.parameters())


def test_small_config_gives_its_model_without_weights() -> None:
    source = from_config(json.dumps(LLAMA))
    assert type(source.model).__name__ == "LlamaForCausalLM"
    layer = 2 * 16 * 16 + 2 * 8 * 16 + 3 * 16 * 32 + 2 * 16
    assert parameters(source.model) == 2 * 128 * 16 + 2 * layer + 16
    assert all(parameter.is_meta for parameter in source.model.parameters())  # type: ignore[union-attr]
    graph = run(source, Forward()).graph
    assert graph.tensors[graph.outputs[0]].shape == (1, 62, 128)


def test_size_of_a_model_does_not_matter() -> None:
    source = from_config(json.dumps(LLAMA_405B))
    assert parameters(source.model) == 405_853_388_800


def test_weights_are_made_only_when_asked_for() -> None:
    source = from_config(json.dumps(LLAMA))
    assert source.with_weights is not None
    graph = run(source, Forward(execution="real")).graph
    assert graph.execution == "real"
    assert {tensor.device for tensor in graph.tensors} == {"cpu"}


def test_class_that_is_not_known_is_replaced_and_said() -> None:
    source = from_config(json.dumps(LLAMA | {"architectures": ["MyLlama"]}))
    assert type(source.model).__name__ == "LlamaModel"
    assert [f.message for f in source.findings] == [
        "transformers has no class MyLlama: built as LlamaModel"
    ]


def test_code_beside_a_known_model_is_not_run_and_said() -> None:
    named = LLAMA | {"auto_map": {"AutoModel": "evil.Model"}}
    source = from_config(json.dumps(named))
    assert type(source.model).__name__ == "LlamaForCausalLM"
    assert [f.message for f in source.findings] == [
        "the config names code of its own (auto_map), which is not run"
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_size": 10**12}, r"hidden_size = 1,000,000,000,000: expected a whole number"),
        ({"hidden_size": -3}, "hidden_size = -3: expected a whole number from 0"),
        ({"hidden_size": "wide"}, "hidden_size = 'wide': expected a whole number"),
        ({"hidden_size": float("nan")}, "hidden_size = nan"),
        ({"hidden_size": float("inf")}, "hidden_size = inf"),
        ({"hidden_size": None}, "hidden_size"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers = 1,000,000,000"),
        ({"num_hidden_layers": 10**400}, "num_hidden_layers = 10,000,"),
        ({"text_config": {"num_hidden_layers": 10**9}}, "text_config.num_hidden_layers"),
        ({"depths": [2, 10**9]}, "depths = 1,000,000,000"),
        ({"depths": [1500] * 2}, "3,000 layers are too many"),
        ({"num_experts": 10**6}, "num_experts = 1,000,000"),
        ({"num_experts": 8000, "num_hidden_layers": 1000}, "1,000 layers of 8,000 experts"),
        ({"num_attention_heads": 0}, "the config cannot be used"),
        ({"num_attention_heads": 3}, "hidden size"),
        ({"hidden_act": "__import__"}, "cannot be built with these settings: KeyError"),
        ({"rope_parameters": {"rope_type": "evil"}}, "cannot be built with these settings"),
        ({"torch_dtype": "evil"}, "the config cannot be used"),
        ({"to_dict": 3}, "the config cannot be used"),
        ({"architectures": ["Evil"], "model_type": "evil"}, "knows no model 'Evil'"),
        ({"architectures": None, "model_type": "lama"}, "did you mean llama"),
        ({"architectures": None, "model_type": None}, "the config names no model"),
        (
            {"architectures": ["Evil"], "model_type": "evil", "auto_map": {}},
            r"code beside its config.json \(auto_map\), which is not run",
        ),
    ],
)
def test_what_cannot_be_built_is_refused_before_much_is_made(
    changes: dict[str, Any], message: str
) -> None:
    def refused() -> None:
        with pytest.raises(InputError, match=message):
            from_config(json.dumps(LLAMA | changes))

    from_config(json.dumps(LLAMA))  # the imports
    # Most of it is the look at every module that is loaded, to keep it offline.
    assert work(refused) < 1_000_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the config is not JSON"),
        ("{", "the config is not JSON"),
        ("[]", "expected the config to be a JSON object, got list"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 50 + "1" + "}" * 50, "nested too deeply"),
        (f'{{"a": {"9" * 5000}}}', "the config is not JSON"),
        ('{"a": "' + "x" * 3_000_000 + '"}', "expected a config.json"),
    ],
)
def test_what_is_no_config_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_config(text)


def test_what_chooses_code_to_load_is_left_out() -> None:
    values = {
        "hidden_size": 4,
        "attn_implementation": "someone/kernels",
        "_attn_implementation": "someone/kernels",
        "quantization_config": {"quant_method": "x"},
        "text_config": {"width": 3, "_attn_implementation_internal": "someone/kernels"},
    }
    assert parse_config(json.dumps(values)) == {"hidden_size": 4, "text_config": {"width": 3}}


@pytest.mark.parametrize(
    "values",
    [
        {"kv_source_layers": [1_000, 1_100], "num_experts": 128},
        {"out_features": ["stage1"], "attention_layers": ["global", "local"]},
        {"layer_types": ["full_attention"], "use_layers": True, "skip_layers": None},
        {"max_position_embeddings": 10_485_760, "vocab_size": 262_144, "rope_theta": 10**13},
        {"image_size": {"height": 224, "width": 224}, "pad_token_id": -1, "model_max_length": 1e30},
    ],
)
def test_what_real_configs_hold_is_kept(values: dict[str, Any]) -> None:
    assert parse_config(json.dumps(values)) == values


JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(JUNK, lambda inner: st.lists(inner, max_size=3), max_leaves=4)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(sorted(LLAMA)), VALUES, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_any_change_of_a_config_gives_a_model_or_an_error(changes: dict[str, Any]) -> None:
    try:
        source = from_config(json.dumps(LLAMA | changes))
    except ModelvizError as error:
        assert str(error)
        return
    assert parameters(source.model) >= 0


@pytest.mark.parametrize(
    "changes",
    [
        {"num_labels": 10**7},
        {"num_labels": 10**9},
        {"text_config": {"num_labels": 10**9}},
        {"num_queries": 10**9},
        {"extra_num_things": 10**9},
        {"out_classes": 10**9},
        {"conv_dim": [1] * 400_000},
    ],
)
def test_every_count_has_a_limit(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"expected a whole number from 0|lists more than 2,000"):
        parse_config(json.dumps(LLAMA | changes))
    assert parse_config(json.dumps({"num_labels": 21_843, "num_params": 7 * 10**9}))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"quant_method": "gptq", "bits": 4}, "gptq, 4-bit"),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "bitsandbytes, 8-bit"),
        ({"quant_method": "fp8"}, "fp8"),
    ],
)
def test_a_quantization_that_is_asked_for_is_said(asked: dict[str, object], said: str) -> None:
    whole = json.dumps({"model_type": "bert", "quantization_config": asked})
    part = json.dumps({"text_config": {"quantization_config": asked}})
    assert quantization_asked(whole) == quantization_asked(part) == said
    assert quantization_asked('{"model_type": "bert"}') == ""


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"_class_name": "UNet2DModel"}, "a config of diffusers: build its UNet2DModel in Python"),
        ({"architecture": "resnet50", "num_classes": 10}, "its name: timm:resnet50"),
        ({"peft_type": "LORA", "base_model_name_or_path": "a/b"}, "give the config.json of a/b"),
        ({"tokenizer_class": "LlamaTokenizer"}, "a file of a tokenizer"),
        ({"image_processor_type": "ViTImageProcessor"}, "the settings of a processor of inputs"),
        ({"_from_model_config": True}, "the settings of generation"),
        (LLAMA | {"torch_dtype": "float99"}, "'float99' is no dtype of PyTorch"),
        (
            LLAMA | {"num_attention_heads": 3, "num_key_value_heads": 3},
            "cannot be used: The hidden size",
        ),
    ],
)
def test_what_a_file_is_that_describes_no_model(values: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=re.escape(told)):
        from_config(json.dumps(values))
