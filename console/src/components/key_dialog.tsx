// Dialog for the API key. The key is kept in this tab (sessionStorage) and sent as a Bearer token.

import { useEffect, useRef } from "preact/hooks";
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
