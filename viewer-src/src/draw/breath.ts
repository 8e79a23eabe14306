/** How long the page may be kept from answering its reader, in milliseconds. */
const HELD = 14;

/** Splits long work into pieces, between which the page lives. */
export class Breath {
  private since = performance.now();

  /** Without end, where something has to be there before the page does anything else. */
  constructor(private readonly held = HELD) {}

  /** What a function makes of each item, with pauses where it takes long. */
  async each<T, R>(items: Iterable<T>, make: (item: T) => R): Promise<R[]> {
    const result: R[] = [];
    for (const item of items) {
      if (this.isLong()) await this.pause();
      result.push(make(item));
    }
    return result;
  }

  /** A pause where the page was held for long. */
  async rest(): Promise<void> {
    if (this.isLong()) await this.pause();
  }

  /** Lets the page draw itself and answer its reader. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.since = performance.now();
  }

  private isLong(): boolean {
    return performance.now() - this.since > this.held;
  }
}
