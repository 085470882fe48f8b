// Operate: models, splits, the guard, operations, keys.

import { useState } from "preact/hooks";
import { call, get, text, type Schema } from "../api/client";
import { Keys } from "../components/keys";
import { Receipts } from "../components/receipts";
import { gauge } from "../prometheus";
import { ActionButton, Card, Curl, Fact, Problem, Progress, Table } from "../components/parts";
import { curlOf } from "../curl";
import { bytes, count, figure, percent, time } from "../format";
import { formatRoute } from "../route";
import { useAction, useLoad, useMay, useModel, useShared } from "../state";

export function OperatePage() {
  const model = useModel();
  const { models, about } = useShared();
  const now = models.find((one) => one.model === model);
  const ready = useLoad("ready", async (signal) => (await get("/readyz", { signal })), 3000);
  return (
    <>
      <h1>Operate</h1>
      {ready.error && <p class="problem" role="alert">Not ready: {ready.error.message}</p>}
      {(ready.data?.notes ?? []).map((note) => <p class="notice" key={note}>{note}</p>)}
      {about?.read_only && <p class="notice">This process only reads: it follows what other processes write, and takes no action.</p>}
      <Models models={models} />
      <div class="columns">
        <Split />
        <Guard />
        <Operations />
        <Keys />
        <Processes />
        {now && <Memory model={now} models={models} />}
        <Receipts />
        <Audit />
      </div>
    </>
  );
}

function Models(props: { models: Schema["ModelOut"][] }) {
  const mayAdmin = useMay("admin");
  const model = useModel();
  const [name, setName] = useState("");
  const [fork, setFork] = useState(true);
  const body: Schema["ModelPut"] = fork ? { fork: { model } } : {};
  const make = useAction(async () => {
    await call("put", "/v1/models/{model}", { path: { model: name }, body });
    location.hash = formatRoute({ model: name, page: "operate" });
  });
  return (
    <Card title="Models">
      <Table label="Models" head={["Model", "Position", "Behind", "Users", "Items", "Events", "Versions", "Memory", "Readers see", "From"]} rows={props.models.map((one) => [
        <a href={formatRoute({ model: one.model, page: "map" })}>{one.model}</a>, count(one.position), `${count(one.lag_records)} records, ${count(one.lag_ms)} ms`, count(one.counts.users), count(one.counts.items),
        count(one.counts.events), count(one.counts.versions), bytes(one.memory.bytes), one.served === "live" ? "live" : `version ${one.served.version}`,
        one.fork ? `${one.fork.model}, version ${one.fork.version}` : "",
      ])} />
      {mayAdmin && <>
        <div class="row">
          <label>New model<input value={name} placeholder="name" onInput={(event) => setName(event.currentTarget.value)} /></label>
          <label class="check"><input type="checkbox" checked={fork} onChange={(event) => setFork(event.currentTarget.checked)} /> as a fork of {model}, as it is now</label>
          <ActionButton action={make} disabled={!/^[a-z0-9_-]{1,64}$/.test(name)}>Make</ActionButton>
        </div>
        <Curl command={curlOf("PUT", "/v1/models/{model}", { model: name || "NAME" }, {}, body)} />
      </>}
    </Card>
  );
}

function Memory(props: { model: Schema["ModelOut"]; models: Schema["ModelOut"][] }) {
  const { model } = props;
  const metrics = useLoad("memory", (signal) => text("/metrics", signal), 10_000);
  const budget = metrics.data === null ? null : gauge(metrics.data, "shelfmark_memory_budget_bytes");
  const all = props.models.reduce((sum, one) => sum + one.memory.bytes, 0);
  return (
    <Card title={`Memory of ${model.model}`}>
      <dl class="facts">
        <Fact name="All tables" value={bytes(model.memory.bytes)} />
        <Fact name="All models" value={bytes(all)} note={budget ? `${percent(all / budget)} of the budget` : undefined} />
        {budget !== null && <Fact name="Budget" value={budget > 0 ? bytes(budget) : "none"} note={budget > 0 ? "beyond it new rows are refused" : <code>--memory-budget</code>} />}
        <Fact name="Digest" value={<span class="mono">{String(model.digest).slice(0, 12)}</span>} note={`at position ${count(model.position)}`} />
      </dl>
      {budget !== null && budget > 0 && <Progress value={Math.min(all / budget, 1)} label="Of the budget" />}
      <Table label="Tables" head={["Table", "Rows", "Bytes", "Share"]} rows={[...model.memory.tables].sort((a, b) => b.bytes - a.bytes).map((one) => [
        one.table, count(one.rows), bytes(one.bytes), percent(one.bytes / Math.max(model.memory.bytes, 1)),
      ])} />
      <Curl command={curlOf("GET", "/v1/models/{model}", { model: model.model })} />
    </Card>
  );
}

