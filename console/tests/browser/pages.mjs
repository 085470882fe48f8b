// Scenarios of the other pages.

import assert from "node:assert/strict";
import http from "node:http";
import { until } from "./harness.mjs";

const VIEWS = [
  ["#/default/map", null], ["#/default/learning", "Learning"], ["#/default/log", "Log"], ["#/default/versions?a=1&b=live", "Versions"],
  ["#/default/try?of=shopper-0003", "Try it"], ["#/default/operate", "Operate"], ["#/default/item/sku-0001", null], ["#/default/user/shopper-0003", "User shopper-0003"],
];

export async function emptyService(harness) {
  const page = await harness.page();
  const landing = await page.goto(`${harness.url}/`);
  assert.equal(landing.status(), 200);
  await page.waitForURL("**/console/");
  for (const [view, heading] of [
    ["#/default/map", "There are no items yet"], ["#/default/learning", "Nothing was learned yet"], ["#/default/versions", "No version is kept yet"],
    ["#/default/log", "The log is empty"], ["#/default/try", "No items to recommend"], ["#/default/item/none", "The model does not know this item"],
    ["#/default/user/nobody", "The model does not know this user"],
  ]) {
    await harness.goto(page, view);
    await page.getByRole("heading", { name: heading }).waitFor();
    await harness.accessible(page, `${view}, empty`);
  }
  await harness.goto(page, "#/default/map");
  await page.getByText("shelfmark demo").first().waitFor();
  await page.context().close();
}

const listOf = async (harness, items) => {
  const answer = await harness.api("POST", "/v1/models/default/recommendations", { session: items, limit: 10 });
  return answer.items.map(({ id }) => id);
};

export async function rollback(harness) {
  const page = await harness.page();
  await harness.goto(page, "#/default/versions");
  await page.getByLabel("Label").fill("good");
  await page.getByLabel("Reason").fill("before the spam");
  await page.getByRole("button", { name: "Take a version" }).click();
  await page.getByRole("cell", { name: "good", exact: true }).waitFor();
  const before = await listOf(harness, ["sku-0001"]);
  harness.demo("--spam", "--events", "3000");
  assert.notDeepEqual(await listOf(harness, ["sku-0001"]), before, "the spam changed the list");
  await page.getByRole("button", { name: "Compare version 1 with live" }).click();
  const diff = await harness.api("GET", "/v1/models/default/versions/1/diff/live?top=5");
  for (const { title } of diff.movers) await page.locator("#diff").getByText(title).first().waitFor();
  await page.getByRole("button", { name: "Go back to version 1" }).click();
  const card = page.locator("#rollback");
  await card.getByRole("button", { name: "Show what it would change" }).click();
  await card.getByText("Nothing is changed yet.").waitFor();
  const confirm = card.getByRole("button", { name: /^Confirm/ });
  assert.ok(await confirm.isDisabled(), "a reason is needed");
  const { digest: spoiled } = await harness.api("GET", "/v1/models/default");
  await card.getByLabel("Reason, kept with the deployment").fill("spam burst");
  if (harness.screenshots) {
    await page.setViewportSize({ width: 1280, height: 1000 });
    await card.scrollIntoViewIfNeeded();
    await card.evaluate((element) => element.scrollIntoView());
    await page.screenshot({ path: `${harness.screenshots}/console-rollback.png` });
  }
  await confirm.click();
  await card.getByText("restore of version 1 is done").waitFor();
  const { digest } = await harness.api("GET", "/v1/models/default");
  assert.notEqual(digest, spoiled);
  assert.deepEqual(await listOf(harness, ["sku-0001"]), before, "the lists are as before");
  await page.getByText("by anonymous: spam burst").waitFor();
  // Pin and unpin.
  await card.getByLabel("Mode").selectOption("pin");
  await card.getByRole("button", { name: "Show what it would change" }).click();
  await card.getByLabel("Reason, kept with the deployment").fill("look at it");
  await card.getByRole("button", { name: /^Confirm/ }).click();
  await page.getByText("Readers see version 1;").waitFor();
  await page.getByRole("button", { name: "Unpin: serve live again" }).click();
  await until("live again", () => harness.api("GET", "/v1/models/default"), ({ served }) => served === "live");
  await page.context().close();
}

