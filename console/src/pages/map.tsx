// The map: items as points that move only when their vectors do.

import { useEffect, useMemo, useState } from "preact/hooks";
import { get } from "../api/client";
import { Curl, Empty, Fact, ItemLink, Loading, NamedItem, Problem } from "../components/parts";
import { curlOf } from "../curl";
import { count, figure, percent } from "../format";
import { categoryMark, scaleColour, search, SHAPES } from "../map/points";
import { LassoCard } from "../map/lasso_card";
import { formatRegion, parseRegion, within } from "../map/lasso";
import { MapStage } from "../map/stage";
import { useMapData } from "../map/data";
import { useLoad, useModel, useParams } from "../state";
import { Timeline } from "../map/timeline";

/// How often the neighbours of a selected item are asked for again: among a million items that is a search of 60 ms.
const NEIGHBOURS_MS = 15_000;
const COLOURS = [["category", "category"], ["popularity", "popularity"], ["age", "first event"], ["moved", "distance moved"]] as const;

export function MapPage() {
  const model = useModel();
  const [params, set] = useParams();
  const map = useMapData(model, params, set);
  const [text, setText] = useState("");
  const { shown, error } = map;
  useEffect(() => {
    document.body.classList.add("map-open");
    return () => document.body.classList.remove("map-open");
  }, []);
  const found = useMemo(() => (shown ? search(text, shown.ids, shown.titles, 8) : []), [text, shown]);
  const region = useMemo(() => parseRegion(params.lasso), [params.lasso]);
  const caught = useMemo(() => (shown && region ? within(map.points, region).filter((row) => row < shown.ids.length) : []), [shown, map.points, region]);
  const selected = params.item ?? null;
  const select = (id: string | null): void => set({ item: id ?? "" });
  if (!shown) return error ? <><h1>Map</h1><Problem error={error} /></> : <><h1>Map</h1><Loading /></>;
  if (shown.ids.length === 0) return <FirstSteps model={model} />;
  const query = { version: params.version, position: params.position, basis: params.basis, sample: params.sample };
  return (
    <>
      <h1 class="sr">Map of the items</h1>
      <div class="row">
        <label>
          Search
          <input type="search" value={text} placeholder="id or title" onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              const first = found[0];
              select(first === undefined ? text.trim() : shown.ids[first]!);
            }} />
        </label>
        <label>
          Colour
          <select value={params.colour ?? "category"} onChange={(event) => set({ colour: event.currentTarget.value })}>
            {COLOURS.map(([value, name]) => <option key={value} value={value}>{name}</option>)}
          </select>
        </label>
        <label>
          Items
          <select value={params.sample ?? "5000"} onChange={(event) => set({ sample: event.currentTarget.value })}>
            {["1000", "5000", "10000", "20000"].map((size) => <option key={size} value={size}>{`up to ${count(Number(size))}`}</option>)}
          </select>
        </label>
        <label>
          Arrows from
          <select value={params.from ?? ""} onChange={(event) => set({ from: event.currentTarget.value })}>
            <option value="">no comparison</option>
            {map.versions.map((version) => <option key={version.version} value={String(version.version)}>{name(version)}</option>)}
          </select>
        </label>
        <label>
          Axes
          <select value={shown.basis?.state ?? ""} onChange={(event) => set({ basis: event.currentTarget.value, lasso: "" })}>
            {shown.basis && <option value={shown.basis.state}>{axesName(shown.basis.state)}</option>}
            {map.versions.filter(({ version }) => String(version) !== shown.basis?.state)
              .map((version) => <option key={version.version} value={String(version.version)}>{`of ${name(version)}`}</option>)}
            <option value="live">of live as it is now</option>
          </select>
        </label>
      </div>
      {text.trim() !== "" && (
        <ul class="legend" aria-label="Found">
          {found.length === 0 && <li>Nothing drawn has this in its id or title. Enter looks for the exact id in the service.</li>}
          {found.map((index) => (
            <li key={shown.ids[index]}><button type="button" class="quiet" onClick={() => select(shown.ids[index]!)}>{shown.titles[index] ?? shown.ids[index]}</button></li>
          ))}
        </ul>
      )}
      <Problem error={error} />
      <div class="map">
        <div>
          <MapStage map={map} colour={params.colour ?? "category"} selected={selected} select={select}
            region={region} drawRegion={(region) => set({ lasso: region ? formatRegion(region) : "" })} />
          <Timeline map={map} params={params} set={set} />
          {(params.colour ?? "category") === "category" ? <Categories names={shown.category_names} /> : <Scale colour={params.colour!} />}
        </div>
        <aside aria-label="Details">
          {region && <LassoCard map={map} rows={caught} select={select} clear={() => set({ lasso: "" })} />}
          {selected !== null ? <Selected id={selected} version={params.version} from={params.from} close={() => select(null)} /> : <Movers map={map} select={select} />}
          <dl class="facts">
            <Fact name="Drawn" value={count(shown.ids.length)} note={`of ${count(shown.total)} items`} />
            {shown.basis && <Fact name="Axes show" value={percent(shown.basis.explained[0]! + shown.basis.explained[1]!)} note="of the variance" />}
          </dl>
          <p class="muted">The axes are two fixed directions, so a point moves only when its vector does. Points that are near each other here may differ in what the two axes do not show: the neighbours listed on a click are those of the whole vectors.</p>
          <Curl command={curlOf("GET", "/v1/models/{model}/map", { model }, query)} />
        </aside>
      </div>
    </>
  );
}

