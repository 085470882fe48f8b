// Points of the map: decoding, transitions between two sets, distances, colours. Pure.

/// Floats of base64 of little-endian f32.
export function decodeFloats(text: string): Float32Array {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length >> 2 }, (_, index) => view.getFloat32(index * 4, true));
}

/// A smooth step from 0 to 1.
export const eased = (t: number): number => (t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t));

/// Writes the points between two sets into `out`.
export function between(from: Float32Array, to: Float32Array, t: number, out: Float32Array): void {
  const part = eased(t);
  for (let i = 0; i < out.length; i += 1) out[i] = from[i]! + (to[i]! - from[i]!) * part;
}

/// The points of `ids` in another map, `fallback` where it does not have them; and which it has.
export function aligned(
  ids: readonly string[],
  fallback: Float32Array,
  others: ReadonlyMap<string, number>,
  points: Float32Array,
): { points: Float32Array; there: boolean[] } {
  const out = Float32Array.from(fallback);
  const there = ids.map((id, index) => {
    const other = others.get(id);
    if (other === undefined) return false;
    out[index * 2] = points[other * 2]!;
    out[index * 2 + 1] = points[other * 2 + 1]!;
    return true;
  });
  return { points: out, there };
}

export function distances(a: Float32Array, b: Float32Array): Float32Array {
  return Float32Array.from({ length: a.length / 2 }, (_, i) => Math.hypot(a[i * 2]! - b[i * 2]!, a[i * 2 + 1]! - b[i * 2 + 1]!));
}

/// Indices of the `size` largest values, largest first.
export function largest(values: ArrayLike<number>, size: number): number[] {
  const order = Array.from({ length: values.length }, (_, index) => index).filter((index) => values[index]! > 0);
  return order.sort((a, b) => values[b]! - values[a]! || a - b).slice(0, size);
}

export type Rgb = readonly [number, number, number];

/// Eight colours that colour-blind people can tell apart (Okabe and Ito 2008; black is replaced by grey).
export const CATEGORY_COLOURS: readonly Rgb[] = [
  [0, 114, 178], [230, 159, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233], [213, 94, 0], [176, 164, 20], [128, 128, 128],
];
export const SHAPES = ["circle", "square", "triangle", "diamond"] as const;
export const NONE: Rgb = [150, 150, 150];

/// Colour and shape of a category: after eight colours the next shape begins.
export function categoryMark(index: number | null): { colour: Rgb; shape: number } {
  if (index === null) return { colour: NONE, shape: 0 };
  return { colour: CATEGORY_COLOURS[index % 8]!, shape: Math.floor(index / 8) % SHAPES.length };
}

/// Five stops of the colour map cividis (Nunez, Anderton and Renslow 2018), which is read alike with and without
/// colour blindness.
const STOPS: readonly Rgb[] = [[0, 63, 128], [75, 86, 122], [124, 123, 120], [184, 163, 98], [253, 222, 70]];

export function scaleColour(share: number): Rgb {
  const place = Math.min(Math.max(share, 0), 1) * (STOPS.length - 1);
  const low = Math.min(Math.floor(place), STOPS.length - 2);
  const part = place - low;
  const mix = (i: 0 | 1 | 2): number => Math.round(STOPS[low]![i] + (STOPS[low + 1]![i] - STOPS[low]![i]) * part);
  return [mix(0), mix(1), mix(2)];
}

/// Values as shares of a logarithmic scale from 0 to the largest.
export function logShares(values: ArrayLike<number>): Float32Array {
  let most = 0;
  for (let i = 0; i < values.length; i += 1) most = Math.max(most, values[i]!);
  const scale = Math.log1p(most * 100) || 1;
  return Float32Array.from({ length: values.length }, (_, i) => Math.log1p(values[i]! * 100) / scale);
}

/// Places in the order of first events as shares: 0 the oldest, 1 the newest of `size`; `null` stays.
export const rankShares = (ranks: readonly (number | null | undefined)[], size: number): (number | null)[] =>
  ranks.map((rank) => (rank == null ? null : rank / Math.max(size - 1, 1)));

/// Items whose id or title contains the text, exact ids first, at most `size`.
export function search(text: string, ids: readonly string[], titles: readonly (string | null)[], size: number): number[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  const rank = (index: number): number => {
    const id = ids[index]!.toLowerCase();
    const title = titles[index]?.toLowerCase() ?? "";
    if (id === wanted) return 0;
    if (id.startsWith(wanted) || title.startsWith(wanted)) return 1;
    return id.includes(wanted) || title.includes(wanted) ? 2 : 3;
  };
  const found = ids.map((_, index) => ({ index, rank: rank(index) })).filter(({ rank }) => rank < 3);
  return found.sort((a, b) => a.rank - b.rank || a.index - b.index).slice(0, size).map(({ index }) => index);
}
