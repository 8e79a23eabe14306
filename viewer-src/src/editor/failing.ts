/** The mark of the line that failed: it moves with the line, and goes once the line is edited. */
import { RangeSet, StateEffect, StateField, type EditorState, type Extension } from "@codemirror/state";
import { Decoration, EditorView, GutterMarker, WidgetType, gutterLineClass } from "@codemirror/view";

export interface Failing {
  /** From 1. */
  readonly line: number;
  /** What the line read when it failed. */
  readonly text: string;
  readonly message: string;
}

export const setFailing = StateEffect.define<Failing | null>();

interface Mark {
  /** Where the line begins. */
  readonly from: number;
  readonly message: string;
}

const field = StateField.define<Mark | null>({
  create: () => null,
  update(mark, transaction) {
    let now = mark;
    if (now !== null && transaction.docChanged) {
      const before = transaction.startState.doc.lineAt(now.from).text;
      const line = transaction.newDoc.lineAt(transaction.changes.mapPos(now.from, 1));
      now = line.text === before ? { ...now, from: line.from } : null;
    }
    for (const effect of transaction.effects) {
      if (effect.is(setFailing)) now = placed(transaction.state, effect.value);
    }
    return now;
  },
  provide: (held) => [
    EditorView.decorations.compute([held], (state) => {
      const mark = state.field(held);
      if (mark === null) return Decoration.none;
      const { from, to } = state.doc.lineAt(mark.from);
      return Decoration.set([
        Decoration.line({ class: "mv-failing" }).range(from),
        Decoration.widget({ widget: new Reason(mark.message), side: 1, block: true }).range(to),
      ]);
    }),
    gutterLineClass.compute([held], (state) => {
      const mark = state.field(held);
      return mark === null ? RangeSet.empty : RangeSet.of(number.range(mark.from));
    }),
  ],
});

/** Marks the line that `setFailing` names. */
export const failingLine: Extension = field;

/** The line that is marked, from 1; null where none is. */
export function failingAt(state: EditorState): number | null {
  const mark = state.field(field);
  return mark === null ? null : state.doc.lineAt(mark.from).number;
}

/** The mark, unless the text is another by now. */
function placed(state: EditorState, failing: Failing | null): Mark | null {
  if (failing === null || failing.line < 1 || failing.line > state.doc.lines) return null;
  const line = state.doc.line(failing.line);
  return line.text === failing.text ? { from: line.from, message: failing.message } : null;
}

class Reason extends WidgetType {
  constructor(readonly message: string) {
    super();
  }

  override eq(other: Reason): boolean {
    return other.message === this.message;
  }

  toDOM(): HTMLElement {
    const box = document.createElement("div");
    box.className = "mv-reason";
    box.textContent = this.message;
    return box;
  }
}

const number = new (class extends GutterMarker {
  override elementClass = "mv-failing-number";
})();
