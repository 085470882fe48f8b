// Learning: whether it is well, and the figures behind that.

import { useMemo } from "preact/hooks";
import { get, type Schema } from "../api/client";
import { Chart, type Line, type Mark } from "../components/chart";
import { Card, Curl, Empty, Fact, ItemLink, Link, Loading, Problem, Table } from "../components/parts";
import { curlOf } from "../curl";
import { count, figure, percent } from "../format";
import { joined } from "../series";
import { useLoad, useModel, useParams } from "../state";

const TABLES = ["items", "last", "users", "tokens", "context", "bias", "projections", "small"] as const;
const FAST = 2500;
/// A finding's class: the colour never says it alone.
const BADGES: Record<Schema["Verdict"], string> = {
  healthy: "badge", unknown: "badge plain", sparse: "badge warn", drifting: "badge warn", vanishing: "badge bad", exploding: "badge bad",
};

function useSeries(model: string, table: string, metrics: readonly string[]) {
  return useLoad(`series ${model} ${table} ${metrics.join()}`, async (signal) => {
    const pages = metrics.map((metric) => get("/v1/models/{model}/learning/series", { path: { model }, query: { table, metric, limit: 4096 }, signal }));
    return joined((await Promise.all(pages)).map(({ points }) => points));
  }, FAST);
}

export function LearningPage() {
  const model = useModel();
  const [params, set] = useParams();
  const table = params.table ?? "items";
  const learning = useLoad(`learning ${model}`, (signal) => get("/v1/models/{model}/learning", { path: { model }, signal }), FAST);
  const versions = useLoad(`versions ${model}`, (signal) => get("/v1/models/{model}/versions", { path: { model }, query: { limit: 100 }, signal }), 10_000);
  const loss = useSeries(model, "all", ["loss", "loss_to_chance"]);
  const quality = useSeries(model, "all", ["recall", "popularity_recall", "mrr", "popularity_mrr"]);
  const gradient = useSeries(model, "all", ["gradient_norm"]);
  const rows = useSeries(model, table, ["gradient_norm", "clipped_gradient_norm"]);
  const ratio = useSeries(model, table, ["update_ratio", "still_share"]);
  const deployments = useLoad(`deployments ${model}`, (signal) => get("/v1/models/{model}/deployments", { path: { model }, query: { limit: 50 }, signal }), 10_000);
  const marks = useMemo((): Mark[] => {
    const kept = (versions.data?.versions ?? []).map(({ version, label, position }) => ({ position, label: label ?? `v${version}` }));
    const done = (deployments.data?.deployments ?? []).flatMap(({ mode, position }) => (position == null ? [] : [{ position, label: mode, action: true }]));
    return [...kept, ...done].sort((a, b) => a.position - b.position);
  }, [versions.data, deployments.data]);
  const now = learning.data;
  return (
    <>
      <h1>Learning</h1>
      <Problem error={learning.error} />
      {!now && !learning.error && <Loading />}
      {now && now.recent.steps === 0 && (now.position > 0
        ? <p class="notice">No step was taken since the service started: figures come with the next events.</p>
        : <Empty title="Nothing was learned yet">
            <p>Figures come with the first events. The <Link page="map">map</Link> says how to send some; <code>shelfmark demo</code> makes 20,000.</p>
          </Empty>)}
      {now && <Summary now={now} />}
      <div class="grid">
        <Figure title="Loss" series={loss} marks={marks} pick={[["loss", "--series-1"]]}
          note={lossText(now)} path={curlOf("GET", "/v1/models/{model}/learning/series", { model }, { metric: "loss" })} />
        <Figure title="Live quality" series={quality} marks={marks} pick={[["recall@20", "--series-1"], ["popularity's recall", "--series-1", [4, 4]], ["MRR@20", "--series-2"], ["popularity's MRR", "--series-2", [4, 4]]]}
          note={qualityText(now)} path={curlOf("GET", "/v1/models/{model}/learning/series", { model }, { metric: "recall" })} />
        <Figure title="Gradient norm of the whole step" series={gradient} marks={marks} pick={[["gradient norm", "--series-1"]]}
          note="Before clipping. A norm that grows from point to point, or falls to nothing, is what the verdicts look for."
          path={curlOf("GET", "/v1/models/{model}/learning/series", { model }, { metric: "gradient_norm" })} />
      </div>
      <h2>One table</h2>
      <div class="row">
        <label>Table<select value={table} onChange={(event) => set({ table: event.currentTarget.value })}>{TABLES.map((name) => <option key={name}>{name}</option>)}</select></label>
      </div>
      <div class="grid">
        <Figure title={`Gradient norm of ${table}`} series={rows} marks={marks} pick={[["before clipping", "--series-1"], ["after clipping", "--series-2", [5, 4]]]}
          note="Clipping scales a row's gradient down when it is far larger than usual. After clipping it is measured in a sample of the steps, so the lines cross where nothing is clipped." path={curlOf("GET", "/v1/models/{model}/learning/series", { model }, { table, metric: "gradient_norm" })} />
        <Figure title={`Update ratio of ${table}`} series={ratio} marks={marks} pick={[["update ratio", "--series-1"], ["still share", "--series-4"]]}
          note="How far a touched row moves in a step, over its length. Still share: touched rows that hardly move." path={curlOf("GET", "/v1/models/{model}/learning/series", { model }, { table, metric: "update_ratio" })} />
      </div>
      <Movers />
      <Curl command={curlOf("GET", "/v1/models/{model}/learning", { model })} />
    </>
  );
}

