// One item: what it is, where it stands, how it came there.

import { get } from "../api/client";
import { HistoryCards } from "../components/history_cards";
import { Card, Curl, Empty, Fact, Link, NamedItem, Picture, Problem, Table } from "../components/parts";
import { curlOf } from "../curl";
import { figure } from "../format";
import { useLoad, useModel, useShared } from "../state";

export function ItemPage() {
  const model = useModel();
  const id = useShared().route.id ?? "";
  const path = { model, id };
  const item = useLoad(`item ${id}`, (signal) => get("/v1/models/{model}/items/{id}", { path, signal }));
  const vector = useLoad(`vector ${id}`, (signal) => get("/v1/models/{model}/items/{id}/embedding", { path, signal }), 5000);
  const near = useLoad(`near ${id}`, (signal) => get("/v1/models/{model}/items/{id}/similar", { path, query: { limit: 10 }, signal }), 15_000);
  if (item.error?.status === 404) {
    return <Empty title="The model does not know this item"><p>Nothing named <span class="mono">{id}</span> came in an event or with metadata, or it was removed. Look in the <Link page="log" params={{ item: id }}>log</Link>.</p></Empty>;
  }
  const properties = Object.entries(item.data?.properties ?? {});
  return (
    <>
      <h1>{item.data?.title ?? id}</h1>
      <p><span class="mono">{id}</span> · <Link page="map" params={{ item: id }}>on the map</Link> · <Link page="log" params={{ item: id }}>in the log</Link> · <Link page="try" params={{ who: "session", of: id }}>what follows it</Link></p>
      <Problem error={item.error} />
      <Picture item={item.data} large />
      <dl class="facts">
        <Fact name="Vector length" value={figure(vector.data?.norm)} />
        <Fact name="Values" value={vector.data?.dim ?? ""} />
        <Fact name="May be recommended" value={item.data?.available === false ? "no" : "yes"} />
        <Fact name="Categories" value={(item.data?.categories ?? []).join(", ") || "none"} />
        {(item.data?.tags ?? []).length > 0 && <Fact name="Tags" value={item.data!.tags!.join(", ")} />}
        {properties.map(([name, value]) => <Fact key={name} name={name} value={String(value)} />)}
      </dl>
      {item.data?.text && <p>{item.data.text}</p>}
      <div class="grid">
        <Card title="Nearest items" note="By the cosine of the whole vectors.">
          <Problem error={near.error} />
          <Table label="Neighbours" head={["Item", "Cosine"]} rows={(near.data?.items ?? []).map((one) => [<NamedItem id={one.id} />, figure(one.score)])} />
          <Curl command={curlOf("GET", "/v1/models/{model}/items/{id}/similar", path, { limit: 10 })} />
        </Card>
      </div>
      <HistoryCards kind="items" id={id} />
      <Curl what="the item" command={curlOf("GET", "/v1/models/{model}/items/{id}", path)} />
    </>
  );
}
