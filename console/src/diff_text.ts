// What a diff says, in sentences. Pure.

import type { Schema } from "./api/client";
import { count, figure, percent } from "./format";

const name = (side: Schema["Compared"]): string => (side.version == null ? "live" : `version ${side.version}${side.label ? ` (${side.label})` : ""}`);

function plural(number: number, one: string): string {
  return `${count(number)} ${number === 1 ? one : `${one}s`}`;
}

/// `result` says what the state after is called when it is none that is kept: that of a dry run.
export function sentences(diff: Schema["Diff"], result?: string): string[] {
  const { from, to } = diff;
  const said = [`From ${name(from)} at position ${count(from.position)} to ${result ?? name(to)} at position ${count(to.position)}.`];
  const events = to.events - from.events;
  if (events !== 0) said.push(`${plural(Math.abs(events), "event")} ${events > 0 ? "more" : "fewer"} learned.`);
  const changed = diff.tables.filter(({ moved, added, removed }) => moved + added + removed > 0);
  if (changed.length === 0) said.push("No learned row differs.");
  for (const { table, moved, added, removed, rows_from, distance } of changed) {
    const parts = [];
    if (moved > 0) parts.push(`${count(moved)} of ${count(rows_from)} moved${distance ? ` (half of them by ${figure(distance.p50)} or more)` : ""}`);
    if (added > 0) parts.push(`${count(added)} only after`);
    if (removed > 0) parts.push(`${count(removed)} only before`);
    said.push(`${table}: ${parts.join(", ")}.`);
  }
  said.push(churn("Neighbours", "item", diff.neighbours), churn("Recommendations", "user", diff.ranks));
  if (diff.configuration.length > 0) said.push(`Settings differ: ${diff.configuration.map(({ field }) => field).join(", ")}.`);
  return said.filter((text) => text !== "");
}

function churn(what: string, of: string, churn: Schema["Churn"]): string {
  if (churn.sampled === 0) return "";
  const same = `${what} stay the same for ${count(churn.unchanged)} of ${plural(churn.sampled, `sampled ${of}`)}`;
  return churn.churn ? `${same}; on average ${percent(churn.churn.mean)} of a list changes.` : `${same}.`;
}
