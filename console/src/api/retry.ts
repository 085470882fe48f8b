// When a request that was refused is sent again. Pure.

/// Sends of one request, at most.
export const SENDS_MAX = 8;
/// Longest pause before the next one, whatever the service says.
const PAUSE_MAX_MS = 5000;
/// Pause when the service says nothing.
const PAUSE_MS = 1000;

export interface Refusal {
  status: number;
  code: string;
  /// The header `Retry-After`.
  retryAfter: string | null;
}

/// Milliseconds until a refused request is sent for the next time, `null` when it is not. With 429 the service has done
/// nothing of it; a 503 of `overloaded` is certain to have done nothing only when the request changes nothing.
export function pauseBefore(sent: number, refusal: Refusal, readsOnly: boolean): number | null {
  const refused = refusal.status === 429 || (refusal.code === "overloaded" && readsOnly);
  if (!refused || sent >= SENDS_MAX) return null;
  const said = refusal.retryAfter === null || refusal.retryAfter.trim() === "" ? NaN : Number(refusal.retryAfter);
  return Number.isFinite(said) && said >= 0 ? Math.min(said * 1000, PAUSE_MAX_MS) : PAUSE_MS;
}
