// Errors of the client: what the service answered, and what no answer came to.

import type { Problem, Rejection, Schemas } from "./types.js";

/** Base of all errors of this package. */
export class ShelfmarkError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** No answer came: the connection failed, or broke off, or the time was up. The request may have been carried out. */
export class UnreachableError extends ShelfmarkError {
  constructor(
    message: string,
    /** Whether it is certain that nothing was sent. */
    readonly notSent: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The queue of a writer has no room. The event was not taken. */
export class QueueFullError extends ShelfmarkError {}

/** The writer is closed. The event was not taken. */
export class WriterClosedError extends ShelfmarkError {}

/** Delivery takes longer than `flush` was given. The writer goes on. */
export class FlushTimeoutError extends ShelfmarkError {}

/** An answer that is no success: the service's problem document (RFC 9457). */
export class ApiError extends ShelfmarkError {
  /** Stable name of the kind of problem, such as `invalid`. */
  readonly code: string;
  /** What is wrong, in words. */
  readonly detail: string;

  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
    readonly retryAfterMs: number | null,
  ) {
    const code = problem.code ?? "http";
    const detail = problem.detail ?? "the answer is no problem document";
    super(`${status} ${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
  }

  /** Id of the request, as in the service's log. */
  get requestId(): string | undefined {
    return this.problem.request_id;
  }

  /** The fields at fault. */
  get errors(): Schemas["FieldProblem"][] {
    return this.problem.errors ?? [];
  }

  /** The first field at fault, dotted for nested ones. */
  get field(): string | undefined {
    return this.errors[0]?.field;
  }

  /** The entries of a batch, when none of them was taken. */
  get rejected(): Rejection[] {
    return this.problem.rejected ?? [];
  }

  /** Position reached, or that of the other event of a conflict. */
  get position(): number | undefined {
    return this.problem.position ?? undefined;
  }
}

/** The error that an answer stands for. */
export async function errorOf(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem> | null;
  const said = response.headers.get("retry-after");
  const seconds = said === null || said.trim() === "" ? NaN : Number(said);
  const wait = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
  return new ApiError(response.status, typeof problem === "object" && problem !== null ? problem : {}, wait);
}
