// Stacked bars of an explanation: each term of a score is a piece, those below zero lie left of the line.

import type { Schema } from "../api/client";
import { figure } from "../format";
import { SOURCES, grouped } from "../explanation";

export function Legend(props: { sources: readonly string[] }) {
  return (
    <ul class="legend">
      {SOURCES.filter((source) => props.sources.includes(source)).map((source) => (
        <li key={source}><svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" class={`term-${source}`} /></svg> {source}</li>
      ))}
    </ul>
  );
}

export function Bars(props: { terms: Schema["Contribution"][]; score: number; extent: [number, number] }) {
  const [low, high] = props.extent;
  const span = high - low || 1;
  const pieces = grouped(props.terms);
  let right = 0;
  let left = 0;
  const place = (value: number): number => ((value - low) / span) * 100;
  const text = pieces.map(({ source, value }) => `${source} ${figure(value)}`).join(", ");
  return (
    <svg class="bars" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label={`Score ${figure(props.score)}: ${text}`}>
      {pieces.map(({ source, value }) => {
        const from = value >= 0 ? right : left + value;
        if (value >= 0) right += value;
        else left += value;
        return (
          <rect key={source} class={`term-${source}`} data-source={source} data-value={value}
            x={place(from)} width={(Math.abs(value) / span) * 100} y={1} height={8}>
            <title>{`${source}: ${figure(value)}`}</title>
          </rect>
        );
      })}
      <line x1={place(0)} x2={place(0)} y1={0} y2={10} class="zero" vector-effect="non-scaling-stroke" />
    </svg>
  );
}
