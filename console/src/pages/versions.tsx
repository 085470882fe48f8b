// Versions: kept states in time, the difference of two, and the way back to one.

import { useState } from "preact/hooks";
import { call, get, type Schema } from "../api/client";
import { DiffView } from "../components/diff_view";
import { ActionButton, Card, Curl, Empty, Link, Loading, Problem, Table } from "../components/parts";
import { Rollback } from "../components/rollback";
import { curlOf } from "../curl";
import { ago, bytes, count, percent, time } from "../format";
import { formatRoute } from "../route";
import { useAction, useLoad, useMay, useModel, useParams, useShared } from "../state";

export function VersionsPage() {
  const model = useModel();
  const { models } = useShared();
  const mayAdmin = useMay("admin");
  const [params, set] = useParams();
  const versions = useLoad(`versions ${model}`, (signal) => get("/v1/models/{model}/versions", { path: { model }, query: { limit: 200 }, signal }), 3000);
  const deployments = useLoad(`deployments ${model}`, (signal) => get("/v1/models/{model}/deployments", { path: { model }, query: { limit: 20 }, signal }), 3000);
  const status = models.find((one) => one.model === model);
  const reload = (): void => {
    versions.reload();
    deployments.reload();
  };
  const list = versions.data?.versions ?? [];
  const forks = models.filter(({ fork }) => fork?.model === model);
  const actions = (version: number) => (
    <span class="actions">
      <button type="button" class="quiet" onClick={() => set({ a: String(version), b: "live" })} aria-label={`Compare version ${version} with live`}>Compare</button>
      {mayAdmin && <button type="button" class="quiet" onClick={() => set({ to: String(version) }, true)} aria-label={`Go back to version ${version}`}>Go back</button>}
      <Link page="map" params={{ version: String(version) }}>Map</Link>
    </span>
  );
  const pinned = status && typeof status.served === "object" ? status.served.version : null;
  return (
    <>
      <h1>Versions</h1>
      <Problem error={versions.error} />
      {!versions.data && !versions.error && <Loading />}
      {pinned !== null && <p class="notice" role="status">Readers see version {pinned}; learning goes on behind it. {mayAdmin && "Unpin to serve the live state again."}</p>}
      {mayAdmin && <Actions pinned={pinned !== null} frozen={status?.frozen ?? false} reload={reload} />}
      {versions.data && list.length === 0 && (
        <Empty title="No version is kept yet">
          <p>A version is a whole state that can be compared, pinned and gone back to. The service takes one from time to time as it learns{mayAdmin ? "; take one now with the button above." : "."}</p>
        </Empty>
      )}
      {list.length > 0 && (
        <Card title="Timeline" note="By position in the log. Pick two to compare; a curve leads back to where a line began again.">
          <Timeline versions={list} live={status?.position ?? 0} a={params.a} b={params.b} pick={(version) => set(params.a && !params.b && params.a !== version ? { b: version } : { a: version, b: "" })} />
          <Table label="Versions" head={["Version", "Label", "", "Position", "Taken", "By", "Size", "Events", "Recall@20", "Grown from", "Reason"]} rows={list.map((one) => [
            <strong>{one.version}</strong>, one.label ?? "", actions(one.version), count(one.position), <span title={time(one.created_at)}>{ago(one.created_at, Date.now())}</span>, one.actor,
            `${bytes(one.bytes)} ${one.kind}`, eventsOf(one), recallOf(one), one.parent == null ? "" : `version ${one.parent}`, one.reason ?? (one.derived ? "derived" : ""),
          ])} />
        </Card>
      )}
      {forks.length > 0 && (
        <p>Forks of this model: {forks.map(({ model: fork, fork: from, position }, index) => (
          <span key={fork}>{index > 0 && ", "}<a href={formatRoute({ model: fork, page: "versions" })}>{fork}</a> from version {from!.version}, at position {count(position)} now</span>
        ))}.</p>
      )}
      {status?.fork && <p>This model is a fork of <a href={formatRoute({ model: status.fork.model, page: "versions" })}>{status.fork.model}</a>, version {status.fork.version}.</p>}
      {mayAdmin && params.to !== undefined && params.to !== "" && <Rollback key={params.to} to={params.to} versions={list} close={() => set({ to: "" })} done={reload} />}
      {params.a && params.b && <Compare a={params.a} b={params.b} versions={list} set={set} />}
      <Card title="What readers got, and when">
        {deployments.data?.deployments.length === 0 && <p class="muted">Nobody pinned, restored or replayed anything yet.</p>}
        <ul class="list">
          {(deployments.data?.deployments ?? []).map((one) => (
            <li key={one.number}>
              <strong>{one.mode}</strong> {served(one.from)} → {served(one.to)} <span class="muted">{time(one.at)} by {one.actor}{one.reason ? `: ${one.reason}` : ""}</span>
              {mayAdmin && typeof one.from === "object" && <> <button type="button" class="quiet" onClick={() => set({ to: String((one.from as { version: number }).version) }, true)}>Back to what was before</button></>}
            </li>
          ))}
        </ul>
      </Card>
      <Curl command={curlOf("GET", "/v1/models/{model}/versions", { model })} />
    </>
  );
}

const served = (state: Schema["Served"]): string => (state === "live" ? "live" : `version ${state.version}`);
const eventsOf = (version: Schema["VersionManifest"]): string => {
  const events = (version.metrics as Record<string, unknown>).events;
  return typeof events === "number" ? count(events) : "";
};

/// Live recall when it was taken, beside that of popularity.
const recallOf = (version: Schema["VersionManifest"]) => {
  const quality = (version.metrics as { quality?: Record<"live" | "popularity", { recall?: number | null; targets?: number } | null> }).quality;
  if (quality?.live?.recall == null) return "";
  return <span title={`${count(quality.live.targets ?? 0)} targets`}>{percent(quality.live.recall)} <span class="muted">{percent(quality.popularity?.recall)} by popularity</span></span>;
};

