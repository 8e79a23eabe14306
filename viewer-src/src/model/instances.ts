import type { Authored, Figures, Item } from "./types";

/**
 * An item at one place of the model. A folded item whose copies are shown one by one stands for
 * several: each copy is an instance of its own, with its own ids, paths and share of the figures.
 */
export interface Instance {
  readonly id: string;
  /** The item with the ids, paths and figures of this instance; `children` are the template's. */
  readonly item: Item;
  readonly template: Item;
  readonly parent: Instance | undefined;
  /** How far its ops and calls are from the template's. */
  readonly ops: number;
  readonly calls: number;
  /** Module paths of the template, each with what it is called here. */
  readonly renames: readonly (readonly [string, string])[];
  /** Number of unfolded copies that the template's figures are shared between. */
  readonly share: number;
  /** The same for parameters: a module called again has no more of them, and 0 says none here. */
  readonly weightShare: number;
  /** Whether this is not the first of those, so that what does not divide is not here. */
  readonly later: boolean;
  /** The folded instance that this is a copy of. */
  readonly copyOf: Instance | undefined;
}

/** Makes instances, each once. */
export class Instances {
  readonly top: readonly Instance[];
  private readonly made = new Map<string, Instance>();
  private readonly inside = new Map<Instance, readonly Instance[]>();
  private readonly unfolded = new Map<Instance, readonly (readonly Instance[])[]>();
  /** Whether every instance was made. */
  private complete = false;

  /** `differ` are the ops of copies that are not hidden as those of the first copy are. */
  constructor(
    items: readonly Item[],
    private readonly differ: ReadonlySet<number>,
    private readonly author: Authored = {},
  ) {
    this.top = items.map((item) => this.register(this.adapted(item, TOP)));
  }

  /** What is inside an instance. */
  children(instance: Instance): readonly Instance[] {
    let found = this.inside.get(instance);
    if (!found) {
      found = (instance.template.children ?? []).map((item) =>
        this.register(this.adapted(item, { ...instance, parent: instance, copyOf: undefined })),
      );
      this.inside.set(instance, found);
    }
    return found;
  }

  /** The copies of a folded instance: one instance each, or the several layers of a unit. */
  copies(instance: Instance): readonly (readonly Instance[])[] {
    let found = this.unfolded.get(instance);
    if (!found) {
      const count = instance.template.copies ?? 1;
      found = Array.from({ length: count }, (_, index) => this.copy(instance, index, count));
      this.unfolded.set(instance, found);
    }
    return found;
  }

  /** The instance with an id, in any copy, whether or not it was asked for before. */
  find(id: string): Instance | undefined {
    if (!this.made.has(id) && !this.complete) {
      this.complete = true;
      this.make(this.top);
    }
    return this.made.get(id);
  }

  /** Makes all that is in these, in every copy. */
  private make(instances: readonly Instance[]): void {
    for (const instance of instances) {
      this.make(this.children(instance));
      if (canUnfold(instance)) this.make(this.copies(instance).slice(1).flat());
    }
  }

  private copy(folded: Instance, index: number, count: number): readonly Instance[] {
    const { template } = folded;
    const [ops, calls] = index ? (template.offsets?.[index - 1] ?? [0, 0]) : [0, 0];
    const from = template.paths?.[0] ?? [];
    const to = (template.paths?.[index] ?? []).map((path) => renamed(path, folded.renames));
    const again = from.every((path, place) => path === template.paths?.[1]?.[place]);
    const around = {
      ...folded,
      parent: folded.parent,
      ops: folded.ops + ops,
      calls: folded.calls + calls,
      renames: [...from.map((path, place) => [path, to[place] ?? path] as const), ...folded.renames],
      share: folded.share * count,
      weightShare: again ? (index ? 0 : folded.weightShare) : folded.weightShare * count,
      later: folded.later || index > 0,
      copyOf: folded,
    };
    if (template.unit) {
      return (template.children ?? []).map((item) => this.register(this.adapted(item, around)));
    }
    const { copies: _, offsets: __, paths: ___, chained: ____, ...single } = template;
    return [this.register(this.adapted(single, around, template))];
  }

