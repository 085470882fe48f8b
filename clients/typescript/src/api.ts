// Methods of the client. Each is an operation of the HTTP API and has its name; paths, bodies and answers are typed by
// the OpenAPI document.

import { embeddings, floats, FLOATS, SAFETENSORS, type Embeddings } from "./embeddings.js";
import { newEventId, type Repeat } from "./retry.js";
import type { paths } from "./schema.js";
import type {
  Appended,
  Event,
  Item,
  ItemPatch,
  PropertyValue,
  Query,
  RankQuery,
  Recommendations,
  Schemas,
} from "./types.js";

export type Method = "get" | "post" | "put" | "patch" | "delete";
type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never;
}[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P][M];
type Parameters<O> = O extends { parameters: infer Q } ? Q : never;
type QueryOf<O> = Parameters<O> extends { query?: infer Q } ? Q : never;
type PathOf<O> = Parameters<O> extends { path: infer Q } ? Omit<Q, "model"> & { model?: string } : never;
type BodyOf<O> = O extends { requestBody?: { content: { "application/json": infer B } } } ? B : never;
type Json<R> = R extends { content: { "application/json": infer A } } ? A : never;
type Ok = 200 | 201 | 202;
type AnswerOf<O> = O extends { responses: infer R } ? { [S in keyof R & Ok]: Json<R[S]> }[keyof R & Ok] : never;

/** Parts of a request. The model of the path is the client's when it is left out. */
export interface CallOptions<O> {
  path?: PathOf<O>;
  query?: QueryOf<O>;
  body?: BodyOf<O>;
  /** When it may be sent again; `always` for GET, `refused` for the rest when left out. */
  repeat?: Repeat;
  signal?: AbortSignal;
}

/** What an append waits for. */
export interface WaitOptions {
  wait?: "logged" | "applied";
  timeout_ms?: number;
  signal?: AbortSignal;
}

/** Which state a read is answered by. */
export interface ReadOptions {
  min_position?: number;
  timeout_ms?: number;
  signal?: AbortSignal;
}

/** One request as a value. */
export interface Call {
  method: Method;
  path: string;
  parts: Record<string, unknown>;
  query: Record<string, unknown>;
  body: object | null;
  repeat: Repeat;
  accept: string;
  /** Where a read names `min_position`; `null` for what is no read of a state. */
  positionIn: "query" | "body" | null;
  signal: AbortSignal | null;
}

const MODEL = "/v1/models/{model}";

/** What a client and a session can be asked for. */
export abstract class Api {
  /** Sends a request, and again as far as that is harmless. */
  abstract send(call: Call): Promise<Response>;

  /** Sends any request of the API. */
  async call<M extends Method, P extends PathsWith<M> & string>(
    method: M,
    path: P,
    options: CallOptions<Operation<P, M>> = {},
  ): Promise<AnswerOf<Operation<P, M>>> {
    const { path: parts, query, body, repeat, signal } = options;
    const response = await this.send({
      method,
      path,
      parts: (parts ?? {}) as Record<string, unknown>,
      query: (query ?? {}) as Record<string, unknown>,
      body: (body ?? null) as object | null,
      repeat: repeat ?? (method === "get" ? "always" : "refused"),
      accept: "application/json",
      positionIn: null,
      signal: signal ?? null,
    });
    return (response.status === 204 ? undefined : await response.json()) as AnswerOf<Operation<P, M>>;
  }

  private async read<T>(path: string, parts: object, options: ReadOptions & Record<string, unknown>): Promise<T> {
    return (await (await this.get(path, parts, options, "application/json")).json()) as T;
  }

  private get(
    path: string,
    parts: object,
    options: ReadOptions & Record<string, unknown>,
    accept: string,
  ): Promise<Response> {
    const { signal, ...query } = options;
    const call = { method: "get", path, query, body: null, repeat: "always", accept, positionIn: "query" } as const;
    return this.send({ ...call, parts: { ...parts }, signal: signal ?? null });
  }

  private search(
    path: string,
    body: object,
    signal: AbortSignal | undefined,
    accept = "application/json",
  ): Promise<Response> {
    const call = { method: "post", path, parts: {}, query: {}, repeat: "always", accept, positionIn: "body" } as const;
    return this.send({ ...call, body, signal: signal ?? null });
  }

  private async write(
    method: Method,
    path: string,
    parts: object,
    body: object | null,
    options: WaitOptions,
  ): Promise<Appended> {
    const { signal, ...query } = options;
    const call = { method, path, query, body, repeat: "always", accept: "application/json", positionIn: null } as const;
    return (await (await this.send({ ...call, parts: { ...parts }, signal: signal ?? null })).json()) as Appended;
  }

  // Events

  /** Appends one event. Without an `event_id` it gets one here, so that a retry never counts twice. */
  async appendEvent(event: Event, options: WaitOptions = {}): Promise<Appended> {
    const sent = withId(event);
    return withIds(await this.write("post", `${MODEL}/events`, {}, sent, options), [sent]);
  }

  /** Appends up to 10,000 events. `rejected` names those that were not taken; when none was, it is an error. */
  async appendEvents(events: Iterable<Event>, options: WaitOptions = {}): Promise<Appended> {
    const sent = Array.from(events, withId);
    return withIds(await this.write("post", `${MODEL}/events`, {}, { events: sent }, options), sent);
  }

  /** Takes an event back: an unlike, a cancelled order. */
  retractEvent(id: string, options: WaitOptions = {}): Promise<Appended> {
    return this.write("delete", `${MODEL}/events/{id}`, { id }, null, options);
  }

  // Items

  /** Puts items, each whole: what is left out is gone. */
  putItems(items: Iterable<Item>, options: WaitOptions = {}): Promise<Appended> {
    return this.write("post", `${MODEL}/items`, {}, { items: [...items] }, options);
  }

