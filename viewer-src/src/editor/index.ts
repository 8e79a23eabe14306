/** The editor as a component of Streamlit, version 2; `app/parts/editor.py` is its other side. */
import { type ComponentCall, type Mounted, mounting } from "../ui/mounted";
import { onPageTheme, resolved } from "../ui/theme";
import { keep, restored } from "./draft";
import { type Editor, type Language, edit } from "./editor";
import type { Failing } from "./failing";
import { css } from "./style.css";
import { wideButton } from "./wide";

export interface EditorData {
  /** The name under which the tab keeps what is typed. */
  readonly name: string;
  readonly language: Language;
  readonly label: string;
  /** Pixels. */
  readonly height: number;
  readonly readOnly: boolean;
  readonly text: string;
  /** Changes when the page has another text for the editor, an uploaded one say. */
  readonly revision: number;
  readonly session: string;
  readonly linked: string | null;
  readonly ran: string;
  readonly foreign: boolean;
  /** The line that failed when `text` was last run. */
  readonly failing: Failing | null;
}

export interface EditorCall extends ComponentCall<EditorData> {
  readonly setTriggerValue: (name: string, value: unknown) => void;
}

interface Shown extends Mounted<EditorCall> {
  readonly editor: Editor;
}

/** Counts what the editors of this page say: Python takes over each word once. */
let said = 0;

function begin(call: EditorCall): Shown {
  const { data, parentElement } = call;
  const sheet = document.createElement("style");
  sheet.textContent = css;
  const box = document.createElement("div");
  box.className = "mv-code";
  box.append(sheet);
  parentElement.append(box);
  const draft = data.readOnly ? null : restored(data.name, data);
  let sent = draft === null ? data.text : null;
  const send = (foreign = false): void => {
    const text = editor.text();
    if (text === sent) return;
    sent = text;
    remember(entry);
    entry.latest.setStateValue("typed", { text, foreign, number: ++said });
  };
  const root = parentElement instanceof ShadowRoot ? parentElement : document;
  const editor = edit(box, root, {
    text: draft?.text ?? data.text,
    language: data.language,
    label: data.label,
    readOnly: data.readOnly,
    onTyped: () => remember(entry),
    onLeft: () => send(),
    onGo: () => {
      sent = editor.text();
      remember(entry);
      if (box.matches(":popover-open")) box.hidePopover();
      entry.latest.setTriggerValue("go", { text: sent, foreign: false, number: ++said });
    },
  });
  const redress = (): void => dress(box, entry.latest.data.height);
  box.append(wideButton(box, editor, redress));
  const forget = onPageTheme(redress);
  const end = (): void => {
    forget();
    editor.destroy();
  };
  const entry: Shown = { editor, box, latest: call, end };
  if (data.failing !== null) editor.setFailing(data.failing);
  if (draft !== null) send(draft.foreign);
  redress();
  return entry;
}

/** Only what Python changed since the last run of its script; the rest is as the person left it. */
function follow(entry: Shown, before: EditorData, data: EditorData): void {
  const { editor } = entry;
  if (data.revision !== before.revision) editor.setText(data.text);
  if (data.readOnly !== before.readOnly) editor.setReadOnly(data.readOnly);
  if (JSON.stringify(data.failing) !== JSON.stringify(before.failing)) editor.setFailing(data.failing);
  // A reload finds in the address what was run, and goes on from there with what was typed.
  if (data.ran !== before.ran || data.revision !== before.revision) remember(entry);
  dress(entry.box, data.height);
}

function remember({ editor, latest }: Shown): void {
  const { name, session, ran, revision, foreign } = latest.data;
  keep(name, { session, text: editor.text(), ran, revision, foreign });
}

function dress(box: HTMLElement, height: number): void {
  box.style.height = `${height}px`;
  box.toggleAttribute("data-dark", resolved("auto", box) === "dark");
  // What is said below a long line stays in sight, as wide as what is shown of the line.
  const scroller = box.querySelector(".cm-scroller");
  const gutters = box.querySelector(".cm-gutters");
  if (scroller === null) return;
  const shown = scroller.clientWidth - (gutters?.clientWidth ?? 0);
  if (shown > 0) box.style.setProperty("--mv-shown", `${shown}px`);
}

/** Mounts the editor, or tells the one that is there what changed. What comes back ends it. */
export default mounting(begin, follow);
