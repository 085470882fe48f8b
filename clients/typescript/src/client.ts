// The client: requests, retries, beacons, and sessions that read their own writes.

import { Api, withId, type Call } from "./api.js";
import { ApiError, UnreachableError, errorOf } from "./errors.js";
import { pause, pauseBefore, RETRY, type RetryPolicy } from "./retry.js";
import type { Event } from "./types.js";

/** Codes of Node's errors after which nothing was sent. */
const NOT_SENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"];
/** Bytes of all beacons and kept-alive requests that a page may have under way are 64 KiB; some are left for others. */
const BEACON_BYTES_MAX = 60_000;

export interface ClientOptions {
  /** The service's root: `http://127.0.0.1:8080` when left out. */
  url?: string;
  /** The model that the methods are about: `default` when left out. */
  model?: string;
  /** An API key. In a page: one of scope `ingest` or `recommend`. */
  key?: string;
  /** Bound of each attempt, beside what a read waits for its position: 10,000. */
  timeoutMs?: number;
  retry?: Partial<RetryPolicy>;
  /** Another `fetch`, such as one with a proxy. */
  fetch?: typeof fetch;
}

/** A client of one model of a service. */
export class Client extends Api {
  readonly model: string;
  private readonly root: string;
  private readonly key: string | undefined;
  private readonly timeoutMs: number;
  private readonly policy: RetryPolicy;
  private readonly fetch: typeof fetch;

  constructor(options: ClientOptions = {}) {
    super();
    this.root = (options.url ?? "http://127.0.0.1:8080").replace(/\/+$/, "");
    this.model = options.model ?? "default";
    this.key = options.key;
    this.timeoutMs = options.timeoutMs ?? 10_000;
    this.policy = { ...RETRY, ...options.retry };
    this.fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  }

  /** A session: its reads see its writes. `position` goes on with an earlier one, such as from a cookie. */
  session(position = 0, options: { strict?: boolean } = {}): Session {
    return new Session(this, position, options.strict ?? false);
  }

  /**
   * Hands events to the browser, which sends them even when the page goes away (`navigator.sendBeacon`). Returns
   * whether it took all of them. Nobody learns whether they arrived: a browser that is closed, or offline, loses them.
   * Needs a key of scope `ingest`, which stands in the address because a beacon has no headers.
   */
  beacon(events: Iterable<Event>): boolean {
    const url = new URL(this.address("/v1/models/{model}/events", {}));
    if (this.key !== undefined) url.searchParams.set("key", this.key);
    let taken = true;
    for (const body of beaconBodies(Array.from(events, withId))) {
      // Text needs no preflight, which a page that goes away could not wait for.
      taken = navigator.sendBeacon(url, new Blob([body], { type: "text/plain" })) && taken;
    }
    return taken;
  }

  override async send(call: Call): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.attempt(call);
      } catch (error) {
        const wait = call.signal?.aborted ? null : pauseBefore(this.policy, attempt, error, call.repeat);
        if (wait === null) throw error;
        await pause(wait);
        if (call.signal?.aborted) throw error;
      }
    }
  }

  /** Sends a request once. */
  async attempt(call: Call): Promise<Response> {
    const url = new URL(this.address(call.path, call.parts));
    for (const [name, value] of Object.entries(call.query)) {
      if (value !== undefined && value !== null) url.searchParams.set(name, text(value));
    }
    const time = AbortSignal.timeout(this.timeoutMs + waitMs(call));
    const signal = call.signal === null ? time : anyOf(call.signal, time);
    const headers: Record<string, string> = { accept: call.accept };
    if (this.key !== undefined) headers["authorization"] = `Bearer ${this.key}`;
    if (call.body !== null) headers["content-type"] = "application/json";
    const body = call.body === null ? null : JSON.stringify(call.body);
    let response: Response;
    try {
      response = await this.fetch(url, { method: call.method.toUpperCase(), headers, body, signal });
    } catch (cause) {
      if (call.signal?.aborted) throw cause;
      const code = (cause as { cause?: { code?: string } }).cause?.code ?? "";
      throw new UnreachableError(`no answer from ${this.root}: ${String(cause)} ${code}`, NOT_SENT.includes(code), {
        cause,
      });
    }
    if (!response.ok) throw await errorOf(response);
    return response;
  }

  private address(path: string, parts: Record<string, unknown>): string {
    return (
      this.root +
      path.replace(/\{(\w+)\}/g, (_, name: string) => segment(parts[name] ?? (name === "model" ? this.model : "")))
    );
  }
}