const name = (version: { version: number; label?: string | null }): string => (version.label ? `${version.version}: ${version.label}` : `version ${version.version}`);
const axesName = (state: string): string => (state.startsWith("@") ? `of position ${state.slice(1)}` : `of version ${state}`);

function Categories(props: { names: readonly string[] }) {
  if (props.names.length === 0) return null;
  const shown = props.names.slice(0, 24);
  return (
    <ul class="legend" aria-label="Categories">
      {shown.map((name, index) => {
        const { colour, shape } = categoryMark(index);
        const fill = `rgb(${colour.join()})`;
        return <li key={name}><svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true"><Shape kind={SHAPES[shape]!} fill={fill} /></svg> {name}</li>;
      })}
      {props.names.length > shown.length && <li>and {props.names.length - shown.length} more</li>}
    </ul>
  );
}

const SCALES: Record<string, readonly [string, string]> = {
  popularity: ["few", "many events, the newest counting most"],
  age: ["first met long ago", "of late; grey: without an event"],
  moved: ["little", "much: distance moved"],
};

function Scale(props: { colour: string }) {
  const [low, high] = SCALES[props.colour] ?? SCALES.popularity!;
  return (
    <p class="legend">
      {low}{" "}
      <svg width="120" height="12" aria-hidden="true">
        {Array.from({ length: 24 }, (_, index) => <rect key={index} x={index * 5} width="5.5" height="12" fill={`rgb(${scaleColour(index / 23).join()})`} />)}
      </svg>{" "}
      {high}
    </p>
  );
}

function Shape(props: { kind: (typeof SHAPES)[number]; fill: string }) {
  switch (props.kind) {
    case "circle": return <circle cx="6" cy="6" r="5" fill={props.fill} />;
    case "square": return <rect x="1.5" y="1.5" width="9" height="9" fill={props.fill} />;
    case "triangle": return <path d="M6 1L11 11H1z" fill={props.fill} />;
    case "diamond": return <path d="M6 0L12 6L6 12L0 6z" fill={props.fill} />;
  }
}

function Movers(props: { map: ReturnType<typeof useMapData>; select: (id: string) => void }) {
  const { movers, compared } = props.map;
  const title = compared ? "Moved farthest" : "Moved most since you came";
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      {movers.length === 0 && <p class="muted">{compared ? "No item moved." : "Nothing has moved yet. Points move as events arrive: run shelfmark demo in another terminal, or try a click."}</p>}
      <ol class="plain">
        {movers.map(({ id, title, distance }) => (
          <li key={id}>
            <button type="button" class="quiet" onClick={() => props.select(id)}>{title ?? id}</button> <span class="muted">{figure(distance)}</span>
          </li>
        ))}
      </ol>
      {movers.length > 0 && <p class="muted">{compared ? "Distances of the whole vectors." : "Distances on the map."}</p>}
    </section>
  );
}

function Selected(props: { id: string; version: string | undefined; from: string | undefined; close: () => void }) {
  const model = useModel();
  const { id, version, from } = props;
  const path = { model, id };
  const item = useLoad(`item ${id}`, (signal) => get("/v1/models/{model}/items/{id}", { path, signal }));
  const near = (version: string | undefined) => (signal: AbortSignal) => get("/v1/models/{model}/items/{id}/similar", { path, query: { limit: 10, ...(version ? { version } : {}) }, signal });
  const now = useLoad(`near ${id} ${version ?? ""}`, near(version), version ? 0 : NEIGHBOURS_MS);
  const before = useLoad(from ? `near ${id} ${from}` : null, near(from));
  const old = before.data?.items.map((item) => item.id) ?? null;
  const gone = old?.filter((id) => !now.data?.items.some((item) => item.id === id)) ?? [];
  return (
    <section class="card" aria-label="Selected item">
      <div class="row head"><h2><ItemLink id={id} title={item.data?.title} /></h2><button type="button" class="quiet" onClick={props.close}>Close</button></div>
      <Problem error={item.error} />
      {item.data && <p class="muted">{(item.data.categories ?? []).join(", ") || "no category"}</p>}
      <h3>Nearest by the whole vectors</h3>
      <Problem error={now.error} />
      <ol class="plain" aria-label="Neighbours">
        {now.data?.items.map((one) => (
          <li key={one.id}>
            <NamedItem id={one.id} /> <span class="muted">{figure(one.score)}</span>
            {old && !old.includes(one.id) && <> <span class="badge">new</span></>}
          </li>
        ))}
      </ol>
      {old && <>
        <h3>No longer among them since version {from}</h3>
        {gone.length === 0 ? <p>All are still there.</p> : <ul class="plain">{gone.map((id) => <li key={id}><NamedItem id={id} /></li>)}</ul>}
      </>}
      <Curl command={curlOf("GET", "/v1/models/{model}/items/{id}/similar", path, { limit: 10, version })} />
    </section>
  );
}

function FirstSteps(props: { model: string }) {
  const url = (path: string): string => new URL(`../${path}`, document.baseURI).href;
  return (
    <Empty title="There are no items yet">
      <p>Items come with events, or with their metadata. Two ways to begin:</p>
      <h3>A generated shop, to see it move</h3>
      <pre tabIndex={0}>{`shelfmark demo --url ${url("").replace(/\/$/, "")}`}</pre>
      <h3>Your first event</h3>
      <pre tabIndex={0}>{`curl -H content-type:application/json '${url(`v1/models/${props.model}/events`)}' \\\n  -d '{"user":"ann","item":"kettle","kind":"click"}'`}</pre>
      <p class="muted">This page shows the items as soon as there are three.</p>
    </Empty>
  );
}
