"""Settings of the process that a forward may turn: of torch, NumPy, Python and the system."""

from __future__ import annotations

import builtins
import gc
import locale
import logging
import os
import signal
import sys
import threading
import warnings

# Of C: Python's makes a member of an enum of whatever it gives.
from _signal import getsignal  # type: ignore[import-not-found]
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import torch
from torch import __future__ as conversion
from torch.backends import cuda, cudnn, mkldnn, opt_einsum

from ..mode_internals import default_device, set_default_device, set_grad_enabled
from ..torch_internals import (
    hooks_of_all_modules,
    hub_directory,
    multithreaded_backward,
    print_options,
    set_hub_directory,
)
from .opaque import decimal_context

Switch = tuple[Callable[[], Any], Callable[[Any], Any]]


class SwitchKeeper:
    """All settings, as they are when this is made."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._switches = _switches()
            try:
                self._before = self._now()
            except (RuntimeError, AttributeError):
                # Some cannot be read: old and new ways to set a precision exclude each other.
                self._switches = [switch for switch in self._switches if _is_readable(switch)]
                self._before = self._now()
        self._filters = list(warnings.filters)
        self._decimals = decimal_context()

    def restore(self) -> None:
        """Put them back. Raises what keeps one from that, when all others are."""
        failed: Exception | None = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if not self._is_as_before():
                # One after the other, since to write one may put back others, too.
                for (read, write), before in zip(self._switches, self._before, strict=True):
                    try:
                        if read() != before:
                            write(before)
                    except (RuntimeError, AttributeError) as error:
                        failed = error  # of the others, each is put back
        if warnings.filters != self._filters:
            warnings.filters[:] = self._filters  # type: ignore[index]
            warnings._filters_mutated()  # type: ignore[attr-defined]
        if self._decimals is not None:
            self._decimals.restore()
        if failed is not None:
            raise failed

    def _is_as_before(self) -> bool:
        try:
            return self._now() == self._before
        except (RuntimeError, AttributeError):
            return False  # the forward has set one in a way that keeps others from being read

    def _now(self) -> list[Any]:
        return [read() for read, _ in self._switches]


def _is_readable(switch: Switch) -> bool:
    try:
        switch[0]()
    except (RuntimeError, AttributeError):
        return False
    return True


def _switches() -> list[Switch]:
    numpy = sys.modules.get("numpy")
    return [*_of_torch(), *(() if numpy is None else _of_numpy(numpy))]


@cache
def _of_torch() -> tuple[Switch, ...]:
    return tuple(_all_of_torch())


def _of_numpy(numpy: Any) -> Iterator[Switch]:
    yield numpy.geterr, lambda before: numpy.seterr(**before)
    yield numpy.get_printoptions, lambda before: numpy.set_printoptions(**before)


def _all_of_torch() -> Iterator[Switch]:
    if hasattr(cuda.matmul, "fp32_precision"):  # not in older releases of torch
        # Where it is set, older ways to say the same cannot be read.
        yield _attribute(cuda.matmul, "fp32_precision")
    yield from _TORCH
    yield from _attributes(cudnn, "enabled", "benchmark", "deterministic", "allow_tf32")
    yield from _attributes(cuda.matmul, "allow_tf32", "allow_fp16_reduced_precision_reduction")
    yield from _attributes(mkldnn, "enabled", "deterministic", "allow_tf32")
    yield from _attributes(opt_einsum, "enabled", "strategy")
    yield from _attributes(torch.backends.quantized, "engine")
    for device in {"cpu", "cuda", _accelerator()}:
        yield _autocast(device)
    yield _hooks_now, _set_hooks


def _hooks_now() -> list[dict[Any, Any]]:
    return [dict(hooks) for hooks in hooks_of_all_modules()]


def _set_hooks(before: list[dict[Any, Any]]) -> None:
    for hooks, old in zip(hooks_of_all_modules(), before, strict=True):
        hooks.clear()
        hooks.update(old)


def _accelerator() -> str:
    """The type of this machine's accelerator, or ``cpu``."""
    # Older releases of torch raise where there is none.
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return "cpu" if device is None else device.type


def _attributes(owner: Any, *names: str) -> Iterator[Switch]:
    for name in names:
        if hasattr(type(owner), name) or name in vars(owner):
            yield _attribute(owner, name)


def _attribute(owner: Any, name: str) -> Switch:
    return partial(getattr, owner, name), partial(setattr, owner, name)


def _autocast(device: str) -> Switch:
    def read() -> Any:
        return torch.is_autocast_enabled(device), torch.get_autocast_dtype(device)

    def write(before: Any) -> None:
        torch.set_autocast_enabled(device, before[0])
        torch.set_autocast_dtype(device, before[1])

    return read, write


