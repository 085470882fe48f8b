// Receipts of erasures: what was taken out of where.

import { get } from "../api/client";
import { curlOf } from "../curl";
import { count, time } from "../format";
import { useLoad, useModel } from "../state";
import { Card, Curl, Table } from "./parts";

export function Receipts() {
  const model = useModel();
  const receipts = useLoad(`erasures ${model}`, (signal) => get("/v1/models/{model}/erasures", { path: { model }, query: { limit: 10 }, signal }), 3000);
  if (!receipts.data || receipts.data.erasures.length === 0) return null;
  return (
    <Card title="Receipts of forgotten users" note="They name nobody.">
      <Table label="Receipts" head={["Time (UTC)", "Position", "Records", "Versions rewritten"]} rows={receipts.data.erasures.map((one) => [
        time(one.at), count(one.position), count(one.logs.reduce((sum, log) => sum + log.records, 0)), count(one.versions.length),
      ])} />
      <Curl command={curlOf("GET", "/v1/models/{model}/erasures", { model })} />
    </Card>
  );
}