const ALL_LIVE: Schema["ServingBody"] = { split: [{ live: true, percent: 100 }] };

function Split() {
  const model = useModel();
  const mayAdmin = useMay("admin");
  const serving = useLoad(`serving ${model}`, (signal) => get("/v1/models/{model}/serving", { path: { model }, signal }), 3000);
  const versions = useLoad(`versions ${model}`, (signal) => get("/v1/models/{model}/versions", { path: { model }, query: { limit: 50 }, signal }));
  const [version, setVersion] = useState("");
  const [share, setShare] = useState(10);
  const [reason, setReason] = useState("");
  const chosen = version || String(versions.data?.versions[0]?.version ?? "");
  const body: Schema["ServingBody"] = { split: [{ version: Number(chosen), percent: share }, { live: true, percent: 100 - share }], ...(reason ? { reason } : {}) };
  const split = useAction(async () => {
    await call("put", "/v1/models/{model}/serving", { path: { model }, body });
    serving.reload();
  });
  const end = useAction(async () => {
    await call("put", "/v1/models/{model}/serving", { path: { model }, body: ALL_LIVE });
    serving.reload();
  });
  const arms = serving.data?.arms ?? [];
  return (
    <Card title="Who is served what" note="Each reader keeps one arm. Figures are of this process since the arm is served.">
      <Problem error={serving.error} />
      <Table label="Arms" head={["Arm", "Share", "Lists", "Clicks", "Click rate", "Recall@20"]} rows={arms.map((arm) => [
        arm.live ? "live" : `version ${String(arm.version)}`, `${arm.percent}%`, count(arm.lists), count(arm.clicks), percent(arm.ctr), percent(arm.quality.recall),
      ])} />
      {mayAdmin && chosen !== "" && (
        <div class="row">
          <label>Version<select value={chosen} onChange={(event) => setVersion(event.currentTarget.value)}>{(versions.data?.versions ?? []).map((one) => <option key={one.version} value={String(one.version)}>{one.label ?? one.version}</option>)}</select></label>
          <label>Share<input type="number" min={1} max={99} value={share} onInput={(event) => setShare(Number(event.currentTarget.value))} /></label>
          <label>Reason<input value={reason} onInput={(event) => setReason(event.currentTarget.value)} /></label>
          <ActionButton action={split} disabled={!(share >= 1 && share <= 99)}>Split</ActionButton>
          {arms.length > 1 && <ActionButton action={end}>All to live</ActionButton>}
        </div>
      )}
      {mayAdmin && arms.length > 1 && <Curl what="all to live" command={curlOf("PUT", "/v1/models/{model}/serving", { model }, {}, ALL_LIVE)} />}
      {mayAdmin && chosen === "" && <p class="muted">A split needs a version; take one on the versions page.</p>}
      <Curl what={mayAdmin && chosen !== "" ? "split" : "read"} command={mayAdmin && chosen !== "" ? curlOf("PUT", "/v1/models/{model}/serving", { model }, {}, body) : curlOf("GET", "/v1/models/{model}/serving", { model })} />
    </Card>
  );
}

function Guard() {
  const model = useModel();
  const mayAdmin = useMay("admin");
  const guard = useLoad(`guard ${model}`, (signal) => get("/v1/models/{model}/guard", { path: { model }, signal }), 3000);
  const body: Schema["GuardBody"] = { metric: "recall", action: "freeze" };
  const arm = useAction(async () => {
    await call("put", "/v1/models/{model}/guard", { path: { model }, body });
    guard.reload();
  });
  const rearm = useAction(async () => {
    await call("post", "/v1/models/{model}/guard/rearm", { path: { model } });
    guard.reload();
  });
  const remove = useAction(async () => {
    await call("delete", "/v1/models/{model}/guard", { path: { model } });
    guard.reload();
  });
  const none = guard.error?.status === 404;
  const now = none ? null : guard.data;
  return (
    <Card title="Guard" note="Watches the live state against an older one, and acts by itself, once.">
      {!none && <Problem error={guard.error} />}
      {none && <p>No guard is set.</p>}
      {now && (
        <dl class="facts">
          <Fact name="State" value={now.state} />
          <Fact name="Watches" value={now.metric} note={`a fall of ${percent(now.drop)}`} />
          <Fact name="Then" value={now.action} />
          <Fact name="Live" value={figure(now.figures?.live)} note={`${figure(now.figures?.reference)} the reference`} />
          <Fact name="Samples" value={count(now.figures?.samples ?? 0)} />
          {now.acted && <Fact name="Acted" value={time(now.acted.at)} />}
        </dl>
      )}
      {mayAdmin && (
        <div class="row">
          {!now && <ActionButton action={arm}>Watch recall, freeze on a fall</ActionButton>}
          {now?.acted && <ActionButton action={rearm}>Rearm</ActionButton>}
          {now && <ActionButton action={remove}>Remove</ActionButton>}
        </div>
      )}
      {mayAdmin && now?.acted && <Curl what="rearm" command={curlOf("POST", "/v1/models/{model}/guard/rearm", { model })} />}
      {mayAdmin && now && <Curl what="remove" command={curlOf("DELETE", "/v1/models/{model}/guard", { model })} />}
      <Curl what={now ? "read" : mayAdmin ? "set" : "read"} command={!now && mayAdmin ? curlOf("PUT", "/v1/models/{model}/guard", { model }, {}, body) : curlOf("GET", "/v1/models/{model}/guard", { model })} />
    </Card>
  );
}