def _set_deterministic(before: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(before[0], warn_only=before[1])


def _environment() -> dict[Any, Any]:
    """All variables as they are stored: to decode them takes longer than all other switches."""
    return dict(vars(os.environ)["_data"])


def _set_environment(before: dict[Any, Any]) -> None:
    names = {os.environ.decodekey(name): value for name, value in before.items()}
    for name in [name for name in os.environ if name not in names]:
        del os.environ[name]
    os.environ.update({name: os.environ.decodevalue(value) for name, value in names.items()})


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None


def _change_directory(before: str | None) -> None:
    if before is not None:
        os.chdir(before)


def _collecting(before: bool) -> None:
    (gc.enable if before else gc.disable)()


def _streams_and_hooks() -> list[Any]:
    return [getattr(sys, name, None) for name in _OF_SYS]


def _set_streams_and_hooks(before: list[Any]) -> None:
    for name, value in zip(_OF_SYS, before, strict=True):
        setattr(sys, name, value)


def _umask() -> int:
    before = os.umask(0o077)  # there is no way to ask but to set
    os.umask(before)
    return before


def _signals() -> dict[Any, Any] | None:
    if threading.current_thread() is not threading.main_thread():
        return None  # nobody else may set them
    return {number: getsignal(number) for number in _SIGNALS}


def _set_signals(before: dict[Any, Any] | None) -> None:
    for number, handler in (before or {}).items():
        # What C set cannot be set from here.
        if handler is not None and getsignal(number) is not handler:
            signal.signal(number, handler)


def _timers() -> list[bool]:
    """Which of the process's timers run: how long they still have is never the same."""
    return [signal.getitimer(timer)[0] > 0 for timer in _TIMERS]


def _stop_timers(before: list[bool]) -> None:
    for timer, ran in zip(_TIMERS, before, strict=True):
        if not ran:
            signal.setitimer(timer, 0)


def _logging() -> tuple[Any, ...]:
    """What is said of all loggers."""
    root = logging.root
    return root.level, root.manager.disable, list(root.handlers)


def _set_logging(before: tuple[Any, ...]) -> None:
    level, disabled, handlers = before
    logging.root.setLevel(level)
    logging.disable(disabled)
    logging.root.handlers[:] = handlers


def _set_builtins(before: dict[str, Any]) -> None:
    for name in [name for name in vars(builtins) if name not in before and name != "_"]:
        delattr(builtins, name)
    vars(builtins).update(before)


# Those that people handle: asking for all takes as long as many kernels.
_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGALRM", "SIGHUP", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
]
_TIMERS = [
    getattr(signal, name)
    for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF")
    if hasattr(signal, name)
]
_OF_SYS = ("stdin", "stdout", "stderr", "excepthook", "displayhook", "unraisablehook")
_INVARIANTS = torch.sparse.check_sparse_tensor_invariants
_FILL = "fill_uninitialized_memory"
_TORCH: tuple[Switch, ...] = (
    (torch.is_grad_enabled, set_grad_enabled),
    (torch.get_default_dtype, torch.set_default_dtype),
    (default_device, set_default_device),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (
        lambda: (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
        _set_deterministic,
    ),
    (
        lambda: getattr(torch.utils.deterministic, _FILL),
        lambda before: setattr(torch.utils.deterministic, _FILL, before),
    ),
    (torch.get_num_threads, torch.set_num_threads),
    (
        conversion.get_overwrite_module_params_on_conversion,
        conversion.set_overwrite_module_params_on_conversion,
    ),
    (
        conversion.get_swap_module_params_on_conversion,
        conversion.set_swap_module_params_on_conversion,
    ),
    (torch.is_autocast_cache_enabled, torch.set_autocast_cache_enabled),
    (
        lambda: (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        lambda before: torch.set_anomaly_enabled(*before),
    ),
    (torch.is_warn_always_enabled, torch.set_warn_always),
    (torch.backends.mha.get_fastpath_enabled, torch.backends.mha.set_fastpath_enabled),
    (cuda.flash_sdp_enabled, cuda.enable_flash_sdp),
    (cuda.mem_efficient_sdp_enabled, cuda.enable_mem_efficient_sdp),
    (cuda.math_sdp_enabled, cuda.enable_math_sdp),
    (cuda.cudnn_sdp_enabled, cuda.enable_cudnn_sdp),
    (lambda: dict(print_options()), lambda before: print_options().update(before)),
    # A number that only exists where denormal numbers are not flushed to zero.
    (lambda: float("1e-300") * float("1e-10") == 0.0, torch.set_flush_denormal),
    (multithreaded_backward, torch.autograd.set_multithreading_enabled),
    (
        torch.sparse.check_sparse_tensor_invariants.is_enabled,
        lambda before: getattr(_INVARIANTS, "enable" if before else "disable")(),
    ),
    (hub_directory, set_hub_directory),
    (torch.multiprocessing.get_sharing_strategy, torch.multiprocessing.set_sharing_strategy),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (sys.getswitchinterval, sys.setswitchinterval),
    (_streams_and_hooks, _set_streams_and_hooks),
    (_umask, os.umask),
    (_signals, _set_signals),
    (_timers, _stop_timers),
    (lambda: dict(vars(builtins)), _set_builtins),
    (_logging, _set_logging),
    (lambda: list(sys.path), lambda before: sys.path.__setitem__(slice(None), before)),
    (_environment, _set_environment),
    (_working_directory, _change_directory),
    (gc.isenabled, _collecting),
    (partial(locale.setlocale, locale.LC_ALL), partial(locale.setlocale, locale.LC_ALL)),
)
