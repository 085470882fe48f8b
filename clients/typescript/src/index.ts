/**
 * Client of Shelfmark: recommendations and embeddings from a model that learns from every event.
 *
 * `Client` has a method for each operation, by the names of the HTTP API. `client.session()` reads its own writes,
 * `EventWriter` sends many events.
 */

export type { CallOptions, ReadOptions, WaitOptions } from "./api.js";
export type { Dropped, Report } from "./batching.js";
export { Client, Session, type ClientOptions } from "./client.js";
export type { Embeddings, Table } from "./embeddings.js";
export {
  ApiError,
  FlushTimeoutError,
  QueueFullError,
  ShelfmarkError,
  UnreachableError,
  WriterClosedError,
} from "./errors.js";
export { newEventId, type Repeat, type RetryPolicy } from "./retry.js";
export type { paths } from "./schema.js";
export * from "./types.js";
export { EventWriter, type WriterOptions } from "./writer.js";
