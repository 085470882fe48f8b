// Data of the map page: the drawn state, its moves while it is live, and a comparison.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, follow, get, type Schema } from "../api/client";
import { useLoad } from "../state";
import { aligned, decodeFloats, distances, largest } from "./points";

export interface Mover {
  id: string;
  title: string | null;
  distance: number;
}

export interface MapData {
  shown: Schema["MapOut"] | null;
  /// Coordinates of `shown.ids` now.
  points: Float32Array;
  /// How far each is from where it was first seen, or from the compared state.
  moved: Float32Array;
  movers: Mover[];
  /// Where each was in the compared state, and whether it was there.
  compared: { points: Float32Array; there: boolean[] } | null;
  versions: Schema["VersionManifest"][];
  position: number;
  /// Whether points follow the live state.
  live: boolean;
  error: ApiError | null;
}

type Params = Record<string, string>;
const MOVERS = 10;
/// Items that are asked for besides the sample.
const ASKED_MAX = 100;

export function useMapData(model: string, params: Params, set: (change: Params) => void): MapData {
  const { version, position, basis, sample, from, item } = params;
  const live = !version && !position;
  const versions = useLoad(`versions ${model}`, (signal) => get("/v1/models/{model}/versions", { path: { model }, query: { limit: 200 }, signal }), 5000);
  const [turn, setTurn] = useState(0);
  // An item that is only known by its id is drawn besides the sample. It stays drawn when another is selected.
  const asked = useRef<string[]>([]);
  const [known, setKnown] = useState<ReadonlySet<string>>(new Set());
  const [far, setFar] = useState<readonly string[]>([]);
  if (known.size > 0) {
    const wanted = [...far, ...(item ? [item] : [])].filter((id) => !known.has(id) && !asked.current.includes(id));
    if (wanted.length > 0) asked.current = [...asked.current, ...wanted].slice(-ASKED_MAX);
  }
  const ids = asked.current.length > 0 ? JSON.stringify(asked.current) : undefined;
  const common = { basis, sample: sample ? Number(sample) : undefined, ids };
  const state = live ? {} : version ? { version } : { position: Number(position) };
  const drawn = useLoad(`map ${model} ${JSON.stringify([state, common, turn])}`, (signal) =>
    get("/v1/models/{model}/map", { path: { model }, query: { ...common, ...state }, signal }));
  const earlier = useLoad(from ? `map ${model} ${from} ${JSON.stringify(common)}` : null, (signal) =>
    get("/v1/models/{model}/map", { path: { model }, query: { ...common, version: from }, signal }));
  const to = version ?? "live";
  const diff = useLoad(from && !position ? `diff ${model} ${from} ${to}` : null, (signal) =>
    get("/v1/models/{model}/versions/{from}/diff/{to}", { path: { model, from: from!, to }, query: { top: MOVERS, k: 5 }, signal }));
  // What moved most is drawn, whether it is in the sample or not.
  const survey = useLoad(live ? `survey ${model}` : null, (signal) => get("/v1/models/{model}/learning/rows", { path: { model }, signal }));
  useEffect(() => {
    const moved = from ? diff.data?.movers : survey.data?.survey?.most_changed;
    if (moved) setFar(moved.slice(0, MOVERS).map(({ item }) => item));
  }, [from, diff.data, survey.data]);

  const last = useRef<Schema["MapOut"] | null>(null);
  if (drawn.data) last.current = drawn.data;
  const shown = last.current;
  const [points, setPoints] = useState<Float32Array>(new Float32Array());
  const [at, setAt] = useState(0);
  const first = useRef<{ basis: string; places: Map<string, [number, number]> }>({ basis: "", places: new Map() });

  useEffect(() => {
    if (!drawn.data) return;
    const now = decodeFloats(drawn.data.points);
    setPoints(now);
    setAt(drawn.data.position);
    setKnown(new Set(drawn.data.ids));
    const state = drawn.data.basis?.state ?? "";
    if (first.current.basis !== state) first.current = { basis: state, places: new Map() };
    if (live) remember(first.current.places, drawn.data.ids, now);
    // The axes stay those that were drawn first, and the URL names them.
    if (state !== "" && state !== basis) set({ basis: state });
  }, [drawn.data]);

  // Without axes there are too few items: look again.
  const waiting = drawn.data !== null && drawn.data.basis == null;
  useEffect(() => {
    if (!waiting) return undefined;
    const timer = setInterval(() => setTurn((turn) => turn + 1), 1500);
    return () => clearInterval(timer);
  }, [waiting]);

  // Axes of a state that is gone: take those that the service chooses.
  const gone = basis && drawn.error && ["trace_not_available", "version_not_found"].includes(drawn.error.code);
  useEffect(() => {
    if (gone) set({ basis: "" });
  }, [gone]);

  const index = useMemo(() => new Map(shown?.ids.map((id, index) => [id, index])), [shown]);
  useEffect(() => {
    const state = drawn.data?.basis?.state;
    if (!live || !drawn.data || !state || state !== basis) return undefined;
    const ends = new AbortController();
    let reload: ReturnType<typeof setTimeout> | undefined;
    const query = { basis, sample: common.sample, ids };
    void follow("/v1/models/{model}/map/stream", { model }, query, (event) => {
      if (event.event !== "moves") return;
      const moves = JSON.parse(event.data) as Schema["MovesOut"];
      const values = decodeFloats(moves.points);
      let unknown = false;
      setAt(moves.position);
      setPoints((before) => {
        const next = Float32Array.from(before);
        moves.ids.forEach((id, place) => {
          const row = index.get(id);
          if (row === undefined) unknown = true;
          else next.set([values[place * 2]!, values[place * 2 + 1]!], row * 2);
        });
        return next;
      });
      // New items have titles and categories: draw again, once for many.
      if (unknown || moves.ids.some((id) => !index.has(id))) reload ??= setTimeout(() => setTurn((turn) => turn + 1), 1000);
    }, ends.signal);
    return () => {
      ends.abort();
      clearTimeout(reload);
    };
  }, [live, drawn.data, basis]);

  const compared = useMemo(() => {
    if (!shown || !earlier.data || points.length !== shown.ids.length * 2) return null;
    const others = new Map(earlier.data.ids.map((id, index) => [id, index]));
    return aligned(shown.ids, points, others, decodeFloats(earlier.data.points));
  }, [shown, earlier.data, points]);
  const moved = useMemo(() => {
    if (!shown || points.length !== shown.ids.length * 2) return new Float32Array(shown?.ids.length ?? 0);
    if (compared) return distances(points, compared.points);
    const origin = Float32Array.from(points);
    shown.ids.forEach((id, row) => {
      const place = first.current.places.get(id);
      if (place) origin.set(place, row * 2);
    });
    return distances(points, origin);
  }, [shown, points, compared]);
  const movers = useMemo((): Mover[] => {
    if (from && diff.data) {
      return diff.data.movers.filter(({ distance }) => distance > 0).map(({ item, title, distance }) => ({ id: item, title: title ?? null, distance }));
    }
    if (!shown) return [];
    return largest(moved, MOVERS).map((row) => ({ id: shown.ids[row]!, title: shown.titles[row] ?? null, distance: moved[row]! }));
  }, [shown, moved, from, diff.data]);
  return {
    shown, points, moved, movers, compared, versions: versions.data?.versions ?? [], position: at, live,
    error: gone ? null : (drawn.error ?? earlier.error ?? diff.error),
  };
}

function remember(places: Map<string, [number, number]>, ids: readonly string[], points: Float32Array): void {
  ids.forEach((id, row) => {
    if (!places.has(id)) places.set(id, [points[row * 2]!, points[row * 2 + 1]!]);
  });
}
