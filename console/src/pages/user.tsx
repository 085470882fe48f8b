// One user: what the model knows, and forgetting.

import { useState } from "preact/hooks";
import { call, get } from "../api/client";
import { HistoryCards } from "../components/history_cards";
import { Receipts } from "../components/receipts";
import { ActionButton, Card, Curl, Empty, Fact, Link, NamedItem, Problem, Table } from "../components/parts";
import { curlOf } from "../curl";
import { count, time } from "../format";
import { useAction, useLoad, useMay, useModel, useShared } from "../state";

export function UserPage() {
  const model = useModel();
  const id = useShared().route.id ?? "";
  const mayAdmin = useMay("admin");
  const path = { model, id };
  const user = useLoad(`user ${id}`, (signal) => get("/v1/models/{model}/users/{id}", { path, signal }), 5000);
  if (user.error?.status === 404) {
    return (
      <>
        <Empty title="The model does not know this user"><p>No event named <span class="mono">{id}</span>, or the user was forgotten. Look in the <Link page="log" params={{ user: id }}>log</Link>.</p></Empty>
        <Receipts />
      </>
    );
  }
  return (
    <>
      <h1>User <span class="mono">{id}</span></h1>
      <p><Link page="try" params={{ of: id }}>Recommendations</Link> · <Link page="log" params={{ user: id }}>in the log</Link></p>
      <Problem error={user.error} />
      {user.data && <>
        <dl class="facts"><Fact name="Events" value={count(user.data.events)} /></dl>
        <Card title="Newest events">
          <Table label="Events" head={["Time (UTC)", "Kind", "Item"]} rows={user.data.newest.map((one) => [time(one.ts), one.kind, <NamedItem id={one.item} />])} />
        </Card>
      </>}
      <HistoryCards kind="users" id={id} />
      {mayAdmin && user.data && <Forget id={id} done={user.reload} />}
      <Curl what="the user" command={curlOf("GET", "/v1/models/{model}/users/{id}", path)} />
    </>
  );
}

function Forget(props: { id: string; done: () => void }) {
  const model = useModel();
  const [typed, setTyped] = useState("");
  const [unlearn, setUnlearn] = useState("rows");
  const path = { model, id: props.id };
  const forget = useAction(async () => {
    await call("delete", "/v1/models/{model}/users/{id}", { path, query: { unlearn } });
    setTimeout(props.done, 1500);
  });
  return (
    <Card title="Forget this user" note="The id goes out of the log, of every version and of memory, for good. What others learned from the user stays, unless the log is learned again without it.">
      <div class="row">
        <label>What others learned from the user
          <select value={unlearn} onChange={(event) => setUnlearn(event.currentTarget.value)}>
            <option value="rows">stays, of nobody known</option>
            <option value="replay">is unlearned, by a replay</option>
          </select>
        </label>
        <label>Type the user's id to confirm<input value={typed} onInput={(event) => setTyped(event.currentTarget.value)} /></label>
        <ActionButton action={forget} kind="danger" disabled={typed !== props.id}>Forget</ActionButton>
      </div>
      <Curl what="forget" command={curlOf("DELETE", "/v1/models/{model}/users/{id}", path, { unlearn })} />
    </Card>
  );
}
