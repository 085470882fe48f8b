// Small parts that every page uses.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, type ApiError, type Schema } from "../api/client";
import { pictureOf } from "../picture";
import { formatRoute, type Page } from "../route";
import { type Action, useModel, useShared } from "../state";

/// A link to a view of the same model.
export function Link(props: { page: Page; id?: string; params?: Record<string, string>; children: ComponentChildren; class?: string }) {
  const model = useModel();
  const href = formatRoute({ model, page: props.page, id: props.id ?? null, params: props.params ?? {} });
  return <a href={href} class={props.class}>{props.children}</a>;
}

export function ItemLink(props: { id: string; title?: string | null | undefined }) {
  return (
    <Link page="item" id={props.id}>
      {props.title ? <>{props.title} <span class="muted mono">{props.id}</span></> : <span class="mono">{props.id}</span>}
    </Link>
  );
}

/// An item's picture, where the service allows pictures of other sites (`--console-images`). A site is not told which
/// page asks.
export function Picture(props: { item: Pick<Schema["Item"], "properties"> | null | undefined; large?: boolean }) {
  const { about } = useShared();
  const [broken, setBroken] = useState<string | null>(null);
  const url = about?.console_images ? pictureOf(props.item) : null;
  if (url === null || url === broken) return null;
  return <img class={props.large ? "picture large" : "picture"} src={url} alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer" onError={() => setBroken(url)} />;
}

const titles = new Map<string, Promise<string | null>>();
const TITLES_MAX = 2000;

/// The title of an item, asked for once.
function titleOf(model: string, id: string): Promise<string | null> {
  const name = JSON.stringify([model, id]);
  const known = titles.get(name);
  if (known) return known;
  if (titles.size >= TITLES_MAX) titles.clear();
  const title = get("/v1/models/{model}/items/{id}", { path: { model, id } }).then((item) => item.title ?? null, () => null);
  titles.set(name, title);
  return title;
}

/// A link to an item of which only the id is known.
export function NamedItem(props: { id: string }) {
  const model = useModel();
  const [title, setTitle] = useState<string | null>(null);
  useEffect(() => {
    let gone = false;
    void titleOf(model, props.id).then((title) => { if (!gone) setTitle(title); });
    return () => { gone = true; };
  }, [model, props.id]);
  return <ItemLink id={props.id} title={title} />;
}

export const UserLink = (props: { id: string }) => <Link page="user" id={props.id}><span class="mono">{props.id}</span></Link>;

/// The command that does the same, to copy.
export function Curl(props: { command: string; what?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    navigator.clipboard?.writeText(props.command).then(() => setCopied(true), () => {});
  };
  return (
    <details class="curl">
      <summary>curl{props.what ? `: ${props.what}` : ""}</summary>
      <div class="row">
        <code tabIndex={0}>{props.command}</code>
        <button type="button" class="quiet" onClick={copy}>{copied ? "Copied" : "Copy"}</button>
      </div>
    </details>
  );
}

export function Problem(props: { error: ApiError | null }) {
  const { askForKey } = useShared();
  if (!props.error) return null;
  const key = props.error.status === 401 || props.error.status === 403;
  return (
    <p class="problem" role="alert">
      {props.error.message} <span class="muted mono">{props.error.code}</span>
      {key && <> <button type="button" class="quiet" onClick={askForKey}>Use another key</button></>}
    </p>
  );
}

/// A view without data: says why, and what to do next.
export function Empty(props: { title: string; children: ComponentChildren }) {
  return (
    <section class="empty">
      <h2>{props.title}</h2>
      {props.children}
    </section>
  );
}

export function Card(props: { title: string; note?: ComponentChildren; children: ComponentChildren; id?: string }) {
  return (
    <section class="card" aria-label={props.title} id={props.id}>
      <h2>{props.title}</h2>
      {props.note && <p class="muted">{props.note}</p>}
      {props.children}
    </section>
  );
}

export function Fact(props: { name: string; value: ComponentChildren; note?: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{props.name}</dt>
      <dd>{props.value}{props.note && <small>{props.note}</small>}</dd>
    </div>
  );
}

/// A table that scrolls sideways where it does not fit.
export function Table(props: { head: string[]; rows: ComponentChildren[][]; label: string; long?: number[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={props.label}>
      <table>
        <thead><tr>{props.head.map((name) => <th scope="col" key={name}>{name}</th>)}</tr></thead>
        <tbody>{props.rows.map((cells, row) => <tr key={row}>{cells.map((cell, column) => <td key={column} class={props.long?.includes(column) ? "long" : undefined}>{cell}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}

export function ActionButton(props: { action: Action; children: ComponentChildren; kind?: "main" | "danger"; disabled?: boolean }) {
  const { running, error, run } = props.action;
  return (
    <>
      <button type="button" class={props.kind ?? ""} disabled={running || props.disabled} onClick={run}>
        {running ? "Working" : props.children}
      </button>
      <Problem error={error} />
    </>
  );
}

export const Loading = () => <p class="muted" role="status">Loading</p>;

export function Progress(props: { value: number; label: string }) {
  return (
    <label class="progress">
      {props.label}
      <progress value={props.value} max={1} />
    </label>
  );
}
