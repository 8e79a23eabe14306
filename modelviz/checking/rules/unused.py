"""What a model holds or computes to no end, and what it does not hold though it should."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ...dotted import join, parameter_key, with_ancestors
from ...graph import Module, Op, Parameter, Shape
from ..choices import draws, passed_over
from ..flow import Flow
from ..kinds import ACTIVATIONS, DROPOUTS
from ..rule import Spot, rule
from ..subject import Subject, reached_parameters

_CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict"})


@rule("MV101", "unused-module", "warning", "forward", uses=("run",))
def unused_module(subject: Subject) -> Iterator[Spot]:
    """A module with parameters is never called, and none of its parameters is read."""
    if not subject.all_is_seen:
        return
    unused = _unused_modules(subject)
    for path in unused:
        parent = subject.module(path).parent
        if parent in unused:
            continue
        count = _parameters_below(subject, path)
        why = passed_over(subject, path)
        hint = (
            "give inputs for which it is called" if why else "call it in the forward, or delete it"
        )
        if subject.sight.method != "forward":
            hint = "look at the other methods of the model, too"
        yield Spot(
            f"{subject.class_of(path)} is never called, and its {count:,} parameters are not used"
            f"{why}",
            hint,
            path=path,
            level="info" if why else None,
        )


def _unused_modules(subject: Subject) -> dict[str, None]:
    """The modules that hold parameters, none of which is read, and in which nothing is called."""
    used: set[str] = set()
    holding: dict[str, None] = {}
    known = subject.read_parameters | subject.used_in_training
    for module in subject.graph.modules:
        if _is_packed(module):
            used.update(with_ancestors(module.path))
            continue
        read = any(parameter_key(module, one) in known for one in module.parameters)
        first = module.shared_with or module.path
        if read or first in subject.called or module.shared_with is not None:
            used.update(with_ancestors(module.path))
        elif any(one.numel for one in module.parameters):
            holding.update(dict.fromkeys(with_ancestors(module.path)))
    return {path: None for path in holding if path not in used}


def _is_packed(module: Module) -> bool:
    """Whether a module keeps its weights in a packed form, which kernels read out of seen."""
    return module.qualified_class.startswith(("torch.ao.nn.quantized", "torch.ao.nn.sparse"))


def _verb(found: Sequence[object]) -> str:
    return "is" if len(found) == 1 else "are"


def _parameters_below(subject: Subject, path: str) -> int:
    inside = f"{path}."
    return sum(
        parameter.numel
        for name, parameter in subject.graph.unique_parameters()
        if name.startswith(inside)
    )


@rule("MV102", "unused-parameter", "warning", "forward")
def unused_parameter(subject: Subject) -> Iterator[Spot]:
    """No output depends on a parameter, whether it is read or not."""
    if not subject.all_is_seen:
        return
    # What the forward writes into is a state that it keeps, as an average of other weights.
    reached = reached_parameters(subject) | subject.used_in_training | subject.written
    unused = _unused_modules(subject)
    for module in subject.graph.modules:
        if module.shared_with is not None or module.path in unused or _is_packed(module):
            continue
        idle = [
            one
            for one in module.parameters
            if one.shared_with is None and join(module.path, one.name) not in reached and one.numel
        ]
        if not idle:
            continue
        names = ", ".join(parameter.name for parameter in idle)
        keys = [parameter_key(module, one) for one in idle]
        read = not subject.read_parameters.isdisjoint(keys)
        if _is_stood_in_for(subject, module, idle):
            yield Spot(
                f"{names} of {module.class_name} {_verb(idle)} not used: the forward calls it with "
                "other weights in their place, as functional_call does",
                "keep it if it is there for its shapes alone, and set requires_grad to False",
                path=module.path,
                level="info",
            )
            continue
        passed = all(join(module.path, parameter.name) in subject.mentioned for parameter in idle)
        if subject.sight.method != "forward":
            yield Spot(
                f"{names} of {module.class_name} {_verb(idle)} not used by {subject.sight.method}: "
                "other methods may use what it does not",
                "look at the other methods of the model, too",
                path=module.path,
                level="info",
            )
            continue
        if not read and passed:
            yield Spot(
                f"{names} of {module.class_name} {_verb(idle)} not used with these inputs: the "
                "part of the forward that does so did not run",
                "give inputs for which it does",
                path=module.path,
                level="info",
            )
            continue
        what = "is used, but no output depends on it" if read else "is not used in the forward"
        if len(idle) > 1:
            what = what.replace("is ", "are ", 1).replace(" on it", " on them")
        yield Spot(
            f"{names} of {module.class_name} {what}",
            "use what comes of it in an output, or delete it",
            path=module.path,
        )


def _is_stood_in_for(subject: Subject, module: Module, idle: Sequence[Parameter]) -> bool:
    """Whether calls of a module read other tensors, of the same shapes, for its parameters.

    In a function that is mapped over several sets of weights, these have a dimension in front.
    """
    graph = subject.graph
    calls = graph.calls_of(module.path)
    own = {parameter_key(module, one) for one in module.parameters}
    if not subject.read_parameters.isdisjoint(own):
        return False
    own.update(join(module.path, one.name) for one in module.buffers)
    read: set[Shape] = set()
    for call in calls:
        inside = range(call.start, call.stop)
        for tensor in [graph.tensors[t] for op in call.ops for t in graph.ops[op].inputs]:
            if tensor.producer not in inside and tensor.name not in own:
                read.update(() if tensor.id in call.inputs else (tensor.shape,))
    return bool(calls) and all(
        any(shape == one.shape or shape[1:] == one.shape for shape in read) for one in idle
    )


@rule("MV103", "unregistered-module", "error", uses=("run",))
def unregistered_module(subject: Subject) -> Iterator[Spot]:
    """A module in a plain list, tuple, dict or set, or called and registered nowhere."""
    watched = subject.watched
    used = {seen.what: seen for seen in reversed(watched.contained)} if watched else {}
    for hidden in subject.hidden:
        seen = used.get(hidden.name)
        yield Spot(
            f"{hidden.class_name} is held in {hidden.holder}, a plain {hidden.kind}: its "
            "parameters are not the model's, so no optimizer trains them and .to() leaves them",
            "hold it in an nn.ParameterList or nn.ParameterDict"
            if hidden.class_name == "nn.Parameter"
            else "hold it in an nn.ModuleList, nn.ModuleDict or nn.Sequential",
            path=hidden.path,
            file=None if seen is None else seen.file,
            line=None if seen is None else seen.line,
        )
    for seen in watched.hidden if watched else ():
        yield seen.spot(
            f"{seen.what} is used in the forward, but it is not registered in the model",
            "make it an attribute of the module that uses it",
        )


@rule("MV104", "unregistered-tensor", "warning", "run")
def unregistered_tensor(subject: Subject) -> Iterator[Spot]:
    """The forward reads a tensor attribute that is neither parameter nor buffer."""
    assert subject.watched is not None
    told: set[str] = set()
    for seen in subject.watched.loose:
        if seen.what in told:
            continue
        told.add(seen.what)
        yield seen.spot(
            f"{seen.what} is a tensor that is neither a parameter nor a buffer: .to() leaves it "
            "where it is, and state_dict() leaves it out",
            "register it: self.register_buffer(name, tensor, persistent=...)",
        )
    for seen in subject.watched.untrained:
        if seen.what not in told:
            told.add(seen.what)
            yield seen.spot(
                f"{seen.what} requires a gradient, but is no parameter: no optimizer trains it, "
                ".to() leaves it where it is, and state_dict() leaves it out",
                "make it a parameter: nn.Parameter(tensor)",
                level="error",
            )


@rule("MV105", "dead-result", "warning", "forward")
def dead_result(subject: Subject) -> Iterator[Spot]:
    """Ops with real cost whose result reaches no output."""
    flow = subject.flow
    if not subject.all_is_seen:
        return
    lost: dict[str, list[int]] = defaultdict(list)
    # The last turn of a loop prepares what no further one reads.
    used = {_line(flow, op) for op in subject.graph.ops if flow.live[op.id] and op.line is not None}
    for op in subject.graph.ops:
        if not flow.live[op.id] and not op.failed and op.flops and _line(flow, op) not in used:
            lost[flow.path(op)].append(op.id)
    for ops in lost.values():
        flops = sum(subject.graph.ops[op].flops for op in ops)
        share = flops / max(1, subject.graph.total_flops)
        yield Spot(
            f"what {subject.graph.ops[ops[0]].name} computes here reaches no output "
            f"({share:.1%} of the model's FLOPs)",
            "use the result, return it, or leave the computation out",
            op=ops[0],
        )
    told = {op for ops in lost.values() for op in ops}
    for op in subject.graph.ops:
        if op.id not in told and _is_dropped(subject, op):
            yield Spot(
                f"the result of {op.name} is used by nothing: the line changes nothing",
                f"assign it: x = {op.name}(...), or use {op.name}_, which works in place",
                op=op.id,
            )


def _line(flow: Flow, op: Op) -> tuple[object, ...]:
    """What is written once, however often it runs."""
    return op.name, flow.path(op), op.file, op.line


def _is_dropped(subject: Subject, op: Op) -> bool:
    """Whether an op was written for its result, and nothing at all takes that."""
    flow = subject.flow
    if op.name not in _MEANT or op.failed or op.in_place or not op.outputs:
        return False
    taken = any(flow.readers[tensor] or tensor in flow.reaching for tensor in op.outputs)
    data = flow.data(op)
    if taken or not data or not flow.from_input[data[0]]:
        return False
    # A layer of PyTorch may compute what its caller did not ask for.
    return not subject.module(flow.path(op)).qualified_class.startswith("torch.")


_MEANT = ACTIVATIONS | DROPOUTS | frozenset({"masked_fill", "index_fill", "clamp", "normalize"})


@rule("MV106", "unread-input", "warning", "forward", uses=("run",))
def unread_input(subject: Subject) -> Iterator[Spot]:
    """No output depends on a tensor that was given."""
    if not subject.all_is_seen:
        return
    sized = frozenset() if subject.watched is None else subject.watched.sized
    chance = ", this time: the forward draws random numbers, which may pass it over"
    for place, tensor in enumerate(map(subject.flow.tensor, subject.graph.inputs)):
        # One that the forward writes into is where its caller looks for what it did.
        unread = tensor.id not in subject.flow.reaching | subject.sight.escaped
        if tensor.storage in subject.written_memory:
            continue
        if unread and tensor.kind == "input":
            doubt = chance if draws(subject) else ""
            named = f"the input {tensor.name or tensor.id} of shape {list(tensor.shape)}"
            yield Spot(
                f"of {named} the shape is asked for, and no output depends on its values{doubt}"
                if place in sized
                else f"no output depends on {named}{doubt}",
                "use it, or leave it out of the forward's arguments",
                path="",
                level="info" if doubt or place in sized else None,
            )


@rule("MV107", "layer-made-in-forward", "error", "run")
def layer_made_in_forward(subject: Subject) -> Iterator[Spot]:
    """Parameters are created during the forward, with new random values at each call."""
    assert subject.watched is not None
    told: set[tuple[str | None, int | None]] = set()
    for seen in subject.watched.made:
        if (seen.file, seen.line) in told:
            continue
        told.add((seen.file, seen.line))
        yield seen.spot(
            f"{seen.what} is created in the forward: it has new weights at each call, and is "
            "never trained",
            "create it in __init__ and keep it as an attribute",
        )
    for seen in subject.watched.built:
        if (seen.file, seen.line) not in told:
            told.add((seen.file, seen.line))
            yield seen.spot(
                f"{seen.what} is created in the first forward: an optimizer that was made before "
                "does not train it, and load_state_dict() before that has no place for it",
                "create it in __init__, with nn.LazyLinear or another lazy layer where a size is "
                "not known there",
                level="warning",
            )
    for seen in subject.watched.redrawn:
        yield seen.spot(
            f"{seen.what} gets random values in the forward: what it learned is lost at each call",
            "initialise it in __init__",
        )


@rule("MV108", "repeated-module", "warning")
def repeated_module(subject: Subject) -> Iterator[Spot]:
    """One module object stands several times in a container."""
    paths = {module.path: module for module in subject.graph.modules}
    found: dict[str, list[str]] = defaultdict(list)
    for module in subject.graph.modules:
        first = module.shared_with
        if first is None or paths[first].parent != module.parent or module.parent is None:
            continue
        container = paths[module.parent]
        if container.class_name in _CONTAINERS and _has_parameters(subject, first):
            found[first].append(module.path)
    for first, others in _copies_that_share(subject).items():
        yield Spot(
            f"{len(others) + 1} layers of {paths[first].parent or 'the model'} are copies that "
            f"share all weights of {first}",
            "copy with copy.deepcopy, or create a layer for each place",
            path=first,
        )
    for first, others in found.items():
        yield Spot(
            f"the same {paths[first].class_name} stands {len(others) + 1} times in "
            f"{paths[first].parent or 'the model'}: they share their weights",
            "create a layer for each place: [make() for _ in range(n)], not [layer] * n",
            path=first,
        )


def _copies_that_share(subject: Subject) -> dict[str, list[str]]:
    """Children of a container that are other objects, and all of whose parameters are the same."""
    if not any([p.shared_with for module in subject.graph.modules for p in module.parameters]):
        return {}
    inside: dict[str, list[str]] = defaultdict(list)
    for module in subject.graph.modules:
        names = tuple(parameter_key(module, one) for one in module.parameters)
        for path in with_ancestors(module.path):
            inside[path].extend(names)
    paths = {module.path: module for module in subject.graph.modules}
    seen: dict[tuple[object, ...], str] = {}
    found: dict[str, list[str]] = defaultdict(list)
    for module in subject.graph.modules:
        if module.parent is None or paths[module.parent].class_name not in _CONTAINERS:
            continue
        shared = tuple(sorted(set(inside[module.path])))
        if not shared or module.shared_with is not None:
            continue
        first = seen.setdefault((module.parent, module.class_name, shared), module.path)
        if first != module.path:
            found[first].append(module.path)
    return found


def _has_parameters(subject: Subject, path: str) -> bool:
    inside = f"{path}."
    return any(
        module.parameters
        for module in subject.graph.modules
        if module.path == path or module.path.startswith(inside)
    )


@rule("MV109", "hooks-skipped", "info", "run")
def hooks_skipped(subject: Subject) -> Iterator[Spot]:
    """A child's ``forward`` is called directly."""
    assert subject.watched is not None
    for seen in subject.watched.direct:
        yield seen.spot(
            f"the forward of {seen.path} ({seen.what}) is called directly, past its hooks",
            f"call the module itself: {seen.path.rpartition('.')[2]}(...)",
        )
