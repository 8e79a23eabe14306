import type { Answer, Request } from "./worker";

type Answering = (request: Request) => Promise<Answer>;

/** What the worker's script leaves behind in a page; see worker.ts. */
const NAME = "modelvizLayout";

/** The worker's script run in the page: it works nearly everywhere, and blocks the page meanwhile. */
export class InPage {
  private answering: Promise<Answering> | undefined;

  constructor(private readonly text: string) {}

  /** The answer to a request. Rejects where the page may run no script but its own. */
  async ask(request: Request): Promise<Answer> {
    this.answering ??= this.load();
    const answering = await this.answering;
    // Lets the page show that it is busy first.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return answering(request);
  }

  private async load(): Promise<Answering> {
    const blob = URL.createObjectURL(new Blob([this.text], { type: "text/javascript" }));
    try {
      await import(/* @vite-ignore */ blob);
    } catch {
      const data = `data:text/javascript;charset=utf-8,${encodeURIComponent(this.text)}`;
      await import(/* @vite-ignore */ data);
    } finally {
      URL.revokeObjectURL(blob);
    }
    return (globalThis as unknown as Record<typeof NAME, Answering>)[NAME];
  }
}
