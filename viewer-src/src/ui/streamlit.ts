/** The viewer as a component of Streamlit, version 2. */

import type { Direction, Heat } from "../draw/look";
import type { Doc } from "../model/types";
import { mount } from "./mount";
import type { ViewerHandle } from "./options";
import type { ThemeChoice } from "./theme";

/** What Python sends; `modelviz/viewer/component.py` makes it. */
export interface ComponentData {
  /** Changes with the document. */
  readonly key: string;
  /** A `Doc` as JSON. */
  readonly doc: string;
  readonly theme: ThemeChoice;
  readonly heat: Heat | null;
  readonly direction: Direction;
  readonly titled: boolean;
  /** Pixels. */
  readonly height: number;
  /** Changes when `select` or `state` ask for something anew. */
  readonly requests: number;
  readonly select: string | null;
  readonly state: string;
}

export interface ComponentArguments {
  readonly data: ComponentData;
  readonly parentElement: HTMLElement | ShadowRoot;
  readonly setStateValue: (name: string, value: unknown) => void;
}

interface Mounted {
  readonly handle: ViewerHandle;
  readonly box: HTMLElement;
  /** Of the last call: earlier ones speak of a run of the script that is over. */
  latest: ComponentArguments;
}

const mounted = new WeakMap<Node, Mounted>();

/**
 * Mounts the viewer, or on a later run of the script tells the one that is there what changed.
 * The function that comes back ends it, unless it was called anew in the meantime.
 */
export function component(call: ComponentArguments): () => void {
  const { data, parentElement } = call;
  let entry = mounted.get(parentElement);
  if (entry) {
    const before = entry.latest.data;
    entry.latest = call;
    follow(entry.handle, before, data);
  } else {
    entry = begin(call);
    mounted.set(parentElement, entry);
  }
  entry.box.style.height = `${data.height}px`;
  const { handle, box } = entry;
  return () => {
    if (mounted.get(parentElement)?.latest !== call) return;
    mounted.delete(parentElement);
    handle.destroy();
    box.remove();
  };
}

function begin(call: ComponentArguments): Mounted {
  const { data, parentElement } = call;
  const box = document.createElement("div");
  box.style.height = `${data.height}px`;
  parentElement.append(box);
  const handle: ViewerHandle = mount(box, JSON.parse(data.doc) as Doc, {
    theme: data.theme,
    heat: data.heat,
    direction: data.direction,
    select: data.select,
    state: data.state,
    framed: true,
    titled: data.titled,
    onState: (state) => {
      const { id, path } = handle.selected();
      const { setStateValue, data: now } = entry.latest;
      setStateValue("shown", { key: now.key, selected: path || id, state });
    },
  });
  const entry: Mounted = { handle, box, latest: call };
  return entry;
}

/** Only what Python changed since the last run; the rest is as the reader left it. */
function follow(handle: ViewerHandle, before: ComponentData, data: ComponentData): void {
  const { theme, heat, direction } = data;
  if (data.key !== before.key) {
    handle.setOptions({ theme, heat, direction });
    handle.update(JSON.parse(data.doc) as Doc, data.state, data.select);
    return;
  }
  if (theme !== before.theme || heat !== before.heat || direction !== before.direction) {
    handle.setOptions({ theme, heat, direction });
  } else {
    handle.followPage();
  }
  if (data.requests === before.requests) return;
  handle.setState(data.state);
  if (data.select !== null) handle.select(data.select);
}
