// How a row came to be what it is: where it stood in the versions, and the steps that moved it farthest.

import { get, type Schema } from "../api/client";
import { curlOf } from "../curl";
import { count, figure, percent } from "../format";
import { useLoad, useModel } from "../state";
import { Card, Curl, Link, Problem, Table } from "./parts";

const CAUSES: Record<Schema["Cause"], string> = {
  target: "learned from it", history: "it was in somebody's history", competitor: "others were preferred to it", record: "a vector was put, or a restore",
};

export function HistoryCards(props: { kind: "items" | "users"; id: string }) {
  const model = useModel();
  const path = { model, id: props.id };
  const route = props.kind === "items" ? "/v1/models/{model}/items/{id}/history" as const : "/v1/models/{model}/users/{id}/history" as const;
  const history = useLoad(`history ${props.kind} ${props.id}`, (signal) => get(route, { path, query: { limit: 50 }, signal }));
  const found = history.data?.versions.filter(({ found }) => found) ?? [];
  const steps = history.data?.steps;
  return (
    <>
      <Problem error={history.error} />
      {!history.data && !history.error && <p class="muted" role="status">Learning the newest records again, to find what moved it.</p>}
      {history.data?.shown && (
        <Card title="Where it is shown" note="In the lists that live quality samples: what people would have got just before their events, in this process since it started.">
          <p>{history.data.shown.lists === 0
            ? "No list was sampled yet: samples come with events."
            : `${count(history.data.shown.with_item)} of ${count(history.data.shown.lists)} lists have it, ${percent(history.data.shown.with_item / history.data.shown.lists)}.`}</p>
        </Card>
      )}
      {found.length > 0 && (
        <Card title="In the versions" note="The row as learned, without what is added to it when it is served.">
          <Table label="Versions" head={["Version", "Position", "Length", "Moved since the one before", "Cosine to now"]} rows={found.map((one) => [
            <Link page="map" params={{ version: String(one.version), ...(props.kind === "items" ? { item: props.id } : {}) }}>{one.label ? `${one.version}: ${one.label}` : one.version}</Link>,
            count(one.position), figure(one.norm), figure(one.distance), figure(one.cosine_to_now),
          ])} />
        </Card>
      )}
      {steps && (
        <Card title="Steps that moved it farthest" note={`In the records from ${count(steps.after)} to ${count(steps.through)}: ${count(steps.moved)} steps moved it.`}>
          <Table label="Steps" head={["Positions", "Moved", "Why", "Loss", "Events"]} rows={steps.largest.map((step) => [
            `${count(step.first)} to ${count(step.last)}`, `${figure(step.distance)}${step.clipped ? ", clipped" : ""}`, CAUSES[step.cause], figure(step.loss),
            step.events.slice(0, 5).map((event) => {
              const { event_id: id, kind } = event as { event_id?: string; kind?: string };
              return id ? <span key={id}><Link page="log" id={id}>{kind ?? id}</Link> </span> : null;
            }),
          ])} />
        </Card>
      )}
      <Curl what="the history" command={curlOf("GET", route, path)} />
    </>
  );
}
