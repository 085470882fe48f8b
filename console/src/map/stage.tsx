// Stage of the map: the canvas, its camera, labels and input.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { fit, nearest, panned, stacked, toMap, toScreen, zoomed, type Camera, type Size } from "./camera";
import type { MapData } from "./data";
import { thinned, type Region } from "./lasso";
import { aligned, between, categoryMark, largest, logShares, NONE, rankShares, scaleColour } from "./points";
import { Renderer } from "./renderer";

const MORPH_MS = 700;
const ARROWS = 300;
const TRAILS = 5000;
const REACH = 14;
/// Pixels of a label: a letter and a line on average, and its width at most.
const LETTER = 6.5;
const LABEL_LINE = 18;
const LABEL_MAX = 240;

interface Motion {
  ids: readonly string[];
  from: Float32Array;
  to: Float32Array;
  now: Float32Array;
  start: number;
}

export function MapStage(props: {
  map: MapData; colour: string; selected: string | null; select: (id: string | null) => void;
  region: Region | null; drawRegion: (region: Region | null) => void;
}) {
  const { map, colour, selected, select, region } = props;
  const shown = map.shown!;
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const renderer = useRef<Renderer | null>(null);
  const [supported, setSupported] = useState(true);
  const [size, setSize] = useState<Size>({ width: 800, height: 500 });
  const [camera, setCamera] = useState<Camera | null>(null);
  const [hover, setHover] = useState<number | null>(null);
  const [frame, setFrame] = useState(0);
  const motion = useRef<Motion>({ ids: [], from: new Float32Array(), to: new Float32Array(), now: new Float32Array(), start: 0 });
  const basis = useRef<string | null>(null);

  useLayoutEffect(() => {
    const holder = place.current!;
    try {
      renderer.current = Renderer.of(canvas.current!);
    } catch {
      renderer.current = null;
    }
    setSupported(renderer.current !== null);
    const observer = new ResizeObserver(() => setSize({ width: holder.clientWidth, height: holder.clientHeight }));
    observer.observe(holder);
    return () => observer.disconnect();
  }, []);

  // New points: begin from where each is seen now.
  const ready = map.points.length === shown.ids.length * 2;
  useEffect(() => {
    if (!ready) return undefined;
    const before = motion.current;
    const old = new Map(before.ids.map((id, index) => [id, index]));
    const axes = shown.basis?.state ?? "";
    const jump = before.ids.length === 0 || basis.current !== axes || matchMedia("(prefers-reduced-motion: reduce)").matches;
    const from = jump ? map.points : aligned(shown.ids, map.points, old, before.now).points;
    motion.current = { ids: shown.ids, from, to: map.points, now: Float32Array.from(from), start: performance.now() };
    if (basis.current !== axes || camera === null) {
      basis.current = axes;
      setCamera(fit(map.points, { width: place.current!.clientWidth, height: place.current!.clientHeight }));
    }
    let request = 0;
    const tick = (): void => {
      const { from, to, now, start } = motion.current;
      const t = jump ? 1 : (performance.now() - start) / MORPH_MS;
      between(from, to, t, now);
      if (!map.compared) {
        const lines = jump || t >= 1 ? trails(new Float32Array(), now, t) : trails(from, now, t);
        renderer.current?.setLines(lines.points, lines.colours);
      }
      setFrame((frame) => frame + 1);
      if (t < 1) request = requestAnimationFrame(tick);
    };
    tick();
    return () => cancelAnimationFrame(request);
  }, [map.points, shown, ready]);

  useEffect(() => {
    const marks = marksOf(map, colour);
    renderer.current?.setMarks(marks.colours, marks.forms);
    setFrame((frame) => frame + 1);
  }, [shown, colour, colour === "moved" ? map.moved : null]);

  useEffect(() => {
    const { points, colours } = arrows(map, camera);
    renderer.current?.setLines(points, colours);
    setFrame((frame) => frame + 1);
  }, [map.compared, map.compared ? map.points : null, camera?.scale]);

  useEffect(() => {
    if (!camera || !renderer.current) return;
    renderer.current.setPoints(motion.current.now);
    renderer.current.draw(camera, size, devicePixelRatio || 1);
  }, [frame, camera, size]);

  const [lasso, setLasso] = useState(false);
  const [path, setPath] = useState<[number, number][] | null>(null);
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const dragged = useRef(0);
  const local = (event: { clientX: number; clientY: number }): [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const hit = (x: number, y: number): number | null =>
    camera && motion.current.ids === shown.ids ? nearest(motion.current.now, null, camera, size, x, y, REACH) : null;

  useEffect(() => {
    const element = canvas.current!;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      const [x, y] = local(event);
      setCamera((camera) => camera && zoomed(camera, size, Math.exp(-event.deltaY * 0.0015), x, y));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [size]);

  const move = (event: PointerEvent): void => {
    const [x, y] = local(event);
    const held = pointers.current.get(event.pointerId);
    if (path && camera) {
      setPath([...path, toMap(camera, size, x, y)]);
      return;
    }
    if (!held) {
      setHover(hit(x, y));
      return;
    }
    const others = [...pointers.current].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    const other = others[0];
    if (other) {
      const factor = Math.hypot(x - other.x, y - other.y) / Math.max(Math.hypot(held.x - other.x, held.y - other.y), 1);
      setCamera((camera) => camera && zoomed(camera, size, factor, (x + other.x) / 2, (y + other.y) / 2));
    } else {
      setCamera((camera) => camera && panned(camera, x - held.x, y - held.y));
    }
    dragged.current += Math.abs(x - held.x) + Math.abs(y - held.y);
    pointers.current.set(event.pointerId, { x, y });
  };
  const down = (event: PointerEvent): void => {
    const [x, y] = local(event);
    if (pointers.current.size === 0) dragged.current = 0;
    pointers.current.set(event.pointerId, { x, y });
    canvas.current!.setPointerCapture(event.pointerId);
    if (camera && (lasso || event.shiftKey)) setPath([toMap(camera, size, x, y)]);
  };
  const up = (event: PointerEvent): void => {
    const [x, y] = local(event);
    if (path) {
      pointers.current.delete(event.pointerId);
      setPath(null);
      setLasso(false);
      if (path.length >= 3) props.drawRegion(thinned(path));
      return;
    }
    if (pointers.current.delete(event.pointerId) && dragged.current < 5) {
      const row = hit(x, y);
      select(row === null ? null : shown.ids[row]!);
    }
  };
  const middle = (factor: number): void => setCamera((camera) => camera && zoomed(camera, size, factor, size.width / 2, size.height / 2));
  const corners = (): Region => Float32Array.from([[0, 0], [size.width, 0], [size.width, size.height], [0, size.height]].flatMap(([x, y]) => toMap(camera!, size, x!, y!)));
  const all = (): void => setCamera(fit(map.points, size));
  const keys: Record<string, () => void> = {
    l: () => setLasso(!lasso), "+": () => middle(1.3), "=": () => middle(1.3), "-": () => middle(1 / 1.3), 0: all,
    Escape: () => { if (lasso || path) { setLasso(false); setPath(null); } else if (region) props.drawRegion(null); else select(null); },
    ArrowLeft: () => setCamera((camera) => camera && panned(camera, 60, 0)), ArrowRight: () => setCamera((camera) => camera && panned(camera, -60, 0)),
    ArrowUp: () => setCamera((camera) => camera && panned(camera, 0, 60)), ArrowDown: () => setCamera((camera) => camera && panned(camera, 0, -60)),
  };

  const rows = new Map(shown.ids.map((id, index) => [id, index]));
  const named = new Map<number, boolean>();
  if (selected !== null && rows.has(selected)) named.set(rows.get(selected)!, true);
  if (hover !== null) named.set(hover, true);
  if (map.compared) map.movers.forEach(({ id }) => rows.has(id) && !named.has(rows.get(id)!) && named.set(rows.get(id)!, false));
  const now = motion.current.now;
  const at = (row: number): [number, number] => (camera && row * 2 + 1 < now.length ? toScreen(camera, size, now[row * 2]!, now[row * 2 + 1]!) : [-99, -99]);
  const labels = [...named].flatMap(([row, strong]) => {
    const [x, y] = at(row);
    if (x < 0 || y < 0 || x > size.width || y > size.height) return [];
    const text = shown.titles[row] ?? shown.ids[row]!;
    const width = Math.min(text.length * LETTER, LABEL_MAX);
    return [{ row, strong, text, x, top: y - 10, width, left: x > size.width * 0.7 ? x - 10 - width : x + 10 }];
  });
  const tops = stacked(labels, LABEL_LINE);
  const line = path ?? (region ? Array.from({ length: region.length / 2 }, (_, i): [number, number] => [region[i * 2]!, region[i * 2 + 1]!]) : []);
  const outline = camera ? line.map(([x, y]) => toScreen(camera, size, x, y).map((value) => value.toFixed(1)).join()).join(" ") : "";
  const picked = selected !== null ? rows.get(selected) : undefined;
  return (
    <div class="stage" ref={place} data-points={shown.ids.length} data-position={map.position} data-live={String(map.live)}>
      <canvas ref={canvas} tabIndex={0} role="application"
        aria-label={`Map of ${shown.ids.length} items. Arrow keys move it, plus and minus zoom, 0 shows all, L draws a lasso, Escape clears.`}
        class={lasso ? "drawing" : undefined}
        onPointerMove={move} onPointerDown={down} onPointerUp={up} onPointerCancel={(event) => { pointers.current.delete(event.pointerId); setPath(null); }}
        onPointerLeave={() => setHover(null)}
        onKeyDown={(event) => { const act = keys[event.key]; if (act) { event.preventDefault(); act(); } }} />
      {outline !== "" && <svg class="lasso" aria-hidden="true"><polygon points={outline} /></svg>}
      {!supported && <p class="notice">The map needs WebGL 2, which this browser does not offer. Search and lists work without it.</p>}
      {picked !== undefined && <span class="ring" style={{ left: `${at(picked)[0]}px`, top: `${at(picked)[1]}px` }} data-item={selected ?? ""} data-x={now[picked * 2]} data-y={now[picked * 2 + 1]} />}
      {labels.map(({ row, strong, text, x }, index) => {
        const side = x > size.width * 0.7 ? { right: `${size.width - x + 10}px` } : { left: `${x + 10}px` };
        return <span key={row} class={strong ? "label strong" : "label"} style={{ ...side, top: `${tops[index]}px` }}>{text}</span>;
      })}
      <div class="corner">
        <button type="button" aria-label="Zoom in" onClick={() => middle(1.4)}>+</button>
        <button type="button" aria-label="Zoom out" onClick={() => middle(1 / 1.4)}>−</button>
        <button type="button" onClick={all}>All</button>
        <button type="button" aria-pressed={lasso} title="Draw around items; with Shift held it needs no button" onClick={() => setLasso(!lasso)}>Lasso</button>
        <button type="button" disabled={!camera} title="Takes what is in view into the lasso" onClick={() => props.drawRegion(corners())}>In view</button>
      </div>
    </div>
  );
}

function marksOf(map: MapData, colour: string): { colours: Uint8Array; forms: Float32Array } {
  const shown = map.shown!;
  const size = shown.ids.length;
  const colours = new Uint8Array(size * 4);
  const forms = new Float32Array(size * 2);
  const popular = logShares(shown.popularity);
  const shares = colour === "moved" ? logShares(map.moved) : colour === "age" ? rankShares(shown.first_event_ranks, shown.items_with_events) : popular;
  const small = size > 8000 ? 0.7 : 1;
  for (let row = 0; row < size; row += 1) {
    const share = shares[row] ?? null;
    const mark = colour === "category" ? categoryMark(shown.categories[row] ?? null) : { colour: share === null ? NONE : scaleColour(share), shape: 0 };
    colours.set([...mark.colour, 225], row * 4);
    forms.set([(5 + 8 * popular[row]!) * small, mark.shape], row * 2);
  }
  return { colours, forms };
}

/// Lines behind points on their way, which fade as they arrive.
function trails(from: Float32Array, now: Float32Array, t: number): { points: Float32Array; colours: Uint8Array } {
  const points: number[] = [];
  const colours: number[] = [];
  const fade = Math.round(170 * (1 - t));
  for (let i = 0; i + 1 < from.length && points.length < TRAILS * 4; i += 2) {
    if (from[i] === now[i] && from[i + 1] === now[i + 1]) continue;
    points.push(from[i]!, from[i + 1]!, now[i]!, now[i + 1]!);
    colours.push(128, 128, 128, 0, 128, 128, 128, fade);
  }
  return { points: Float32Array.from(points), colours: Uint8Array.from(colours) };
}

/// Lines from the compared state to the shown one, the longest first, with a head.
function arrows(map: MapData, camera: Camera | null): { points: Float32Array; colours: Uint8Array } {
  if (!map.compared || !camera) return { points: new Float32Array(), colours: new Uint8Array() };
  const { points: from, there } = map.compared;
  const rows = largest(map.moved, ARROWS).filter((row) => there[row]);
  const points: number[] = [];
  const colours: number[] = [];
  const line = (x0: number, y0: number, x1: number, y1: number, faint: number): void => {
    points.push(x0, y0, x1, y1);
    colours.push(130, 130, 130, faint, 190, 60, 40, 230);
  };
  const head = 7 / camera.scale;
  for (const row of rows) {
    const [x0, y0, x1, y1] = [from[row * 2]!, from[row * 2 + 1]!, map.points[row * 2]!, map.points[row * 2 + 1]!];
    line(x0, y0, x1, y1, 60);
    const angle = Math.atan2(y1 - y0, x1 - x0);
    for (const turn of [2.6, -2.6]) line(x1 + head * Math.cos(angle + turn), y1 + head * Math.sin(angle + turn), x1, y1, 230);
  }
  return { points: Float32Array.from(points), colours: Uint8Array.from(colours) };
}