export async function tryIt(harness) {
  const page = await harness.page();
  await harness.goto(page, "#/default/try?of=shopper-0003");
  const entries = page.locator("li[data-item]");
  await entries.first().waitFor();
  const shown = await entries.evaluateAll((list) => list.map((entry) => ({
    id: entry.dataset.item, score: Number(entry.dataset.score),
    sum: [...entry.querySelectorAll("rect[data-value]")].reduce((sum, rect) => sum + Number(rect.dataset.value), 0),
    width: [...entry.querySelectorAll("rect[data-value]")].reduce((sum, rect) => sum + rect.width.baseVal.value, 0),
  })));
  assert.equal(shown.length, 10);
  // The service's own sum is exact up to the rounding of f32.
  for (const { id, score, sum, width } of shown) {
    assert.ok(Math.abs(score - sum) < 1e-3 * Math.max(1, Math.abs(score)), `${id}: ${sum} is not ${score}`);
    assert.ok(width > 0, `${id} has a bar`);
  }
  const head = (await harness.api("GET", "/v1/models/default")).head;
  await entries.nth(4).getByRole("button").click();
  await page.getByText("learned and seen by readers after").waitFor();
  const { records } = await harness.api("GET", `/v1/models/default/events?after=${head}&user=shopper-0003`);
  assert.equal(records[0].item, shown[4].id);
  await until("another list", () => entries.evaluateAll((list) => list.map((entry) => Number(entry.dataset.score))), (scores) => scores.length === 10 && scores.some((score, place) => score !== shown[place].score));
  await page.getByLabel("Beside").selectOption("1");
  await page.getByRole("heading", { name: "Version 1" }).waitFor();
  await page.context().close();
}

export async function logAndTrace(harness) {
  const page = await harness.page();
  await harness.goto(page, "#/default/log");
  await page.getByRole("link", { name: "Trace" }).first().waitFor();
  const done = await harness.api("POST", "/v1/models/default/events?wait=applied", { user: "tail-user", item: "sku-0001", kind: "click", event_id: "tail-1" });
  await page.getByRole("link", { name: "tail-user" }).waitFor();
  await page.getByLabel("User").fill("tail-user");
  await page.getByLabel("User").press("Enter");
  await until("one row", () => page.locator("tbody tr").count(), (rows) => rows === 1);
  await page.getByRole("link", { name: "Trace" }).click();
  await page.getByText("Loss of its step").waitFor();
  await page.getByRole("heading", { name: "Neighbours of its item before and after" }).waitFor();
  assert.ok((await page.locator("dd", { hasText: done.position.toLocaleString("en-US") }).count()) > 0);
  await page.context().close();
}

export async function hostileTitles(harness) {
  const hostile = '<img src=x onerror="window.hacked=1">';
  const id = '"><script>window.hacked=2</script>';
  await harness.api("POST", "/v1/models/default/items?wait=applied", { items: [
    { id: "hostile", title: hostile, categories: [`${hostile}category`], tags: [hostile], properties: { [hostile]: hostile }, text: hostile }, { id, title: "javascript:window.hacked=3" },
  ] });
  await harness.api("POST", "/v1/models/default/events?wait=applied", { events: ["hostile", id].flatMap((item) => [1, 2, 3, 4].map((n) => ({ user: `${hostile}${n}`, item, kind: "purchase" }))) });
  const page = await harness.page();
  for (const view of ["item/hostile", `item/${encodeURIComponent(id)}`, `user/${encodeURIComponent(`${hostile}1`)}`, "log", "map?item=hostile", `map?item=${encodeURIComponent(id)}`, "try?who=session&of=hostile", "learning", `try?of=${encodeURIComponent(`${hostile}1`)}`]) {
    await harness.goto(page, `#/default/${view}`);
    await page.reload();
    await until(`${view} names it`, () => page.locator("main").innerText(), (text) => /hostile|onerror|hacked|Learning/.test(text));
    const ran = await page.evaluate(() => [window.hacked, document.querySelectorAll("main img, main script, main a[href^=javascript]").length]);
    assert.deepEqual([ran[0] ?? null, ran[1]], [null, 0], view);
  }
  await page.getByText("onerror").first().waitFor();
  await page.context().close();
}

export async function everyView(harness) {
  const { records } = await harness.api("GET", "/v1/models/default/events?after=3000&limit=1");
  const views = [...VIEWS, [`#/default/log/${records[0].event_id}`, `Event ${records[0].event_id}`], ["#/default/versions?to=1", "Versions"], ["#/default/map?from=1&item=sku-0001", null]];
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      const page = await harness.page({ colorScheme, viewport: { width, height: width === 390 ? 844 : 860 } });
      for (const [view, heading] of views) {
        const what = `${view} (${colorScheme}, ${width})`;
        await page.goto("about:blank");
        await harness.goto(page, view);
        if (heading) await page.getByRole("heading", { name: heading, exact: true }).waitFor();
        else await page.locator("h1").first().waitFor({ state: "attached" });
        await until("loaded", () => page.locator("[role=status]", { hasText: /^Loading/ }).count(), (count) => count === 0);
        await harness.fits(page, what);
        await harness.accessible(page, what);
      }
      await page.context().close();
    }
  }
}

