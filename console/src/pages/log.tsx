// The log: what comes in, as it comes, and what one event did.

import { useEffect, useState } from "preact/hooks";
import { ApiError, get, type Schema } from "../api/client";
import { Card, Curl, Empty, Fact, ItemLink, Link, Loading, Problem, Table, UserLink } from "../components/parts";
import { curlOf } from "../curl";
import { count, figure, time } from "../format";
import { admits, line, merged, type Line } from "../records";
import { useLoad, useModel, useParams, useShared } from "../state";

const LINES = 300;
const PAGE = 500;
const ROWS = 30;

function useTail(model: string, user: string, item: string, paused: boolean): { lines: Line[]; error: ApiError | null; looked: boolean } {
  const [state, setState] = useState<{ of: string; lines: Line[]; error: ApiError | null; looked: boolean }>({ of: "", lines: [], error: null, looked: false });
  const of = `${model} ${user} ${item}`;
  useEffect(() => {
    const ends = new AbortController();
    let after: number | null = null;
    const look = async (): Promise<void> => {
      try {
        if (after === null) {
          const { head } = await get("/v1/models/{model}", { path: { model }, signal: ends.signal });
          after = user || item ? 0 : Math.max(0, head - 100);
        }
        for (;;) {
          const query: { after: number; limit: number; user?: string; item?: string } = { after, limit: PAGE, ...(user ? { user } : {}), ...(item ? { item } : {}) };
          const page: Schema["RecordsOut"] = await get("/v1/models/{model}/events", { path: { model }, query, signal: ends.signal });
          const fresh: Line[] = page.records.map(line);
          after = fresh.at(-1)?.position ?? after;
          setState((before) => ({ of, lines: merged(before.of === of ? before.lines : [], fresh, LINES), error: null, looked: true }));
          if (page.records.length < PAGE) break;
        }
      } catch (error) {
        if (!ends.signal.aborted && error instanceof ApiError) setState((before) => ({ ...before, error, looked: true }));
      }
    };
    if (paused && state.of === of) return undefined;
    let timer: ReturnType<typeof setTimeout>;
    const run = (): void => void look().then(() => { if (!ends.signal.aborted) timer = setTimeout(run, 1000); });
    run();
    return () => {
      ends.abort();
      clearTimeout(timer);
    };
  }, [of, paused]);
  return { lines: state.of === of ? state.lines : [], error: state.error, looked: state.looked };
}