/**
 * Requests of one person: each read waits until the model has learned what was written here before.
 *
 * While that cannot be, since a version is pinned or learning is behind by more than the wait, a read is answered by
 * the state that there is. Its `position` is below `position` of the session then. A strict one rejects it instead.
 */
export class Session extends Api {
  constructor(
    private readonly client: Client,
    /** The last position written here: what reads wait for. */
    public position: number,
    private readonly strict: boolean,
  ) {
    super();
  }

  /** Makes later reads wait for a position that came from elsewhere, such as from a writer's `flush`. */
  saw(position: number): void {
    this.position = Math.max(this.position, position);
  }

  override async send(call: Call): Promise<Response> {
    const later = at(call, this.position);
    try {
      const response = await this.client.send(later);
      if (call.positionIn === null && call.method !== "get") await this.note(response);
      return response;
    } catch (error) {
      const late = error instanceof ApiError && error.code === "position_not_reached";
      if (!late || this.strict || later === call) throw error;
      return this.client.send(call);
    }
  }

  private async note(response: Response): Promise<void> {
    const answer = (await response
      .clone()
      .json()
      .catch(() => null)) as { accepted?: unknown; position?: unknown } | null;
    if (typeof answer?.accepted === "number" && typeof answer.position === "number") this.saw(answer.position);
  }
}

/** The same read at `position` or later, unless it names a position or a version itself. */
function at(call: Call, position: number): Call {
  if (call.positionIn === null || position <= 0) return call;
  const named = (call.positionIn === "body" ? call.body : call.query) as Record<string, unknown>;
  if (named["min_position"] !== undefined || named["version"] !== undefined) return call;
  const later = { ...named, min_position: position };
  return call.positionIn === "body" ? { ...call, body: later } : { ...call, query: later };
}

/** Milliseconds that the service may wait before it answers, by the call's own wish. */
function waitMs(call: Call): number {
  const named = { ...call.query, ...call.body } as Record<string, unknown>;
  if (named["min_position"] === undefined && named["wait"] !== "applied") return 0;
  return Number(named["timeout_ms"] ?? 2_000);
}

function text(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** One segment of a path. `.` and `..` cannot be one: `fetch` would take them for folders. */
function segment(value: unknown): string {
  const id = String(value);
  if (id === "" || id === "." || id === "..") throw new RangeError(`the id "${id}" cannot stand in a path`);
  return encodeURIComponent(id);
}

/** As `AbortSignal.any`, which Node 20.0 to 20.2 and older browsers do not have. */
function anyOf(one: AbortSignal, other: AbortSignal): AbortSignal {
  const both = new AbortController();
  for (const signal of [one, other]) {
    if (signal.aborted) both.abort(signal.reason);
    signal.addEventListener("abort", () => both.abort(signal.reason), { once: true });
  }
  return both.signal;
}

/** Batches that a beacon can carry. An event that is too large for any is left out, and the browser refuses it. */
function beaconBodies(events: Event[]): string[] {
  const bodies: string[] = [];
  let batch: string[] = [];
  let size = 0;
  for (const event of events.map((event) => JSON.stringify(event))) {
    const bytes = new TextEncoder().encode(event).length + 1;
    if (batch.length > 0 && size + bytes > BEACON_BYTES_MAX) {
      bodies.push(`{"events":[${batch.join(",")}]}`);
      [batch, size] = [[], 0];
    }
    batch.push(event);
    size += bytes;
  }
  if (batch.length > 0) bodies.push(`{"events":[${batch.join(",")}]}`);
  return bodies;
}
