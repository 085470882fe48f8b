// Routes: every view is a URL, `#/MODEL/PAGE/ID?NAME=VALUE`. Behind the hash, so that any path prefix works.

export const PAGES = ["map", "learning", "log", "versions", "try", "operate", "item", "user"] as const;
export type Page = (typeof PAGES)[number];

export interface Route {
  model: string;
  page: Page;
  /// Item or user.
  id: string | null;
  params: Record<string, string>;
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = split(hash.replace(/^#/, ""), "?");
  const [model, page, ...rest] = path.split("/").filter((part) => part !== "").map(decode);
  const known = PAGES.find((name) => name === page) ?? "map";
  const id = rest.length > 0 ? rest.join("/") : null;
  return { model: model ?? "default", page: known, id, params: Object.fromEntries(new URLSearchParams(query)) };
}

export function formatRoute(route: Partial<Route> & { model: string; page: Page }): string {
  const path = [route.model, route.page, ...(route.id == null ? [] : [route.id])].map(encodeURIComponent).join("/");
  const given = Object.entries(route.params ?? {}).filter(([, value]) => value !== "");
  const query = new URLSearchParams(given).toString();
  return `#/${path}${query === "" ? "" : `?${query}`}`;
}

function split(text: string, at: string): [string, string] {
  const place = text.indexOf(at);
  return place < 0 ? [text, ""] : [text.slice(0, place), text.slice(place + 1)];
}
