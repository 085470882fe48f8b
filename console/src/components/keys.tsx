// API keys: created, shown once, revoked.

import { useState } from "preact/hooks";
import { call, get, type Schema } from "../api/client";
import { curlOf } from "../curl";
import { time } from "../format";
import { useAction, useLoad, useMay, useShared } from "../state";
import { ActionButton, Card, Curl, Problem, Table } from "./parts";

const SCOPES: readonly [Schema["KeyScope"], string][] = [
  ["read", "read"], ["export", "export: reads the event log too"], ["write", "write: sends events and items"], ["admin", "admin: everything"],
  ["ingest", "ingest: for pages, appends events"], ["recommend", "recommend: for pages, asks for lists"],
];
const FOR_PAGES: readonly string[] = ["ingest", "recommend"];

export function Keys() {
  const { about } = useShared();
  const mayAdmin = useMay("admin");
  const keys = useLoad(mayAdmin ? "keys" : null, (signal) => get("/v1/keys", { signal }), 5000);
  const caller = about?.caller;
  return (
    <Card title="Keys" note="What programs and people send to be let in. A key is shown once, when it is created: the service keeps its hash alone.">
      <p>{caller?.key ? `You use ${caller.key}, scope ${caller.scope}.` : "There are no keys: whoever is on this machine may do everything. With the first key, requests without one are refused."}</p>
      {mayAdmin && <>
        <Problem error={keys.error} />
        {(keys.data?.keys ?? []).length > 0 && <Table label="API keys" head={["Name", "Scope", "Model", "Created (UTC)", "Expires (UTC)", "Pages", ""]} rows={(keys.data?.keys ?? []).map((one) => [
          one.name, one.scope, one.model ?? "all", time(one.created_at),
          one.expires_at ? <span class={one.expired ? "problem" : undefined}>{one.expired ? "expired " : ""}{time(one.expires_at)}</span> : "never",
          one.origins.join(" "), <Revoke name={one.name} reload={keys.reload} />,
        ])} />}
        <Create reload={keys.reload} />
        <Curl what="list" command={curlOf("GET", "/v1/keys", {})} />
      </>}
    </Card>
  );
}

/// Asks once more: programs that send the key are refused from then on.
function Revoke(props: { name: string; reload: () => void }) {
  const [sure, setSure] = useState(false);
  const path = { name: props.name };
  const revoke = useAction(async () => {
    await call("delete", "/v1/keys/{name}", { path });
    setSure(false);
    props.reload();
  });
  if (!sure) return <button type="button" class="quiet" aria-label={`Revoke ${props.name}`} onClick={() => setSure(true)}>Revoke</button>;
  return (
    <>
      <ActionButton kind="danger" action={revoke}>Revoke for good</ActionButton>
      <button type="button" class="quiet" onClick={() => setSure(false)}>Keep</button>
      <Curl what="revoke" command={curlOf("DELETE", "/v1/keys/{name}", path)} />
    </>
  );
}

function Create(props: { reload: () => void }) {
  const { about, models, showKey } = useShared();
  const [name, setName] = useState("");
  const first = about?.caller?.key == null;
  const [chosenScope, setScope] = useState<Schema["KeyScope"] | "">("");
  // The first one is for whoever goes on from here.
  const scope = chosenScope || (first ? "admin" : "read");
  const forPages = FOR_PAGES.includes(scope);
  const own = about?.caller?.model ?? null;
  const [chosenModel, setModel] = useState("");
  const model = own ?? (chosenModel || (forPages ? models[0]?.model ?? "" : ""));
  const [days, setDays] = useState("");
  const [origins, setOrigins] = useState("");
  const list = origins.split(/[\s,]+/).filter((origin) => origin !== "");
  const body: Schema["KeyBody"] = {
    scope,
    ...(model ? { model } : {}),
    ...(Number(days) > 0 ? { expires_at: new Date(Date.now() + Number(days) * 86_400_000).toISOString().replace(/\.\d+/, "") } : {}),
    ...(forPages ? { origins: list } : {}),
  };
  const create = useAction(async () => {
    showKey(await call("put", "/v1/keys/{name}", { path: { name }, body }));
    setName("");
    // After the first key this page needs one to ask.
    if (!first) props.reload();
  });
  return (
    <>
      <div class="row">
        <label>Name of the key<input value={name} maxLength={128} onInput={(event) => setName(event.currentTarget.value)} /></label>
        <label>Scope<select value={scope} onChange={(event) => setScope(event.currentTarget.value as Schema["KeyScope"])}>{SCOPES.map(([value, says]) => <option key={value} value={value}>{says}</option>)}</select></label>
        <label>For model<select value={model} disabled={own !== null} onChange={(event) => setModel(event.currentTarget.value)}>
          {own === null && !forPages && <option value="">all models</option>}
          {own !== null ? <option value={own}>{own}</option> : models.map((one) => <option key={one.model} value={one.model}>{one.model}</option>)}
        </select></label>
        <label>Expires after days<input type="number" min={1} value={days} placeholder="never" onInput={(event) => setDays(event.currentTarget.value)} /></label>
        {forPages && <label>Origins of its pages<input value={origins} placeholder="https://shop.example" onInput={(event) => setOrigins(event.currentTarget.value)} /></label>}
        <ActionButton action={create} disabled={name.trim() === "" || (forPages && list.length === 0)}>Create the key</ActionButton>
      </div>
      <Curl what="create" command={curlOf("PUT", "/v1/keys/{name}", { name: name || "NAME" }, {}, body)} />
    </>
  );
}