function Timeline(props: { versions: Schema["VersionManifest"][]; live: number; a: string | undefined; b: string | undefined; pick: (version: string) => void }) {
  const end = Math.max(props.live, ...props.versions.map(({ position }) => position), 1);
  const x = (position: number): number => 3 + (position / end) * 90;
  const places = new Map(props.versions.map(({ version, position }) => [version, position]));
  const chosen = (version: string): boolean => version === props.a || version === props.b;
  return (
    <svg viewBox="0 0 100 16" class="timeline" preserveAspectRatio="none" role="group" aria-label="Versions by position">
      <line x1={x(0)} x2={x(end)} y1={10} y2={10} stroke="var(--line)" stroke-width="1" vector-effect="non-scaling-stroke" />
      {props.versions.map(({ version, parent }) => {
        const from = parent == null ? undefined : places.get(parent);
        const to = places.get(version)!;
        if (from === undefined) return null;
        return <path key={`p${version}`} d={`M${x(from)} 10 Q${(x(from) + x(to)) / 2} 2 ${x(to)} 10`} fill="none" stroke="var(--muted)" stroke-width="1" vector-effect="non-scaling-stroke" />;
      })}
      {[...props.versions.map(({ version, position, label }) => ({ name: String(version), position, label: label ?? "" })), { name: "live", position: props.live, label: "" }].map(({ name, position, label }) => (
        <g key={name} tabIndex={0} role="button" aria-pressed={chosen(name)} aria-label={`${name === "live" ? "live" : `version ${name}`} ${label}, position ${position}`} class="pick"
          onClick={() => props.pick(name)} onKeyDown={(event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); props.pick(name); } }}>
          <line x1={x(position)} x2={x(position)} y1={5} y2={15} stroke={chosen(name) ? "var(--main)" : name === "live" ? "var(--good)" : "var(--text)"} stroke-width={chosen(name) ? 7 : 4} vector-effect="non-scaling-stroke" />
          <title>{`${name} ${label}`}</title>
        </g>
      ))}
    </svg>
  );
}

function Actions(props: { pinned: boolean; frozen: boolean; reload: () => void }) {
  const model = useModel();
  const [label, setLabel] = useState("");
  const [reason, setReason] = useState("");
  const body = { ...(label ? { label } : {}), ...(reason ? { reason } : {}) };
  const path = { model };
  const take = useAction(async () => {
    await call("post", "/v1/models/{model}/versions", { path, body });
    setLabel("");
    setReason("");
    props.reload();
  });
  const unpin = useAction(async () => {
    await call("post", "/v1/models/{model}/unpin", { path, body: reason ? { reason } : {} });
    props.reload();
  });
  const freeze = useAction(async () => {
    const body = reason ? { reason } : {};
    await (props.frozen ? call("post", "/v1/models/{model}/learning/resume", { path, body }) : call("post", "/v1/models/{model}/learning/freeze", { path, body }));
    props.reload();
  });
  return (
    <Card title="Keep and steer">
      <div class="row">
        <label>Label<input value={label} onInput={(event) => setLabel(event.currentTarget.value)} /></label>
        <label>Reason<input value={reason} size={28} onInput={(event) => setReason(event.currentTarget.value)} /></label>
        <ActionButton action={take} kind="main">Take a version</ActionButton>
        {props.pinned && <ActionButton action={unpin}>Unpin: serve live again</ActionButton>}
        <ActionButton action={freeze}>{props.frozen ? "Resume learning" : "Freeze learning"}</ActionButton>
      </div>
      <Curl what="take a version" command={curlOf("POST", "/v1/models/{model}/versions", path, {}, body)} />
      {props.pinned && <Curl what="unpin" command={curlOf("POST", "/v1/models/{model}/unpin", path, {}, reason ? { reason } : {})} />}
      <Curl what={props.frozen ? "resume" : "freeze"} command={curlOf("POST", `/v1/models/{model}/learning/${props.frozen ? "resume" : "freeze"}`, path, {}, reason ? { reason } : {})} />
    </Card>
  );
}

function Compare(props: { a: string; b: string; versions: Schema["VersionManifest"][]; set: (change: Record<string, string>) => void }) {
  const model = useModel();
  const { a, b } = props;
  const path = { model, from: a, to: b };
  const diff = useLoad(`diff ${a} ${b}`, (signal) => get("/v1/models/{model}/versions/{from}/diff/{to}", { path, query: { top: 20, k: 10 }, signal }));
  const names = [...props.versions.map(({ version }) => String(version)), "live"];
  const options = (chosen: string) => [...new Set([chosen, ...names])].map((name) => <option key={name} value={name}>{name === "live" ? "live" : `version ${name}`}</option>);
  return (
    <Card title="Difference of two states" id="diff">
      <div class="row">
        <label>From<select value={a} onChange={(event) => props.set({ a: event.currentTarget.value })}>{options(a)}</select></label>
        <label>To<select value={b} onChange={(event) => props.set({ b: event.currentTarget.value })}>{options(b)}</select></label>
        {a !== "live" && <Link page="map" params={{ from: a, version: b === "live" ? "" : b, basis: a }}>As arrows on the map</Link>}
        <button type="button" class="quiet" onClick={() => props.set({ a: "", b: "" })}>Close</button>
      </div>
      <Problem error={diff.error} />
      {!diff.data && !diff.error && <Loading />}
      {diff.data && <DiffView diff={diff.data} />}
      <Curl command={curlOf("GET", "/v1/models/{model}/versions/{from}/diff/{to}", path, { top: 20 })} />
    </Card>
  );
}
