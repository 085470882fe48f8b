// Goal: the methods do what the HTTP API says, retries never count twice, sessions read their own writes, beacons carry
// events. Method: the real service, behind ways of fetching that lose or refuse.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { ApiError, Client, UnreachableError, newEventId, type ClientOptions, type Event } from "../src/index.js";
import { losesAnswers, refuses } from "./faults.js";
import { PACKAGE, Service, freePort, sleep } from "./service.js";

let service: Service;
let models = 0;
before(async () => void (service = await Service.start()));
after(() => service.stop());

/** A client of a model of the test's own. */
async function client(options: ClientOptions = {}): Promise<Client> {
  models += 1;
  const made = new Client({ url: service.url, model: `m${models}`, ...options });
  await new Client({ url: service.url, model: made.model }).call("put", "/v1/models/{model}", {
    body: { config: { dim: 16 } },
  });
  return made;
}

const events = (count: number, user = "u"): Event[] =>
  Array.from({ length: count }, (_, number) => ({ user, item: `i${number % 5}`, kind: "click" }));

const fails = async (promise: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  assert.ok(error instanceof ApiError, String(error));
  return error;
};

test("items and users are written and read", async () => {
  const session = (await client()).session();
  const written = await session.putItems([
    { id: "a/b c", title: "Kettle", properties: { price: 24.5 } },
    { id: "pot" },
  ]);
  assert.deepEqual([written.accepted, written.rejected], [2, []]);
  assert.equal((await session.getItem("a/b c")).title, "Kettle");
  await session.patchItem("a/b c", { properties: { price: 19 } });
  assert.deepEqual((await session.getItem("a/b c")).properties, { price: 19 });
  assert.equal((await session.listItems()).items.length, 2);
  await session.removeItem("pot");
  assert.equal((await fails(session.getItem("pot"))).code, "item_not_found");
  await session.putUser("ann", { country: "NL", age: "20-29" });
  await session.patchUser("ann", { age: null });
  assert.deepEqual((await session.getUser("ann")).labels, { country: "NL" });
  await session.appendEvent({ session: "visit-1", item: "a/b c", kind: "click" });
  await session.mergeUser("ann", { session: "visit-1" });
  assert.equal((await session.getUser("ann")).events, 1);
});

test("recommendations and embeddings are answered", async () => {
  const session = (await client()).session();
  await session.appendEvents([...events(20), ...events(20, "v")]);
  const answer = await session.recommend({ user: "u", limit: 3, with: ["explanation"], exclude: ["i0"] });
  assert.equal(answer.items.length, 3);
  assert.ok(answer.position >= session.position && answer.items.every((item) => item.explanation?.length));
  assert.equal(
    (
      await session.recommendBatch([
        { user: "u", limit: 2 },
        { item: "i1", limit: 1 },
      ])
    ).answers.length,
    2,
  );
  assert.deepEqual((await session.rank({ items: ["i3", "i1", "nobody"], user: "u" })).unknown, ["nobody"]);
  assert.equal((await session.similarItems("i1", { limit: 2 })).items.length, 2);
  const one = await session.getItemEmbedding("i1");
  assert.equal(one.length, 16);
  const many = await session.getEmbeddings({ items: ["i1", "nobody", "i2"], users: ["u"] });
  assert.deepEqual([many.items.ids, many.missing.items, many.users.ids], [["i1", "i2"], ["nobody"], ["u"]]);
  assert.deepEqual(many.items.vectors[0], one);
  assert.deepEqual(many.users.vectors[0], await session.getUserEmbedding("u"));
});

test("a session reads what it wrote every time", async () => {
  const shop = await client();
  const session = shop.session();
  for (let count = 1; count <= 100; count += 1) {
    await session.appendEvent({ user: "ann", item: `i${count}`, kind: "click" });
    assert.equal((await session.getUser("ann")).events, count);
  }
  // Another one goes on where this one was, as from a cookie.
  assert.equal((await shop.session(session.position).getUser("ann")).events, 100);
});

test("a session is answered while a version is pinned, and can be strict", async () => {
  const shop = await client();
  const session = shop.session();
  await session.appendEvents(events(10));
  const version = await shop.call("post", "/v1/models/{model}/versions", { body: { label: "good" } });
  const body = { to: { version: version.version }, mode: "pin", reason: "test" } as const;
  await shop.call("post", "/v1/models/{model}/rollback", { body });
  await session.appendEvents(events(10));
  const answer = await session.recommend({ user: "u", limit: 2 });
  assert.ok(answer.version === version.version && answer.position < session.position);
  const late = await fails(shop.session(session.position, { strict: true }).recommend({ user: "u" }));
  assert.deepEqual([late.code, late.position], ["position_not_reached", answer.position]);
});

