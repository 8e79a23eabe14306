"""Which lines of a source belong to which modules and ops of the graph that it gave.

A line that makes a module (``self.fc1 = nn.Linear(784, 128)``), or an argument of an
``nn.Sequential``, is found in the source. A line that uses it is found there as well, and in the
ops that ran at it. What a line makes in a way that cannot be read off it, such as a loop over
names, is left alone.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..dotted import join
from ..graph import ModelGraph, Module, Op

Span = tuple[int, int]
"""The first and the last line, counted from 1."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a source that belong to parts of a graph, each with what is nearest to it.

    ``modules`` has paths, where ``""`` is the whole model, and ``ops`` the ids of ops that run
    directly in a ``forward`` of the source. ``inputs`` are the lines that take the inputs of the
    model, ``outputs`` those that hand on its outputs.
    """

    modules: Mapping[int, tuple[str, ...]]
    ops: Mapping[int, tuple[int, ...]]
    inputs: frozenset[int] = frozenset()
    outputs: frozenset[int] = frozenset()


@dataclass
class _Found:
    """Spans of lines with the paths they belong to, in the order they are found."""

    graph: ModelGraph
    paths: set[str]
    spans: list[tuple[Span, str]] = field(default_factory=list)

    def add(self, path: str, node: ast.AST) -> None:
        if path in self.paths:
            self.spans.append((_span(node), path))

    def by_line(self) -> dict[int, tuple[str, ...]]:
        """For each line the paths of the narrowest spans around it."""
        lines: dict[int, tuple[int, dict[str, None]]] = {}
        for (first, last), path in self.spans:
            for line in range(first, last + 1):
                size, held = lines.get(line, (last - first, {}))
                if last - first < size:
                    size, held = last - first, {}
                if last - first == size:
                    held[path] = None
                lines[line] = size, held
        return {line: tuple(held) for line, (_, held) in sorted(lines.items())}


def source_lines(source: str, graph: ModelGraph, file: str) -> Lines:
    """The lines of ``source``, which the graph knows as ``file``. No line of text that is no Python
    belongs to anything.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return Lines({}, {})
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    found = _Found(graph, {module.path for module in graph.modules})
    inputs: set[int] = set()
    outputs: set[int] = set()
    for module in graph.modules:
        for defined in _definitions(module, classes, file):
            _class_lines(found, module.path, defined)
            if not module.path:
                ends = _forward_lines(defined)
                inputs |= ends[0]
                outputs |= ends[1]
    _built(found, tree, set(classes))
    ops: dict[int, list[int]] = defaultdict(list)
    owners = {module.path: tuple(_definitions(module, classes, file)) for module in graph.modules}
    for op in graph.ops:
        if op.file == file and op.line is not None:
            path = _runner(graph, op, owners)
            if path is None:
                ops[op.line].append(op.id)
            else:
                found.spans.append(((op.line, op.line), path))
    return Lines(
        found.by_line(),
        {line: tuple(those) for line, those in ops.items()},
        frozenset(inputs),
        frozenset(outputs),
    )


def _definitions(
    module: Module, classes: Mapping[str, ast.ClassDef], file: str
) -> Iterator[ast.ClassDef]:
    """The class of a module and the bases of it, as far as the source has them."""
    waiting = [module.class_name] if module.file == file else []
    done: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        if name in classes and name not in done:
            done.add(name)
            yield classes[name]
            waiting += [base.id for base in classes[name].bases if isinstance(base, ast.Name)]


def _class_lines(found: _Found, path: str, defined: ast.ClassDef) -> None:
    """What the lines of a class make and use of the module at ``path``."""
    header = ast.Pass(lineno=defined.lineno, end_lineno=_header_end(defined))
    found.add(path, header)
    for method in defined.body:
        if not isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) or not method.args.args:
            continue
        me = method.args.args[0].arg
        made: set[ast.AST] = set()
        for node in ast.walk(method):
            for name, value in _assigned(node, me):
                made |= set(ast.walk(node))
                if (inner := join(path, name)) in found.paths:
                    found.add(inner, node)
                    _arguments(found, inner, value)
        for node in ast.walk(method):
            if node in made:
                continue
            if isinstance(node, ast.Subscript) and (used := _item(node, me)) is not None:
                if join(path, used) in found.paths:
                    made.add(node.value)
                    found.add(join(path, used), node)
            elif (used := _attribute(node, me)) is not None:
                found.add(join(path, used), node)


def _assigned(node: ast.AST, me: str) -> Iterator[tuple[str, ast.expr]]:
    """The attributes of ``self`` that a statement sets, with what to."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if (name := _attribute(target, me)) is not None:
                yield name, node.value
    elif isinstance(node, ast.AnnAssign):
        name = _attribute(node.target, me)
        if name is not None and node.value is not None:
            yield name, node.value


def _attribute(node: ast.AST, me: str) -> str | None:
    """``fc1`` of ``self.fc1``."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == me:
        return node.attr
    return None


