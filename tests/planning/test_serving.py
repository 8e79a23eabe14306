"""Plans of inference: the cache of a language model is that of a real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import modelviz
from modelviz.planning.caches import cache_tensors

transformers = pytest.importorskip("transformers")

_SIZES: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 100,
}


def _causal(name: str, config: str, **more: Any) -> Callable[[], Any]:
    def make() -> Any:
        settings = getattr(transformers, config)(**{**_SIZES, **more})
        return getattr(transformers, name)(settings).eval()

    return make


MODELS = {
    "all heads": _causal("LlamaForCausalLM", "LlamaConfig", num_key_value_heads=4),
    "grouped": _causal("LlamaForCausalLM", "LlamaConfig", num_key_value_heads=2),
    "one head": _causal("LlamaForCausalLM", "LlamaConfig", num_key_value_heads=1),
    "window": _causal(
        "MistralForCausalLM", "MistralConfig", num_key_value_heads=2, sliding_window=8
    ),
    "latent": _causal(
        "DeepseekV3ForCausalLM",
        "DeepseekV3Config",
        first_k_dense_replace=2,
        kv_lora_rank=16,
        q_lora_rank=24,
        qk_rope_head_dim=8,
        qk_nope_head_dim=16,
        v_head_dim=16,
    ),
    "convolutions": _causal(
        "Lfm2ForCausalLM",
        "Lfm2Config",
        num_key_value_heads=2,
        layer_types=["conv", "full_attention"],
    ),
}
TOKENS = torch.zeros(2, 21, dtype=torch.int64)


def _bytes(output: Any) -> int:
    found = {}
    for tensor in cache_tensors(output):
        storage = tensor.untyped_storage()
        found[storage.data_ptr()] = storage.nbytes()
    return sum(found.values())


@pytest.mark.parametrize("name", MODELS)
def test_cache_is_that_of_a_real_forward(name: str) -> None:
    model = MODELS[name]()
    with torch.no_grad():
        before = model(TOKENS, use_cache=True)
    planned = modelviz.plan(model, input_data=TOKENS, optimizer=None)
    assert planned.kv_cache_bytes == _bytes(before) > 0


@pytest.mark.parametrize("name", ["grouped", "window"])
def test_next_token_grows_the_cache_as_a_real_one_does(name: str) -> None:
    model = MODELS[name]()
    with torch.no_grad():
        before = model(TOKENS, use_cache=True)
        key = next(k for k in ("cache", "past_key_values") if k in before)
        after = model(TOKENS[:, :1], **{key: before[key]}, use_cache=True)
    planned = modelviz.plan(model, input_data=TOKENS, optimizer=None, decode=True)
    assert planned.kv_cache_bytes == _bytes(after)
    assert planned.breakdown["inputs"] == 2 * 8


@pytest.mark.slow
def test_longest_context_ends_where_positions_do() -> None:
    config = transformers.GPT2Config(n_embd=64, n_layer=2, n_head=4, vocab_size=100, n_positions=64)
    model = transformers.GPT2LMHeadModel(config).eval()
    found = modelviz.plan(model, input_data=TOKENS, optimizer=None, device="1GB")
    longest = found.largest("seq")
    assert longest == 64 and "the step fails" in str(longest)


def test_a_model_without_a_cache_has_no_next_token() -> None:
    model = torch.nn.Embedding(100, 8)
    with pytest.raises(modelviz.InputError, match="decode=True plans the next token"):
        modelviz.plan(model, (2, 8), dtypes=[torch.int64], optimizer=None, decode=True)
    with pytest.raises(modelviz.InputError, match="give optimizer=None"):
        modelviz.plan(model, (2, 8), dtypes=[torch.int64], decode=True)
