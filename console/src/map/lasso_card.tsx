// What lies within the lasso.

import { Link } from "../components/parts";
import { count, figure, percent } from "../format";
import type { MapData } from "./data";
import { tally } from "./lasso";

const LISTED = 12;
const CATEGORIES = 6;
const SESSION = 10;

export function LassoCard(props: { map: MapData; rows: number[]; select: (id: string) => void; clear: () => void }) {
  const { map, rows } = props;
  const shown = map.shown!;
  const events = (row: number): number => shown.popularity[row] ?? 0;
  const largest = [...rows].sort((a, b) => events(b) - events(a) || a - b);
  const mean = (rows: readonly number[]): number => rows.reduce((sum, row) => sum + events(row), 0) / rows.length;
  const everywhere = tally(shown.ids.map((_, row) => row), shown.categories);
  const shares = new Map(everywhere.map(([category, size]) => [category, size / shown.ids.length]));
  const farthest = rows.reduce((best, row) => ((map.moved[row] ?? 0) > (map.moved[best] ?? 0) ? row : best), rows[0] ?? 0);
  return (
    <section class="card" aria-label="In the lasso">
      <div class="row head"><h2>{count(rows.length)} {rows.length === 1 ? "item" : "items"} in the lasso</h2><button type="button" class="quiet" onClick={props.clear}>Clear</button></div>
      {rows.length === 0 && <p class="muted">No drawn item lies there now. Items enter as their vectors move.</p>}
      {rows.length > 0 && <>
        <p>{figure(mean(rows))} events an item, {figure(mean(shown.ids.map((_, row) => row)))} on the whole map.
          {(map.moved[farthest] ?? 0) > 0 && <> Moved most: {shown.titles[farthest] ?? shown.ids[farthest]}, by {figure(map.moved[farthest])}.</>}</p>
        <h3>Categories</h3>
        <ul class="plain">
          {tally(rows, shown.categories).slice(0, CATEGORIES).map(([category, size]) => (
            <li key={category}>{category === null ? "none" : shown.category_names[category]}: {percent(size / rows.length)} <span class="muted">{percent(shares.get(category))} of the map</span></li>
          ))}
        </ul>
        <h3>Most events</h3>
        <ol class="plain">
          {largest.slice(0, LISTED).map((row) => (
            <li key={shown.ids[row]}><button type="button" class="quiet" onClick={() => props.select(shown.ids[row]!)}>{shown.titles[row] ?? shown.ids[row]}</button> <span class="muted">{figure(events(row))}</span></li>
          ))}
        </ol>
        <p><Link page="try" params={{ who: "session", of: largest.slice(0, SESSION).map((row) => shown.ids[row]!).reverse().join(" ") }}>Recommend to somebody who looked at the first {count(Math.min(SESSION, rows.length))}</Link></p>
      </>}
    </section>
  );
}
