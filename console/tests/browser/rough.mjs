// Scenarios of a rough world: strangers' texts, lost connections, proxies, and keys that allow little.

import assert from "node:assert/strict";
import http from "node:http";
import { until } from "./harness.mjs";

export async function hostileTitles(harness) {
  // All readers see them: an arm of a split is a state from before they came.
  await harness.api("PUT", "/v1/models/default/serving", { split: [{ live: true, percent: 100 }] });
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

export async function pictures(harness) {
  const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  const images = {
    "sku-0001": "https://pictures.example/one.png", "sku-0002": "http://pictures.example/plain.png", "sku-0003": "javascript:window.hacked=4",
    "sku-0004": "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='window.hacked=5'/>",
  };
  for (const [id, image] of Object.entries(images)) await harness.api("PATCH", `/v1/models/default/items/${id}?wait=applied`, { properties: { image } });
  const page = await harness.page();
  const asked = [];
  await page.route(/pictures\.example/, (route) => {
    asked.push([route.request().url(), route.request().headers().referer ?? null]);
    return route.fulfill({ contentType: "image/png", body: png });
  });
  for (const id of Object.keys(images)) {
    await harness.goto(page, `#/default/item/${id}`);
    await page.reload();
    await page.getByRole("heading", { name: "Nearest items" }).waitFor();
    const pictures = page.locator("main img.picture");
    if (id === "sku-0001") await until("the picture is drawn", () => pictures.evaluateAll((all) => all.map((one) => one.naturalWidth)), ([width]) => width === 1);
    else assert.equal(await pictures.count(), 0, `${id} has no picture`);
  }
  assert.equal(await page.evaluate(() => window.hacked ?? null), null);
  assert.deepEqual([...new Set(asked.map(String))], ["https://pictures.example/one.png,"], "only over TLS, and no site is told who asks");
  // In a list, beside the items.
  await harness.goto(page, "#/default/try?who=session&of=sku-0001");
  await page.locator("li[data-item]").first().waitFor();
  await page.context().close();
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

/// The status of an answer, which is read to its end: else its connection stays open.
async function statusOf(answer) {
  await answer.arrayBuffer();
  return answer.status;
}

/// The first key of the service and a second one, both from the page; a third is revoked. Gives their secrets.
async function createKeys(harness) {
  const page = await harness.page();
  await harness.goto(page, "#/default/operate");
  const card = page.getByRole("region", { name: "Keys", exact: true });
  const dialog = page.getByRole("dialog");
  const create = async (name, scope) => {
    await card.getByLabel("Name of the key").fill(name);
    if (scope) await card.getByLabel("Scope").selectOption(scope);
    await card.getByRole("button", { name: "Create the key" }).click();
    await dialog.getByRole("heading", { name: `Key ${name}` }).waitFor();
    return dialog.locator("code").innerText();
  };
  const chief = await create("chief");
  await harness.accessible(page, "the dialog of a new key");
  // Longer than the page takes to see that a key is needed now: the dialog stays.
  await page.getByRole("heading", { name: "A key is needed" }).waitFor({ state: "attached" });
  assert.equal(await dialog.locator("code").innerText(), chief);
  await dialog.getByRole("button", { name: "Use it here" }).click();
  await page.getByRole("banner").getByRole("button", { name: "Key: chief" }).waitFor();
  const reader = await create("reader", "read");
  await dialog.getByRole("button", { name: "Done" }).click();
  const spare = await create("spare", "write");
  await dialog.getByRole("button", { name: "Done" }).click();
  const asks = (secret) => fetch(`${harness.url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } }).then(statusOf);
  assert.deepEqual(await Promise.all([chief, reader, spare].map(asks)), [200, 200, 200]);
  await card.getByRole("button", { name: "Revoke spare" }).click();
  await card.getByRole("button", { name: "Revoke for good" }).click();
  await until("the key is gone", () => card.locator("tbody tr").count(), (rows) => rows === 2);
  assert.equal(await asks(spare), 401);
  await page.context().close();
  return [chief, reader];
}

export async function keys(harness) {
  const [admin, reader] = await createKeys(harness);
  await until("keys in force", async () => {
    const ask = (secret) => fetch(`${harness.url}/v1/models`, { headers: secret ? { authorization: `Bearer ${secret}` } : {} }).then(statusOf, () => 0);
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
  const actions = /Take a version|Go back|Freeze|Unpin|Split|Watch recall|Forget|Make|Cancel|Rearm|Revoke|Create/;
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
