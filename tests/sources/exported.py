"""A program as ``torch.export.save`` writes it, small enough to be written by hand."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

STACK = "L__self__,,nets.Net;L__self__fc,fc,torch.nn.modules.linear.Linear"
TRACE = (
    'File "/home/me/nets.py", line 7, in forward\n    return self.fc(x)\n'
    '  File "/env/lib/site-packages/torch/nn/modules/linear.py", line 134, in forward\n'
    "    return F.linear(input, self.weight, self.bias)"
)


def meta(*sizes: Any, gradient: bool = False) -> dict[str, Any]:
    """What is said of a float32 tensor."""
    listed = [size if isinstance(size, dict) else {"as_int": size} for size in sizes]
    strides = [1] * len(sizes)
    for place in range(len(sizes) - 2, -1, -1):
        strides[place] = strides[place + 1] * plain(sizes[place + 1])
    return {
        "dtype": 7,
        "sizes": listed,
        "requires_grad": gradient,
        "device": {"type": "cpu", "index": None},
        "strides": [{"as_int": stride} for stride in strides],
        "storage_offset": {"as_int": 0},
        "layout": 7,
    }


def plain(size: Any) -> int:
    return size["as_expr"]["hint"]["as_int"] if isinstance(size, dict) else size


def varying(name: str, example: int) -> dict[str, Any]:
    """A size that may vary."""
    text = f"Symbol('{name}', positive=True, integer=True)"
    return {"as_expr": {"expr_str": text, "hint": {"as_int": example}}}


def node(target: str, inputs: list[str], output: str, stack: str = STACK) -> dict[str, Any]:
    """A node that takes tensors and gives one."""
    return {
        "target": target,
        "inputs": [
            {"name": f"a{place}", "arg": {"as_tensor": {"name": name}}, "kind": 1}
            for place, name in enumerate(inputs)
        ],
        "outputs": [{"as_tensor": {"name": output}}],
        "metadata": {"nn_module_stack": stack, "stack_trace": TRACE},
        "is_hop_single_tensor_return": None,
    }


def program(batch: Any = 2) -> dict[str, Any]:
    """``relu(fc(x))`` with one linear layer of 4 to 3."""
    nodes = [
        node("torch.ops.aten.linear.default", ["x", "p_w", "p_b"], "linear"),
        node("torch.ops.aten.relu.default", ["linear"], "relu", "L__self__,,nets.Net"),
    ]
    values = {
        "x": meta(batch, 4),
        "p_w": meta(3, 4, gradient=True),
        "p_b": meta(3, gradient=True),
        "linear": meta(batch, 3),
        "relu": meta(batch, 3),
    }
    return {
        "graph_module": {
            "graph": {
                "inputs": [{"as_tensor": {"name": name}} for name in ("p_w", "p_b", "x")],
                "outputs": [{"as_tensor": {"name": "relu"}}],
                "nodes": nodes,
                "tensor_values": values,
                "sym_int_values": {},
                "sym_bool_values": {},
            },
            "signature": {
                "input_specs": [
                    {"parameter": {"arg": {"name": "p_w"}, "parameter_name": "fc.weight"}},
                    {"parameter": {"arg": {"name": "p_b"}, "parameter_name": "fc.bias"}},
                    {"user_input": {"arg": {"as_tensor": {"name": "x"}}}},
                ],
                "output_specs": [{"user_output": {"arg": {"as_tensor": {"name": "relu"}}}}],
            },
        },
        "range_constraints": {"s0": {"min_val": 1, "max_val": 64}},
        "guards_code": [],
        "schema_version": {"major": 8, "minor": 20},
    }


def write(path: Path, content: dict[str, Any], **further: bytes) -> Path:
    """The archive; ``further`` are entries by name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("net/archive_format", "pt2")
        archive.writestr("net/models/model.json", json.dumps(content))
        for name, data in further.items():
            archive.writestr(f"net/{name.replace('__', '/')}", data)
    return path
