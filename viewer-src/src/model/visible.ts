import type { Copies, Owners } from "./edges";
import { canUnfold, type Instance, type Instances } from "./instances";
import type { Doc, Figures, State, Visible } from "./types";

/** One copy of everything folded around an instance, and how far its ops are from the first's. */
interface Stand {
  readonly ops: number;
  readonly copies: Copies;
}

/** What is visible in a state, and who stands for what. */
export function look(
  doc: Doc,
  instances: Instances,
  state: State,
): { items: Visible[]; owners: Owners } {
  const looking = new Looking(doc, instances, state);
  return { items: looking.items(instances.top, [{ ops: 0, copies: [] }], 1), owners: looking };
}

class Looking implements Owners {
  readonly leaves: Instance[] = [];
  readonly leafOf: Int32Array;
  readonly copiesOf: (Copies | undefined)[];
  readonly places = new Map<string, number>();
  private folds = 0;

  constructor(
    doc: Doc,
    private readonly instances: Instances,
    private readonly state: State,
  ) {
    this.leafOf = new Int32Array(doc.flow.ops).fill(-1);
    this.copiesOf = new Array<Copies | undefined>(doc.flow.ops);
  }

  /** The visible items among instances, in `around` copies of what is around them. */
  items(instances: readonly Instance[], stands: readonly Stand[], around: number): Visible[] {
    const result: Visible[] = [];
    for (const instance of instances) {
      if (this.state.unfolded.has(instance.id) && canUnfold(instance)) {
        const copies = this.instances.copies(instance).flat();
        result.push(...this.items(copies, stands, around));
      } else {
        const item = this.item(instance, stands, around);
        if (item) result.push(item);
      }
    }
    return result;
  }

  private item(instance: Instance, stands: readonly Stand[], around: number): Visible | undefined {
    const { item, template } = instance;
    const copies = item.copies ?? 1;
    const multiple = around * copies;
    const inside = copies > 1 ? this.eachCopy(instance, stands) : stands;
    const seen = {
      id: instance.id,
      item,
      title: item.label ?? item.title,
      name: item.label ? "" : (item.name ?? ""),
      ...(item.path === undefined ? {} : { path: item.path }),
      copies,
      multiple,
      figures: item.figures,
      each: perCopy(item.figures, multiple),
      ...(instance.copyOf ? { foldOf: instance.copyOf.id } : {}),
    };
    if (template.children && this.state.open.has(instance.id)) {
      const children = this.items(this.instances.children(instance), inside, multiple);
      const title = item.label ?? (item.unit ? "" : item.title);
      return children.length ? { ...seen, type: "group", title, children } : undefined;
    }
    this.close(instance, inside);
    if (item.hidden) return undefined;
    return { ...seen, type: "node", expandable: showsInside(template.children) };
  }

  /** Make a closed instance stand for its ops. */
  private close(instance: Instance, stands: readonly Stand[]): void {
    const { item, template } = instance;
    const place = this.leaves.length;
    this.leaves.push(instance);
    if (!item.span) {
      this.places.set(`${template.id}+${instance.ops}`, place);
      return;
    }
    const [start, stop] = item.span;
    for (const { ops, copies } of stands) {
      this.leafOf.fill(place, start + ops, stop + ops);
      this.copiesOf.fill(copies, start + ops, stop + ops);
    }
  }

  /** The stands of what is in a folded instance: all of its copies in each of its own. */
  private eachCopy({ template }: Instance, stands: readonly Stand[]): Stand[] {
    const fold = this.folds++;
    const offsets = [0, ...(template.offsets ?? []).map(([ops]) => ops)];
    return stands.flatMap((stand) =>
      offsets.map((offset, copy) => ({
        ops: stand.ops + offset,
        copies: [...stand.copies, fold, copy],
      })),
    );
  }
}

/** A share of figures, or all where the copies hold them together. */
export function perCopy(figures: Figures, copies: number): Figures {
  const part = (value: number) => (value % copies === 0 ? value / copies : value);
  return {
    params: part(figures.params),
    flops: part(figures.flops),
    memory: part(figures.memory),
    ...(figures.seconds === undefined ? {} : { seconds: figures.seconds / copies }),
  };
}

/** Whether anything is to be seen among items. */
export function showsInside(items: Instance["template"]["children"]): boolean {
  return items?.some((item) => !item.hidden || showsInside(item.children)) ?? false;
}