test("errors carry code, field and detail", async () => {
  const shop = await client();
  const bad = await fails(shop.appendEvent({ user: "u", item: "i", kind: "teleport" }));
  assert.deepEqual([bad.status, bad.code, bad.field, bad.errors[0]?.code], [422, "invalid", "kind", "unknown_kind"]);
  assert.ok(bad.detail.includes("teleport") && bad.requestId);
  const none = await fails(
    shop.appendEvents([
      { user: "u", item: "i", kind: "teleport" },
      { item: "i", kind: "click" },
    ]),
  );
  assert.deepEqual([none.code, none.rejected.map((entry) => entry.field)], ["nothing_taken", ["kind", "user"]]);
  await assert.rejects(shop.getItem(".."), RangeError);
});

test("a retried POST counts once", async () => {
  const lossy = losesAnswers(3);
  const shop = await client({ fetch: lossy.fetch, retry: { backoffMs: 10 } });
  const answer = await shop.appendEvents(events(7));
  assert.equal(lossy.sent(), 4);
  assert.deepEqual([answer.accepted, answer.duplicates, answer.rejected_count], [0, 7, 0]);
  assert.equal(new Set(answer.event_ids).size, 7);
  assert.equal((await shop.session(answer.position).getUser("u")).events, 7);
});

test("what must not be done twice is not sent twice", async () => {
  const lossy = losesAnswers(1);
  const shop = await client({ fetch: lossy.fetch });
  await assert.rejects(shop.call("post", "/v1/models/{model}/versions", { body: { label: "once" } }), UnreachableError);
  assert.equal(lossy.sent(), 1);
});

test("Retry-After is kept to, and bounded", async () => {
  const once = refuses(1, 429, "1");
  const began = Date.now();
  await (await client({ fetch: once.fetch })).appendEvents(events(1));
  assert.ok(Date.now() - began >= 1_000 && once.sent() === 2);
  const long = refuses(1, 429, "3600");
  assert.equal((await fails((await client({ fetch: long.fetch })).appendEvents(events(1)))).retryAfterMs, 3_600_000);
  assert.equal(long.sent(), 1);
  const always = refuses(100, 503, "0");
  await fails((await client({ fetch: always.fetch, retry: { attemptsMax: 4, backoffMs: 1 } })).appendEvents(events(1)));
  assert.equal(always.sent(), 4);
});

test("no service is an error after bounded attempts, and a request can be given up", async () => {
  const nobody = new Client({ url: `http://127.0.0.1:${await freePort()}`, retry: { attemptsMax: 3, backoffMs: 10 } });
  await assert.rejects(nobody.recommend({}), (error) => error instanceof UnreachableError && error.notSent);
  await assert.rejects((await client()).recommend({}, { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("event ids are unique and sort by time", async () => {
  const ids: string[] = [];
  for (let count = 0; count < 100; count += 1) {
    ids.push(newEventId());
    await sleep(2);
  }
  assert.deepEqual(ids, [...new Set(ids)].sort());
  assert.ok(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)));
});

test("the quick starts run as they are printed", () => {
  const readme = readFileSync(join(PACKAGE, "README.md"), "utf8");
  const blocks = readme
    .split("```js\n")
    .slice(1)
    .map((rest) => rest.split("```")[0] ?? "");
  assert.equal(blocks.length, 2);
  assert.ok(blocks.join("").split("\n").length < 40);
  const said = [/^(kettle|pot) -?\d/, /accepted: 1000, duplicates: 0, dropped: 0/];
  // Within the package, so that it finds itself by its name.
  mkdirSync(join(PACKAGE, "build/readme"), { recursive: true });
  for (const [place, block] of blocks.entries()) {
    const program = block.replaceAll("http://127.0.0.1:8080", service.url);
    assert.notEqual(program, block);
    const file = join(PACKAGE, `build/readme/${place}.mjs`);
    writeFileSync(file, program);
    assert.match(execFileSync(process.execPath, [file], { encoding: "utf8", timeout: 60_000 }), said[place] ?? /^$/);
  }
});
