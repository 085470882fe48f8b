// Try it: a list for somebody, why each item is in it, and what a click does to it.

import { useEffect, useRef, useState } from "preact/hooks";
import { call, get, type Schema } from "../api/client";
import { Bars, Legend } from "../components/bars";
import { Curl, Empty, ItemLink, Link, Loading, Picture, Problem } from "../components/parts";
import { curlOf } from "../curl";
import { changes, extent, total } from "../explanation";
import { figure } from "../format";
import { useAction, useLoad, useMay, useModel, useParams } from "../state";

const LIMIT = 10;
type Answer = Schema["RecommendationsOut"];

export function TryPage() {
  const model = useModel();
  const [params, set] = useParams();
  const mayWrite = useMay("write");
  const [after, setAfter] = useState(0);
  const [note, setNote] = useState("");
  const who = params.who ?? "user";
  const value = params.of ?? "";
  const session = value.split(/[\s,]+/).filter((id) => id !== "");
  const subject: Schema["RecommendationsBody"] = who === "session" ? (session.length > 0 ? { session } : {}) : value ? { user: value } : {};
  const body = (version?: string): Schema["RecommendationsBody"] => ({
    ...subject, limit: LIMIT, with: ["item", "explanation"], ...(version ? { version } : {}), ...(isKept(version) ? {} : { min_position: after }),
  });
  const state = params.version || undefined;
  const key = JSON.stringify([model, subject, after, state ?? ""]);
  const load = (version?: string) => (signal: AbortSignal): Promise<Answer> =>
    call("post", "/v1/models/{model}/recommendations", { path: { model }, body: body(version), signal });
  const answer = useLoad(key, load(state));
  const versions = useLoad(`versions ${model}`, (signal) => get("/v1/models/{model}/versions", { path: { model }, query: { limit: 100 }, signal }));
  // A version's list does not change with a click; that of live does.
  const other = useLoad(params.beside ? JSON.stringify([model, subject, isKept(params.beside) ? 0 : after, params.beside]) : null, load(params.beside));
  const states = <>{(versions.data?.versions ?? []).map(({ version, label }) => <option key={version} value={String(version)}>{label ? `${version}: ${label}` : `version ${version}`}</option>)}</>;
  const previous = useRef<{ of: string; ids: string[] } | null>(null);
  const of = JSON.stringify([subject, state ?? ""]);
  const [moves, setMoves] = useState<Map<string, number | "new"> | null>(null);
  useEffect(() => {
    if (!answer.data) return;
    const ids = answer.data.items.map(({ id }) => id);
    // The same question before the click.
    const before = previous.current;
    setMoves(after > 0 && before !== null && (before.of === of || before.of === JSON.stringify([{}, state ?? ""])) ? changes(before.ids, ids) : null);
    previous.current = { of, ids };
  }, [answer.data]);
  const kind = params.kind ?? "click";
  const click = async (item: string): Promise<void> => {
    const started = performance.now();
    if (who === "session") {
      setNote(`${item} was added to the session; no event was posted.`);
      set({ of: [...session, item].join(" ") });
      return;
    }
    const user = value || "me";
    const list = answer.data?.recommendation_id;
    const done = await call("post", "/v1/models/{model}/events", {
      path: { model }, query: { wait: "applied" }, body: { user, item, kind, ...(list ? { recommendation_id: list } : {}) },
    });
    setNote(`${user}: ${kind} on ${item}, position ${done.position}, learned and seen by readers after ${Math.round(performance.now() - started)} ms.`);
    setAfter(done.position);
    set({ of: user });
  };
  const none = answer.data !== null && answer.data.items.length === 0;
  return (
    <>
      <h1>Try it</h1>
      <div class="row">
        <label>For
          <select value={who} onChange={(event) => { set({ who: event.currentTarget.value, of: "" }); setAfter(0); }}>
            <option value="user">a user</option>
            <option value="session">a session of items</option>
          </select>
        </label>
        <label>{who === "session" ? "Items, oldest first" : "User id"}
          <input value={value} size={24} placeholder={who === "session" ? "sku-0001 sku-0002" : "me"}
            onChange={(event) => { set({ of: event.currentTarget.value.trim() }); setAfter(0); setNote(""); }} />
        </label>
        {who === "user" && mayWrite && (
          <label>A press posts a
            <select value={kind} onChange={(event) => set({ kind: event.currentTarget.value })}>
              {["view", "click", "cart", "purchase", "dislike"].map((kind) => <option key={kind} value={kind}>{kind}</option>)}
            </select>
          </label>
        )}
        <label>State
          <select value={params.version ?? ""} onChange={(event) => set({ version: event.currentTarget.value })}>
            <option value="">what readers see</option>
            <option value="live">live</option>
            {states}
          </select>
        </label>
        <label>Beside
          <select value={params.beside ?? ""} onChange={(event) => set({ beside: event.currentTarget.value })}>
            <option value="">nothing</option>
            <option value="live">live</option>
            {states}
          </select>
        </label>
      </div>
      <Problem error={answer.error} />
      {note && <p class="notice" role="status">{note}</p>}
      {answer.data?.fallback && <p class="muted">{answer.data.fallback === "popular" ? "Nothing of what was asked for is known to this state, so this is what is popular." : "The user is not known, so the session decides."}</p>}
      {none && <Empty title="No items to recommend"><p>The model knows no items yet. The <Link page="map">map</Link> says how to begin.</p></Empty>}
      {!answer.data && !answer.error && <Loading />}
      <div class="grid">
        {answer.data && !none && (
          <List title={titleOf(state)} answer={answer.data} moves={moves} click={mayWrite || who === "session" ? click : null} kind={who === "session" ? "add" : kind} />
        )}
        {other.data && <List title={titleOf(params.beside)} answer={other.data} moves={answer.data ? changes(answer.data.items.map(({ id }) => id), other.data.items.map(({ id }) => id)) : null} click={null} kind="" />}
      </div>
      <Problem error={other.error} />
      <Curl what="the list" command={curlOf("POST", "/v1/models/{model}/recommendations", { model }, {}, body(state))} />
      {who === "user" && mayWrite && <Curl what="the event" command={curlOf("POST", "/v1/models/{model}/events", { model }, { wait: "applied" }, { user: value || "me", item: answer.data?.items[0]?.id ?? "ITEM", kind })} />}
    </>
  );
}