function Summary(props: { now: Schema["Learning"] }) {
  const { now } = props;
  const { live } = now.quality;
  return (
    <>
      <Card title="Verdict">
        <p class="words"><span class={BADGES[now.verdict]}>{now.verdict}</span> {now.because}</p>
        {now.frozen && <p class="notice">Learning is frozen: what you see is of the steps before.</p>}
        <dl class="facts">
          <Fact name="Loss" value={figure(now.recent.loss)} note={`${figure(now.before.loss)} before`} />
          <Fact name="Against chance" value={figure(now.recent.loss_to_chance)} note="1 is guessing" />
          <Fact name="Recall@20" value={percent(live.recall)} note={`${percent(now.quality.popularity.recall)} by popularity, ${count(live.targets)} targets`} />
          <Fact name="MRR@20" value={figure(live.mrr)} note={`${figure(now.quality.popularity.mrr)} by popularity`} />
          <Fact name="Gradient norm" value={figure(now.recent.gradient_norm)} note={`${figure(now.before.gradient_norm)} before`} />
          <Fact name="Behind the log" value={`${count(now.lag_records)} records`} note={`${count(now.lag_ms)} ms`} />
          <Fact name="Clipped" value={percent(now.recent.steps > 0 ? now.recent.clipped / now.recent.steps : null)} note="of the newest steps" />
          <Fact name="Set aside" value={count(now.recent.quarantined)} note="steps with a number that is not finite" />
        </dl>
        <Table label="Verdicts by table" long={[2]} head={["Table", "Verdict", "Because", "Gradient norm", "After clipping", "Update ratio", "Still"]} rows={now.tables.map((one) => [
          one.table, <span class={BADGES[one.verdict]}>{one.verdict}</span>, one.because, figure(one.gradient_norm), figure(one.clipped_gradient_norm), figure(one.update_ratio), percent(one.still_share),
        ])} />
      </Card>
    </>
  );
}

function lossText(now: Schema["Learning"] | null): string {
  const against = now?.recent.loss_to_chance;
  if (against == null) return "Of the model's own softmax, before it learned each target.";
  return `Before it learned each target. It is ${percent(against)} of what guessing would have: ${against < 1 ? "the model expects what comes better than chance" : "no better than chance so far"}.`;
}

