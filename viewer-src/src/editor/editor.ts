/** An editor of code: line numbers, a fixed-width font, colours, and a mark on the line that failed. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { Annotation, Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers,
} from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { type Failing, failingAt, failingLine, setFailing } from "./failing";

export type Language = "python" | "json";

export interface EditorOptions {
  readonly text: string;
  readonly language: Language;
  readonly label: string;
  readonly readOnly: boolean;
  /** The person changed the text. */
  readonly onTyped: () => void;
  /** The person left the editor. */
  readonly onLeft: () => void;
  /** The person asked for what the text is for. */
  readonly onGo: () => void;
}

export type Editor = ReturnType<typeof edit>;

const LANGUAGES: Record<Language, () => readonly [Extension, string]> = {
  python: () => [python(), "    "],
  json: () => [json(), "  "],
};
/** Marks what the page wrote, so that it is not taken for typing. */
const fromPage = Annotation.define<boolean>();

export function edit(parent: HTMLElement, root: Document | ShadowRoot, options: EditorOptions) {
  const [language, indent] = LANGUAGES[options.language]();
  const access = new Compartment();
  const view = new EditorView({
    parent,
    root,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        // Before the default, which would put an empty line there.
        keymap.of([{ key: "Mod-Enter", run: () => (options.onGo(), true) }]),
        lineNumbers(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        indentUnit.of(indent),
        EditorState.tabSize.of(indent.length),
        syntaxHighlighting(classHighlighter),
        language,
        failingLine,
        access.of(allowing(options.readOnly)),
        EditorView.contentAttributes.of({
          "aria-label": options.label, spellcheck: "false", autocorrect: "off", autocapitalize: "off",
        }),
        EditorView.updateListener.of((update) => {
          const typed = update.transactions.some((one) => one.docChanged && !one.annotation(fromPage));
          if (typed) options.onTyped();
        }),
        EditorView.domEventHandlers({ blur: () => (options.onLeft(), false) }),
        // Escape, then Tab, leads out of the editor.
        keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
      ],
    }),
  });
  return {
    view,
    text: (): string => view.state.doc.toString(),
    setText: (text: string): void =>
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: text },
        annotations: fromPage.of(true),
      }),
    setReadOnly: (readOnly: boolean): void => view.dispatch({ effects: access.reconfigure(allowing(readOnly)) }),
    setFailing: (failing: Failing | null): void => {
      view.dispatch({ effects: setFailing.of(failing) });
      const line = failingAt(view.state);
      if (line === null) return;
      // In the middle, since what went wrong is said below the line; the page around stays put.
      const { from } = view.state.doc.line(line);
      view.requestMeasure({
        read: () => view.lineBlockAt(from).top - view.scrollDOM.clientHeight / 2,
        write: (top) => {
          view.scrollDOM.scrollTop = top;
        },
      });
    },
    destroy: (): void => view.destroy(),
  };
}

function allowing(readOnly: boolean): Extension {
  return [
    EditorState.readOnly.of(readOnly),
    EditorView.editable.of(!readOnly),
    EditorView.contentAttributes.of(readOnly ? { "aria-readonly": "true" } : {}),
  ];
}
