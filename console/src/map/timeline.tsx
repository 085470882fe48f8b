// Time of the map: a slider over the versions and live, a position, and a button that plays them.

import { useEffect, useMemo, useState } from "preact/hooks";
import { count, time } from "../format";
import type { MapData } from "./data";

const STEP_MS = 1300;

export function Timeline(props: { map: MapData; params: Record<string, string>; set: (change: Record<string, string>) => void }) {
  const { map, params, set } = props;
  const [playing, setPlaying] = useState(false);
  const [typed, setTyped] = useState("");
  const stops = useMemo(() => [...map.versions].sort((a, b) => a.position - b.position || a.version - b.version), [map.versions]);
  const found = stops.findIndex(({ version, label }) => params.version === String(version) || (label != null && params.version === label));
  const at = params.version && found >= 0 ? found : stops.length;
  const go = (stop: number): void => {
    const version = stops[stop];
    set({ version: version ? String(version.version) : "", position: "" });
  };
  useEffect(() => {
    if (!playing) return undefined;
    if (at >= stops.length) {
      setPlaying(false);
      return undefined;
    }
    const timer = setTimeout(() => go(at + 1), STEP_MS);
    return () => clearTimeout(timer);
  }, [playing, at, stops.length]);
  const version = stops[at];
  const text = params.position
    ? `position ${count(map.position)}, learned again from the log`
    : version
      ? `version ${version.version}${version.label ? ` (${version.label})` : ""}, position ${count(version.position)}, ${time(version.created_at)}`
      : `live, position ${count(map.position)}`;
  return (
    <div>
      <div class="time">
        <button type="button" disabled={stops.length === 0} onClick={() => {
          if (!playing && at >= stops.length) go(0);
          setPlaying(!playing);
        }}>{playing ? "Pause" : "Play"}</button>
        <label><span class="sr">Version</span>
          <input type="range" min={0} max={stops.length} step={1} value={at} disabled={stops.length === 0}
            aria-valuetext={text} onInput={(event) => { setPlaying(false); go(Number(event.currentTarget.value)); }} />
        </label>
        <output>
          <span class={map.live ? "live-dot" : "live-dot off"} />{text}
        </output>
      </div>
      <form class="row" onSubmit={(event) => { event.preventDefault(); if (/^\d+$/.test(typed)) set({ position: typed, version: "" }); }}>
        <label>Any position<input inputMode="numeric" size={10} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} /></label>
        <button type="submit" disabled={!/^\d+$/.test(typed)}>Show</button>
        {!map.live && <button type="button" onClick={() => { setPlaying(false); set({ version: "", position: "" }); }}>Back to live</button>}
        {stops.length === 0 && <span class="muted">No version is stored yet; the slider has one stop.</span>}
      </form>
    </div>
  );
}
