"""The server of ``modelviz mcp``, which talks to its client over standard input and output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import InputError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.tools import Tool

INSTRUCTIONS = (
    "modelviz shows what a PyTorch model really is. A model is named as on its command line: "
    "timm:resnet50, torchvision:vit_b_16, transformers:bert, the path of a config.json of "
    "transformers, of a file of weights, of a saved graph or an exported program, a name of the "
    "gallery such as gpt{code}. Inputs are proposed where input_size is left out. Nothing is "
    "fetched from the network."
)
_CODE = ", or Python: file.py:Net, package.module:make"
_NO_CODE = "; Python code is not run, since the server was started without --allow-code"


Commands = Mapping[str, Callable[..., Any]]


def serve(commands: Commands, allow_code: bool, seconds: float) -> None:
    """Serve the commands until the client leaves.

    Raises InputError where the ``mcp`` package is not installed.
    """
    if find_spec("mcp") is None:
        raise InputError(
            "the mcp package is not installed, which the server needs: "
            'pip install "torch-modelviz[mcp]"'
        )
    make(commands, allow_code, seconds).run("stdio")


def make(commands: Commands, allow_code: bool, seconds: float) -> MCPServer:
    """The server with a tool for each command."""
    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.tools import Tool
    from mcp.types import ToolAnnotations

    from .tools import Rules, tools

    told = INSTRUCTIONS.format(code=_CODE if allow_code else _NO_CODE)
    about = ToolAnnotations(read_only_hint=not allow_code, open_world_hint=False)
    made = [
        _strict(Tool.from_function(tool, annotations=about, structured_output=False))
        for tool in tools(commands, Rules(allow_code, seconds))
    ]
    return MCPServer(
        "modelviz", instructions=told, version=__version__, log_level="WARNING", tools=made
    )


def _strict(tool: Tool) -> Tool:
    """The tool, which refuses an argument that it does not have, as one that is misspelt."""
    model = tool.fn_metadata.arg_model
    model.model_config["extra"] = "forbid"
    model.model_rebuild(force=True)
    tool.parameters["additionalProperties"] = False
    return tool
