// Explanations of scores: their terms by source. Pure.

import type { Schema } from "./api/client";

type Term = Schema["Contribution"];
export type Source = Term["source"];

/// In the order in which they are drawn.
export const SOURCES: readonly Source[] = [
  "event", "dislike", "last_item", "user", "context", "vector", "repeat", "transition", "bias", "popularity",
  "entry_popularity", "boost", "exploration",
];

/// One entry for each source that has a part, the parts added up.
export function grouped(terms: readonly Term[]): { source: Source; value: number }[] {
  const sums = new Map<Source, number>();
  for (const term of terms) sums.set(term.source, (sums.get(term.source) ?? 0) + term.value);
  return SOURCES.filter((source) => sums.has(source)).map((source) => ({ source, value: sums.get(source)! }));
}

export const total = (terms: readonly Term[]): number => terms.reduce((sum, term) => sum + term.value, 0);

/// From the lowest sum of negative parts to the highest sum of positive ones over all items; holds zero.
export function extent(items: readonly (readonly Term[])[]): [number, number] {
  let low = 0;
  let high = 0;
  for (const terms of items) {
    const parts = grouped(terms).map(({ value }) => value);
    low = Math.min(low, parts.filter((value) => value < 0).reduce((sum, value) => sum + value, 0));
    high = Math.max(high, parts.filter((value) => value > 0).reduce((sum, value) => sum + value, 0));
  }
  return [low, high];
}

/// What changed between two lists: where each item stood before.
export function changes(before: readonly string[], after: readonly string[]): Map<string, number | "new"> {
  return new Map(after.map((id, place) => {
    const old = before.indexOf(id);
    return [id, old < 0 ? "new" : old - place];
  }));
}
