// Lasso: a region of the map, and the items within it. The region is kept in the map's own coordinates, so that it stays
// where it is while the view moves, and items enter and leave it as their vectors move. Pure.

/// Corners of a region, at most; more are thinned out, so that it fits into a URL.
export const CORNERS_MAX = 40;

/// x and y of each corner by turns.
export type Region = Float32Array;

/// Rows of the points within a region, by the even-odd rule.
export function within(points: Float32Array, region: Region): number[] {
  const rows: number[] = [];
  for (let i = 0; i + 1 < points.length; i += 2) if (holds(region, points[i]!, points[i + 1]!)) rows.push(i / 2);
  return rows;
}

function holds(region: Region, x: number, y: number): boolean {
  let odd = false;
  for (let i = 0, j = region.length - 2; i < region.length; j = i, i += 2) {
    const [x0, y0, x1, y1] = [region[j]!, region[j + 1]!, region[i]!, region[i + 1]!];
    if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) odd = !odd;
  }
  return odd;
}

/// Every so-many-th corner of a path, at most `CORNERS_MAX`.
export function thinned(path: readonly (readonly [number, number])[]): Region {
  const size = Math.min(path.length, CORNERS_MAX);
  return Float32Array.from({ length: size * 2 }, (_, i) => path[Math.floor(((i >> 1) * path.length) / size)]![i % 2]!);
}

/// As text for a URL: four significant digits of each coordinate.
export const formatRegion = (region: Region): string => Array.from(region, (value) => Number(value.toPrecision(4))).join("_");

/// `null` for what is no region: fewer than three corners, or something else than numbers.
export function parseRegion(text: string | undefined): Region | null {
  if (!text) return null;
  const values = text.split("_").map((part) => (part === "" ? NaN : Number(part)));
  const whole = values.length >= 6 && values.length <= CORNERS_MAX * 2 && values.length % 2 === 0;
  return whole && values.every(Number.isFinite) ? Float32Array.from(values) : null;
}

/// How many of `rows` each category has, the largest first; `null` is none.
export function tally(rows: readonly number[], categories: readonly (number | null | undefined)[]): [number | null, number][] {
  const counts = new Map<number | null, number>();
  for (const row of rows) {
    const category = categories[row] ?? null;
    counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] ?? Infinity) - (b[0] ?? Infinity));
}