function qualityText(now: Schema["Learning"] | null): string {
  const recall = now?.quality.live.recall;
  const rest = "Test-then-train: each event is first looked for in the list that its subject would have got.";
  const popular = now?.quality.popularity.recall;
  if (recall == null) return rest;
  const beside = popular == null ? "" : recall > popular ? `: better than one list of what is popular, with ${percent(popular)}` : `: no better than one list of what is popular, with ${percent(popular)}`;
  return `${percent(recall)} of the newest targets stood among the first 20 of the list${beside}. ${rest}`;
}

type Series = ReturnType<typeof useSeries>;

function Figure(props: { title: string; series: Series; marks: Mark[]; pick: [string, string, number[]?][]; note: string; path: string }) {
  const { data, error } = props.series;
  const lines = useMemo((): Line[] => props.pick.map(([label, colour, dash], index) => ({
    label, colour, ...(dash ? { dash } : {}), values: data?.values[index] ?? [],
  })), [data, props.pick.map(([label]) => label).join()]);
  return (
    <Card title={props.title} note={props.note}>
      <Problem error={error} />
      {data && data.positions.length === 0 && <p class="muted">No point yet: the first one comes after 512 targets, or 64 small steps.</p>}
      {data && data.positions.length > 0 && <Chart positions={data.positions} lines={lines} marks={props.marks} label={`${props.title} by position`} />}
      <Curl command={props.path} />
    </Card>
  );
}

const STRONG = [["items", "Item"], ["tokens", "Token"], ["context", "Circumstance"]] as const;

function Movers() {
  const model = useModel();
  const rows = useLoad(`rows ${model}`, (signal) => get("/v1/models/{model}/learning/rows", { path: { model }, signal }), 5000);
  const bias = useLoad(`bias ${model}`, (signal) => get("/v1/models/{model}/learning/bias", { path: { model }, signal }));
  const survey = rows.data?.survey;
  return (
    <div class="grid">
      {survey && survey.most_changed.length > 0 && (
        <Card title="Items that moved most" note={`Since ${survey.version != null ? `version ${survey.version}` : "the look before"}.`}>
          <Table label="Movers" head={["Item", "Distance", "Cosine"]} rows={survey.most_changed.slice(0, 10).map((one) => [<ItemLink id={one.item} title={one.title} />, figure(one.distance), figure(one.cosine)])} />
        </Card>
      )}
      {bias.data && bias.data.strongest.length > 0 && (
        <Card title="What learning is about" note="Rows with the most gradient mass: the sum of all squared gradients of a row, as a share of its table's. A row that leads by far pulls the model its way.">
          {STRONG.map(([table, name]) => {
            const rows = bias.data!.strongest.filter((row) => row.table === table);
            return rows.length > 0 && <Table key={table} label={`Most gradient: ${name}`} head={[name, "Share"]} rows={rows.map((row) => [
              table === "items" ? <ItemLink id={row.id} title={row.title} /> : <span class="mono">{row.id}</span>, percent(row.share),
            ])} />;
          })}
        </Card>
      )}
      {bias.data && bias.data.items > 0 && (
        <Card title="Who is shown, and who is learned" note="Shares by popularity, from the most popular tenth of the items to the rarest. An even line would be 10% each.">
          <Table label="Deciles" head={["Tenth", "Events", "Places in lists", "Gradient"]} rows={bias.data.deciles.map((one) => [one.decile, percent(one.events), percent(one.exposure), percent(one.gradient)])} />
          <Table label="Categories" head={["Category", "Items", "Events", "Places in lists", "Gradient"]} rows={bias.data.categories.slice(0, 12).map((one) => [one.category ?? "none", count(one.items), percent(one.events), percent(one.exposure), percent(one.gradient)])} />
        </Card>
      )}
      <Problem error={bias.error} />
    </div>
  );
}
