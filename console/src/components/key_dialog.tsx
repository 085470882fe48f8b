// Dialogs for API keys: the one that this tab uses, and a new one. The key is kept in this tab (sessionStorage) and sent as a Bearer token.

import { useEffect, useRef, useState } from "preact/hooks";
import { key, type Schema } from "../api/client";

export function KeyDialog(props: { about: Schema["About"] | null; close: () => void; use: (secret: string) => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    field.current?.focus();
  }, []);
  const caller = props.about?.caller;
  return (
    <dialog ref={dialog} onClose={props.close} aria-labelledby="key-title">
      <form method="dialog" onSubmit={(event) => { event.preventDefault(); props.use(field.current?.value.trim() ?? ""); }}>
        <h2 id="key-title">API key</h2>
        <p class="muted">
          {caller
            ? caller.key
              ? `You use the key ${caller.key} with scope ${caller.scope}${caller.model ? ` for model ${caller.model}` : ""}.`
              : "The service has no keys: this machine may do everything."
            : "The service needs a key."}
        </p>
        <label>Key<input ref={field} type="password" autocomplete="off" defaultValue={key.get()} /></label>
        <div class="row">
          <button type="submit" class="main">Use this key</button>
          {key.get() !== "" && <button type="button" onClick={() => props.use("")}>Forget the key</button>}
          <button type="button" class="quiet" onClick={props.close}>Close</button>
        </div>
      </form>
    </dialog>
  );
}

/// A key that was just created, which nobody can read again.
export function NewKeyDialog(props: { made: Schema["NewKeyOut"]; close: () => void; use: (secret: string) => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [copied, setCopied] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const { key: made, secret } = props.made;
  const copy = (): void => {
    navigator.clipboard?.writeText(secret).then(() => setCopied(true), () => {});
  };
  return (
    <dialog ref={dialog} onClose={props.close} aria-labelledby="new-key-title">
      <h2 id="new-key-title">Key {made.name}</h2>
      <p class="muted">Scope {made.scope}{made.model ? `, model ${made.model}` : ", all models"}. Copy it now: it is not shown again.</p>
      <p><code class="wrap" tabIndex={0}>{secret}</code></p>
      <div class="row">
        <button type="button" class="main" onClick={copy}>{copied ? "Copied" : "Copy"}</button>
        {made.origins.length === 0 && <button type="button" onClick={() => props.use(secret)}>Use it here</button>}
        <button type="button" class="quiet" onClick={props.close}>Done</button>
      </div>
    </dialog>
  );
}
