"""Llama 3.1 405B on the meta device: seconds and memory of building, tracing, summarising.

``python -m benchmarks.llama405b`` prints the numbers and writes them into the README.
"""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import time
import warnings
from typing import Any

import torch

from modelviz import summary, trace
from modelviz.sources.torchvision_ops import import_torchvision

from .report import machine, table, write_section

CONFIG: dict[str, Any] = {
    "vocab_size": 128256,
    "hidden_size": 16384,
    "intermediate_size": 53248,
    "num_hidden_layers": 126,
    "num_attention_heads": 128,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": False,
}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; write the README's section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--no-write", action="store_true", help="only print")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    import_torchvision()
    from transformers import LlamaConfig, LlamaForCausalLM

    steps: list[tuple[str, float, float]] = [("imports", 0.0, _peak())]

    def step(name: str, start: float) -> None:
        steps.append((name, time.perf_counter() - start, _peak()))

    start = time.perf_counter()
    with torch.device("meta"):
        model: Any = LlamaForCausalLM(LlamaConfig(**CONFIG))
        model = model.to(torch.bfloat16).eval()
    step("build the model on meta (transformers)", start)
    ids = torch.zeros(1, options.tokens, dtype=torch.long)
    start = time.perf_counter()
    graph = trace(model, input_data={"input_ids": ids})
    step("trace", start)
    start = time.perf_counter()
    text = str(summary(graph, verbose=0))
    step("summary of the graph", start)
    start = time.perf_counter()
    text = str(summary(model, input_data={"input_ids": ids}, verbose=0))
    step("trace and summary in one call", start)

    rows = [[name, f"{seconds:.2f}", f"{peak:.2f}"] for name, seconds, peak in steps]
    report = "\n\n".join(
        (
            f"Measured on {machine()}, {options.tokens} tokens. {graph.total_params:,} parameters, "
            f"{graph.total_flops:,} FLOPs, {len(graph.ops):,} ops, {len(graph.calls):,} calls; "
            f"the table has {len(text.splitlines())} lines.",
            table(["step", "seconds", "peak memory of the process so far, GB"], rows),
        )
    )
    print(report)
    if not options.no_write:
        write_section("llama405b", report)
    return 0


def _peak() -> float:
    """The largest resident size of this process so far, in GB (Linux counts in KiB)."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


if __name__ == "__main__":
    sys.exit(main())
