"""What people, drivers and PyTorch call a device."""

from __future__ import annotations

import pytest
import torch

from modelviz.errors import InputError
from modelviz.planning.devices import device_named


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("h100", "H100 80 GB"),
        ("NVIDIA H100 80GB HBM3", "H100 80 GB"),
        ("NVIDIA H100 PCIe", "H100 PCIe 80 GB"),
        ("NVIDIA A100-SXM4-40GB", "A100 40 GB"),
        ("Tesla V100-SXM2-16GB", "V100 16 GB"),
        ("Tesla T4", "T4 16 GB"),
        ("NVIDIA RTX A6000", "A6000 48 GB"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090 24 GB"),
        ("rtx3090", "RTX 3090 24 GB"),
        ("4090", "RTX 4090 24 GB"),
        ("AMD Instinct MI300X", "MI300X 192 GB"),
        (torch.device("cpu"), "cpu"),
        (24e9, "a GPU of 24.0 GB"),
        ("24GiB", "a GPU of 25.8 GB"),
        ("16g", "a GPU of 16.0 GB"),
    ],
)
def test_names_that_are_understood(given: object, name: str) -> None:
    assert device_named(given).name == name


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "expected 'cpu'"),
        ("24", "expected 'cpu'"),
        ("rtx", "expected 'cpu'"),
        ("NVIDIA A10G", "expected 'cpu'"),
        ("RTX 4090 Laptop GPU", "did you mean 'RTX 4090 24 GB'"),
        ("cuda", "does not say which GPU"),
        (torch.device("cuda:1"), "device='cuda:1' does not say which GPU"),
        (0, "expected a name"),
        (float("inf"), "expected a name"),
        (True, "expected a name"),
    ],
)
def test_what_is_no_device_is_told(given: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        device_named(given)