export async function goneAndBack(harness) {
  const page = await harness.page();
  await harness.goto(page, "#/default/map");
  await page.locator(".stage").waitFor();
  await page.context().setOffline(true);
  await page.getByText("The service does not answer.").first().waitFor();
  assert.ok(await page.locator(".stage").isVisible(), "what was seen stays");
  await page.context().setOffline(false);
  await until("back", () => page.getByText("The service does not answer.").count(), (count) => count === 0);
  const { position } = await harness.api("POST", "/v1/models/default/events?wait=applied", { user: "back", item: "sku-0001", kind: "click" });
  await until("moves again", async () => Number(await page.locator(".stage").getAttribute("data-position")), (at) => at >= position);
  await page.context().close();
}

export async function behindAPrefix(harness) {
  const target = new URL(harness.url);
  const proxy = http.createServer((request, response) => {
    if (!request.url.startsWith("/tools/shelfmark/")) {
      response.writeHead(404).end();
      return;
    }
    const path = request.url.slice("/tools/shelfmark".length);
    const passed = http.request({ host: target.hostname, port: target.port, path, method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    request.pipe(passed);
  });
  await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
  try {
    const page = await harness.page();
    const root = `http://127.0.0.1:${proxy.address().port}/tools/shelfmark`;
    await page.goto(`${root}/`);
    await page.waitForURL("**/tools/shelfmark/console/");
    await page.goto(`${root}/console#/default/map`);
    await page.locator(".stage").waitFor();
    await page.goto(`${root}/console/#/default/try?of=shopper-0001`);
    await page.locator("li[data-item]").first().waitFor();
    await page.context().close();
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
}

export async function keys(harness) {
  const make = (name, scope) => harness.run("keys", "create", "--name", name, "--scope", scope, "--data-dir", harness.dataDir);
  const [reader, admin] = [make("reader", "read"), make("chief", "admin")];
  await until("keys in force", async () => {
    const ask = (secret) => fetch(`${harness.url}/v1/models`, { headers: secret ? { authorization: `Bearer ${secret}` } : {} }).then(({ status }) => status, () => 0);
    return [await ask(null), await ask(reader), await ask(admin)];
  }, ([none, read, all]) => none === 401 && read === 200 && all === 200);
  const page = await harness.page();
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await harness.goto(page, "#/default/versions");
  await page.getByRole("heading", { name: "A key is needed" }).waitFor();
  const enter = async (secret) => {
    await page.getByRole("banner").getByRole("button", { name: /^Key/ }).click();
    await page.getByRole("dialog").getByLabel("Key").fill(secret);
    await harness.accessible(page, "the key dialog");
    await page.getByRole("button", { name: "Use this key" }).click();
  };
  await enter(reader);
  await page.getByRole("button", { name: "Compare version 1 with live" }).waitFor();
  const actions = /Take a version|Go back|Freeze|Unpin|Split|Watch recall|Forget|Make|Cancel|Rearm/;
  for (const view of ["versions?to=1", "operate", "user/shopper-0003", "try?of=shopper-0003"]) {
    await harness.goto(page, `#/default/${view}`);
    await page.locator("h1").first().waitFor();
    await until("data", () => page.locator("main").innerText(), (text) => text.length > 200);
    const buttons = await page.locator("main button").allInnerTexts();
    assert.ok(!buttons.some((text) => actions.test(text) || text === "click"), `${view}: ${buttons}`);
  }
  assert.equal(await page.evaluate(() => [localStorage.length, document.cookie.length, sessionStorage.length].join()), "0,0,1");
  assert.ok(!asked.some((url) => url.includes(reader)) && !page.url().includes(reader), "no key in a URL");
  await harness.goto(page, "#/default/map");
  await page.locator(".stage").waitFor();
  await until("a live map with a key", async () => page.locator(".stage").getAttribute("data-live"), (live) => live === "true");
  await enter(admin);
  await harness.goto(page, "#/default/versions");
  await page.getByRole("button", { name: "Take a version" }).waitFor();
  // Another tab has no key.
  const other = await harness.page();
  await harness.goto(other, "#/default/map");
  await other.getByRole("heading", { name: "A key is needed" }).waitFor();
  await other.context().close();
  await page.context().close();
}
