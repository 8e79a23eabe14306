"""The diff's bars: ``python -m benchmarks.review.diffs [changes] [models]``.

A model against its copy differs in nothing; a random single change is named alone and exactly.
"""

from __future__ import annotations

import copy
import sys
from collections import Counter

import modelviz
from benchmarks.zoo import missing, zoo
from modelviz.comparing import diff

from .changes import Made, changes


def is_exact(made: Made, found: modelviz.Diff) -> bool:
    """Whether a diff names the change alone: its kind, its place, and what it is about."""
    if len(found.changes) != 1:
        return False
    change = found.changes[0]
    fields = {detail.field for detail in change.details}
    return change.kind == made.kind and change.path == made.path and made.fields <= fields


def main(count: int, step: int) -> None:
    """Print the table."""
    entries = [entry for entry in zoo() if not missing(entry.family)][::step]
    named: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    alike = 0
    each = max(1, count // len(entries))
    for entry in entries:
        sample = entry.build()
        base = modelviz.trace(sample.module, **sample.trace_arguments())
        alike += not diff(base, modelviz.trace(entry.build().module, **sample.trace_arguments()))
        pristine = sample.module

        def make(pristine=pristine):  # type: ignore[no-untyped-def]
            return copy.deepcopy(pristine)

        for name, made in changes(make, each, seed=len(entry.name)):
            arguments = sample.trace_arguments()
            execution = "fake" if name == "dtype" else "auto"
            try:
                after = modelviz.trace(made.model, **arguments, execution=execution)
            except modelviz.TraceError:
                continue  # the model does not run so: no diff of two forwards
            tried[name] += 1
            found = diff(base, after)
            if is_exact(made, found):
                named[name] += 1
            else:
                print(f"{entry.name}: {name} at {made.path}: {found}\n", flush=True)
    print(f"{alike} of {len(entries)} models differ in nothing from their copy")
    for name in sorted(tried):
        print(f"{name:15} {named[name]:4} of {tried[name]:4}")
    print(f"{'all':15} {named.total():4} of {tried.total():4}")


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 200, int(sys.argv[2]) if len(sys.argv) > 2 else 4
    )
