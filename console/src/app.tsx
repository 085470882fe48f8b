// The frame around every view: navigation, model, key, and what the service says of itself.

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { get, key, type Schema } from "./api/client";
import { Problem } from "./components/parts";
import { KeyDialog, NewKeyDialog } from "./components/key_dialog";
import { count } from "./format";
import { LearningPage } from "./pages/learning";
import { LogPage } from "./pages/log";
import { MapPage } from "./pages/map";
import { OperatePage } from "./pages/operate";
import { ItemPage } from "./pages/item";
import { TryPage } from "./pages/try";
import { UserPage } from "./pages/user";
import { VersionsPage } from "./pages/versions";
import { formatRoute, parseRoute, type Page, type Route } from "./route";
import { SharedContext, useLoad } from "./state";

const MENU: readonly [Page, string][] = [
  ["map", "Map"], ["learning", "Learning"], ["log", "Log"], ["versions", "Versions"], ["try", "Try it"], ["operate", "Operate"],
];
const VIEWS: Record<Page, () => preact.JSX.Element> = {
  map: MapPage, learning: LearningPage, log: LogPage, versions: VersionsPage, try: TryPage, operate: OperatePage, item: ItemPage, user: UserPage,
};

function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const changed = (): void => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}

export function App() {
  const route = useRoute();
  const [session, setSession] = useState(0);
  const [asking, setAsking] = useState(false);
  const about = useLoad(`about ${session}`, (signal) => get("/v1", { signal }), 5000);
  const models = useLoad(about.data?.caller ? `models ${session}` : null, (signal) => get("/v1/models", { signal }), 2000);
  const askForKey = useCallback(() => setAsking(true), []);
  const [made, setMade] = useState<Schema["NewKeyOut"] | null>(null);
  const takeKey = useCallback((secret: string) => {
    key.set(secret);
    setAsking(false);
    setMade(null);
    setSession((session) => session + 1);
  }, []);
  const list = useMemo(() => models.data?.models ?? [], [models.data]);
  const shared = useMemo(() => ({ route, about: about.data, models: list, askForKey, showKey: setMade }), [route, about.data, list, askForKey]);
  const View = VIEWS[route.page];
  const now = list.find((one) => one.model === route.model);
  const needsKey = about.data !== null && about.data.caller === null;
  useEffect(() => {
    const name = MENU.find(([page]) => page === route.page)?.[1] ?? route.page;
    document.title = `${route.id ?? name} · ${route.model} · Shelfmark`;
  }, [route]);
  const change = (model: string): void => {
    location.hash = formatRoute({ model, page: route.page, params: {} });
  };
  return (
    <SharedContext.Provider value={shared}>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to content</a>
      <header>
        <a class="brand" href={formatRoute({ model: route.model, page: "map" })}>
          <img src="./icon.svg" alt="" width="20" height="20" /> Shelfmark
        </a>
        <label class="model">
          <span class="sr">Model</span>
          <select value={route.model} onChange={(event) => change(event.currentTarget.value)}>
            {!list.some((one) => one.model === route.model) && <option value={route.model}>{route.model}</option>}
            {list.map((one) => <option key={one.model} value={one.model}>{one.model}</option>)}
          </select>
        </label>
        <Standing error={about.error !== null} model={now} />
        <button type="button" class="quiet" onClick={askForKey}>{about.data?.caller?.key ? `Key: ${about.data.caller.key}` : "Key"}</button>
      </header>
      <nav aria-label="Views">
        {MENU.map(([page, name]) => (
          <a key={page} href={formatRoute({ model: route.model, page })} aria-current={route.page === page ? "page" : undefined}>{name}</a>
        ))}
        <a href="../docs">Reference</a>
      </nav>
      <main id="main" tabIndex={-1}>
        {about.error && about.data === null && <Problem error={about.error} />}
        {about.error && about.data !== null && <p class="notice" role="status">The service does not answer. What you see is from before; the console goes on when it is back.</p>}
        {needsKey && <NeedsKey ask={askForKey} />}
        {about.data?.caller && <View key={`${route.model}/${route.page}/${route.id ?? ""} ${session}`} />}
      </main>
      {asking && <KeyDialog about={about.data} close={() => setAsking(false)} use={takeKey} />}
      {made && <NewKeyDialog made={made} close={() => setMade(null)} use={takeKey} />}
    </SharedContext.Provider>
  );
}

function Standing(props: { error: boolean; model: { position: number; lag_records: number; frozen: boolean; served: unknown } | undefined }) {
  const { model } = props;
  if (props.error) return <span class="standing bad">unreachable</span>;
  if (!model) return <span class="standing" />;
  return (
    <span class="standing">
      <span class={model.frozen ? "badge warn" : "badge"}>{model.frozen ? "frozen" : "learning"}</span>
      {typeof model.served === "object" && <span class="badge warn">readers see a version</span>}
      <span class="wide">position {count(model.position)}{model.lag_records > 0 && `, ${count(model.lag_records)} behind`}</span>
    </span>
  );
}

function NeedsKey(props: { ask: () => void }) {
  return (
    <section class="empty">
      <h1>A key is needed</h1>
      <p>Make one on the service's machine, then give it to the console. It stays in this tab.</p>
      <pre tabIndex={0}>shelfmark keys create --name console --scope read</pre>
      <button type="button" class="main" onClick={props.ask}>Enter a key</button>
    </section>
  );
}