  /** An instance of a template among others. */
  private adapted(item: Item, around: Around, template: Item = item): Instance {
    const { parent, ops, calls, renames, share, weightShare, later, copyOf } = around;
    const instance = { template, parent, ops, calls, renames, share, weightShare, later, copyOf };
    if (share === 1) return { ...instance, id: item.id, item: this.said(item, item.id) };
    const { hidden, ...fields } = item;
    const id = shiftedId(item.id, ops, calls, renames);
    const path = item.path === undefined ? undefined : renamed(item.path, renames);
    const span = item.span && ([item.span[0] + ops, item.span[1] + ops] as const);
    const named = path !== undefined && (item.copies ?? 1) === 1 && item.module !== undefined;
    // A module that is called again has its unused weights only once.
    const again = item.kind === "unused" && weightShare === 0;
    const hides = id.startsWith("o") && span && this.differ.has(span[0]) ? !hidden : hidden || again;
    const here: Item = {
      ...fields,
      id,
      ...(path === undefined ? {} : { path }),
      ...(named ? { name: relative(path, pathAround(parent)) } : {}),
      ...(span ? { span } : {}),
      ...(hides ? { hidden: true } : {}),
      figures: shared(item.figures, around),
    };
    return { ...instance, id, item: this.said(here, item.id) };
  }

  /** An item with what the author says of it; an op in a copy is called as in the first. */
  private said(item: Item, first: string): Item {
    const key = item.path ?? `#${first}`;
    const label = ownValue(this.author.labels, key);
    const colour = ownValue(this.author.colours, key);
    if (!label && !colour) return item;
    return { ...item, ...(label ? { label } : {}), ...(colour ? { colour } : {}) };
  }

  private register(instance: Instance): Instance {
    // The first copy has the id of the folded item, which is what the id means elsewhere.
    if (!this.made.has(instance.id)) this.made.set(instance.id, instance);
    return instance;
  }
}

/** The value of a key that may be any text, as names of modules are. */
function ownValue(values: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return values && Object.hasOwn(values, key) ? values[key] : undefined;
}

/** Whether the copies of an instance can be shown one by one. */
export function canUnfold({ item, template }: Instance): boolean {
  return (item.copies ?? 1) > 1 && (template.paths?.length ?? 0) > 1;
}

/** A module path as the module around it would say it. */
export function relative(path: string, inside: string): string {
  return inside && path.startsWith(`${inside}.`) ? path.slice(inside.length + 1) : path;
}

/** The path of the innermost module, from an instance outwards. */
export function pathAround(instance: Instance | undefined): string {
  for (let around = instance; around; around = around.parent) {
    if (around.item.path !== undefined) return around.item.path;
  }
  return "";
}

/** What of a template's figures is an instance's; the first copy has what does not divide evenly. */
function shared(figures: Figures, { share, weightShare, later }: Around): Figures {
  const part = (value: number, copies: number) =>
    copies ? Math.floor(value / copies) + (later ? 0 : value % copies) : 0;
  return {
    params: part(figures.params, weightShare),
    flops: part(figures.flops, share),
    memory: part(figures.memory, share),
    ...(figures.seconds === undefined ? {} : { seconds: figures.seconds / share }),
  };
}

type Around = Omit<Instance, "id" | "item" | "template">;

/** What is around the items of the model itself. */
const TOP: Around = {
  parent: undefined,
  ops: 0,
  calls: 0,
  renames: [],
  share: 1,
  weightShare: 1,
  later: false,
  copyOf: undefined,
};

function renamed(path: string, renames: Instance["renames"]): string {
  let best: readonly [string, string] | undefined;
  for (const pair of renames) {
    const [from] = pair;
    const fits = path === from || path.startsWith(`${from}.`);
    if (fits && (!best || from.length > best[0].length)) best = pair;
  }
  return best ? best[1] + path.slice(best[0].length) : path;
}

/** The id of an item in a copy: calls and ops are numbered, and modules go by their paths. */
function shiftedId(id: string, ops: number, calls: number, renames: Instance["renames"]): string {
  const numbered = /^([bu]?f*)([co])(\d+)$/.exec(id) ?? /^()(x)(\d+)$/.exec(id);
  if (numbered) {
    const [, prefix = "", kind = "", number = ""] = numbered;
    return `${prefix}${kind}${Number(number) + (kind === "o" ? ops : calls)}`;
  }
  if (/^w\d+$/.test(id)) return ops ? `${id}+${ops}` : id;
  return id.slice(0, 1) + renamed(id.slice(1), renames);
}
