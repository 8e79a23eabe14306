"""The commands as tools: each takes the options of its command, which is what it runs.

A tool is the command line in a process of its own: code that was edited is seen, what it prints
stays out of the protocol, and a call that is cancelled, or takes too long, ends.
"""

from __future__ import annotations

import inspect
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import anyio
from mcp.server.mcpserver import Image
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BeforeValidator, Field

from ..sources import kind_of
from ..unknown import meant

NO_CODE = (
    "{} is Python code, and this server runs none: it was started without --allow-code. Whoever "
    "registered it can start it as `modelviz mcp --allow-code`, after which code can do on this "
    "machine whatever its user can. Without it: a name such as timm:resnet50, a config.json, a "
    "file of weights, a saved graph, an exported program"
)
_FAILED = 2
_FOUND = 1
_KEPT_BACK = ("output", "json", "fail", "exit_code", "fail_on", "dpi", "chart")
"""Options for people, pipes and files."""
DiagramFormat = Literal["mermaid", "svg", "png"]
_SUFFIXES: Mapping[str, str] = {"mermaid": "mmd", "svg": "svg", "png": "png"}


@dataclass(frozen=True, slots=True)
class Rules:
    """What the tools may do: run the user's code, and for how many seconds."""

    allow_code: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class _Option:
    """A parameter of a command: how it is typed, None for one that goes by position."""

    name: str
    flag: str | None
    off: str | None = None

    def typed(self, value: Any) -> list[str]:
        """The value as arguments of the command line."""
        if self.flag is None or value is None:
            return []
        if isinstance(value, bool):
            flag = self.flag if value else self.off
            return [] if flag is None else [flag]
        values = value if isinstance(value, list) else [value]
        # One argument: what begins with a dash is no option.
        return [f"{self.flag}={one}" for one in values]


def tools(commands: Mapping[str, Callable[..., Any]], rules: Rules) -> list[Callable[..., Any]]:
    """The tools for these commands of the command line, by their names."""
    return [
        _diagram(command, rules) if name == "export" else _tool(name, command, rules)
        for name, command in commands.items()
    ]


def _tool(name: str, command: Callable[..., Any], rules: Rules) -> Callable[..., Any]:
    """A tool that gives what the command prints."""
    parameters, options = _signature(command)

    async def tool(**given: Any) -> str:
        return (await _run(name, options, given, rules)).strip()

    return _described(tool, name, command.__doc__ or "", parameters, str)


def _diagram(export: Callable[..., Any], rules: Rules) -> Callable[..., Any]:
    """A tool that gives a picture."""
    parameters, options = _signature(export)
    about = "mermaid for a chat or a Markdown file, svg for a page, png to be looked at."
    form = inspect.Parameter(
        "format",
        inspect.Parameter.KEYWORD_ONLY,
        default="mermaid",
        annotation=Annotated[_words(DiagramFormat), Field(description=about)],
    )

    async def tool(format: DiagramFormat = "mermaid", **given: Any) -> str | Image:
        with tempfile.TemporaryDirectory(prefix="modelviz-") as folder:
            file = Path(folder) / f"diagram.{_SUFFIXES[format]}"
            await _run("export", options, given, rules, "--output", str(file))
            if format == "png":
                return Image(data=file.read_bytes(), format="png")
            return file.read_text(encoding="utf-8")

    doc = "Draw a model as a picture that fits a page: its layers, data flow and shapes."
    return _described(tool, "diagram", doc, [*parameters, form], str | Image)


def _described(
    tool: Any, name: str, doc: str, parameters: list[inspect.Parameter], result: Any
) -> Callable[..., Any]:
    """The function with a name, a description and parameters that a client can read."""
    tool.__name__ = name
    tool.__doc__ = doc.partition("\n")[0]
    tool.__signature__ = inspect.Signature(parameters, return_annotation=result)
    tool.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": result}
    made: Callable[..., Any] = tool
    return made


def _signature(command: Callable[..., Any]) -> tuple[list[inspect.Parameter], list[_Option]]:
    """The parameters of the command as those of a tool, and how each is typed."""
    hints = get_type_hints(command, include_extras=True)
    parameters, options = [], []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name in _KEPT_BACK:
            continue
        kind, about = _told(hints[parameter.name])
        options.append(_option(parameter.name, about))
        help_text = getattr(about, "help", None)
        words: Any = _words(kind)
        described = Annotated[words, Field(description=help_text)]
        parameters.append(
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=described)
        )
    return parameters, options


def _words(kind: Any) -> Any:
    """The type, which takes its words in any case, as the command does."""
    kinds = (kind, *get_args(kind))
    words = [word for one in kinds if get_origin(one) is Literal for word in get_args(one)]
    if not words:
        return kind
    return Annotated[kind, BeforeValidator(lambda given: meant(given, words) or given)]


def _told(hint: Any) -> tuple[Any, Any]:
    """The type of a parameter, and what the command line says about it."""
    if get_origin(hint) is Annotated:
        kind, *about = get_args(hint)
        return kind, about[0]
    return hint, None


def _option(name: str, about: Any) -> _Option:
    import typer

    if isinstance(about, typer.models.ArgumentInfo):
        return _Option(name, None)
    declared = [one for one in about.param_decls or () if one.startswith("--")]
    flag, _, off = (declared[0] if declared else f"--{name.replace('_', '-')}").partition("/")
    return _Option(name, flag, off or None)


async def _run(
    name: str, options: list[_Option], given: Mapping[str, Any], rules: Rules, *further: str
) -> str:
    """What the command prints. Raises ToolError with what it says where it cannot do it."""
    models = [given[option.name] for option in options if option.flag is None]
    for model in models:
        if kind_of(model) == "code" and not rules.allow_code:
            raise ToolError(NO_CODE.format(repr(model)))
    typed = [word for option in options for word in option.typed(given.get(option.name))]
    command = [sys.executable, "-m", "modelviz", name, *typed, *further, "--", *models]
    try:
        with anyio.fail_after(rules.seconds):
            done = await anyio.run_process(command, stdin=DEVNULL, check=False)
    except TimeoutError:
        raise ToolError(
            f"modelviz {name} took longer than {rules.seconds:g} seconds and was ended: take a "
            "smaller model or input, or start the server with a larger --timeout"
        ) from None
    out, said = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
    failed = "modelviz: " in said
    if done.returncode >= _FAILED or done.returncode < 0 or (done.returncode == _FOUND and failed):
        raise ToolError("\n".join(text for text in (said.strip(), out.strip()) if text))
    return out
