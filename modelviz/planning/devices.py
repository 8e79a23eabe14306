"""Devices: memory, bandwidth, and peak rates by dtype, from their makers' data sheets."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..units import bytes_text
from ..unknown import nearest

if TYPE_CHECKING:
    from .probing import Calibration

GB = 10**9
GIB = 2**30
TERA = 10**12


@dataclass(frozen=True, slots=True)
class Device:
    """What a model would run on.

    ``memory`` in bytes, None where it is not known; ``bandwidth`` in bytes/s; ``rates`` in FLOP/s
    for dense products by dtype. ``source`` says where the figures are from. ``rounding`` is the
    size of which its allocator gives multiples. ``beside`` are the bytes, least and most, that
    driver, libraries and fragmentation take besides what a plan counts, with ``beside_why``.
    ``calibration`` is what its kernels took, where that was measured. ``link`` is what it sends to
    its neighbours in one machine, in bytes/s in one direction, by ``link_source``.
    """

    name: str
    memory: int | None
    bandwidth: float | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    source: str = ""
    rounding: int = 1
    beside: tuple[int, int] = (0, 0)
    beside_why: str = ""
    calibration: Calibration | None = field(default=None, repr=False)
    link: float | None = None
    link_source: str = ""

    @property
    def is_gpu(self) -> bool:
        """Whether it runs the kernels of a GPU."""
        return self.rounding > 1

    def to_dict(self) -> dict[str, Any]:
        """The device as JSON-ready data."""
        return {
            "name": self.name,
            "memory_bytes": self.memory,
            "bandwidth_bytes_per_second": self.bandwidth,
            "flops_per_second": dict(self.rates),
            "source": self.source,
            "link_bytes_per_second": self.link,
            "link_source": self.link_source,
            "beside_bytes": list(self.beside),
            "beside_why": self.beside_why,
        }


ROUNDING = 512
"""PyTorch's CUDA allocator gives multiples of 512 bytes (c10/cuda/CUDACachingAllocator.cpp)."""

_BESIDE = (600 * 2**20, 2 * 2**30)
_BESIDE_WHY = (
    "an assumption: the context of the driver with the loaded kernels (0.4 to 0.8 GB), the "
    "workspaces of cuBLAS and cuDNN, and blocks that the caching allocator cannot fill"
)


def _gpu(
    name: str,
    memory: float,
    bandwidth: float,
    source: str,
    *,
    half: float,
    single: float,
    tf32: float | None = None,
    bf16: bool = True,
) -> Device:
    """A GPU: memory in GiB, bandwidth in GB/s, dense rates in TFLOP/s (no sparsity)."""
    rates = {"float16": half * TERA, "float32": single * TERA}
    if bf16:
        rates["bfloat16"] = half * TERA
    if tf32 is not None:
        rates["tf32"] = tf32 * TERA
    return Device(
        name,
        int(memory * GIB),
        bandwidth * GB,
        rates,
        f"{source}; {_CHECKED.get(name, 'not checked against it')}",
        ROUNDING,
        _BESIDE,
        _BESIDE_WHY,
        link=_LINKS[name][0] * GB / 2,
        link_source=f"{_LINKS[name][1]}, {_LINKS[name][0]:,} GB/s both ways: {_LINKS_ARE}",
    )


_PCIE3, _PCIE4, _PCIE5 = (32, "PCIe 3.0 x16"), (64, "PCIe 4.0 x16"), (128, "PCIe 5.0 x16")
_LINKS: Mapping[str, tuple[int, str]] = {
    "B200 180 GB": (1800, "NVLink 5"),
    "H200 141 GB": (900, "NVLink 4"),
    "H100 80 GB": (900, "NVLink 4"),
    "H100 PCIe 80 GB": _PCIE5,
    "A100 80 GB": (600, "NVLink 3"),
    "A100 40 GB": (600, "NVLink 3"),
    "V100 32 GB": (300, "NVLink 2"),
    "V100 16 GB": (300, "NVLink 2"),
    "L40S 48 GB": _PCIE4,
    "L4 24 GB": _PCIE4,
    "A10 24 GB": _PCIE4,
    "A6000 48 GB": _PCIE4,
    "T4 16 GB": _PCIE3,
    "RTX 5090 32 GB": _PCIE5,
    "RTX 4090 24 GB": _PCIE4,
    "RTX 4080 16 GB": _PCIE4,
    "RTX 4060 8 GB": (32, "PCIe 4.0 x8"),
    "RTX 3090 24 GB": _PCIE4,
    "RTX 3060 12 GB": _PCIE4,
    "MI300X 192 GB": (896, "Infinity Fabric, seven links"),
    "MI250X 128 GB": (800, "Infinity Fabric, eight links"),
}
"""What links a GPU to its neighbours in one machine, in GB/s, both directions together."""
_LINKS_ARE = (
    "by the makers' data sheets, not checked against them; between machines it is less, which "
    "links= says"
)

