import { beforeEach, expect, test, vi } from "vitest";
import { type ComponentArguments, type ComponentData, component } from "./streamlit";

const calls: string[] = [];
let report: (state: string) => void;

vi.mock("./mount", () => ({
  mount: (_root: HTMLElement, _doc: unknown, options: { onState: (state: string) => void }) => {
    calls.push("mount");
    report = options.onState;
    const handle = ["select", "setState", "update", "setOptions", "followPage", "destroy"].map((name) => [
      name,
      (...values: unknown[]) => calls.push([name, ...values.map((value) => JSON.stringify(value))].join(" ")),
    ]);
    return { ...Object.fromEntries(handle), selected: () => ({ id: "c1", path: "fc" }) };
  },
}));

const DATA: ComponentData = {
  key: "one", doc: '{"name":"m"}', theme: "auto", heat: null, direction: "TB",
  titled: true, height: 500, requests: 0, select: null, state: "",
};
let said: unknown[];
let parentElement: HTMLElement;

beforeEach(() => {
  calls.length = 0;
  said = [];
  parentElement = document.createElement("div");
});

function run(data: Partial<ComponentData> = {}): () => void {
  const call: ComponentArguments = {
    data: { ...DATA, ...data },
    parentElement,
    setStateValue: (name, value) => said.push([name, value]),
  };
  return component(call);
}

test("a run that changes nothing keeps the viewer as it is", () => {
  run();
  run();
  expect(calls).toEqual(["mount", "followPage"]);
  expect(parentElement.childElementCount).toBe(1);
});

test("another document, style or request reaches the viewer that is there", () => {
  run();
  run({ heat: "flops" });
  run({ heat: "flops", requests: 1, select: "fc", state: "sel=c1" });
  run({ heat: "flops", key: "two", doc: "{}" });
  expect(calls.filter((call) => call !== "followPage")).toEqual([
    "mount",
    'setOptions {"theme":"auto","heat":"flops","direction":"TB"}',
    'setState "sel=c1"',
    'select "fc"',
    'setOptions {"theme":"auto","heat":"flops","direction":"TB"}',
    'update {} "" null',
  ]);
});

test("what the reader does is said for the document that it is about", () => {
  run();
  run({ key: "two" });
  report("sel=c1");
  expect(said).toEqual([["shown", { key: "two", selected: "fc", state: "sel=c1" }]]);
});

test("only the end of the last run ends the viewer", () => {
  const first = run();
  const last = run();
  first();
  expect(calls).not.toContain("destroy");
  last();
  expect(calls).toContain("destroy");
  expect(parentElement.childElementCount).toBe(0);
  run();
  expect(calls.filter((call) => call === "mount")).toHaveLength(2);
});
