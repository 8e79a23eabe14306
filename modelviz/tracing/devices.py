"""The device a forward would run on, where its tensors have no data there.

A model on ``meta``, or one that is to be seen on a device that this machine lacks, is traced as if
its weights were on the device they will be used on: PyTorch chooses kernels by device, and those
of ``meta`` are not the ones that will run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ..findings import note
from ..graph import Finding
from .absent import CAPABILITY, AbsentDevice, capability_known
from .mode_internals import disable_current_modes, disable_torch_dispatch
from .modules import NamedModule, held
from .recipes import device_of, may_be_known
from .refusals import Refusal, two_devices
from .structure import kernel_tensors, tensors
from .torch_internals import FakeTensor, FakeTensorMode, buffers_of, parameters_of, storage_key

_PLAIN = (torch.Tensor, nn.Parameter)


def exists(device: torch.device) -> bool:
    """Whether this machine can hold tensors with data on ``device``."""
    if device.type in ("cpu", "meta"):
        return device.type == "cpu"
    try:
        with disable_current_modes():
            torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        return False
    return True


def _numbered(device: torch.device) -> torch.device:
    """The device with the number that its first one has: without, PyTorch asks the driver."""
    numbered = device.type == "cpu" or ":" in str(device)
    return device if numbered else torch.device(device.type, 0)


def _on_meta(places: Sequence[NamedModule], all_held: Sequence[torch.Tensor]) -> bool:
    """Whether the weights are on meta: all but a few, else the model is split on purpose.

    Some constructors (``torch.Tensor(4)``) do not heed ``torch.device("meta")``, so that a model
    made under it may have a few weights elsewhere.
    """
    if not any([tensor.is_meta for tensor in all_held]):
        return False
    weights: Sequence[torch.Tensor] = [
        tensor
        for _, module in places
        for tensor in parameters_of(module).values()
        if tensor is not None
    ]
    weights = weights or all_held
    on_meta = sum(_elements(tensor) for tensor in weights if tensor.is_meta)
    elsewhere = sum(_elements(tensor) for tensor in weights if not tensor.is_meta)
    return on_meta >= 10 * elsewhere


def _elements(tensor: torch.Tensor) -> int:
    return 0 if is_lazy(tensor) else tensor.numel()


def pretended(
    places: Sequence[NamedModule],
    all_held: Sequence[torch.Tensor],
    stated: torch.device | None,
    given: Any = (),
) -> tuple[torch.device | None, tuple[Finding, ...]]:
    """The device as if on which to trace; None where tensors are what they seem. Findings.

    ``all_held`` are the parameters and buffers of all modules. A model without any is where the
    inputs, ``given``, are.
    """
    weightless = not all_held
    met = tensors(given) if weightless else []
    on_meta = all([t.is_meta for t in met]) if met else _on_meta(places, all_held)
    wanted = None if stated is None or stated.type == "meta" else _numbered(stated)
    if wanted is not None and not exists(wanted):
        kind = " (compute capability {}.{})".format(*CAPABILITY) if wanted.type == "cuda" else ""
        text = f"traced as if on {wanted}{kind}, which this machine lacks: nothing ran there"
        return wanted, (note("MV017", text),)
    if not on_meta:
        return (torch.device("cpu"), ()) if stated is not None and wanted is None else (None, ())
    target = wanted or torch.device("cpu")
    hint = None if wanted else "give device='cuda' for the kernels and the memory there"
    what = "inputs" if weightless else "weights"
    text = f"the {what} are on the meta device: traced as if they were on {target}"
    return target, (note("MV017", text, hint=hint),)


class StandIns:
    """Fake tensors that claim to be on one device, each for a tensor that is elsewhere."""

    def __init__(self, mode: FakeTensorMode, device: torch.device) -> None:
        self._mode, self._device = mode, device
        self._absent = not exists(device)
        self._made: dict[int, FakeTensor] = {}
        self._kept: list[torch.Tensor] = []
        self._memory: dict[int, torch.UntypedStorage] = {}

    def of(self, tensor: torch.Tensor) -> torch.Tensor:
        """The stand-in for ``tensor``; the tensor itself if it is of an unusual kind."""
        fake = self._made.get(id(tensor))
        if fake is not None:
            return fake
        usual = type(tensor) in _PLAIN and not is_lazy(tensor) and not tensor.is_quantized
        if not usual or tensor.layout is not torch.strided or tensor.is_conj() or tensor.is_neg():
            return tensor
        with disable_torch_dispatch(), torch.no_grad():
            shape = torch.empty(0, dtype=tensor.dtype, device="meta")
            memory = self._memory_of(tensor)
            shape.set_(memory, tensor.storage_offset(), tensor.shape, tensor.stride())
            # A fake tensor takes it over; older releases of torch know no other way.
            shape.requires_grad_(tensor.requires_grad)
        fake = FakeTensor(self._mode, shape, self._device)
        if isinstance(tensor, nn.Parameter):
            fake._is_param = True
        self._made[id(tensor)] = fake
        self._kept.append(tensor)
        return fake

    def given(self, tensor: torch.Tensor) -> torch.Tensor:
        """An input on the device: with its value, where a trace would know it on the CPU."""
        if isinstance(tensor, FakeTensor) or not (tensor.is_meta or self._absent):
            return tensor
        if not may_be_known(tensor) or type(tensor) is not torch.Tensor:
            return self.of(tensor)
        with disable_current_modes():
            fake = self._mode.fake_tensor_converter.from_real_tensor(
                self._mode, tensor.detach().clone(), make_constant=True
            )
        claim(fake, self._device)
        return fake

    @contextmanager
    def functions(self) -> Iterator[None]:
        """Functions that would ask the driver of the device do without, if there is none."""
        if not self._absent:
            yield
            return
        with capability_known(self._device), AbsentDevice(self._device):
            yield

    def redirect(self, settings: dict[str, Any]) -> None:
        """What a kernel is to make on ``meta``, where the weights are, it makes on the device."""
        device = settings.get("device")
        if device is not None and device.type == "meta":
            settings["device"] = self._device

    def computed_here(self, args: list[Any], settings: dict[str, Any]) -> torch.device | None:
        """The device that the result of a kernel is to claim where its value is known.

        Values that are known are on the CPU, and so is what follows from them: ``settings`` that
        name the absent device name the CPU instead.
        """
        if not self._absent:
            return None
        found = kernel_tensors((*args, *settings.values()))
        fakes = [tensor for tensor in found if isinstance(tensor, FakeTensor)]
        if len(fakes) < len(found) or any(fake.constant is None for fake in fakes):
            return None
        stated = settings.get("device")
        if stated is None:
            return self._device if any(map(self._claims, fakes)) else None
        if stated.type != self._device.type:
            return None
        settings["device"] = torch.device("cpu")
        return self._device

    def apart(self, function: Any, args: list[Any]) -> Refusal | None:
        """What an elementwise kernel raises for known values, of which some are not there.

        They are computed on the CPU, where they would meet. A single number may be anywhere.
        """
        if not self._absent or torch.Tag.pointwise not in function.tags:
            return None
        fakes = [t for t in kernel_tensors(args) if isinstance(t, FakeTensor) and t.dim()]
        if any(fake.constant is None for fake in fakes):
            return None
        devices = list(dict.fromkeys(map(device_of, fakes)))
        return two_devices(*devices[:2]) if len(devices) > 1 else None

    def _claims(self, tensor: FakeTensor) -> bool:
        return bool(tensor.fake_device.type == self._device.type)

    def _memory_of(self, tensor: torch.Tensor) -> torch.UntypedStorage:
        storage = tensor.untyped_storage()
        key = storage_key(storage)
        if key not in self._memory:
            size = storage.nbytes()
            memory = torch.empty(size, dtype=torch.uint8, device="meta").untyped_storage()
            self._memory[key] = memory
        return self._memory[key]


def claim(result: Any, device: torch.device) -> None:
    """Every fake tensor in what a kernel returned claims to be on ``device``."""
    for tensor in kernel_tensors(result if isinstance(result, (tuple, list)) else (result,)):
        if isinstance(tensor, FakeTensor):
            tensor.fake_device = device


@contextmanager
def in_place_of(places: Sequence[NamedModule], stand_ins: StandIns) -> Iterator[None]:
    """The modules hold stand-ins for their parameters and buffers; afterwards the tensors again."""
    undo: list[Callable[[], None]] = []
    for module in {id(module): module for _, module in places}.values():
        owned = {id(tensor) for tensor in held([("", module)])}
        _swap(parameters_of(module), stand_ins, undo)
        _swap(buffers_of(module), stand_ins, undo)
        # Recurrent layers have their weights in a list as well.
        for value in vars(module).values():
            if type(value) is list and value and all(id(part) in owned for part in value):
                _swap(value, stand_ins, undo)
    try:
        yield
    finally:
        for put_back in reversed(undo):
            put_back()


def _swap(table: Any, stand_ins: StandIns, undo: list[Callable[[], None]]) -> None:
    before = dict(table.items() if isinstance(table, dict) else enumerate(table))
    for key, tensor in before.items():
        if tensor is not None:
            table[key] = stand_ins.of(tensor)

    def put_back() -> None:
        for key, tensor in before.items():
            if isinstance(table, dict) or key < len(table):
                table[key] = tensor

    undo.append(put_back)
