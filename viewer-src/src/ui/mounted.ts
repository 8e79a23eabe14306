/** What Streamlit mounts stays there from one run of the script to the next. */

/** A call of a component, version 2. */
export interface ComponentCall<Data> {
  readonly data: Data;
  readonly parentElement: HTMLElement | ShadowRoot;
  readonly setStateValue: (name: string, value: unknown) => void;
}

/** What was mounted. */
export interface Mounted<Call> {
  readonly box: HTMLElement;
  /** Of the last call: earlier ones speak of a run of the script that is over. */
  latest: Call;
  end(): void;
}

/**
 * A component: `begin` mounts it, and on a later run `follow` tells it what changed since. The
 * function that a call gives back ends it, unless it was called anew in the meantime.
 */
export function mounting<Data, Call extends ComponentCall<Data>, Entry extends Mounted<Call>>(
  begin: (call: Call) => Entry,
  follow: (entry: Entry, before: Data, data: Data) => void,
): (call: Call) => () => void {
  const mounted = new WeakMap<Node, Entry>();
  return (call) => {
    const { data, parentElement } = call;
    const known = mounted.get(parentElement);
    const entry = known ?? begin(call);
    const before = entry.latest.data;
    entry.latest = call;
    mounted.set(parentElement, entry);
    if (known) follow(entry, before, data);
    return () => {
      if (entry.latest !== call || mounted.get(parentElement) !== entry) return;
      mounted.delete(parentElement);
      entry.end();
      entry.box.remove();
    };
  };
}
