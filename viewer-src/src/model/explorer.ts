import { edges } from "./edges";
import { type Instance, Instances } from "./instances";
import { formerEdges, links } from "./links";
import { search } from "./search";
import { Signs } from "./signs";
import type { Doc, Hit, Item, Link, State, View } from "./types";
import { look } from "./visible";
import { walk } from "./walk";

/** What a reader can do with a document. */
export function explorer(doc: Doc): Explorer {
  return new Explorer(doc);
}

/** Reads a document; all of it is pure, a state goes in and a new one comes out. */
export class Explorer {
  /** Number of levels. */
  readonly depth: number;
  private readonly instances: Instances;
  private readonly firstOf = new Map<string, string>();
  private readonly signs: Signs;

  constructor(readonly doc: Doc) {
    this.instances = new Instances(doc.items, new Set(doc.flow.differ), doc.author);
    this.depth = this.index(doc.items, 1);
    this.signs = new Signs(doc, this);
  }

  /** Whether something bears signs: what data passes through unseen does not, what is around it does. */
  bears(id: string): boolean {
    const item = this.item(id);
    return item !== undefined && !item.hidden;
  }

  /** The id of what is folded that an id is that of a copy of. */
  copyOf(id: string): string | undefined {
    const folded = this.instances.find(id)?.copyOf;
    return folded?.template.unit ? undefined : folded?.id;
  }

  /** For each mark of the document the ids of the items that it is about, in any copy. */
  get marked(): readonly (readonly string[])[] {
    return this.signs.ids;
  }

  initial(): State {
    return { open: new Set(this.doc.open), unfolded: new Set() };
  }

  view(state: State): View {
    const { name, traced, counted, failure, figures, show } = this.doc;
    const { items, owners } = look(this.doc, this.instances, state);
    const shown = edges(this.doc, owners);
    const visible = new Set([...walk(items)].map(({ id }) => id));
    // Two blocks that have one module in common somewhere are not one thing.
    const standIn = (id: string, reason: Link["reason"]) =>
      reason === "same module" ? id : this.standInAmong(visible, id);
    return {
      name,
      traced,
      counted,
      failure,
      figures,
      show: new Set(show),
      items: this.signs.signed(items, state),
      edges: [...shown, ...formerEdges(items, this.doc.links, standIn)],
      links: links(items, this.doc.links, standIn),
      ...(this.doc.overlays ? { overlays: this.doc.overlays } : {}),
      ...(this.doc.author ? { author: this.doc.author } : {}),
    };
  }

  /** The item with an id, in any copy; its paths and names are those of that copy. */
  item(id: string): Item | undefined {
    return this.instances.find(id)?.item;
  }

  /** The id of the first call of a module. */
  idOf(path: string): string | undefined {
    return this.firstOf.get(path) ?? this.search(path).find((hit) => hit.kind === "module" && hit.path === path)?.id;
  }

  open(state: State, id: string): State {
    return { ...state, open: new Set([...state.open, id]) };
  }

  close(state: State, id: string): State {
    return { ...state, open: without(state.open, id) };
  }

  unfold(state: State, id: string): State {
    return { open: without(state.open, id), unfolded: new Set([...state.unfolded, id]) };
  }

  fold(state: State, id: string): State {
    return { ...state, unfolded: without(state.unfolded, id) };
  }

  /** Everything closed. */
  closeAll(): State {
    return { open: new Set(), unfolded: new Set() };
  }

  /** Modules open down to a depth, 1 being what the model itself runs. */
  openTo(depth: number): State {
    const open = new Set<string>();
    const visit = (items: readonly Item[], level: number): void => {
      for (const item of items) {
        if (!item.children || (level >= depth && !sameLevel(item))) continue;
        open.add(item.id);
        visit(item.children, sameLevel(item) ? level : level + 1);
      }
    };
    visit(this.doc.items, 1);
    return { open, unfolded: new Set() };
  }

  /** Whatever is around an item opened, so that it is visible. */
  reveal(state: State, id: string): State {
    const open = new Set(state.open);
    const unfolded = new Set(state.unfolded);
    let instance = this.instances.find(id);
    for (; instance; instance = instance.parent) {
      // The first copy has its fold's id, and is seen in it.
      if (instance.copyOf && instance.copyOf.id !== instance.id) unfolded.add(instance.copyOf.id);
      if (instance.parent) open.add(instance.parent.id);
    }
    return { open, unfolded };
  }

  /** The visible node or group that stands for an item in a state. */
  standIn(state: State, id: string): string | undefined {
    let found: string | undefined;
    for (const instance of outerFirst(this.instances.find(id))) {
      const { item, copyOf } = instance;
      // The first copy has its fold's id, and is seen in it.
      if (copyOf && copyOf.id !== instance.id && !state.unfolded.has(copyOf.id)) return copyOf.id;
      const open = item.children !== undefined && state.open.has(instance.id);
      if (item.hidden && !open) return found;
      if (item.unit && state.unfolded.has(instance.id)) continue;
      found = instance.id;
      if (!open) return found;
    }
    return found;
  }

  /** What has the words in its path, class, op or name, the best first; visible or not. */
  search(query: string): Hit[] {
    return search(this.instances, query);
  }

  private standInAmong(visible: ReadonlySet<string>, id: string): string | undefined {
    let instance: Instance | undefined = this.instances.find(id);
    for (; instance; instance = instance.copyOf ?? instance.parent) {
      if (visible.has(instance.id)) return instance.id;
    }
    return undefined;
  }

  /** Remember the first call of each module; gives the number of levels. */
  private index(items: readonly Item[], level: number): number {
    let deepest = level;
    for (const item of items) {
      if (item.module && item.path !== undefined && !this.firstOf.has(item.path)) {
        this.firstOf.set(item.path, item.id);
      }
      if (item.children) {
        deepest = Math.max(deepest, this.index(item.children, sameLevel(item) ? level : level + 1));
      }
    }
    return deepest;
  }
}

/** Whether an item is a frame around others rather than a part of its own: it is no level. */
function sameLevel(item: Item): boolean {
  return item.module === undefined && item.function !== "ops" && !item.stretch;
}

/** An instance after all that it is in. */
function outerFirst(instance: Instance | undefined): Instance[] {
  const result: Instance[] = [];
  for (let around = instance; around; around = around.parent) result.push(around);
  return result.reverse();
}

function without(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const result = new Set(set);
  result.delete(id);
  return result;
}
