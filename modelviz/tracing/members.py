"""What a module says of itself, whatever its class or its attributes are called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from ..signatures import parameters_of as declared


def is_training(module: nn.Module) -> bool:
    """Whether ``module`` is in training mode; a frozen one has no mode and is not."""
    return bool(getattr(module, "training", False))


def config_of(module: nn.Module) -> str:
    """What ``module`` prints of its settings; of a list of parameters, nothing but those."""
    if isinstance(module, (nn.ParameterList, nn.ParameterDict)):
        return ""
    if type(module).extra_repr is nn.EmbeddingBag.extra_repr:
        module = _bare(module)
    try:
        return str(module.extra_repr())
    except Exception as error:  # the user's own code, which printing must not depend on
        return f"<extra_repr raised {type(error).__name__}>"


def _bare(module: nn.Module) -> nn.Module:
    """One with the settings alone, for what writes out all of the weights to print a few of those.

    That takes as long as the forward of a small model.
    """
    bare: nn.Module = object.__new__(type(module))
    settings = {name: value for name, value in vars(module).items() if name[0] != "_"}
    vars(bare).update(settings, _parameters={}, _buffers={}, _modules={})
    return bare


def own_call(kind: type) -> type | None:
    """The class that defines how a module of class ``kind`` is called; None if nn.Module does."""
    owner = next(base for base in kind.__mro__ if "__call__" in vars(base))
    return None if owner is nn.Module else owner


def is_container(model: nn.Module) -> bool:
    """Whether ``model`` only holds others, such as ModuleList: it cannot be called."""
    return has_no_forward(type(model)) and "forward" not in vars(model)


def has_no_forward(kind: type[nn.Module]) -> bool:
    """Whether modules of class ``kind`` cannot be called, unless they have a forward themselves."""
    # Looked up on the class as it stands there: scripted modules make theirs when asked.
    inherited = inspect.getattr_static(kind, "forward") is nn.Module.forward
    return inherited and own_call(kind) is None


def entry_of(model: nn.Module, method: str = "forward") -> Callable[..., Any]:
    """The function whose parameters are the arguments of a call of ``model`` by ``method``."""
    owner = own_call(type(model)) if method == "forward" else None
    if owner is not None and _says_something(vars(owner)["__call__"]):
        return model.__call__
    return getattr(model, method)  # type: ignore[no-any-return]


def callee(
    model: nn.Module, method: str, through: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """What a forward by ``method`` calls: the model itself, for ``forward``, or the method.

    The method is called ``through`` a function, if there is one, that takes the model, the method
    and the arguments of it, as what stands in for the calls of modules does.
    """
    if method == "forward":
        return model
    function = getattr(model, method)
    if through is None:
        return function  # type: ignore[no-any-return]
    return lambda *args, **kwargs: through(model, function, args, kwargs)


def needed_by(model: nn.Module, method: str) -> tuple[str, ...]:
    """The names of the arguments without which ``method`` cannot be called."""
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = declared(entry_of(model, method))
    return tuple(p.name for p in parameters if p.default is p.empty and p.kind not in optional)


def _says_something(function: Any) -> bool:
    """Whether a signature names arguments, rather than handing on whatever comes."""
    named = [p for p in declared(function)[1:] if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return bool(named)
