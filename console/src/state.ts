// What the pages share: the route, who asks, and hooks for data.

import { createContext } from "preact";
import { useCallback, useContext, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, type Schema } from "./api/client";
import { formatRoute, type Route } from "./route";

export interface Shared {
  route: Route;
  about: Schema["About"] | null;
  /// Names of models that the caller may see.
  models: Schema["ModelOut"][];
  askForKey: () => void;
  /// Shows a new key, over any view: the first key of a service ends what this page may do without one.
  showKey: (made: Schema["NewKeyOut"]) => void;
}

export const SharedContext = createContext<Shared>(null as unknown as Shared);
export const useShared = (): Shared => useContext(SharedContext);
export const useModel = (): string => useShared().route.model;

/// Whether the caller may do what needs a scope.
export function useMay(scope: "write" | "admin"): boolean {
  const { about } = useShared();
  if (!about?.caller || about.read_only) return false;
  return about.caller.scope === "admin" || about.caller.scope === scope;
}

/// Parameters of the view in the URL. Setting one adds no entry to the history unless `push` says so.
export function useParams(): [Record<string, string>, (change: Record<string, string>, push?: boolean) => void] {
  const { route } = useShared();
  const latest = useRef(route);
  latest.current = route;
  const set = useCallback((change: Record<string, string>, push = false) => {
    const next = { ...latest.current, params: { ...latest.current.params, ...change } };
    latest.current = next;
    const hash = formatRoute(next);
    if (push) location.hash = hash;
    else {
      history.replaceState(null, "", hash);
      dispatchEvent(new HashChangeEvent("hashchange"));
    }
  }, []);
  return [route.params, set];
}

export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  loading: boolean;
  reload: () => void;
}

const AGAIN_MS = 2000;

/// Loads when `key` changes, and again every `every` milliseconds. What was loaded before stays until the next is there.
export function useLoad<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>, every = 0): Loaded<T> {
  const [state, set] = useState<{ key: string | null; data: T | null; error: ApiError | null; loading: boolean }>({
    key: null, data: null, error: null, loading: key !== null,
  });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === null) return undefined;
    const ends = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async (): Promise<void> => {
      let wait = every;
      try {
        const data = await latest.current(ends.signal);
        if (!ends.signal.aborted) set({ key, data, error: null, loading: false });
      } catch (error) {
        if (ends.signal.aborted) return;
        const known = error instanceof ApiError ? error : new ApiError(0, "failed", String(error));
        // Who looks once looks again when the service is back.
        if (known.code === "unreachable") wait = Math.min(every || AGAIN_MS, AGAIN_MS);
        set((before) => ({ key, data: before.key === key ? before.data : null, error: known, loading: false }));
      }
      if (wait > 0 && !ends.signal.aborted) timer = setTimeout(() => void run(), wait);
    };
    set((before) => ({ ...before, data: before.key === key ? before.data : null, loading: true }));
    void run();
    return () => {
      ends.abort();
      clearTimeout(timer);
    };
  }, [key, turn, every]);
  const reload = useCallback(() => setTurn((turn) => turn + 1), []);
  return { data: state.key === key ? state.data : null, error: state.key === key ? state.error : null, loading: state.loading, reload };
}

export interface Action {
  running: boolean;
  error: ApiError | null;
  run: () => void;
}

/// Something that a person starts.
export function useAction(act: () => Promise<void>): Action {
  const [running, setRunning] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const run = (): void => {
    setRunning(true);
    setError(null);
    act()
      .catch((error: unknown) => setError(error instanceof ApiError ? error : new ApiError(0, "failed", String(error))))
      .finally(() => setRunning(false));
  };
  return { running, error, run };
}