_COPY = "rates and bandwidth agree with a copy of its table"
_SECOND = "rates and bandwidth agree with a second source"
_HALF = "half and single precision agree with a second source, bandwidth and tf32 not checked"
_CHECKED = {
    "B200 180 GB": "rates agree with a second source, which has 7.7 to 8 TB/s",
    "H200 141 GB": _SECOND,
    "H100 80 GB": _COPY,
    "H100 PCIe 80 GB": _COPY,
    "A100 80 GB": _SECOND,
    "A100 40 GB": _SECOND,
    "L40S 48 GB": _COPY,
    "L4 24 GB": "half precision and bandwidth agree with a second source, others not checked",
    "A10 24 GB": "single precision and bandwidth agree with sysrqmts.com, others not checked",
    "A6000 48 GB": "all but tf32 agree with a second source (half precision: llmperf.net)",
    "T4 16 GB": "rates and bandwidth agree with sysrqmts.com and hmc-tech.com",
    "V100 32 GB": "rates agree with hmc-tech.com; sysrqmts.com has 897 GB/s",
    "V100 16 GB": "rates agree with those of the one of 32 GB at hmc-tech.com",
    "RTX 5090 32 GB": "single and bandwidth agree with pocketmags.com, others not checked",
    "RTX 4060 8 GB": "rates agree with hmc-tech.com, bandwidth with fpsbench.com",
    "RTX 3060 12 GB": "single precision and bandwidth agree with hmc-tech.com, others not checked",
    "MI250X 128 GB": "rates agree with zexron.com, a copy of AMD's table, which has 3.2 TB/s",
    "RTX 4090 24 GB": _SECOND,
    "RTX 4080 16 GB": _HALF,
    "RTX 3090 24 GB": _HALF,
    "MI300X 192 GB": "half precision and bandwidth agree with a second source, others not checked",
}
"""What of a device's figures could be compared with the data sheet, or with others that cite it.

The data sheets themselves were not at hand.
"""

# Memory is what the driver shows as total, a little below the nominal size where that is known
# to be so; nominal GiB otherwise.
_GPUS = (
    _gpu("B200 180 GB", 179, 8000, "NVIDIA DGX B200 datasheet", half=2250, single=75, tf32=1125),
    _gpu("H200 141 GB", 139.8, 4800, "NVIDIA H200 datasheet", half=989, single=67, tf32=494),
    _gpu("H100 80 GB", 79.6, 3350, "NVIDIA H100 datasheet (SXM)", half=989, single=67, tf32=494),
    _gpu("H100 PCIe 80 GB", 79.6, 2000, "NVIDIA H100 datasheet", half=756, single=51, tf32=378),
    _gpu("A100 80 GB", 79.2, 2039, "NVIDIA A100 datasheet (SXM)", half=312, single=19.5, tf32=156),
    _gpu("A100 40 GB", 39.4, 1555, "NVIDIA A100 datasheet (SXM)", half=312, single=19.5, tf32=156),
    _gpu("L40S 48 GB", 44.5, 864, "NVIDIA L40S datasheet", half=362, single=91.6, tf32=183),
    _gpu("L4 24 GB", 22.5, 300, "NVIDIA L4 datasheet", half=121, single=30.3, tf32=60),
    _gpu("A10 24 GB", 22.5, 600, "NVIDIA A10 datasheet", half=125, single=31.2, tf32=62.5),
    _gpu("A6000 48 GB", 47.5, 768, "NVIDIA RTX A6000 datasheet", half=155, single=38.7, tf32=77.4),
    _gpu("T4 16 GB", 14.6, 320, "NVIDIA T4 datasheet", half=65, single=8.1, bf16=False),
    _gpu("V100 32 GB", 31.7, 900, "NVIDIA V100 datasheet", half=125, single=15.7, bf16=False),
    _gpu("V100 16 GB", 15.8, 900, "NVIDIA V100 datasheet", half=125, single=15.7, bf16=False),
    _gpu(
        "RTX 5090 32 GB", 31.4, 1792, "NVIDIA RTX Blackwell white paper",
        half=209.5, single=104.8, tf32=104.8,
    ),
    _gpu(
        "RTX 4090 24 GB", 23.5, 1008, "NVIDIA Ada white paper", half=165.2, single=82.6, tf32=82.6
    ),
    _gpu(
        "RTX 4080 16 GB", 15.7, 717, "NVIDIA Ada white paper", half=97.5, single=48.7, tf32=48.7
    ),
    _gpu(
        "RTX 4060 8 GB", 7.8, 272, "NVIDIA Ada white paper", half=30, single=15.1, tf32=15
    ),
    _gpu("RTX 3090 24 GB", 23.7, 936, "NVIDIA GA102 white paper", half=71, single=35.6, tf32=35.6),
    _gpu("RTX 3060 12 GB", 11.8, 360, "NVIDIA GA10x white paper", half=25, single=12.7, tf32=12.7),
    _gpu("MI300X 192 GB", 191.5, 5300, "AMD MI300X data sheet", half=1307, single=163.4),
    _gpu("MI250X 128 GB", 127.5, 3277, "AMD MI250X data sheet", half=383, single=95.7),
)  # fmt: skip

