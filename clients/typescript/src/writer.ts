// A writer of events in batches.

import { withId, type Call } from "./api.js";
import { Batching, BOUNDS, type Bounds, type Dropped, type Report } from "./batching.js";
import type { Client } from "./client.js";
import { ApiError, FlushTimeoutError, QueueFullError, WriterClosedError } from "./errors.js";
import { backoff, RETRY } from "./retry.js";
import type { Appended, Event } from "./types.js";

/** Longest time that a timer can be set to. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface WriterOptions extends Partial<Bounds> {
  /** Called with each event that is given up. Without it they are counted in `report` alone. */
  onDrop?: (dropped: Dropped) => void;
  /** Longest pause between attempts, unless `Retry-After` is longer: 5,000. */
  backoffMaxMs?: number;
  /** Longest `Retry-After` that is kept to: 60,000. */
  retryAfterMaxMs?: number;
  /** In a page: hands what is not delivered to the browser as a beacon when the page is hidden. */
  beaconOnHide?: boolean;
}

/**
 * Sends events in batches, in order, until each is durable or has a reason why it cannot be.
 *
 * Events without an id get one when they are added, so an attempt whose answer was lost is repeated without harm. The
 * writer goes on through refusals (429), failures and restarts of the service. What is in the queue of a process that
 * ends is lost: close the writer first.
 */
export class EventWriter {
  private readonly batching: Batching;
  private readonly backoffMaxMs: number;
  private readonly retryAfterMaxMs: number;
  private readonly done: Promise<void>;
  private waiters: (() => void)[] = [];
  private flushing = 0;
  private closing = false;
  private deadline = Infinity;
  private failure: unknown = null;

  constructor(
    private readonly client: Client,
    options: WriterOptions = {},
  ) {
    const { onDrop, backoffMaxMs, retryAfterMaxMs, beaconOnHide, ...bounds } = options;
    this.batching = new Batching({ ...BOUNDS, ...bounds }, onDrop);
    this.backoffMaxMs = backoffMaxMs ?? 5_000;
    this.retryAfterMaxMs = retryAfterMaxMs ?? 60_000;
    if (beaconOnHide) {
      // The last event that a page can rely on; `unload` does not come on phones.
      document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "hidden") this.beacon();
      });
    }
    this.done = this.run();
  }

  /** What became of the events so far. */
  get report(): Report {
    return { ...this.batching.report };
  }

  /** Why the newest attempt failed; null while all is well. */
  get lastError(): unknown {
    return this.failure;
  }

  /** Takes an event, at once while there is room. Waits otherwise, up to `timeoutMs`; then throws `QueueFullError`. */
  async add(event: Event, options: { timeoutMs?: number } = {}): Promise<void> {
    const deadline = Date.now() + (options.timeoutMs ?? Infinity);
    while (!this.closing && !this.batching.hasRoom()) {
      if (!(await this.changed(deadline))) throw new QueueFullError(`the queue is full${this.because()}`);
    }
    if (this.closing) throw new WriterClosedError("the writer is closed");
    this.batching.add(event, Date.now());
    this.notify();
  }

  /** Waits until every event added so far is durable or dropped. */
  async flush(options: { timeoutMs?: number } = {}): Promise<Report> {
    const deadline = Date.now() + (options.timeoutMs ?? Infinity);
    const upto = this.batching.added;
    this.flushing = Math.max(this.flushing, upto);
    this.notify();
    while (this.batching.settled < upto) {
      if (!(await this.changed(deadline))) {
        throw new FlushTimeoutError(`${upto - this.batching.settled} events are not delivered${this.because()}`);
      }
    }
    return this.report;
  }

  /** Takes no more events and delivers the rest. What is left after `timeoutMs` (30,000) is dropped, with a reason. */
  async close(options: { timeoutMs?: number } = {}): Promise<Report> {
    this.closing = true;
    if (this.deadline === Infinity) this.deadline = Date.now() + (options.timeoutMs ?? 30_000);
    this.notify();
    // The attempt under way ends by itself, within its own time limit.
    await this.done;
    return this.report;
  }

  /**
   * Hands all events whose fate is not known to the browser. They stay in the queue: if the page lives on they are sent
   * again, which changes nothing because they have ids. Returns whether the browser took all of them.
   */
  beacon(): boolean {
    return this.client.beacon(this.batching.waiting());
  }

  private because(): string {
    return this.failure === null ? "" : `; the newest attempt failed: ${String(this.failure)}`;
  }

  private notify(): void {
    const waiters = this.waiters;
    this.waiters = [];
    for (const wake of waiters) wake();
  }

  /** Waits for a change; false when the deadline came first. */
  private changed(deadline: number): Promise<boolean> {
    const left = deadline - Date.now();
    if (left <= 0) return Promise.resolve(false);
    return new Promise((done) => {
      const wake = (): void => {
        clearTimeout(timer);
        done(true);
      };
      const late = (): void => {
        this.waiters = this.waiters.filter((waiter) => waiter !== wake);
        done(false);
      };
      const timer = left === Infinity ? undefined : setTimeout(late, Math.min(left, TIMER_MS_MAX));
      this.waiters.push(wake);
    });
  }

  private async run(): Promise<void> {
    let attempt = 0;
    while (await this.batchIsDue()) {
      const events = this.batching.take(Date.now());
      this.notify();
      if (events.length === 0) continue;
      try {
        const response = await this.client.attempt(append(events));
        this.batching.answered(checked(await response.json()));
        this.failure = null;
        attempt = 0;
      } catch (error) {
        attempt += 1;
        this.failure = error;
        if (!this.batching.failed(error)) await this.pause(attempt, error);
      }
      this.notify();
    }
  }

  /** Waits until there is something to send; false at the end. */
  private async batchIsDue(): Promise<boolean> {
    while (this.batching.isEmpty()) {
      if (this.closing) return false;
      await this.changed(Infinity);
    }
    const linger = Date.now() + this.batching.bounds.lingerMs;
    while (!this.closing && !this.batching.isFullBatch() && this.flushing <= this.batching.settled) {
      if (!(await this.changed(linger))) break;
    }
    if (Date.now() < this.deadline) return true;
    this.batching.abandon(this.failure === null ? "there was no time" : String(this.failure));
    this.notify();
    return false;
  }

  /** Waits before the next attempt, not longer than the writer has until it closes. */
  private async pause(attempt: number, error: unknown): Promise<void> {
    const asked = error instanceof ApiError ? Math.min(error.retryAfterMs ?? 0, this.retryAfterMaxMs) : 0;
    const until = Date.now() + asked + backoff({ ...RETRY, backoffMaxMs: this.backoffMaxMs }, attempt);
    while (await this.changed(Math.min(until, this.deadline))) {
      // Events are added meanwhile; the pause goes on.
    }
  }
}

function append(events: Event[]): Call {
  return {
    method: "post",
    path: "/v1/models/{model}/events",
    parts: {},
    query: {},
    body: { events: events.map(withId) },
    repeat: "always",
    accept: "application/json",
    positionIn: null,
    signal: null,
  };
}

/** The answer, unless it is somebody else's: a proxy's page, for example. */
function checked(answer: unknown): Appended {
  const appended = answer as Partial<Appended> | null;
  if (typeof appended?.accepted !== "number" || !Array.isArray(appended.rejected)) {
    throw new TypeError("the answer is none of this service");
  }
  return appended as Appended;
}
