import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LayoutError, Layouter } from "./layouter";
import type { Answer, Request } from "./worker";

const PLACES = { width: 1, height: 1, nodes: [], clusters: [], edges: [] };

/** A worker that answers when the test says so. */
class FakeWorker {
  static made: FakeWorker[] = [];
  onmessage: (event: { data: Answer }) => void = () => undefined;
  onerror: () => void = () => undefined;
  asked: Request[] = [];
  terminated = false;

  constructor() {
    FakeWorker.made.push(this);
  }
  postMessage(request: Request): void {
    this.asked.push(request);
  }
  terminate(): void {
    this.terminated = true;
  }
  ready(): void {
    this.onmessage({ data: { ready: true } });
  }
  done(): void {
    this.onmessage({ data: { id: this.asked.at(-1)!.id, places: PLACES } });
  }
}

/** A layouter that was asked for a layout, which its worker is at. */
function asked(): [Layouter, Promise<unknown>] {
  const layouter = new Layouter();
  const layout = layouter.layOut("a");
  FakeWorker.made[0]!.ready();
  return [layouter, layout];
}

beforeEach(() => {
  FakeWorker.made = [];
  vi.stubGlobal("Worker", FakeWorker);
  vi.useFakeTimers();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("a layout waits for its worker, and is known afterwards", async () => {
  const layouter = new Layouter();
  const layout = layouter.layOut("digraph {}");
  const [worker] = FakeWorker.made;
  expect(worker!.asked).toEqual([]);
  worker!.ready();
  expect(worker!.asked.map(({ dot }) => dot)).toEqual(["digraph {}"]);
  worker!.done();
  expect(await layout).toEqual(PLACES);
  expect(await layouter.layOut("digraph {}")).toEqual(PLACES);
  expect(worker!.asked).toHaveLength(1);
});

test("a layout that is not wanted any more is stopped, and the next one runs", async () => {
  const layouter = new Layouter();
  const older = new AbortController();
  const first = layouter.layOut("a", older.signal);
  FakeWorker.made[0]!.ready();
  const second = layouter.layOut("b");
  older.abort(new Error("overtaken"));
  await expect(first).rejects.toThrow("overtaken");
  expect(FakeWorker.made[0]!.terminated).toBe(true);
  FakeWorker.made[1]!.ready();
  expect(FakeWorker.made[1]!.asked.map(({ dot }) => dot)).toEqual(["b"]);
  FakeWorker.made[1]!.done();
  expect(await second).toEqual(PLACES);
});

test("one that waits is dropped without stopping the one that runs", async () => {
  const layouter = new Layouter();
  const first = layouter.layOut("a");
  FakeWorker.made[0]!.ready();
  const later = new AbortController();
  const second = layouter.layOut("b", later.signal);
  later.abort(new Error("overtaken"));
  await expect(second).rejects.toThrow("overtaken");
  FakeWorker.made[0]!.done();
  expect(await first).toEqual(PLACES);
  expect(FakeWorker.made).toHaveLength(1);
});

test("a layout that takes too long is given up, and says what to do", async () => {
  const [, layout] = asked();
  const failed = expect(layout).rejects.toThrow(/within 20 s.*Close some blocks/s);
  vi.advanceTimersByTime(20_001);
  await failed;
  expect(FakeWorker.made[0]!.terminated).toBe(true);
});

test("an error of Graphviz is a LayoutError", async () => {
  const [, layout] = asked();
  const worker = FakeWorker.made[0]!;
  worker.onmessage({ data: { id: worker.asked[0]!.id, error: "syntax error" } });
  await expect(layout).rejects.toThrow(LayoutError);
});

test("a worker that stops by itself is replaced for the next layout", async () => {
  const [layouter, layout] = asked();
  FakeWorker.made[0]!.onerror();
  await expect(layout).rejects.toThrow("stopped unexpectedly");
  const again = layouter.layOut("a");
  FakeWorker.made[1]!.ready();
  FakeWorker.made[1]!.done();
  expect(await again).toEqual(PLACES);
});