  /** Changes what each entry names of the item with its `id` (RFC 7396). */
  patchItems(items: Iterable<ItemPatch>, options: WaitOptions = {}): Promise<Appended> {
    return this.write("patch", `${MODEL}/items`, {}, { items: [...items] }, options);
  }

  /** Changes what `changes` names of one item (RFC 7396). */
  patchItem(id: string, changes: ItemPatch, options: WaitOptions = {}): Promise<Appended> {
    return this.write("patch", `${MODEL}/items/{id}`, { id }, changes, options);
  }

  /** Removes an item. It stays away until it is put again. */
  removeItem(id: string, options: WaitOptions = {}): Promise<Appended> {
    return this.write("delete", `${MODEL}/items/{id}`, { id }, null, options);
  }

  /** Returns an item's metadata. */
  getItem(id: string, options: ReadOptions = {}): Promise<Item> {
    return this.read(`${MODEL}/items/{id}`, { id }, { ...options });
  }

  /** Returns a page of the items. Go on with `next_cursor` until it is null. */
  listItems(options: ReadOptions & { cursor?: number; limit?: number } = {}): Promise<Schemas["ItemsOut"]> {
    return this.read(`${MODEL}/items`, {}, { ...options });
  }

  // Users

  /** Returns what the model holds of a user. */
  getUser(id: string, options: ReadOptions = {}): Promise<Schemas["UserOut"]> {
    return this.read(`${MODEL}/users/{id}`, { id }, { ...options });
  }

  /** Puts a user's labels: those left out are gone. */
  putUser(id: string, labels: Record<string, PropertyValue>, options: WaitOptions = {}): Promise<Appended> {
    return this.write("put", `${MODEL}/users/{id}`, { id }, { labels }, options);
  }

  /** Changes the labels that are named; null takes one away. */
  patchUser(id: string, labels: Record<string, PropertyValue | null>, options: WaitOptions = {}): Promise<Appended> {
    return this.write("patch", `${MODEL}/users/{id}`, { id }, { labels }, options);
  }

  /** Moves what a session or another user did into the history of this user: a guest becomes a member. */
  mergeUser(id: string, from: { session: string } | { user: string }, options: WaitOptions = {}): Promise<Appended> {
    return this.write("post", `${MODEL}/users/{id}/merge`, { id }, from, options);
  }

  // Recommendations

  /** Recommends items to a user, a visit, beside an item, or by a vector; without any, what is popular. */
  async recommend(query: Query, options: { signal?: AbortSignal } = {}): Promise<Recommendations> {
    return (await (await this.search(`${MODEL}/recommendations`, query, options.signal)).json()) as Recommendations;
  }

  /** Answers up to 1,000 queries from one state. A query that cannot be answered fails alone. */
  async recommendBatch(
    queries: Iterable<Query>,
    options: ReadOptions & { version?: string } = {},
  ): Promise<Schemas["BatchOut"]> {
    const { signal, ...rest } = options;
    const body = { queries: [...queries], ...rest };
    return (await (await this.search(`${MODEL}/recommendations/batch`, body, signal)).json()) as Schemas["BatchOut"];
  }

  /** Orders up to 1,000 items by the scores that they would have among all. */
  async rank(query: RankQuery, options: { signal?: AbortSignal } = {}): Promise<Schemas["RankOut"]> {
    return (await (await this.search(`${MODEL}/rank`, query, options.signal)).json()) as Schemas["RankOut"];
  }

  /** Returns the items whose vectors are most like this one's. */
  similarItems(
    id: string,
    options: ReadOptions & { limit?: number; version?: string } = {},
  ): Promise<Schemas["SimilarOut"]> {
    return this.read(`${MODEL}/items/{id}/similar`, { id }, { ...options });
  }

  // Embeddings

  /** Returns up to 10,000 vectors of one state. */
  async getEmbeddings(
    ids: { items?: string[]; users?: string[] },
    options: ReadOptions & { version?: string } = {},
  ): Promise<Embeddings> {
    const { signal, ...rest } = options;
    const response = await this.search(`${MODEL}/embeddings`, { ...ids, ...rest }, signal, SAFETENSORS);
    return embeddings(await response.arrayBuffer());
  }

  /** Returns an item's vector. */
  async getItemEmbedding(id: string, options: ReadOptions & { version?: string } = {}): Promise<Float32Array> {
    return floats(
      await (await this.get(`${MODEL}/items/{id}/embedding`, { id }, { ...options }, FLOATS)).arrayBuffer(),
    );
  }

  /** Returns a user's vector. */
  async getUserEmbedding(id: string, options: ReadOptions & { version?: string } = {}): Promise<Float32Array> {
    return floats(
      await (await this.get(`${MODEL}/users/{id}/embedding`, { id }, { ...options }, FLOATS)).arrayBuffer(),
    );
  }

  // Models

  /** Returns the model: configuration, position, digest, counts. */
  getModel(options: ReadOptions = {}): Promise<Schemas["ModelOut"]> {
    return this.read(MODEL, {}, { ...options });
  }
}

/** The event, with an id if it has none, so that it may be sent again. */
export function withId(event: Event): Event {
  return event.event_id === undefined || event.event_id === null ? { ...event, event_id: newEventId() } : event;
}

/** The answer with the ids of the events that were taken: the service returns only its own. */
function withIds(answer: Appended, events: Event[]): Appended {
  // The list of rejections is bounded: beyond the bound it is not known which they are.
  if (answer.rejected_count !== answer.rejected.length) return answer;
  const rejected = new Set(answer.rejected.map((rejection) => rejection.index));
  return { ...answer, event_ids: events.map((event, place) => (rejected.has(place) ? null : String(event.event_id))) };
}