def _item(node: ast.Subscript, me: str) -> str | None:
    """``layers.0`` of ``self.layers[0]``."""
    name = _attribute(node.value, me)
    place = node.slice.value if isinstance(node.slice, ast.Constant) else None
    return f"{name}.{place}" if name is not None and isinstance(place, (int, str)) else None


def _arguments(found: _Found, path: str, made: ast.expr) -> None:
    """The modules inside a container of PyTorch, each at the argument that makes it."""
    if not isinstance(made, ast.Call) or not _makes(found.graph, path, made):
        return
    for name, value in _parts(made):
        inner = join(path, name)
        if inner in found.paths:
            found.add(inner, value)
            _arguments(found, inner, value)


def _makes(graph: ModelGraph, path: str, made: ast.Call) -> bool:
    """Whether the call can be what made the container at ``path``: class and number agree."""
    module = graph.module(path)
    if not module.is_container:
        return False
    if _called(made) != module.class_name:
        return False
    parts = dict(_parts(made))
    children = graph.children(path)
    return len(parts) == len(children) and all(
        child.name in parts and _agrees(parts[child.name], child.class_name) for child in children
    )


def _agrees(value: ast.expr, class_name: str) -> bool:
    """Whether an argument can be a module of that class: what a function gives can be any."""
    if not isinstance(value, ast.Call):
        return True
    name = _called(value)
    return name == class_name or not name[:1].isupper()


def _parts(made: ast.Call) -> list[tuple[str, ast.expr]]:
    """The arguments of a container with the names that the modules get; none for what is starred,
    or made elsewhere.
    """
    values: Sequence[ast.expr] = made.args
    if len(values) == 1 and _called(made) != "Sequential":
        values = values[0].elts if isinstance(values[0], (ast.List, ast.Tuple)) else values
    if len(values) == 1 and isinstance(values[0], ast.Call) and _called(values[0]) == "OrderedDict":
        values = values[0].args
        values = values[0].elts if values and isinstance(values[0], ast.List) else ()
        pairs = [one.elts for one in values if isinstance(one, ast.Tuple) and len(one.elts) == 2]
        return [(str(k.value), v) for k, v in pairs if isinstance(k, ast.Constant)]
    if len(values) == 1 and isinstance(values[0], ast.Dict):
        known = zip(values[0].keys, values[0].values, strict=True)
        return [(str(k.value), v) for k, v in known if isinstance(k, ast.Constant)]
    if any(isinstance(value, ast.Starred) for value in values):
        return []
    return [(str(place), value) for place, value in enumerate(values)]


def _built(found: _Found, tree: ast.Module, classes: set[str]) -> None:
    """The lines outside of classes that make the model itself."""
    root = found.graph.modules[0].class_name
    for node in _outside_classes(tree):
        if not isinstance(node, ast.Call) or _called(node) != root:
            continue
        if root in classes or _makes(found.graph, "", node):
            found.add("", node)
            _arguments(found, "", node)


def _outside_classes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.ClassDef):
            yield child
            yield from _outside_classes(child)


def _called(call: ast.Call) -> str:
    """``Linear`` of ``nn.Linear(...)``."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _forward_lines(defined: ast.ClassDef) -> tuple[set[int], set[int]]:
    """The lines of ``forward`` that name its arguments, and those that return something."""
    for method in defined.body:
        if isinstance(method, ast.FunctionDef) and method.name == "forward":
            returns = {
                line
                for node in ast.walk(method)
                if isinstance(node, ast.Return)
                for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
            }
            return set(range(method.lineno, _header_end(method) + 1)), returns
    return set(), set()


def _header_end(node: ast.ClassDef | ast.FunctionDef) -> int:
    """The last line of a header that may be long: the one before its body, or its own."""
    return max(node.lineno, node.body[0].lineno - 1) if node.body else node.lineno


def _span(node: ast.AST) -> Span:
    first: int = node.lineno  # type: ignore[attr-defined]
    last: int | None = node.end_lineno  # type: ignore[attr-defined]
    return first, last or first


def _runner(graph: ModelGraph, op: Op, owners: Mapping[str, Sequence[ast.ClassDef]]) -> str | None:
    """The path of the module whose call at the op's own line ran it; None for the line itself."""
    assert op.line is not None
    call, below = graph.calls[op.call], None
    while True:
        module = _first(graph, call.module)
        spans = [_span(defined) for defined in owners.get(module, ())]
        if any(first <= op.line <= last for first, last in spans):
            return below
        if call.parent is None:
            return below
        below, call = call.module, graph.calls[call.parent]


def _first(graph: ModelGraph, path: str) -> str:
    """The first path of a module that has several."""
    return graph.module(path).shared_with or path
