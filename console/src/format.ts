// Numbers, times and sizes as people read them.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export const count = (value: number): string => whole.format(value);

/// Three significant digits, without an exponent where that is short.
export function figure(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return "n/a";
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(2);
  if (size >= 1000) return whole.format(value);
  return String(Number(value.toPrecision(3)));
}

export const percent = (share: number | null | undefined): string =>
  share == null || !Number.isFinite(share) ? "n/a" : `${figure(share * 100)}%`;

export function bytes(size: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let value = size;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}

/// `2026-01-05 08:00:00`, UTC.
export const time = (text: string): string => text.replace("T", " ").replace(/(\.\d+)?(Z|\+00:00)$/, "");

export function ago(text: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(text)) / 1000));
  if (!Number.isFinite(seconds)) return text;
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}
