"""No module imports one that imports it, at any distance; imports within functions count, too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).parents[1] / "modelviz"


def imported(path: Path, root: Path) -> Iterator[Path]:
    """The files of the package that a file imports, but for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for statement in branch.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and id(node) not in for_types:
            base = path.parents[node.level - 1] if node.level else root.parent
            base = base.joinpath(*(node.module or "").split("."))
            for name in node.names:
                yield from (
                    file
                    for file in (base / f"{name.name}.py", base / name.name / "__init__.py")
                    if file.exists()
                )
            yield from (
                file for file in (base.with_suffix(".py"), base / "__init__.py") if file.exists()
            )


def circles(root: Path) -> list[list[str]]:
    graph = nx.DiGraph()
    for path in root.rglob("*.py"):
        # What a package takes from its own files is no circle by itself.
        targets = (
            file for file in imported(path, root) if file not in (path, root / "__init__.py")
        )
        graph.add_edges_from((path, file) for file in targets if not opens(file, path))
    found = (part for part in nx.strongly_connected_components(graph) if len(part) > 1)
    return [sorted(str(path.relative_to(root)) for path in part) for part in found]


def opens(package: Path, path: Path) -> bool:
    """Whether the one is the beginning of the package that the other is in."""
    return package.name == "__init__.py" and package.parent in path.parents


def test_there_is_no_circle_of_imports() -> None:
    assert not circles(ROOT)


def test_a_circle_is_found(tmp_path: Path) -> None:
    root = tmp_path / "net"
    root.mkdir()
    (root / "__init__.py").write_text("")
    (root / "a.py").write_text("from .b import x\n")
    (root / "b.py").write_text("def f():\n    from .c import y\n")
    (root / "c.py").write_text("from . import a\n")
    assert circles(root) == [["a.py", "b.py", "c.py"]]
    (root / "c.py").write_text("if TYPE_CHECKING:\n    from .a import x\n")
    assert not circles(root)
