"""What a reader sees of a model: which modules are open at a depth, which parts are left out."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..analysis.fold import Folder
from ..analysis.items import Item, Steps, flat
from ..analysis.keys import StructureKeys
from ..analysis.sight import Sight, sight_of
from ..dotted import with_ancestors
from ..explaining import Lit, lit
from ..graph import Call, ModelGraph, Op
from ..graph.flow import depending_ops, reaching_ops
from . import document
from .document import Kind
from .inputs_outputs import input_nodes
from .kinds import class_kind
from .options import ViewOptions
from .patterns import asked_inside, function_path, matching_paths
from .shown_functions import ShownFunctions
from .stretches import Stretches
from .tree import STRETCH, Grower, Part
from .trivial import does_nothing, is_one_step, is_trivial

_LAYERS: frozenset[Kind] = frozenset(
    {
        "convolution", "linear", "normalisation", "activation", "embedding", "pooling", "reshape",
        "dropout",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Visibility:
    """What the options show of a graph that was run."""

    graph: ModelGraph
    options: ViewOptions

    def whole(self) -> tuple[Part, ...]:
        """The tree in which everything is open that has something inside to see.

        A reader who asks for depth 0 sees the model as one part.
        """
        folder = self._folder if self.options.fold else None
        joined = Stretches(self.graph, self.hides).joined
        grower = Grower(self.graph, self.has_inside, self._functions.steps, folder, joined)
        return grower.root() if self.options.depth == 0 else grower.grow(grower.roots())

    @cached_property
    def _functions(self) -> ShownFunctions:
        """Which functions are worth a level."""
        return ShownFunctions(self.graph, self._hides_item)

    @cached_property
    def inputs(self) -> tuple[tuple[document.Item, ...], dict[int, str]]:
        """The nodes of the inputs, and the node of each input tensor that an op reads."""
        return input_nodes(self.graph, self._sight, self.lit)

    @cached_property
    def lit(self) -> Lit:
        """The way of what met where the forward failed."""
        return lit(self.graph)

    def has_inside(self, item: Call | Steps) -> bool:
        """Whether a module or a function can be opened: to tell more, or because it was asked."""
        return isinstance(item, Steps) or self._tells_more(item) or self._is_asked_open(item)

    def _tells_more(self, call: Call) -> bool:
        """Whether opening a module tells more than its name does."""
        module = self.graph.module(call.module)
        if is_one_step(self.graph, module, call):
            return False
        if call.children:
            return True
        if module.qualified_class.startswith("torch.nn.modules."):
            return False
        if class_kind(module.class_name) in _LAYERS:
            return False
        return sum(not is_trivial(self.graph.ops[op]) for op in call.ops) > 1

    def hides(self, part: Part) -> bool:
        """Whether a closed part is left to its neighbours."""
        return part.children is None and self.hides_closed(part)

    def hides_closed(self, part: Part) -> bool:
        """Whether a part is left to its neighbours when it is closed."""
        item = part.op or part.call
        return item is not None and self._hides_item(item)

    def _hides_item(self, item: Item) -> bool:
        """Whether an op or a closed call is left to its neighbours."""
        if isinstance(item, Op):
            return self.hides_op(item)
        if "views" in self.options.show or item.failed:
            return False
        return does_nothing(self.graph, item) and not self.holds_weights(item.module)

    def is_asked(self, part: Part) -> bool:
        """Whether a part is open because a reader asked for it, or for something inside."""
        item = part.call or part.steps
        return item is not None and part.children is not None and self._path(item) in self._opened

    def _path(self, item: Call | Steps) -> str:
        """The path of a module, or that of a function in the module that ran it."""
        if isinstance(item, Call):
            return item.module
        return function_path(self.graph, item.function)

    @property
    def shows_unread(self) -> bool:
        """Whether ops are shown whose results reach no output, as all are where nothing does."""
        whole = bool(self.graph.outputs) and self.graph.failure is None
        return "unread" in self.options.show or not whole

    def holds_weights(self, path: str) -> bool:
        """Whether a module has a parameter anywhere inside."""
        return path in self._weighty

    def share(self, path: str) -> float:
        """The share of the model's parameters that a module holds, what is in it included."""
        return self._sizes.get(path, 0) / max(self._sizes.get("", 0), 1)

    def hides_op(self, op: Op) -> bool:
        """Whether an op by itself is left to its neighbours."""
        show = self.options.show
        if op.failed or op.flops:
            return False
        if "ops" not in show:
            return True
        if "constants" not in show and self._has_inputs and not self._depends[op.id]:
            return True
        if not self.shows_unread and not self._reaches[op.id]:
            return True
        return "views" not in show and is_trivial(op)

    def _shows_inside(self, call: Call) -> bool:
        """Whether anything is left to see of a module when it is open."""
        if not call.children and len(call.ops) < 2:
            return False
        ops = self.graph.ops[call.start : call.stop]
        return any(not self.hides_op(op) for op in ops) or any(
            self.holds_weights(self.graph.calls[child].module) for child in call.children
        )

    def opens(self, part: Part, level: int, depth: int) -> bool:
        """Whether a part at a level is open: as a reader asked, else down to the depth."""
        if part.children is None:
            return False
        item = part.call or part.steps
        if item is not None:
            return self._is_open(item, level, depth)
        if part.together != STRETCH:
            return True
        asked = any(isinstance(i, Steps) and self._is_asked_open(i) for i in part.items)
        return asked or (self.options.depth is not None and level < depth)

    def _is_open(self, item: Call | Steps, level: int, depth: int) -> bool:
        if self._path(item) in self._closed:
            return False
        if self._is_asked_open(item):
            return True
        if isinstance(item, Call):
            return level < depth and self._tells_more(item)
        # The layers that a function calls are seen at the depth of the others. What it computes
        # itself is told by its name, unless a reader asks for a depth.
        return self.calls_layers(item) or (self.options.depth is not None and level < depth)

    def is_frame(self, part: Part) -> bool:
        """Whether what is in an open part is on the same level: in repeated layers, for one."""
        if part.steps is not None:
            return self.calls_layers(part.steps)
        return part.call is None and part.together != STRETCH

    def calls_layers(self, steps: Steps) -> bool:
        """Whether a function called a module that holds weights."""
        return any(
            isinstance(item, Call) and self.holds_weights(item.module) for item in flat(steps.items)
        )

    def _is_asked_open(self, item: Call | Steps) -> bool:
        """Whether a reader asked to see what is in a part, and there is something."""
        if isinstance(item, Steps):
            calls = (one for one in flat(item.items) if isinstance(one, Call))
            return (
                item.failed
                or self._path(item) in self._opened
                or any(call.module in self._opened for call in calls)
            )
        return item.module in self._opened and self._shows_inside(item)

    @cached_property
    def _opened(self) -> frozenset[str]:
        """The modules that must be open whatever the depth: those asked for and all around them."""
        failing = [] if self._failing is None else [self._failing]
        paths = (*self._asked, *failing)
        around = (outer for path in paths for outer in with_ancestors(path) if outer != path)
        return self._asked.union(around)

    @cached_property
    def _asked(self) -> frozenset[str]:
        """The paths of modules and functions that a reader asked to see open."""
        return matching_paths(self.graph, self.options.expand)

    @cached_property
    def _failing(self) -> str | None:
        """The module whose forward failed."""
        failure = self.graph.failure
        if failure is None or failure.call is None:
            return None
        return self.graph.calls[failure.call].module

    @cached_property
    def _closed(self) -> frozenset[str]:
        """The paths of modules and functions that a reader asked to see closed."""
        return matching_paths(self.graph, self.options.collapse)

    @cached_property
    def _marks(self) -> Mapping[str, Hashable]:
        """What was asked about each module and its inside."""
        return asked_inside(self._asked, self._closed)

    @cached_property
    def _folder(self) -> Folder:
        return Folder(self.graph, StructureKeys(self.graph), self._marks.get)

    @cached_property
    def _depends(self) -> Sequence[bool]:
        return depending_ops(self.graph)

    @cached_property
    def _reaches(self) -> Sequence[bool]:
        return reaching_ops(self.graph, {*self.graph.outputs, *self._sight.handed_out})

    @cached_property
    def _sight(self) -> Sight:
        return sight_of(self.graph)

    @cached_property
    def _has_inputs(self) -> bool:
        return bool(self.graph.inputs)

    @cached_property
    def _sizes(self) -> Mapping[str, int]:
        """How many values the parameters in each module have, of which a shared one counts once."""
        sizes: dict[str, int] = {}
        for module in self.graph.modules:
            own = sum(p.numel for p in module.parameters if p.shared_with is None)
            for path in with_ancestors(module.path) if own else ():
                sizes[path] = sizes.get(path, 0) + own
        return sizes

    @cached_property
    def _weighty(self) -> frozenset[str]:
        """The modules with a parameter anywhere inside."""
        return frozenset(
            path
            for module in self.graph.modules
            if module.parameters
            for path in with_ancestors(module.path)
        )