DEVICES: Mapping[str, Device] = {one.name: one for one in _GPUS}
"""GPUs by name, the largest first within a family."""

_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*(?:(k|m|g|t)(i)?b?|b)", re.IGNORECASE)


def device_named(given: Any) -> Device:
    """The device of that name, or of so many bytes. Raises InputError."""
    if isinstance(given, Device):
        return given
    if isinstance(given, (int, float)) and not isinstance(given, bool) and 0 < given < math.inf:
        return _of_bytes(int(given))
    if type(given).__module__ == "torch":  # a torch.device; torch is not imported here
        given = str(given)
    if not isinstance(given, str):
        raise InputError(f"device={given!r}: expected a name such as 'H100', or bytes")
    if given.lower() in ("cpu", "this machine"):
        return this_machine()
    size = bytes_of(given)
    if size is not None:
        return _of_bytes(size)
    wanted = _words(given)
    for device in DEVICES.values():
        words = _words(device.name)
        # Neither its memory alone is a name, nor its family.
        model = {word for word in _words(_MEMORY.sub("", device.name)) if not word.isalpha()}
        if wanted <= words and wanted & model:
            return device
    if re.fullmatch(r"(cuda|gpu|mps|xpu|hip|rocm)(:\d+)?", given.strip().lower()):
        raise InputError(
            f"device={given!r} does not say which GPU: give its name, as nvidia-smi or "
            "torch.cuda.get_device_name() has it, or the bytes of its memory ('24GB')"
        )
    known = ", ".join(DEVICES)
    raise InputError(
        f"device={given!r}: expected 'cpu', bytes such as 80 * 10**9 or '80GB', or one of {known}"
        f"{nearest(given, DEVICES)}"
    )


def bytes_of(text: str) -> int | None:
    """The bytes that ``24GB`` or ``512 MiB`` says; None for any other text."""
    size = _BYTES.fullmatch(text.strip())
    if size is None:
        return None
    base = 1024 if size[3] else 1000
    power = " kmgt".index((size[2] or " ").lower())
    return int(float(size[1]) * base**power)


def this_machine() -> Device:
    """The CPU of this machine, with its memory where the system tells it."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return Device("cpu", None)
    return Device("cpu", memory, source="this machine's memory")


def _of_bytes(size: int) -> Device:
    return Device(
        f"a GPU of {bytes_text(size)}",
        size,
        source="given",
        rounding=ROUNDING,
        beside=_BESIDE,
        beside_why=_BESIDE_WHY,
    )


_MEMORY = re.compile(r"\d+ GB$")
_ASIDE = re.compile(
    r"geforce|nvidia|tesla|instinct|amd|sxm\d?|oam|rtx(?= a\d)|hbm\d\w*|graphics|gpu"
)
"""What drivers say of a GPU besides its model and memory."""


def _words(name: str) -> set[str]:
    plain = _ASIDE.sub(" ", name.lower().replace("-", " ").replace("_", " "))
    plain = re.sub(r"\b(rtx|gtx)(?=\d)", r"\1 ", plain)
    return set(re.findall(r"[a-z]+\d+[a-z]*|\d+|[a-z]+", plain)) - {"gb"}
