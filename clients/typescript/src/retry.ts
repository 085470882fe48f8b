// Retries: which requests may be sent again, and when. Pure.

import { ApiError, UnreachableError } from "./errors.js";

/** When a request may be sent again: `always` where twice does what once does, `refused` if nothing was done of it. */
export type Repeat = "always" | "refused";

/** Bounds of retries: exponential backoff with full jitter, and the service's `Retry-After` where it is longer. */
export interface RetryPolicy {
  /** Sends of one request, the first included: 6. */
  attemptsMax: number;
  /** Mean pause before the second attempt, doubled each time: 100. */
  backoffMs: number;
  /** Longest pause of the backoff: 5,000. */
  backoffMaxMs: number;
  /** Longest `Retry-After` that is waited for; a longer one ends the attempts: 30,000. */
  retryAfterMaxMs: number;
}

export const RETRY: RetryPolicy = { attemptsMax: 6, backoffMs: 100, backoffMaxMs: 5_000, retryAfterMaxMs: 30_000 };

/** A random pause after `attempt` (from 1) failed. */
export function backoff(policy: RetryPolicy, attempt: number): number {
  return Math.random() * Math.min(policy.backoffMaxMs, 2 * policy.backoffMs * 2 ** Math.min(attempt - 1, 32));
}

/** Milliseconds until the next attempt after `attempt` (from 1) failed; `null` when there is none. */
export function pauseBefore(policy: RetryPolicy, attempt: number, error: unknown, repeat: Repeat): number | null {
  if (attempt >= policy.attemptsMax || !mayRepeat(error, repeat)) return null;
  const pause = backoff(policy, attempt);
  const asked = error instanceof ApiError ? error.retryAfterMs : null;
  if (asked === null) return pause;
  // Jitter after it, so that those who were refused together do not come back together.
  return asked <= policy.retryAfterMaxMs ? asked + pause : null;
}

function mayRepeat(error: unknown, repeat: Repeat): boolean {
  if (error instanceof UnreachableError) return error.notSent || repeat === "always";
  // The service has waited for the position as long as it was asked to.
  if (!(error instanceof ApiError) || error.code === "position_not_reached") return false;
  return error.status === 429 || (repeat === "always" && [408, 502, 503, 504].includes(error.status));
}

/** An id for an event: a UUID of version 7, which sorts by time. */
export function newEventId(): string {
  // `randomUUID` is missing in pages that did not come by https.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  const now = Date.now();
  view.setUint16(0, Math.floor(now / 2 ** 32));
  view.setUint32(2, now % 2 ** 32);
  view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x70);
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export const pause = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms));
