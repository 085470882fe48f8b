// Goal: a writer loses nothing that it does not say, and doubles nothing. Method: the real service, killed with signal
// 9 while it is written to; refusals; bad events among good ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  Client,
  EventWriter,
  FlushTimeoutError,
  QueueFullError,
  WriterClosedError,
  type Dropped,
  type Event,
} from "../src/index.js";
import { losesAnswers, refuses } from "./faults.js";
import { Service, freePort, sleep } from "./service.js";

const COUNT = 4_000;
const SMALL = { batchEventsMax: 20, lingerMs: 0, backoffMaxMs: 200 };

let service: Service;
before(async () => void (service = await Service.start()));
after(() => service.stop());

const numbered = (number: number): Event => ({
  user: `u${number % 7}`,
  item: `i${number % 50}`,
  kind: "view",
  event_id: `e${number}`,
});

/** The ids of all events in the log. */
async function logged(client: Client): Promise<string[]> {
  const ids: string[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: { records: object[]; next_after?: number | null } = await client.call(
      "get",
      "/v1/models/{model}/events",
      {
        query: { after, limit: 1_000 },
      },
    );
    for (const record of page.records as { type: string; event_id: string }[])
      if (record.type === "event") ids.push(record.event_id);
    after = page.next_after ?? null;
  }
  return ids;
}

test("a killed service loses and doubles nothing", async () => {
  const mortal = await Service.start();
  try {
    const client = new Client({ url: mortal.url });
    const writer = new EventWriter(client, SMALL);
    const kills = 3;
    const killer = (async () => {
      for (let kill = 1; kill <= kills; kill += 1) {
        while (writer.report.accepted < (COUNT * kill) / (kills + 1)) await sleep(1);
        await mortal.kill();
        await mortal.run();
      }
    })();
    for (let number = 0; number < COUNT; number += 1) await writer.add(numbered(number));
    await killer;
    const report = await writer.close({ timeoutMs: 120_000 });
    assert.deepEqual([report.dropped, report.accepted + report.duplicates, report.position], [0, COUNT, COUNT]);
    const ids = await logged(client);
    assert.deepEqual([ids.length, new Set(ids).size], [COUNT, COUNT]);
  } finally {
    await mortal.stop();
  }
});

test("lost answers and refusals do not double", async () => {
  for (const faulty of [losesAnswers(3), refuses(2, 429, "0"), refuses(3, 503, "0"), refuses(2, 404, "0")]) {
    const client = new Client({ url: service.url, fetch: faulty.fetch });
    const writer = new EventWriter(client, SMALL);
    const before = (await new Client({ url: service.url }).getModel()).head;
    for (let number = 0; number < 100; number += 1)
      await writer.add({ user: "u", item: `i${number % 9}`, kind: "click" });
    const report = await writer.close();
    assert.deepEqual([report.dropped, report.accepted + report.duplicates], [0, 100]);
    assert.equal(report.position, before + 100);
  }
});

test("what is dropped is told with its reason", async () => {
  const dropped: Dropped[] = [];
  const writer = new EventWriter(new Client({ url: service.url }), { onDrop: (drop) => dropped.push(drop) });
  await writer.add({ user: "u", item: "i", kind: "click", event_id: "good" });
  await writer.add({ user: "u", item: "i", kind: "teleport", event_id: "bad" });
  await writer.add({ user: "u", item: "x".repeat(300), kind: "click", event_id: "long" });
  const report = await writer.flush({ timeoutMs: 30_000 });
  assert.deepEqual([report.accepted, report.dropped], [1, 2]);
  // Only bad ones: the service refuses the batch, and each has its reason all the same.
  await writer.add({ item: "i", kind: "click", event_id: "nobody" });
  assert.equal((await writer.close()).dropped, 3);
  const told = dropped.map((drop) => [drop.event.event_id, drop.code, drop.field]);
  assert.deepEqual(told, [
    ["bad", "unknown_kind", "kind"],
    ["long", "too_long", "item"],
    ["nobody", "missing", "user"],
  ]);
});

test("a batch that is too large is halved", async () => {
  const dropped: Dropped[] = [];
  const options = { batchBytesMax: 64 << 20, onDrop: (drop: Dropped) => void dropped.push(drop) };
  const writer = new EventWriter(new Client({ url: service.url }), options);
  for (let number = 0; number < 40; number += 1) {
    const properties: Record<string, unknown> = number % 2 === 0 ? {} : { text: "x".repeat(1_000_000) };
    await writer.add({ user: "u", item: "i", kind: "click", properties });
  }
  assert.equal((await writer.close()).accepted, 20);
  assert.deepEqual([dropped.length, new Set(dropped.map((drop) => drop.field))], [20, new Set(["properties"])]);
});

test("a full queue and a closed writer are errors, and what is left is told", async () => {
  const dropped: Dropped[] = [];
  const nobody = new Client({ url: `http://127.0.0.1:${await freePort()}` });
  const writer = new EventWriter(nobody, { queueEventsMax: 3, onDrop: (drop) => dropped.push(drop) });
  for (let number = 0; number < 3; number += 1) await writer.add(numbered(number));
  await assert.rejects(writer.add(numbered(3), { timeoutMs: 50 }), QueueFullError);
  await assert.rejects(writer.flush({ timeoutMs: 50 }), FlushTimeoutError);
  assert.equal((await writer.close({ timeoutMs: 200 })).dropped, 3);
  assert.deepEqual(
    dropped.map((drop) => drop.code),
    ["closed", "closed", "closed"],
  );
  await assert.rejects(writer.add(numbered(4)), WriterClosedError);
});

test("events that are too old are dropped as expired", async () => {
  const dropped: Dropped[] = [];
  const nobody = new Client({ url: `http://127.0.0.1:${await freePort()}` });
  const options = { eventAgeMaxMs: 100, backoffMaxMs: 50, onDrop: (drop: Dropped) => void dropped.push(drop) };
  const writer = new EventWriter(nobody, options);
  await writer.add(numbered(0));
  assert.equal((await writer.flush({ timeoutMs: 30_000 })).dropped, 1);
  assert.deepEqual(
    dropped.map((drop) => drop.code),
    ["expired"],
  );
  await writer.close();
});
