import { graphvizJson, loadGraphviz } from "./graphviz";
import { type Places, readPlaces } from "./places";

/** What the worker is asked. */
export interface Request {
  readonly id: number;
  readonly dot: string;
}

/** What the worker says: that it is ready, or the answer to a request. */
export type Answer =
  | { readonly ready: true }
  | { readonly id: number; readonly places: Places }
  | { readonly id: number; readonly error: string };

/** The answer to a request. */
export async function answer({ id, dot }: Request): Promise<Answer> {
  try {
    return { id, places: readPlaces(await graphvizJson(dot)) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Where the page finds `answer`, when it runs this script itself. */
const IN_PAGE = "modelvizLayout";

// The same script serves as a worker and, where none can be started, in the page.
if (typeof document === "undefined") {
  self.onmessage = (event: MessageEvent<Request>) => {
    void answer(event.data).then((reply) => self.postMessage(reply));
  };
  const ready: Answer = { ready: true };
  void loadGraphviz().then(
    () => self.postMessage(ready),
    // Told to the page as a worker that does not start.
    (error: unknown) =>
      setTimeout(() => {
        throw error;
      }),
  );
} else {
  Object.assign(globalThis, { [IN_PAGE]: answer });
}