function Operations() {
  const model = useModel();
  const mayAdmin = useMay("admin");
  const operations = useLoad(`operations ${model}`, (signal) => get("/v1/models/{model}/operations", { path: { model }, query: { limit: 20 }, signal }), 2000);
  const list = operations.data?.operations ?? [];
  return (
    <Card title="Operations" note="Long work: replays, erasures, dry runs.">
      <Problem error={operations.error} />
      {operations.data && list.length === 0 && <p>None yet.</p>}
      <ul class="list">
        {list.map((one) => (
          <li key={one.id}>
            <strong>{one.kind}</strong> {one.state} <span class="muted">{time(one.created_at)} by {one.actor}</span>
            {one.error && <p class="problem">{one.error}</p>}
            {one.state === "running" && <><Progress value={one.progress} label={percent(one.progress)} />{mayAdmin && <Cancel id={one.id} />}</>}
          </li>
        ))}
      </ul>
      <Curl command={curlOf("GET", "/v1/models/{model}/operations", { model })} />
    </Card>
  );
}

function Cancel(props: { id: string }) {
  const model = useModel();
  const path = { model, operation: props.id };
  const cancel = useAction(async () => {
    await call("delete", "/v1/models/{model}/operations/{operation}", { path });
  });
  return <><ActionButton action={cancel}>Cancel</ActionButton><Curl what="cancel" command={curlOf("DELETE", "/v1/models/{model}/operations/{operation}", path)} /></>;
}

function Processes() {
  const processes = useLoad("processes", (signal) => get("/v1/processes", { signal }), 5000);
  const list = processes.data?.processes ?? [];
  return (
    <Card title="Processes" note="Each process on the database says every 5 s where it stands. Those that only read are listed by themselves alone.">
      <Problem error={processes.error} />
      {list.length > 0 && <Table label="Processes" head={["Address", "Began (UTC)", "Seen", "Model", "Position", "Behind"]} rows={list.flatMap((one) => {
        const name = <><span class="mono">{one.address}</span>{one.answers && <> <span class="badge plain">answers you</span></>}</>;
        const [began, seen] = [time(one.started_at), one.answers ? "now" : `${figure(one.seen_ms / 1000)} s ago`];
        if (one.models.length === 0) return [[name, began, seen, "none", "", ""]];
        return one.models.map((model, index) => [
          index === 0 ? name : "", index === 0 ? began : "", index === 0 ? seen : "",
          model.model, count(model.position), `${count(model.lag_records)} records, ${count(model.lag_ms)} ms`,
        ]);
      })} />}
      <Curl command={curlOf("GET", "/v1/processes", {})} />
    </Card>
  );
}

function Audit() {
  const model = useModel();
  const mayAdmin = useMay("admin");
  const audit = useLoad(mayAdmin ? `audit ${model}` : null, (signal) => get("/v1/audit", { query: { limit: 20 }, signal }), 5000);
  if (!mayAdmin) return null;
  const list = audit.data?.entries ?? [];
  return (
    <Card title="Who did what" note="The audit log: every change but the events themselves, newest first.">
      <Problem error={audit.error} />
      {audit.data && list.length === 0 && <p>Nothing yet.</p>}
      {list.length > 0 && <Table label="Audit log" long={[2]} head={["Time (UTC)", "Who", "Action", "Status"]} rows={list.map((one) => [
        <span class="mono">{time(one.at)}</span>, one.actor, <span class="mono wrap">{filled(one)}</span>, one.status ?? "under way",
      ])} />}
      <Curl command={curlOf("GET", "/v1/audit", {}, { limit: 20 })} />
    </Card>
  );
}

/// The action with the parameters of its path that are on record.
const filled = (entry: Schema["AuditEntry"]): string =>
  entry.action.replace(/\{(\w+)\}/g, (hole, name: string) => (name === "model" ? entry.model : entry.target[name]) ?? hole);
