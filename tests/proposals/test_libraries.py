"""Inputs proposed for models of libraries, by what their configurations say."""

from __future__ import annotations

import pytest

from modelviz.sources import resolve
from modelviz.sources.forward import Forward, run

EXPECTED = {
    "timm:efficientnet_b3": {"x": (1, 3, 288, 288)},
    "torchvision:resnet18": {"x": (1, 3, 224, 224)},
    "torchvision:r3d_18": {"x": (1, 3, 16, 112, 112)},
    "torchvision:deeplabv3_resnet50": {"x": (1, 3, 224, 224)},
    "transformers:bert": {"input_ids": (1, 128)},
    "transformers:LlamaForCausalLM": {"input_ids": (1, 128)},
    "transformers:t5": {"input_ids": (1, 128), "decoder_input_ids": (1, 32)},
    "transformers:vit": {"pixel_values": (1, 3, 224, 224)},
    "transformers:whisper": {"input_features": (1, 80, 3000), "decoder_input_ids": (1, 32)},
    "transformers:wav2vec2": {"input_values": (1, 16000)},
    "transformers:audio-spectrogram-transformer": {"input_values": (1, 1024, 128)},
    "transformers:clip": {"input_ids": (1, 75), "pixel_values": (1, 3, 224, 224)},
    "transformers:videomae": {"pixel_values": (1, 16, 3, 224, 224)},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_model_of_a_library_runs_with_proposed_inputs(name: str) -> None:
    done = run(resolve(name), Forward())
    assert done.error is None
    assert done.graph.execution == "fake"
    assert {proposal.name: proposal.shape for proposal in done.proposals} == EXPECTED[name]
    assert any("the inputs are a proposal" in note for note in done.graph.notes)
