/** The viewer as a component of Streamlit, version 2. */

import type { Direction, Heat } from "../draw/look";
import type { Doc } from "../model/types";
import { mount } from "./mount";
import { type ComponentCall, type Mounted, mounting } from "./mounted";
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

export type ComponentArguments = ComponentCall<ComponentData>;

interface Shown extends Mounted<ComponentArguments> {
  readonly handle: ViewerHandle;
}

function begin(call: ComponentArguments): Shown {
  const { data, parentElement } = call;
  const box = document.createElement("div");
  parentElement.append(box);
  box.style.height = `${data.height}px`;
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
  const entry: Shown = { handle, box, latest: call, end: () => handle.destroy() };
  return entry;
}

/** Only what Python changed since the last run; the rest is as the reader left it. */
function follow({ box, handle }: Shown, before: ComponentData, data: ComponentData): void {
  const { theme, heat, direction } = data;
  box.style.height = `${data.height}px`;
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

/** Mounts the viewer, or on a later run of the script tells the one that is there what changed. */
export const component = mounting(begin, follow);
