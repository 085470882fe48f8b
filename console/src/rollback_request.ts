// A rollback as the API takes it. Pure.

import type { Schema } from "./api/client";

export type TargetKind = "version" | "position" | "time";

export function target(kind: TargetKind, text: string): Schema["RollbackTargetBody"] {
  switch (kind) {
    case "version": return /^\d+$/.test(text) ? { version: Number(text) } : { label: text };
    case "position": return { position: Number(text) };
    case "time": return { time: text };
  }
}

export function describe(kind: TargetKind, text: string): string {
  switch (kind) {
    case "version": return `version ${text}`;
    case "position": return `position ${text}`;
    case "time": return text;
  }
}

/// Fields with entries, which are separated by commas or white space.
export function exclusions(fields: Record<"users" | "items" | "kinds" | "sources", string>): Schema["Exclusions"] {
  const lists = Object.entries(fields).map(([name, text]) => [name, text.split(/[\s,]+/).filter((one) => one !== "")] as const);
  return Object.fromEntries(lists.filter(([, list]) => list.length > 0));
}
