// Goal: in a real browser, clicks arrive although the page goes away, and lists come to the pages of the key's origin
// alone. Method: Chromium, pages of two origins that load the package as it is published, and the real service.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { delimiter, join, normalize } from "node:path";
import { after, before, test } from "node:test";
import { chromium, type Browser, type Page } from "playwright-core";
import type * as Package from "../src/index.js";
import { Client } from "../src/index.js";
import { PACKAGE, Service, sleep } from "./service.js";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const PATIENCE_MS = 20_000;

/** What a page has of the package. */
declare const shelfmark: typeof Package;

function findBrowser(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const paths = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [process.env["SHELFMARK_CHROMIUM"] ?? "", ...paths].find((path) => path !== "" && existsSync(path));
}

const program = findBrowser();
if (program === undefined && process.env["SHELFMARK_CI"]) throw new Error("there is no Chromium");
const skip = program === undefined ? "there is no Chromium; on Debian: apt-get install -y chromium" : false;

const HTML = `<!doctype html><title>shop</title>
<script type="module">globalThis.shelfmark = await import("./dist/index.js"); document.title = "loaded";</script>`;

/** Serves a page, and the package as it is published. */
function serve(): Promise<Server> {
  const server = createServer((request, answer) => {
    const path = normalize(new URL(request.url ?? "/", "http://page").pathname);
    if (path === "/") return void answer.setHeader("content-type", "text/html").end(HTML);
    const file = join(PACKAGE, path);
    if (!path.startsWith("/dist/") || !existsSync(file)) return void answer.writeHead(404).end();
    return void answer.setHeader("content-type", "text/javascript").end(readFileSync(file));
  });
  return new Promise((done) => void server.listen(0, "127.0.0.1", () => done(server)));
}

function originOf(server: Server): string {
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return `http://127.0.0.1:${address.port}`;
}

let service: Service;
let admin: Client;
let adminKey: string;
let keys: { url: string; ingest: string; recommend: string };
let shop: Server;
let stranger: Server;
let browser: Browser;

before(async () => {
  if (program === undefined) return;
  [service, shop, stranger] = await Promise.all([Service.start(), serve(), serve()]);
  const key = (name: string, ...words: string[]): string =>
    service.command("keys", "create", "--name", name, "--scope", name, ...words).trim();
  const bound = ["--model", "default", "--origin", originOf(shop)];
  keys = { url: service.url, ingest: key("ingest", ...bound), recommend: key("recommend", ...bound) };
  adminKey = key("admin");
  admin = new Client({ url: service.url, key: adminKey });
  // Until the service has read the keys, it answers whoever is on this machine, and no page of another origin.
  await until(() => fetch(`${service.url}/v1/models/default`).then(({ status }) => status === 401));
  browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] });
});
after(async () => {
  if (program === undefined) return;
  await browser.close();
  await service.stop();
  for (const server of [shop, stranger]) {
    server.closeAllConnections();
    server.close();
  }
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, "in time");
    await sleep(50);
  }
}

async function open(server: Server): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(originOf(server));
  await page.waitForFunction(() => document.title === "loaded");
  return page;
}

const stands = async (id: string): Promise<boolean> => {
  const url = `${service.url}/v1/models/default/events/${id}`;
  return (await fetch(url, { headers: { authorization: `Bearer ${adminKey}` } })).ok;
};

test("clicks that wait are sent when the page goes away", { skip }, async () => {
  for (const leave of [(page: Page) => page.goto("about:blank"), (page: Page) => page.close({ runBeforeUnload: true })]) {
    const page = await open(shop);
    const ids = await page.evaluate(async ({ url, ingest }) => {
      const client = new shelfmark.Client({ url, key: ingest });
      const writer = new shelfmark.EventWriter(client, { beaconOnHide: true, lingerMs: 60_000 });
      const ids = Array.from({ length: 3 }, () => `page-${crypto.randomUUID()}`);
      for (const event_id of ids) await writer.add({ event_id, user: "ann", item: "kettle", kind: "click" });
      return ids;
    }, keys);
    assert.deepEqual(await Promise.all(ids.map(stands)), [false, false, false], "nothing was sent yet");
    await leave(page);
    await until(async () => (await Promise.all(ids.map(stands))).every(Boolean));
    if (!page.isClosed()) await page.close();
  }
});

test("a page of the key's origin reads lists and refusals, another one nothing", { skip }, async () => {
  const ask = async (server: Server): Promise<unknown> => {
    const page = await open(server);
    const answers = await page.evaluate(async ({ url, recommend }) => {
      const client = new shelfmark.Client({ url, key: recommend, retry: { attemptsMax: 1 } });
      const list = await client.recommend({ user: "ann", limit: 1 }).then(({ items }) => items.length, (error) => error.name);
      const refused = await client.recommend({ user: "ann", with: ["explanation"] }).then(() => "", (error) => error.code ?? error.name);
      return [list, refused];
    }, keys);
    await page.close();
    return answers;
  };
  assert.deepEqual(await ask(shop), [1, "forbidden"]);
  assert.deepEqual(await ask(stranger), ["UnreachableError", "UnreachableError"]);
});

test("a beacon from a page of another origin leaves nothing", { skip }, async () => {
  const page = await open(stranger);
  const before = (await admin.getModel()).head;
  const answered = page.waitForResponse((response) => response.url().startsWith(keys.url));
  await page.evaluate(({ url, ingest }) => {
    const client = new shelfmark.Client({ url, key: ingest });
    return client.beacon([{ user: "ann", item: "kettle", kind: "click" }]);
  }, keys);
  assert.equal((await answered).status(), 403);
  assert.equal((await admin.getModel()).head, before);
  await page.close();
});
