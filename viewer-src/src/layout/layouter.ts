import { InPage } from "./inPage";
import type { Places } from "./places";
import type { Answer, Request } from "./worker";
import text from "./worker?text";

/** A layout failed or took too long; the message says what to do. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
}

/** Lays DOT text out; a layout that is not wanted any more is stopped through the signal. */
export type LayOut = (dot: string, signal?: AbortSignal) => Promise<Places>;

const SECONDS = 20;
/** How long a worker may take to start before the page does its work. */
const START_SECONDS = 10;
const KEPT = 12;

interface Job {
  readonly request: Request;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (places: Places) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Graphviz in a worker: one layout at a time, stopped when it is not wanted any more or takes too
 * long. Where the page may start no worker, Graphviz runs in the page itself.
 */
export class Layouter {
  private worker: Worker | undefined;
  private inPage: InPage | undefined;
  private ready = false;
  /** Ends the wait for a worker to start. */
  private starting: ReturnType<typeof setTimeout> | undefined;
  /** Ends the wait for a layout. */
  private running: ReturnType<typeof setTimeout> | undefined;
  private job: Job | undefined;
  private waiting: Job[] = [];
  private count = 0;
  private readonly known = new Map<string, Places>();

  /** Starts the worker ahead of the first layout. */
  warm(): void {
    if (!this.worker && !this.inPage) this.start();
  }

  /** The layout of DOT text. Rejects with a LayoutError, or with the reason of the signal. */
  readonly layOut: LayOut = async (dot, signal) => {
    signal?.throwIfAborted();
    const known = this.known.get(dot);
    if (known) return known;
    const places = await new Promise<Places>((resolve, reject) => {
      const request = { id: this.count++, dot };
      const job: Job = { request, signal, resolve, reject };
      signal?.addEventListener("abort", () => this.abort(job), { once: true });
      this.waiting.push(job);
      this.next();
    });
    this.known.set(dot, places);
    if (this.known.size > KEPT) this.known.delete(this.known.keys().next().value!);
    return places;
  };

  private next(): void {
    if (this.job || !this.waiting.length) return;
    this.warm();
    this.job = this.waiting.shift()!;
    this.send();
  }

  /** Hands the current job over, once there is somebody to do it. */
  private send(): void {
    if (!this.job) return;
    const { request } = this.job;
    if (this.inPage) {
      this.inPage.ask(request).then(this.receive, () => {
        this.finish((job) => job.reject(new LayoutError(FORBIDDEN)));
      });
    } else if (this.ready) {
      this.worker?.postMessage(request);
      this.running = setTimeout(() => this.tooLong(), SECONDS * 1000);
    }
  }

  private start(): void {
    this.ready = false;
    const instead = (): void => this.useThePage();
    try {
      const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
      // Not a module: pages that are opened as files may start classic workers only.
      this.worker = new Worker(url);
    } catch {
      // Not allowed here, by a sandbox or a content security policy.
      return instead();
    }
    this.starting = setTimeout(instead, START_SECONDS * 1000);
    this.worker.onerror = () => {
      if (this.ready) this.fail("Graphviz stopped unexpectedly");
      else instead();
    };
    this.worker.onmessage = (event: MessageEvent<Answer>) => this.receive(event.data);
  }

  private useThePage(): void {
    this.stop();
    this.inPage = new InPage(text);
    this.send();
  }

  private readonly receive = (said: Answer): void => {
    if ("ready" in said) {
      clearTimeout(this.starting);
      this.ready = true;
      this.send();
    } else if (said.id === this.job?.request.id) {
      this.finish((job) => {
        if ("places" in said) job.resolve(said.places);
        else job.reject(new LayoutError(`Graphviz failed: ${said.error}. ${ADVICE}`));
      });
    }
  };

  private finish(tell: (job: Job) => void): void {
    clearTimeout(this.running);
    const { job } = this;
    this.job = undefined;
    if (job) tell(job);
    this.next();
  }

  private abort(job: Job): void {
    this.waiting = this.waiting.filter((other) => other !== job);
    job.reject(job.signal?.reason);
    if (this.job !== job) return;
    // What has begun can only be stopped together with its worker.
    if (this.worker && this.ready) this.stop();
    this.finish(() => undefined);
  }

  private tooLong(): void {
    this.fail(`The layout did not finish within ${SECONDS} s: too much is open`);
  }

  private fail(what: string): void {
    this.stop();
    this.finish((job) => job.reject(new LayoutError(`${what}. ${ADVICE}`)));
  }

  private stop(): void {
    clearTimeout(this.starting);
    clearTimeout(this.running);
    this.worker?.terminate();
    this.worker = undefined;
    this.ready = false;
  }
}

const FORBIDDEN =
  "The page does not allow the layout to run: its content security policy must permit " +
  "WebAssembly, and workers or scripts from blob: addresses.";
const ADVICE = "Close some blocks, or open fewer at once.";
