// Goal: a page appends clicks by beacons, with a key that everybody can read. Method: the real service with keys from
// its command line; a browser's parts are stand-ins that send what browsers send.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ApiError, Client, EventWriter, type Event } from "../src/index.js";
import { Service, sleep } from "./service.js";

const ORIGIN = "https://shop.example";
/** What browsers allow the beacons of a page together. */
const BEACON_BYTES_MAX = 64 << 10;

let service: Service;
let ingest: string;
let recommend: string;
let admin: Client;
let beacons: Promise<Response>[] = [];

before(async () => {
  service = await Service.start();
  const bound = ["--model", "default", "--origin", ORIGIN, "--requests-per-second", "1000"];
  ingest = service.command("keys", "create", "--name", "page-in", "--scope", "ingest", ...bound).trim();
  recommend = service.command("keys", "create", "--name", "page-out", "--scope", "recommend", ...bound).trim();
  const secret = service.command("keys", "create", "--name", "admin", "--scope", "admin").trim();
  admin = new Client({ url: service.url, key: secret });
  // The keys are in force once strangers are refused and the newest one opens.
  const opens = (client: Client): Promise<boolean> => client.getModel().then(() => true, () => false);
  const stranger = new Client({ url: service.url });
  while ((await opens(stranger)) || !(await opens(admin))) await sleep(50);
  // As a browser: text needs no preflight, and the page learns nothing of the answer.
  const sendBeacon = (url: URL, body: Blob): boolean => {
    if (body.size > BEACON_BYTES_MAX) return false;
    beacons.push(fetch(url, { method: "POST", body, headers: { origin: ORIGIN } }));
    return true;
  };
  Object.defineProperty(globalThis, "navigator", { value: { sendBeacon }, configurable: true });
});
after(() => service.stop());

/** `fetch` as it is in a page of the shop. */
const inPage: typeof fetch = (input, init) =>
  fetch(input, { ...init, headers: { ...(init?.headers as object), origin: ORIGIN } });

async function arrived(): Promise<number[]> {
  const statuses = (await Promise.all(beacons)).map((answer) => answer.status);
  beacons = [];
  return statuses;
}

const click = (number: number, more: Partial<Event> = {}): Event => ({
  user: "ann",
  item: `i${number}`,
  kind: "click",
  ...more,
});

test("beacons carry clicks, as many as fit into one each", async () => {
  const page = new Client({ url: service.url, key: ingest });
  const before = (await admin.getModel()).head;
  assert.equal(page.beacon([click(1), click(2)]), true);
  assert.deepEqual(await arrived(), [202]);
  const text = "x".repeat(5_000);
  assert.equal(page.beacon(Array.from({ length: 30 }, (_, number) => click(number, { properties: { text } }))), true);
  assert.deepEqual(await arrived(), [202, 202, 202]);
  assert.equal((await admin.getModel()).head, before + 32);
});

test("what a hidden page hands over is not counted twice when it lives on", async () => {
  const listeners: (() => void)[] = [];
  const page = {
    visibilityState: "visible",
    addEventListener: (_: string, listener: () => void) => listeners.push(listener),
  };
  Object.defineProperty(globalThis, "document", { value: page, configurable: true });
  const before = (await admin.getModel()).head;
  const client = new Client({ url: service.url, key: ingest, fetch: inPage });
  const writer = new EventWriter(client, { beaconOnHide: true, lingerMs: 60_000 });
  for (let number = 0; number < 5; number += 1) await writer.add(click(number));
  page.visibilityState = "hidden";
  for (const listener of listeners) listener();
  assert.deepEqual(await arrived(), [202]);
  const report = await writer.close();
  assert.deepEqual([report.accepted, report.duplicates, report.dropped], [0, 5, 0]);
  assert.equal((await admin.getModel()).head, before + 5);
});

test("a page asks for lists, and for nothing more", async () => {
  const page = new Client({ url: service.url, key: recommend, fetch: inPage });
  assert.ok((await page.recommend({ user: "ann", limit: 2 })).items.length > 0);
  const refused = [
    () => page.recommend({ user: "ann", with: ["explanation"] }),
    () => page.getUser("ann"),
    () => page.appendEvent(click(1)),
  ];
  for (const ask of refused) {
    await assert.rejects(ask, (error) => error instanceof ApiError && error.status === 403);
  }
});
