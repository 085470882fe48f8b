// Address of an item's picture: the property `image`, and only over TLS. Pure.

import type { Schema } from "./api/client";

/// `null` for items without a picture, and for addresses that are not of the kind `https:`.
export function pictureOf(item: Pick<Schema["Item"], "properties"> | null | undefined): string | null {
  const value = (item?.properties as Record<string, unknown> | undefined)?.image;
  if (typeof value !== "string") return null;
  const url = URL.canParse(value) ? new URL(value) : null;
  return url?.protocol === "https:" && url.username === "" && url.password === "" ? url.href : null;
}
