// Several figures over the same positions. Pure.

export interface Point {
  position: number;
  value?: number | null;
}

export interface Joined {
  positions: number[];
  values: (number | null)[][];
}

/// Puts series side by side: one ascending list of positions, null where a series has no point.
export function joined(series: readonly (readonly Point[])[]): Joined {
  const positions = [...new Set(series.flatMap((points) => points.map(({ position }) => position)))].sort((a, b) => a - b);
  const values = series.map((points) => {
    const found = new Map(points.map(({ position, value }) => [position, value ?? null]));
    return positions.map((position) => found.get(position) ?? null);
  });
  return { positions, values };
}
