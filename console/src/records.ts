// Records of the log as lines of a list. Pure.

import type { Schema } from "./api/client";

/// A record: its type, and the fields of that type.
export type LogRecord = Schema["RecordOut"] & { type: string; [field: string]: unknown };

export interface Line {
  position: number;
  at: string;
  kind: string;
  user: string | null;
  item: string | null;
  event: string | null;
  source: string | null;
  text: string;
}

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

/// What a record says in one line. Only events have an id that a trace can be asked for.
export function line(record: Schema["RecordOut"]): Line {
  const fields = record as LogRecord;
  const event = fields.type === "event";
  const item = text(fields.item) ?? (fields.type === "put_item" || fields.type === "put_vector" ? text(fields.id) : null);
  return {
    position: record.position,
    at: record.appended_at,
    kind: event ? (text(fields.kind) ?? "event") : fields.type.replaceAll("_", " "),
    user: event ? (text(fields.user) ?? text(fields.session)) : null,
    item,
    event: event ? text(fields.event_id) : null,
    source: record.source ?? null,
    text: text(fields.title) ?? "",
  };
}

export interface Filters {
  kind?: string | undefined;
  source?: string | undefined;
}

export const admits = (line: Line, filters: Filters): boolean =>
  (!filters.kind || line.kind === filters.kind) && (!filters.source || line.source === filters.source);

/// The newest lines, newest first, without doubles, at most `size`.
export function merged(before: readonly Line[], fresh: readonly Line[], size: number): Line[] {
  const newest = before[0]?.position ?? -1;
  const added = fresh.filter(({ position }) => position > newest).sort((a, b) => b.position - a.position);
  return [...added, ...before].slice(0, size);
}
