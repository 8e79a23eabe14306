"""TorchFunctionMode: each PyTorch function the model calls, as one op."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from .formulas import function_formula
from .kernels import KernelMode
from .names import function_name
from .recorder import Recorder
from .structure import shallow_tensors, unwrapped

# Questions about a tensor that produce none. Anything else that produces none costs a little
# more, but is not recorded either.
_QUESTIONS = (
    "shape dtype device layout ndim requires_grad is_leaf is_cuda is_cpu is_meta is_sparse "
    "is_sparse_csr is_quantized is_nested is_mkldnn is_mps is_xpu is_hpu is_vulkan is_ipu itemsize "
    "nbytes names grad_fn output_nr retains_grad _version _base volatile"
).split()
_QUESTION_METHODS = (
    "size dim stride numel nelement ndimension storage_offset element_size is_contiguous "
    "is_floating_point is_complex is_signed is_inference is_neg is_conj is_pinned is_shared "
    "is_same_size data_ptr storage untyped_storage get_device type_as __len__ __hash__ __repr__ "
    "__format__ __iter__ dense_dim sparse_dim qscheme q_scale q_zero_point has_names "
    "register_hook register_post_accumulate_grad_hook __reduce_ex__ __deepcopy__"
).split()

_PLAIN_FUNCTIONS = (
    torch.is_floating_point,
    torch.is_complex,
    torch.is_tensor,
    torch.numel,
    torch.result_type,
    torch.is_autocast_enabled,
)


def _questions() -> frozenset[Any]:
    getters = [getattr(getattr(torch.Tensor, name, None), "__get__", None) for name in _QUESTIONS]
    methods = [getattr(torch.Tensor, name, None) for name in _QUESTION_METHODS]
    return frozenset(f for f in (*getters, *methods, *_PLAIN_FUNCTIONS) if f is not None) - {
        torch.Tensor.type_as,
        torch.Tensor.__iter__,
        torch.Tensor.__deepcopy__,
    }


class OpMode(TorchFunctionMode):
    """Opens an op around each function, and records what it returned."""

    def __init__(
        self, recorder: Recorder, kernels: KernelMode, before_set: Callable[[torch.Tensor], None]
    ) -> None:
        super().__init__()
        self.recorder = recorder
        self.kernels = kernels
        self.before_set = before_set
        self._questions = _questions()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        recorder = self.recorder
        if func in self._questions or recorder.open_op is not None:
            return func(*args, **kwargs)
        name = function_name(func)
        if name == "set_data":
            self.before_set(args[0])
        op = recorder.begin(name, func, args, kwargs)
        try:
            result = func(*args, **kwargs)
        except BaseException as error:
            recorder.fail(op, error, map(unwrapped, shallow_tensors((args, kwargs))))
            raise
        if isinstance(result, torch.Tensor):
            plain = unwrapped(result)
            if plain is result and not name.endswith("_") and recorder.unchanged(op, result):
                # A function that hands back what it got: consumers of its result depend on it,
                # consumers of its argument do not, so the two need different objects.
                result = plain = self.alias(result)
                recorder.produce(op, result, shallow_tensors((args, kwargs)))
            outputs: Any = (plain,)
        else:
            outputs = [unwrapped(tensor) for tensor in shallow_tensors(result)]
        formula = function_formula(func)
        if formula is not None:
            op.flops = int(formula(*args, out=result, **kwargs))
        recorder.finish(op, outputs, map(unwrapped, shallow_tensors((args, kwargs))))
        return result

    def alias(self, tensor: torch.Tensor) -> torch.Tensor:
        """Another tensor object with the same data; the same object where there can be none."""
        if type(tensor) not in self._aliasable or tensor.layout is not torch.strided:
            return tensor
        self.kernels.paused = True
        try:
            with torch._C.DisableTorchFunction():
                alias: torch.Tensor = torch.ops.aten.alias.default(tensor)
                return alias
        finally:
            self.kernels.paused = False

    @property
    def _aliasable(self) -> tuple[type, ...]:
        from torch._subclasses.fake_tensor import FakeTensor

        return (torch.Tensor, FakeTensor)
