"""How the tree of a graph is grown: calls first, then what nothing calls; figures last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..dotted import join, relative, with_ancestors
from ..graph import Call, ModelGraph
from .drafts import Draft, Stretch, first_of
from .figures import NOTHING, Figures, held_by, ran_by, total_of, with_held
from .fold import Folder
from .items import Item, Step, call_steps, item_start, root_calls
from .keys import StructureKeys
from .nodes import Branch, Node
from .spans import Span
from .uncalled import Unused, add_uncalled


def grow(graph: ModelGraph, keys: StructureKeys) -> tuple[Node, ...]:
    """The nodes of a graph, parents before children."""
    root = _Calls(graph, Folder(graph, keys)).root
    unused = Unused(graph)
    add_uncalled(graph, keys, unused, root)
    return _finished(graph, unused, root)


# -- calls --------------------------------------------------------------------------------------


class _Calls:
    """Puts the calls of a graph below one another, folded as ``Folder`` says."""

    def __init__(self, graph: ModelGraph, folder: Folder) -> None:
        self.graph = graph
        self.aliases = _aliases(graph)
        self.root = Draft("", graph.modules[0], "uncalled")
        self.waiting: list[tuple[Draft, Call]] = []
        roots = root_calls(graph)
        if roots:
            own = next((call for call in roots if not call.module), None)
            self.root.call, self.root.state = own, "container" if own is None else "called"
            ran: list[Step] = [] if own is None else [*call_steps(graph, own)]
            ran += [call for call in roots if call is not own]
            self._place(self.root, *folder.flat_spans(sorted(ran, key=item_start)))
        while self.waiting:
            parent, call = self.waiting.pop()
            self._place(parent, *folder.call_spans(call, call_steps(graph, call)))

    def _place(self, parent: Draft, items: Sequence[Item], spans: Sequence[Span]) -> None:
        """Add a node for each call, and a branch for each span with a call in it."""
        for span in spans:
            if span.unit == span.count == 1:
                item = items[span.start]
                if isinstance(item, Call):
                    names = self._containers(parent, item)
                    holder = self._open(parent, names) if names else parent
                    holder.branches.append(Stretch([self._add(holder, item)]))
                continue
            units = [
                items[start : start + span.unit]
                for start in range(span.start, span.stop, span.unit)
            ]
            calls = [item for unit in units for item in unit if isinstance(item, Call)]
            if not calls:
                continue
            # The first call of the second copy, if there is one, says what repeats.
            again = calls[0].module == calls[len(calls) // span.count % len(calls)].module
            ways = [self._containers(parent, call) for call in calls]
            holder = self._open(parent, _common(ways))
            if span.unit > 1:
                self._place_units(holder, units, span.inside, again)
            elif all(way == ways[0] for way in ways):
                stretches = [Stretch([self._add(holder, call)]) for call in calls]
                holder.branches += _merged([[one] for one in stretches], again)
            else:
                self._place(holder, calls, [Span(place) for place in range(len(calls))])

    def _place_units(
        self, holder: Draft, units: Sequence[Sequence[Item]], inside: Sequence[Span], again: bool
    ) -> None:
        """Add the copies of a unit, each in containers of its own, and their branch."""
        copies: list[list[Stretch]] = []
        before = len(holder.branches)
        for unit in units:
            holder.sealed = True
            self._place(holder, unit, inside)
            copies.append(holder.branches[before:])
            del holder.branches[before:]
        holder.sealed = True
        holder.branches += _merged(copies, again)

    def _add(self, holder: Draft, call: Call) -> Draft:
        """A node for a call, in what holds the called module, or in what called it."""
        module = self.graph.module(call.module)
        way = self._way(holder, call)
        path = call.module if way is None else join(holder.path, way[-1])
        draft = Draft(path, module, "called", call, foreign=way is None)
        holder.children.append(draft)
        holder.sealed = False
        if call.children:  # ops alone make no nodes
            self.waiting.append((draft, call))
        return draft

    def _way(self, holder: Draft, call: Call) -> list[str] | None:
        """The attribute names that lead from a module to a called one; None if none do."""
        above, held = holder.module.path, call.module
        if held != above and (not above or held.startswith(f"{above}.")):
            return held[len(above) + 1 if above else 0 :].split(".")
        return self.aliases.get((held, above))

    def _containers(self, holder: Draft, call: Call) -> list[str]:
        """The names of the containers between a module and one that it called."""
        return (self._way(holder, call) or [""])[:-1]

    def _open(self, parent: Draft, names: Sequence[str]) -> Draft:
        """The container at a path, opened anew unless the last node is in it."""
        for name in names:
            path = join(parent.path, name)
            last = parent.children[-1] if parent.children and not parent.sealed else None
            if last is None or last.state != "container" or last.path != path:
                last = Draft(path, first_of(self.graph, self.graph.module(path)), "container")
                parent.children.append(last)
                parent.branches.append(Stretch([last]))
                parent.sealed = False
            parent = last
        return parent


def _common(ways: Sequence[Sequence[str]]) -> Sequence[str]:
    """What all begin with."""
    shortest = min(ways, key=len)
    size = next(
        (at for at, name in enumerate(shortest) if any(way[at] != name for way in ways)),
        len(shortest),
    )
    return shortest[:size]


def _merged(copies: Sequence[Sequence[Stretch]], again: bool) -> list[Stretch]:
    """The branches of all copies as one branch; as they are where they do not match.

    ``again`` says that the copies are calls of the same modules.
    """
    if len(copies) == 1 or len({len(copy) for copy in copies}) > 1:
        return [stretch for copy in copies for stretch in copy]
    members = [_joined(alike) for alike in zip(*copies, strict=True)]
    size = len(copies)
    if len(members) == 1:
        only = members[0]
        if again:
            only.calls *= size
        else:
            only.copies *= size
        return [only]
    counts = (1, size) if again else (size, 1)
    return [Stretch(members[0].drafts, *counts, members)]


def _joined(alike: Sequence[Stretch]) -> Stretch:
    """One branch in the place of the same branch of several copies of a unit."""
    first = alike[0]
    return Stretch(
        [draft for one in alike for draft in one.drafts],
        first.copies,
        first.calls,
        [_joined(members) for members in zip(*(one.members for one in alike), strict=True)],
    )


def _aliases(graph: ModelGraph) -> dict[tuple[str, str], list[str]]:
    """From (a shared module, a module that holds it under a further name) to the way there."""
    ways: dict[tuple[str, str], list[str]] = {}
    for module in graph.modules:
        if module.shared_with is None:
            continue
        for holder in with_ancestors(module.path):
            if holder != module.path:
                way = relative(module.path, holder).split(".")
                ways.setdefault(
                    (module.shared_with, graph.module(holder).shared_with or holder), way
                )
    return ways


# -- figures ------------------------------------------------------------------------------------


def _finished(graph: ModelGraph, unused: Unused, root: Draft) -> tuple[Node, ...]:
    """The drafts as nodes, with their places, figures and branches."""
    drafts, parents, depths = _in_order(root)
    size = len(drafts)
    own = _own_figures(graph, drafts)
    first: dict[str, int] = {}
    for place, draft in enumerate(drafts):
        first.setdefault(draft.module.path, place)
    failed = None if graph.failure is None else graph.failure.call
    stops = list(range(1, size + 1))
    made: dict[int, Node] = {}
    for place in range(size - 1, -1, -1):
        draft = drafts[place]
        below = draft.children  # of most, none
        children = tuple([made[id(child)] for child in below]) if below else ()
        made[id(draft)] = Node(
            id=place,
            parent=parents[place],
            stop=stops[place],
            depth=depths[place],
            path=draft.path,
            module=draft.module,
            state=draft.state,
            call=draft.call,
            foreign=draft.foreign,
            repeated=first[draft.module.path] != place,
            failed=draft.call is not None and draft.call.id == failed,
            own=own[place],
            figures=total_of([own[place], *[child.figures for child in children]])
            if children
            else own[place],
            unused=unused.of(draft.module, draft.call),
            children=children,
            branches=tuple([_branch(stretch, made) for stretch in draft.branches])
            if draft.branches
            else (),
        )
        if place:
            parent = parents[place]
            if stops[place] > stops[parent]:
                stops[parent] = stops[place]
    return tuple([made[id(draft)] for draft in drafts])


def _in_order(root: Draft) -> tuple[list[Draft], list[int], list[int]]:
    """The drafts, parents first, with the place of the parent and the depth of each."""
    drafts: list[Draft] = []
    parents: list[int] = []
    depths: list[int] = []
    waiting = [(root, 0, 0)]
    while waiting:
        draft, parent, depth = waiting.pop()
        place = len(drafts)
        drafts.append(draft)
        parents.append(parent)
        depths.append(depth)
        if draft.children:
            waiting += [(child, place, depth + 1) for child in reversed(draft.children)]
    return drafts, parents, depths


def _branch(stretch: Stretch, made: Mapping[int, Node]) -> Branch:
    return Branch(
        tuple([made[id(draft)] for draft in stretch.drafts]),
        stretch.copies,
        stretch.calls,
        tuple([_branch(member, made) for member in stretch.members]) if stretch.members else (),
    )


def _own_figures(graph: ModelGraph, drafts: Sequence[Draft]) -> list[Figures]:
    """For each: what its module owns that none before it had, and what its call ran itself."""
    ran = ran_by(graph, [op.call for op in graph.ops])
    seen: set[str] = set()
    result = []
    for draft in drafts:
        figures = NOTHING if draft.call is None else ran.get(draft.call.id, NOTHING)
        tensors = held_by(draft.module)
        if not tensors:
            result.append(figures)
            continue
        added = [held for key, held in tensors.items() if key not in seen]
        seen.update(tensors)
        result.append(with_held(figures, added))
    return result
