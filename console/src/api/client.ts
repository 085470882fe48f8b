// Client of the HTTP API. Paths, parameters and answers are typed by the OpenAPI document.

import type { components, paths } from "./schema";
import { pauseBefore } from "./retry";
import { readEvents, type ServerEvent } from "./sse";

export type Schema = components["schemas"];
type Method = "get" | "post" | "put" | "patch" | "delete";

type PathsWith<M extends Method> = { [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P][M];
type Parameters<O> = O extends { parameters: infer Q } ? Q : never;
type QueryOf<O> = Parameters<O> extends { query?: infer Q } ? Q : never;
type PathOf<O> = Parameters<O> extends { path: infer Q } ? Q : never;
type BodyOf<O> = O extends { requestBody?: { content: { "application/json": infer B } } } ? B : never;
type Json<R> = R extends { content: { "application/json": infer A } } ? A : never;
type Ok = 200 | 201 | 202;
type AnswerOf<O> = O extends { responses: infer R } ? { [S in keyof R & Ok]: Json<R[S]> }[keyof R & Ok] : never;

interface Options<O> {
  path?: PathOf<O>;
  query?: QueryOf<O>;
  body?: BodyOf<O>;
  signal?: AbortSignal | undefined;
}

/// An answer that is not a success: a problem of the service, or none at all.
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly retryAfter: string | null = null) {
    super(message);
  }
}

const KEY = "shelfmark.key";
/// The service's root: the folder above the console's, whatever prefix stands before it.
const root = new URL("../", document.baseURI);

export const key = {
  get: (): string => sessionStorage.getItem(KEY) ?? "",
  set(secret: string): void {
    if (secret === "") sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, secret);
  },
};

export function urlOf(path: string, parts: object = {}, query: object = {}): URL {
  const values = parts as Record<string, unknown>;
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
  const url = new URL(filled.replace(/^\//, ""), root);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, String(value));
  }
  return url;
}

function headers(json: boolean): Record<string, string> {
  const secret = key.get();
  return { ...(secret === "" ? {} : { authorization: `Bearer ${secret}` }), ...(json ? { "content-type": "application/json" } : {}) };
}

export async function call<M extends Method, P extends PathsWith<M> & string>(
  method: M,
  path: P,
  options: Options<Operation<P, M>> = {},
): Promise<AnswerOf<Operation<P, M>>> {
  const url = urlOf(path, options.path ?? {}, options.query ?? {});
  const body = options.body === undefined ? null : JSON.stringify(options.body);
  const response = await send(url, { method: method.toUpperCase(), headers: headers(body !== null), body, signal: options.signal ?? null });
  if (response.status === 204) return undefined as AnswerOf<Operation<P, M>>;
  return (await response.json()) as AnswerOf<Operation<P, M>>;
}

export const get = <P extends PathsWith<"get"> & string>(path: P, options: Options<Operation<P, "get">> = {}) =>
  call("get", path, options);

/// An answer that is no JSON.
export const text = async (path: PathsWith<"get"> & string, signal: AbortSignal): Promise<string> =>
  (await send(urlOf(path), { headers: headers(false), signal })).text();

/// Waits, or until `signal` aborts.
function pause(ms: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
  });
}

/// Sends a request, and again after the pause that the service asks for when it refuses: a caller has a share of what
/// the service does at once, and the pages of a console ask for several reports.
async function send(url: URL, init: RequestInit): Promise<Response> {
  const readsOnly = (init.method ?? "GET") === "GET" || url.pathname.endsWith("/recommendations");
  for (let sent = 1; ; sent += 1) {
    try {
      return await sendOnce(url, init);
    } catch (error) {
      const wait = error instanceof ApiError ? pauseBefore(sent, error, readsOnly) : null;
      if (wait === null || init.signal?.aborted) throw error;
      await pause(wait, init.signal);
    }
  }
}

async function sendOnce(url: URL, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The service does not answer.");
  }
  if (response.ok) return response;
  const problem = (await response.json().catch(() => null)) as Schema["Problem"] | null;
  const text = problem?.detail ?? `The service answered ${response.status}.`;
  throw new ApiError(response.status, problem?.code ?? "http", text, response.headers.get("retry-after"));
}

/// Follows a stream of server-sent events until `signal` aborts, and begins again when it breaks off. By `fetch`,
/// because an EventSource cannot send the key.
export async function follow(
  path: PathsWith<"get"> & string,
  parts: object,
  query: object,
  take: (event: ServerEvent) => void,
  signal: AbortSignal,
  broken: (error: ApiError | null) => void = () => {},
): Promise<void> {
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 5_000)) {
    try {
      const response = await send(urlOf(path, parts, query), { headers: headers(false), signal });
      broken(null);
      wait = 500;
      if (response.body) await readEvents(response.body, take);
    } catch (error) {
      if (signal.aborted) return;
      broken(error instanceof ApiError ? error : new ApiError(0, "broken", "The stream broke off."));
    }
    await pause(wait, signal);
  }
}
