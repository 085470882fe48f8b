// A diff in words and tables.

import type { Schema } from "../api/client";
import { sentences } from "../diff_text";
import { figure } from "../format";
import { ItemLink, Table, UserLink } from "./parts";

export function DiffView(props: { diff: Schema["Diff"]; result?: string }) {
  const { diff } = props;
  return (
    <div class="diff">
      <ul class="words">{sentences(diff, props.result).map((text) => <li key={text}>{text}</li>)}</ul>
      {diff.movers.length > 0 && <>
        <h3>Items that moved farthest</h3>
        <Table label="Movers" head={["Item", "Distance", "Of its length", "Cosine"]} rows={diff.movers.map((one) => [
          <ItemLink id={one.item} title={one.title} />, figure(one.distance), figure(one.relative), figure(one.cosine),
        ])} />
      </>}
      {diff.neighbours.most_changed.length > 0 && <>
        <h3>Items whose neighbours changed most</h3>
        <Table label="Neighbours" head={["Item", "Changed", "Came", "Went"]} rows={diff.neighbours.most_changed.slice(0, 10).map((one) => [
          <ItemLink id={one.id} title={one.title} />, figure(one.churn), one.came.slice(0, 5).join(", "), one.gone.slice(0, 5).join(", "),
        ])} />
      </>}
      {diff.ranks.most_changed.length > 0 && <>
        <h3>Users whose lists changed most</h3>
        <Table label="Lists" head={["User", "Changed", "Came", "Went"]} rows={diff.ranks.most_changed.slice(0, 10).map((one) => [
          <UserLink id={one.id} />, figure(one.churn), one.came.slice(0, 5).join(", "), one.gone.slice(0, 5).join(", "),
        ])} />
      </>}
      {diff.configuration.length > 0 && <>
        <h3>Settings</h3>
        <Table label="Settings" head={["Setting", "From", "To"]} rows={diff.configuration.map((one) => [one.field, JSON.stringify(one.from), JSON.stringify(one.to)])} />
      </>}
    </div>
  );
}
