// Line chart over positions of the log, with versions as marks.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { count, figure } from "../format";

export interface Line {
  label: string;
  /// Name of a CSS variable.
  colour: string;
  dash?: number[];
  values: (number | null)[];
}

export interface Mark {
  position: number;
  label: string;
  /// Drawn with longer dashes: what was done to the model, beside what was kept of it.
  action?: boolean;
}

export function Chart(props: { positions: number[]; lines: Line[]; marks: Mark[]; label: string; logarithmic?: boolean; height?: number }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const marks = useRef(props.marks);
  marks.current = props.marks;
  const shape = props.lines.map((line) => line.label + line.colour).join() + (props.logarithmic ? "log" : "");
  useEffect(() => {
    const holder = place.current!;
    const of = (name: string): string => colourOf(holder, name);
    const axis = { stroke: of("--muted"), grid: { stroke: of("--line"), width: 1 }, ticks: { stroke: of("--line"), width: 1 }, font: "12px system-ui" };
    const plot = new uPlot({
      width: holder.clientWidth || 600,
      height: props.height ?? 220,
      scales: { x: { time: false }, y: props.logarithmic ? { distr: 3 } : {} },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((tick) => (tick >= 1e6 ? `${tick / 1e6}M` : tick >= 1000 ? `${tick / 1000}k` : String(tick))) },
        { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => (tick == null ? "" : figure(tick))) },
      ],
      series: [
        { label: "position", value: (_: uPlot, value: number | null) => (value == null ? "" : count(value)) },
        ...props.lines.map((line) => ({
          label: line.label, stroke: of(line.colour), width: 2, spanGaps: false,
          ...(line.dash ? { dash: line.dash } : {}), value: (_: uPlot, value: number | null) => (value == null ? "" : figure(value)), points: { show: false },
        })),
      ],
      cursor: { y: false },
      hooks: { draw: [(plot) => drawMarks(plot, marks.current, of("--muted"))] },
    }, [[], ...props.lines.map(() => [])] as uPlot.AlignedData, holder);
    chart.current = plot;
    const observer = new ResizeObserver(() => plot.setSize({ width: holder.clientWidth, height: props.height ?? 220 }));
    observer.observe(holder);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [shape]);
  useEffect(() => {
    chart.current?.setData([props.positions, ...props.lines.map((line) => line.values)] as uPlot.AlignedData);
  }, [props.positions, props.lines, props.marks, shape]);
  return <div ref={place} class="chart" role="img" aria-label={props.label} />;
}

/// A variable's colour in the theme of now: a canvas does not know variables.
function colourOf(holder: HTMLElement, name: string): string {
  const before = holder.style.color;
  holder.style.color = `var(${name})`;
  const colour = getComputedStyle(holder).color;
  holder.style.color = before;
  return colour;
}

function drawMarks(plot: uPlot, marks: readonly Mark[], colour: string): void {
  const { ctx, bbox } = plot;
  const { min, max } = plot.scales.x!;
  if (min == null || max == null) return;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.font = `${11 * devicePixelRatio}px system-ui`;
  ctx.textAlign = "left";
  let free = -Infinity;
  for (const { position, label, action } of marks) {
    if (position < min || position > max) continue;
    ctx.setLineDash(action ? [9, 3] : [3, 4]);
    const x = Math.round(plot.valToPos(position, "x", true));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (x > free) {
      ctx.fillText(label, x + 3, bbox.top + 11 * devicePixelRatio);
      free = x + ctx.measureText(label).width + 8;
    }
  }
  ctx.restore();
}