/// Whether a state is one that is kept: its answers stay as they are.
const isKept = (state: string | undefined): boolean => state !== undefined && state !== "" && state !== "live";
const titleOf = (state: string | undefined): string => (!state ? "What readers see" : state === "live" ? "Live" : `Version ${state}`);

function List(props: { title: string; answer: Answer; moves: Map<string, number | "new"> | null; click: ((item: string) => Promise<void>) | null; kind: string }) {
  const { items } = props.answer;
  const span = extent(items.map(({ explanation }) => explanation ?? []));
  const sources = [...new Set(items.flatMap(({ explanation }) => (explanation ?? []).map(({ source }) => source)))];
  return (
    <section class="card" aria-label={props.title}>
      <h2>{props.title}</h2>
      <p class="muted">The bars are what each score is made of; their pieces add up to it.</p>
      <Legend sources={sources} />
      <ol class="list">
        {items.map((item, place) => <Entry key={item.id} item={item} place={place + 1} span={span} move={props.moves?.get(item.id)} click={props.click} kind={props.kind} />)}
      </ol>
    </section>
  );
}

function Entry(props: { item: Schema["ScoredItem"]; place: number; span: [number, number]; move: number | "new" | undefined; click: ((item: string) => Promise<void>) | null; kind: string }) {
  const { item, move } = props;
  const terms = item.explanation ?? [];
  const action = useAction(() => props.click!(item.id));
  return (
    <li data-item={item.id} data-score={item.score} data-total={total(terms)}>
      <div class="row">
        <span class="named"><Picture item={item.item} />{props.place}. <ItemLink id={item.id} title={item.item?.title} /> <Move move={move} /></span>
        <span class="muted">{figure(item.score)}</span>
        {props.click && <button type="button" disabled={action.running} aria-label={`${props.kind} ${item.item?.title ?? item.id}`} onClick={action.run}>{props.kind}</button>}
      </div>
      <Bars terms={terms} score={item.score} extent={props.span} />
      <details>
        <summary class="muted">Terms</summary>
        <ul class="plain">
          {terms.map((term, index) => <li key={index}>{figure(term.value)} {term.source.replace("_", " ")}{term.item ? <> of <ItemLink id={term.item} /></> : null}{term.kind ? ` (${term.kind})` : ""}{term.name ? ` ${term.name}` : ""}</li>)}
        </ul>
      </details>
      <Problem error={action.error} />
    </li>
  );
}

function Move(props: { move: number | "new" | undefined }) {
  if (props.move === undefined || props.move === 0) return null;
  if (props.move === "new") return <span class="badge">new</span>;
  return props.move > 0 ? <span class="up">up {props.move}</span> : <span class="down">down {-props.move}</span>;
}
