// Rollback in three steps: say where to, see what it would change, confirm with a reason.

import { useEffect, useState } from "preact/hooks";
import { ApiError, call, get, type Schema } from "../api/client";
import { curlOf } from "../curl";
import { count } from "../format";
import { describe, exclusions, target, type TargetKind } from "../rollback_request";
import { useAction, useModel } from "../state";
import { DiffView } from "./diff_view";
import { ActionButton, Card, Curl, Problem, Progress } from "./parts";

const MODES = [
  ["restore", "Restore: learning goes on from there; what came since stays in the log, unlearned"],
  ["pin", "Pin: readers see it until you unpin; learning goes on behind it"],
  ["replay", "Replay: learn what came since again, without what you leave out"],
] as const;

export function Rollback(props: { to: string; versions: Schema["VersionManifest"][]; close: () => void; done: () => void }) {
  const model = useModel();
  const [kind, setKind] = useState<TargetKind>("version");
  const [to, setTo] = useState(props.to);
  const [mode, setMode] = useState<Schema["RollbackMode"]>("restore");
  const [except, setExcept] = useState({ users: "", items: "", kinds: "", sources: "" });
  const [reason, setReason] = useState("");
  const [dryRun, setDryRun] = useState<Schema["DryRun"] | null>(null);
  const [operation, setOperation] = useState<string | null>(null);
  const [finished, setFinished] = useState<string | null>(null);
  const asked = { to: target(kind, to), mode, ...(mode === "replay" ? { except: exclusions(except) } : {}) };
  const rolling = { ...asked, reason };
  const path = { model };
  const forget = (): void => {
    setDryRun(null);
    setFinished(null);
  };
  const preview = useAction(async () => {
    forget();
    const answer = await call("post", "/v1/models/{model}/rollback", { path, body: { ...asked, dry_run: true } });
    if ("dry_run" in answer) setDryRun(answer.dry_run);
    else if ("operation" in answer) setOperation(answer.operation.id);
  });
  const confirm = useAction(async () => {
    const answer = await call("post", "/v1/models/{model}/rollback", { path, body: rolling });
    if ("operation" in answer) setOperation(answer.operation.id);
    else done();
  });
  const done = (): void => {
    setFinished(`${mode} of ${describe(kind, to)} is done. Readers see it now.`);
    setDryRun(null);
    props.done();
  };
  const ended = (operation: Schema["Operation"]): void => {
    setOperation(null);
    const result = operation.result as { dry_run?: Schema["DryRun"] } | null | undefined;
    if (operation.state === "done" && result?.dry_run) setDryRun(result.dry_run);
    else if (operation.state === "done") done();
  };
  const step = finished ? 4 : dryRun ? 2 : 1;
  return (
    <Card title="Go back" id="rollback">
      <ol class="steps">
        {["1. Where to", "2. What it would change", "3. Confirm"].map((name, index) => <li key={name} aria-current={step === index + 1 ? "step" : undefined}>{name}</li>)}
      </ol>
      <div class="row">
        <label>To
          <select value={kind} onChange={(event) => { setKind(event.currentTarget.value as TargetKind); setTo(""); forget(); }}>
            <option value="version">a version</option>
            <option value="position">a position</option>
            <option value="time">a time</option>
          </select>
        </label>
        {kind === "version"
          ? <label>Version<select value={to} onChange={(event) => { setTo(event.currentTarget.value); forget(); }}>
              {[...new Set([to, ...props.versions.map(({ version }) => String(version))])].filter((one) => one !== "").map((one) => {
                const label = props.versions.find(({ version }) => String(version) === one)?.label;
                return <option key={one} value={one}>{label ? `${one}: ${label}` : `version ${one}`}</option>;
              })}
            </select></label>
          : <label>{kind === "position" ? "Position" : "Time (UTC, by the service's clock)"}
              <input value={to} placeholder={kind === "time" ? "2026-01-05T08:00:00Z" : ""} onInput={(event) => { setTo(event.currentTarget.value.trim()); forget(); }} />
            </label>}
        <label>Mode
          <select value={mode} onChange={(event) => { setMode(event.currentTarget.value as Schema["RollbackMode"]); forget(); }}>
            {MODES.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
          </select>
        </label>
      </div>
      {mode === "replay" && (
        <div class="row">
          {(["users", "items", "kinds", "sources"] as const).map((field) => (
            <label key={field}>Without {field}<input value={except[field]} placeholder="none" onInput={(event) => { setExcept({ ...except, [field]: event.currentTarget.value }); forget(); }} /></label>
          ))}
        </div>
      )}
      <div class="row">
        <ActionButton action={preview} kind="main" disabled={to === "" || operation !== null}>Show what it would change</ActionButton>
        <button type="button" class="quiet" onClick={props.close}>Close</button>
      </div>
      {operation !== null && <Watch id={operation} ended={ended} />}
      {dryRun && (
        <section aria-label="Dry run">
          <h3>What it would change</h3>
          <p>Of {count(dryRun.counts.records)} records looked at, {count(dryRun.counts.others_kept + dryRun.counts.events_kept)} would be kept. Nothing is changed yet.</p>
          <DiffView diff={dryRun.diff} result="the state after it" />
          <div class="row">
            <label>Reason, kept with the deployment<input value={reason} size={40} onInput={(event) => setReason(event.currentTarget.value)} /></label>
            <ActionButton action={confirm} kind="danger" disabled={reason.trim() === "" || operation !== null}>{`Confirm: ${mode} ${describe(kind, to)}`}</ActionButton>
          </div>
          {reason.trim() === "" && <p class="muted">A reason is needed, so that others understand it later.</p>}
        </section>
      )}
      {finished && <p class="notice" role="status">{finished} What was before is in the list below, one press away.</p>}
      <Curl command={curlOf("POST", "/v1/models/{model}/rollback", path, {}, { ...rolling, reason: reason || undefined, dry_run: step < 2 ? true : undefined })} />
    </Card>
  );
}

/// Follows an operation to its end.
function Watch(props: { id: string; ended: (operation: Schema["Operation"]) => void }) {
  const model = useModel();
  const [operation, setOperation] = useState<Schema["Operation"] | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const path = { model, operation: props.id };
  useEffect(() => {
    const ends = new AbortController();
    const look = async (): Promise<void> => {
      while (!ends.signal.aborted) {
        try {
          const operation = await get("/v1/models/{model}/operations/{operation}", { path, signal: ends.signal });
          setOperation(operation);
          setError(null);
          if (operation.state !== "running") {
            if (operation.state === "done") props.ended(operation);
            return;
          }
        } catch (error) {
          if (ends.signal.aborted) return;
          setError(error instanceof ApiError ? error : new ApiError(0, "failed", String(error)));
        }
        await new Promise((done) => setTimeout(done, 500));
      }
    };
    void look();
    return () => ends.abort();
  }, [props.id]);
  const cancel = useAction(async () => {
    await call("delete", "/v1/models/{model}/operations/{operation}", { path });
  });
  return (
    <div role="status">
      <Problem error={error} />
      {operation && operation.state !== "running" && operation.state !== "done" && <p class="problem">The operation {operation.state}{operation.error ? `: ${operation.error}` : ""}. Nothing was changed.</p>}
      {(!operation || operation.state === "running") && <>
        <Progress value={operation?.progress ?? 0} label={`${operation?.kind ?? "operation"}${operation?.eta_s != null ? `, about ${Math.ceil(operation.eta_s)} s left` : ""}`} />
        <ActionButton action={cancel}>Cancel</ActionButton>
      </>}
    </div>
  );
}
