// Scenarios of the other pages.

import assert from "node:assert/strict";
import { until } from "./harness.mjs";

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
  // The same question to two states, neither of which is what readers see.
  await page.getByRole("combobox", { name: "State", exact: true }).selectOption("1");
  await page.getByRole("combobox", { name: "Beside", exact: true }).selectOption("live");
  const ids = (name) => page.getByRole("region", { name, exact: true }).locator("li[data-item]").evaluateAll((list) => list.map((entry) => entry.dataset.item));
  for (const [name, version] of [["Version 1", "1"], ["Live", "live"]]) {
    const served = await harness.api("POST", "/v1/models/default/recommendations", { user: "shopper-0003", limit: 10, version });
    await until(`${name} as served`, () => ids(name), (shown) => shown.join() === served.items.map(({ id }) => id).join());
  }
  await page.context().close();
}

export async function operate(harness) {
  const page = await harness.page();
  await harness.goto(page, "#/default/operate");
  const region = (name) => page.getByRole("region", { name });
  const { processes } = await harness.api("GET", "/v1/processes");
  await region("Processes").getByText(processes[0].address).first().waitFor();
  const { memory } = await harness.api("GET", "/v1/models/default");
  await until("a row for each table", () => region("Tables").locator("tbody tr").count(), (rows) => rows === memory.tables.length);
  await region("Who did what").getByText("POST /v1/models/default/rollback").first().waitFor();
  await harness.goto(page, "#/default/learning");
  const { strongest } = await harness.api("GET", "/v1/models/default/learning/bias");
  await region("What learning is about").getByText(strongest[0].title).waitFor();
  await harness.goto(page, "#/default/item/sku-0001");
  const { shown } = await harness.api("GET", "/v1/models/default/items/sku-0001/history?records=0");
  await region("Where it is shown").getByText(`of ${shown.lists.toLocaleString("en-US")} lists`).waitFor();
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