export function LogPage() {
  const model = useModel();
  const { route } = useShared();
  const [params, set] = useParams();
  const [paused, setPaused] = useState(false);
  const { lines, error, looked } = useTail(model, params.user ?? "", params.item ?? "", paused);
  if (route.id !== null) return <EventTrace id={route.id} />;
  const shown = lines.filter((one) => admits(one, params));
  const options = (values: (string | null)[]): string[] => [...new Set(values.filter((value): value is string => value !== null))].sort();
  const filtered = Boolean(params.user || params.item || params.kind || params.source);
  return (
    <>
      <h1>Log</h1>
      <div class="row">
        <label>User<input value={params.user ?? ""} onChange={(event) => set({ user: event.currentTarget.value })} /></label>
        <label>Item<input value={params.item ?? ""} onChange={(event) => set({ item: event.currentTarget.value })} /></label>
        <Choice name="Kind" value={params.kind ?? ""} values={options(lines.map(({ kind }) => kind))} set={(kind) => set({ kind })} />
        <Choice name="Source" value={params.source ?? ""} values={options(lines.map(({ source }) => source))} set={(source) => set({ source })} />
        <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>{paused ? "Go on" : "Pause"}</button>
        {filtered && <button type="button" class="quiet" onClick={() => set({ user: "", item: "", kind: "", source: "" })}>Clear filters</button>}
      </div>
      <Problem error={error} />
      {!looked && <Loading />}
      {looked && lines.length === 0 && !error && (filtered
        ? <p>No record of the log has these. Take a filter away.</p>
        : <Empty title="The log is empty"><p>Post the first event from the <Link page="map">map</Link>'s first steps, or run <code>shelfmark demo</code>.</p></Empty>)}
      {lines.length > 0 && <p class="muted" role="status">{count(shown.length)} of the newest {count(lines.length)} records{paused ? ", paused" : ""}. An event opens its trace.</p>}
      {shown.length > 0 && (
        <Table label="Records" head={["Position", "Time (UTC)", "Kind", "User or session", "Item", "Source", ""]} rows={shown.map((one) => [
          count(one.position), <span class="mono">{time(one.at)}</span>, one.kind,
          one.user && <UserLink id={one.user} />, one.item && <ItemLink id={one.item} title={one.text} />, one.source,
          one.event && <Link page="log" id={one.event}>Trace</Link>,
        ])} />
      )}
      <Curl command={curlOf("GET", "/v1/models/{model}/events", { model }, { after: Math.max(0, (lines[0]?.position ?? 0) - 100), user: params.user, item: params.item })} />
    </>
  );
}

function Choice(props: { name: string; value: string; values: string[]; set: (value: string) => void }) {
  const values = props.value !== "" && !props.values.includes(props.value) ? [props.value, ...props.values] : props.values;
  return (
    <label>{props.name}
      <select value={props.value} onChange={(event) => props.set(event.currentTarget.value)}>
        <option value="">any</option>
        {values.map((value) => <option key={value} value={value}>{value}</option>)}
      </select>
    </label>
  );
}

function EventTrace(props: { id: string }) {
  const model = useModel();
  const path = { model, id: props.id };
  const event = useLoad(`event ${props.id}`, (signal) => get("/v1/models/{model}/events/{id}", { path, signal }));
  const traced = useLoad(`trace ${props.id}`, (signal) => get("/v1/models/{model}/events/{id}", { path, query: { trace: true }, signal }));
  const trace = traced.data?.trace;
  return (
    <>
      <p><Link page="log">Back to the log</Link></p>
      <h1>Event <span class="mono">{props.id}</span></h1>
      <Problem error={event.error} />
      {event.data && (
        <dl class="facts">
          <Fact name="Position" value={count(event.data.position)} />
          <Fact name="Kind" value={event.data.kind} />
          <Fact name="User" value={event.data.user ? <UserLink id={event.data.user} /> : "none"} />
          <Fact name="Item" value={<ItemLink id={event.data.item} />} />
          <Fact name="Time" value={time(event.data.ts)} />
        </dl>
      )}
      <Problem error={traced.error} />
      {!trace && !traced.error && <p class="muted" role="status">Learning the log again up to this event, to see what it did. That takes about a second, for an old event longer.</p>}
      {trace && <TraceCards trace={trace} />}
      <Curl command={curlOf("GET", "/v1/models/{model}/events/{id}", path, { trace: true })} />
    </>
  );
}

function TraceCards(props: { trace: Schema["TraceOut"] }) {
  const { trace } = props;
  return (
    <>
      <dl class="facts">
        <Fact name="Loss of its step" value={figure(trace.step.loss)} note="lower: the model expected what came" />
        <Fact name="Against chance" value={figure(trace.step.loss_to_chance)} note="1 is guessing" />
        <Fact name="Gradient norm" value={figure(trace.step.gradient_norm)} note={`${figure(trace.clipped_gradient_norm)} after clipping`} />
        <Fact name="Weight" value={figure(trace.weight)} />
        <Fact name="Rows moved by its step" value={count(trace.rows_moved)} />
      </dl>
      <Card title="Neighbours of its item before and after" note="The ten whose similarity changed most.">
        <Table label="Neighbours" head={["Item", "Similarity before", "After", "Change", "Place before", "After"]} rows={trace.neighbours.map((one) => [
          <ItemLink id={one.id} title={one.title} />, figure(one.similarity_before), figure(one.similarity_after),
          figure(one.similarity_after - one.similarity_before), one.place_before ?? "beyond", one.place_after ?? "beyond",
        ])} />
      </Card>
      <Card title="Rows that moved" note={`${count(Math.min(ROWS, trace.rows.length))} of ${count(trace.rows_moved)}: first those of the event, then the others by how far they moved.`}>
        <Table label="Rows" head={["Table", "Row", "Part", "Moved", "Length before", "After", "Gradient norm"]} rows={trace.rows.slice(0, ROWS).map((row) => [
          row.table, row.id ? (row.table === "items" ? <ItemLink id={row.id} title={row.title} /> : <span class="mono">{row.id}</span>) : "",
          row.part, figure(row.moved), figure(row.norm_before), figure(row.norm_after), figure(row.gradient_norm),
        ])} />
      </Card>
    </>
  );
}
