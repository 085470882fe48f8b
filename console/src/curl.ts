// The curl command that does what a button does.

import { key, urlOf } from "./api/client";

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export function curl(method: string, url: string, body?: unknown, withKey = false): string {
  const parts = ["curl -s"];
  if (method !== "GET") parts.push(`-X ${method}`);
  if (withKey) parts.push('-H "authorization: Bearer $SHELFMARK_KEY"');
  if (body !== undefined) parts.push("-H content-type:application/json");
  parts.push(quoted(url));
  if (body !== undefined) parts.push(`-d ${quoted(JSON.stringify(body))}`);
  return parts.join(" ");
}

/// The command for a route of the service. It never holds the key itself.
export function curlOf(method: string, path: string, parts: object, query: object = {}, body?: unknown): string {
  return curl(method, urlOf(path, parts, query).href, body, key.get() !== "");
}
