/** What was typed and perhaps not sent yet, kept in the browser's tab: a reload brings it back. */

export interface Draft {
  /** The session of the page in which it was typed; a reload begins another. */
  readonly session: string;
  readonly text: string;
  /** What was last run in that session: a reload finds it in the address. */
  readonly ran: string;
  /** That of the page's text when it was typed: the page may have taken another one since. */
  readonly revision: number;
  /** Whether the text began as that of a link which nobody has confirmed. */
  readonly foreign: boolean;
}

/** What the page has when the editor begins. */
export interface Start {
  readonly session: string;
  readonly text: string;
  readonly revision: number;
  /** The text that came in the address; null where none did. */
  readonly linked: string | null;
}

const PREFIX = "modelviz.draft.";

export function keep(name: string, draft: Draft, storage: Storage = sessionStorage): void {
  try {
    storage.setItem(PREFIX + name, JSON.stringify(draft));
  } catch {
    // A tab without room, or one that may keep nothing: what was typed lasts as long as the page.
  }
}

/**
 * What to go on with: the draft of the page before a reload, or what was typed on this page and
 * got lost on the way to its server; null where the page's text stands.
 */
export function restored(name: string, start: Start, storage: Storage = sessionStorage): Draft | null {
  const draft = read(name, storage);
  if (draft === null) return null;
  if (draft.session === start.session) {
    return draft.revision === start.revision && draft.text !== start.text ? draft : null;
  }
  // Another link was opened in this tab: its text is what the visitor asked for.
  return start.linked === null || start.linked === draft.ran ? draft : null;
}

function read(name: string, storage: Storage): Draft | null {
  try {
    const held: unknown = JSON.parse(storage.getItem(PREFIX + name) ?? "null");
    return isDraft(held) ? held : null;
  } catch {
    return null;
  }
}

function isDraft(held: unknown): held is Draft {
  if (typeof held !== "object" || held === null) return false;
  const { session, text, ran, revision, foreign } = held as Record<string, unknown>;
  return (
    [session, text, ran].every((value) => typeof value === "string") &&
    typeof revision === "number" &&
    typeof foreign === "boolean"
  );
}
