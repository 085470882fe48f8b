// Values of the Prometheus text format. Pure.

/// The value of a metric without labels; `null` when it is not there.
export function gauge(text: string, name: string): number | null {
  const line = text.split("\n").find((line) => line.startsWith(`${name} `));
  const value = line === undefined ? NaN : Number(line.slice(name.length + 1));
  return Number.isFinite(value) ? value : null;
}
