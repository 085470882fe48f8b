// The queue of a writer as a state machine: what is sent next, and what its answer means. Without timers and requests.

import { ApiError, QueueFullError } from "./errors.js";
import { newEventId } from "./retry.js";
import type { Appended, Event, Rejection } from "./types.js";

/** A batch has at most as many events as an answer names rejections, so that each has its reason. */
const BATCH_EVENTS_MAX = 1_000;
/** Statuses that the same events get again. Others pass, 401 to 404 too: keys are changed, models are created. */
const FOR_GOOD = [400, 409, 413, 422, 507];

/** An event that was not written, and why. */
export interface Dropped {
  event: Event;
  /** The service's code, such as `unknown_kind`; `expired` and `closed` are the writer's own. */
  code: string;
  /** The field at fault; empty for the whole event. */
  field: string;
  detail: string;
}

/** What became of the events so far. */
export interface Report {
  /** New in the log. */
  accepted: number;
  /** In the log already, mostly from an attempt whose answer was lost. */
  duplicates: number;
  /** Not written; `onDrop` was told of each. */
  dropped: number;
  /** Last position among the events: what reads that must see them name as `min_position`. */
  position: number;
}

/** Bounds of a writer. */
export interface Bounds {
  /** Events of one request, at most 1,000: 500. */
  batchEventsMax: number;
  /** Bytes of one request, about: 1 MiB. Of a key for pages a request has at most 64 KiB: take less there. */
  batchBytesMax: number;
  /** Events that wait or are under way: 10,000. When it is full, `add` waits, and then throws. */
  queueEventsMax: number;
  /** How long the first event of a batch waits for others: 50. */
  lingerMs: number;
  /** How long delivery of an event is tried before it is dropped as `expired`: an hour. */
  eventAgeMaxMs: number;
}

export const BOUNDS: Bounds = {
  batchEventsMax: 500,
  batchBytesMax: 1 << 20,
  queueEventsMax: 10_000,
  lingerMs: 50,
  eventAgeMaxMs: 3_600_000,
};

interface Entry {
  event: Event;
  bytes: number;
  since: number;
}

/** Events on their way: the front of the queue is under way, and stays there until its answer is known. */
export class Batching {
  readonly report: Report = { accepted: 0, duplicates: 0, dropped: 0, position: 0 };
  /** Events taken so far. */
  added = 0;
  /** Events whose fate is known; always the oldest. */
  settled = 0;
  private queue: Entry[] = [];
  private inFlight = 0;
  private smaller = BATCH_EVENTS_MAX;

  constructor(
    readonly bounds: Bounds,
    private readonly onDrop: ((dropped: Dropped) => void) | undefined,
  ) {
    if (!(bounds.batchEventsMax >= 1 && bounds.batchEventsMax <= BATCH_EVENTS_MAX)) {
      throw new RangeError(`batchEventsMax must be 1 to ${BATCH_EVENTS_MAX}, is ${bounds.batchEventsMax}`);
    }
    if (!(bounds.queueEventsMax >= 1))
      throw new RangeError(`queueEventsMax must be 1 or more, is ${bounds.queueEventsMax}`);
  }

  hasRoom = (): boolean => this.queue.length < this.bounds.queueEventsMax;
  isEmpty = (): boolean => this.queue.length === 0;
  isFullBatch = (): boolean => this.queue.length >= this.bounds.batchEventsMax;
  /** All events whose fate is not known. */
  waiting = (): Event[] => this.queue.map((entry) => entry.event);

  /**
   * Takes an event. One without an id gets one, and then a time, too. One with an id of the caller's stays as it is:
   * sent again by another process it must have the same body.
   */
  add(event: Event, now: number): void {
    if (!this.hasRoom()) throw new QueueFullError(`${this.queue.length} events wait, which is the maximum`);
    const known = event.event_id !== undefined && event.event_id !== null;
    const taken = known ? { ...event } : { ts: new Date().toISOString(), ...event, event_id: newEventId() };
    const bytes = new TextEncoder().encode(JSON.stringify(taken)).length;
    this.queue.push({ event: taken, bytes, since: now });
    this.added += 1;
  }

  /** The next batch. It stays in the queue until `answered` or `failed` settles it. */
  take(now: number): Event[] {
    const { batchEventsMax, batchBytesMax, eventAgeMaxMs } = this.bounds;
    for (
      let oldest = this.queue[0];
      oldest !== undefined && now - oldest.since > eventAgeMaxMs;
      oldest = this.queue[0]
    ) {
      this.drop(oldest, "expired", "", `could not be delivered within ${eventAgeMaxMs} ms`);
      this.settle(1);
    }
    let [taken, bytes] = [0, 0];
    for (const entry of this.queue) {
      bytes += entry.bytes + 1;
      if (taken > 0 && (taken >= Math.min(batchEventsMax, this.smaller) || bytes > batchBytesMax)) break;
      taken += 1;
    }
    this.inFlight = taken;
    return this.queue.slice(0, taken).map((entry) => entry.event);
  }

  /** Settles the batch under way: it is durable, but for what the answer names. */
  answered(answer: Appended): void {
    this.report.accepted += answer.accepted;
    this.report.duplicates += answer.duplicates;
    if (answer.accepted + answer.duplicates > 0) this.report.position = Math.max(this.report.position, answer.position);
    this.reject(answer.rejected);
    this.settle(this.inFlight);
    this.smaller = BATCH_EVENTS_MAX;
  }

  /**
   * Takes note that the batch under way was not taken. Returns whether to go on at once: what will never be taken is
   * dropped, and a batch that is refused as a whole is halved until the event at fault is alone.
   */
  failed(error: unknown): boolean {
    if (!(error instanceof ApiError) || !FOR_GOOD.includes(error.status)) return false;
    const [oldest] = this.queue;
    if (error.code === "nothing_taken" || (error.status === 507 && error.rejected.length > 0)) {
      this.reject(error.rejected);
      this.settle(this.inFlight);
    } else if (this.inFlight > 1 || oldest === undefined) {
      this.smaller = Math.floor(this.inFlight / 2);
    } else {
      this.drop(oldest, error.code, error.field ?? "", error.detail);
      this.settle(1);
      this.smaller = BATCH_EVENTS_MAX;
    }
    return true;
  }

  /** Drops everything that is left, because the writer is closed. */
  abandon(why: string): void {
    for (const entry of this.queue)
      this.drop(entry, "closed", "", `the writer was closed before it could be delivered: ${why}`);
    this.settle(this.queue.length);
  }

  private reject(rejected: Rejection[]): void {
    for (const { index, code, field, detail } of rejected) {
      const entry = index < this.inFlight ? this.queue[index] : undefined;
      if (entry !== undefined) this.drop(entry, code, field, detail);
    }
  }

  private drop(entry: Entry, code: string, field: string, detail: string): void {
    this.report.dropped += 1;
    try {
      this.onDrop?.({ event: entry.event, code, field, detail });
    } catch (error) {
      // What the caller's function does wrong must not stop the writer.
      console.error("onDrop failed", error);
    }
  }

  private settle(count: number): void {
    this.queue.splice(0, count);
    this.settled += count;
    this.inFlight = 0;
  }
}
