// Scenarios of the map.

import assert from "node:assert/strict";
import { floats, until } from "./harness.mjs";

const stage = (page) => page.locator(".stage");
const points = async (page) => Number(await stage(page).getAttribute("data-points"));
const position = async (page) => Number(await stage(page).getAttribute("data-position"));
const ring = (page) => page.locator(".ring");
/// Where the page draws the selected item, in the map's own coordinates.
const drawnAt = async (page) => [Number(await ring(page).getAttribute("data-x")), Number(await ring(page).getAttribute("data-y"))];

async function servedAt(harness, id, basis) {
  const query = new URLSearchParams({ basis, ids: JSON.stringify([id]) });
  const found = await harness.api("GET", `/v1/models/default/map?${query}`);
  const row = found.ids.indexOf(id);
  return floats(found.points).slice(row * 2, row * 2 + 2);
}

const basisOf = (page) => new URLSearchParams(new URL(page.url()).hash.split("?")[1]).get("basis");
const near = (a, b) => Math.abs(a[0] - b[0]) < 1e-4 && Math.abs(a[1] - b[1]) < 1e-4;

export async function firstPoints(harness) {
  const page = await harness.page();
  await harness.goto(page, "#/default/map");
  await page.getByRole("heading", { name: "There are no items yet" }).waitFor();
  harness.demo("--events", "6000");
  await until("points", async () => ((await stage(page).count()) > 0 ? points(page) : 0), (count) => count === 500);
  await until("axes", () => basisOf(page));
  // Axes of an early moment may fit badly; a person takes those of now.
  await page.getByLabel("Axes").selectOption("live");
  await until("axes of now", () => basisOf(page), (basis) => basis !== "live");
  await page.evaluate(() => { location.hash += "&item=sku-0007"; });
  await ring(page).waitFor();
  await until("a place as served", async () => [await drawnAt(page), await servedAt(harness, "sku-0007", basisOf(page))], ([a, b]) => near(a, b));
  // Whoever clicks on the point gets the item: what is drawn there is it, or one that lies on it.
  const box = await ring(page).boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  const selected = await until("a hit", () => ring(page).getAttribute("data-item"));
  const [hit, wanted] = await Promise.all([servedAt(harness, selected, basisOf(page)), servedAt(harness, "sku-0007", basisOf(page))]);
  if (selected !== "sku-0007") assert.ok(Math.hypot(hit[0] - wanted[0], hit[1] - wanted[1]) < 0.2, `${selected} was hit`);
  // True neighbours come from the service.
  const served = await harness.api("GET", `/v1/models/default/items/${selected}/similar?limit=10`);
  await until("neighbours", () => page.getByRole("list", { name: "Neighbours" }).innerText(), (text) => served.items.every(({ id }) => text.includes(id)));
  await page.context().close();
}

export async function liveMoves(harness) {
  const page = await harness.page();
  await harness.goto(page, "#/default/map?item=sku-0007");
  await ring(page).waitFor();
  await until("a live map", async () => [await stage(page).getAttribute("data-live"), basisOf(page)], ([live, basis]) => live === "true" && basis);
  const before = await drawnAt(page);
  for (let n = 0; n < 30; n += 1) {
    await harness.api("POST", "/v1/models/default/events?wait=applied", { user: `mover-${n}`, item: n % 2 ? "sku-0007" : "sku-0123", kind: "purchase" });
  }
  const { position: reached } = await harness.api("GET", "/v1/models/default");
  await until("the position", () => position(page), (at) => at >= reached);
  await until("the new place", async () => [await drawnAt(page), await servedAt(harness, "sku-0007", basisOf(page))], ([a, b]) => near(a, b) && !near(a, before));
  await page.getByRole("button", { name: "Close" }).click();
  const movers = page.getByRole("region", { name: "Moved most since you came" }).getByRole("listitem");
  assert.ok((await movers.count()) > 0, "movers are listed");
  if (harness.screenshots) {
    for (let seed = 2; seed < 4; seed += 1) harness.demo("--events", "3000", "--seed", String(seed), "--items", "500");
    await page.getByLabel("Colour").selectOption("category");
    await page.waitForTimeout(2500);
    await page.screenshot({ path: `${harness.screenshots}/console-map.png` });
  }
  await page.context().close();
}

export async function search(harness) {
  const page = await harness.page();
  const { title } = await harness.api("GET", "/v1/models/default/items/sku-0042");
  await harness.goto(page, "#/default/map");
  await stage(page).waitFor();
  await page.getByLabel("Search").fill(title);
  await page.getByLabel("Search").press("Enter");
  await until("the item in the URL", () => page.url(), (url) => url.includes("item=sku-0042"));
  assert.equal(await ring(page).getAttribute("data-item"), "sku-0042");
  // A sample of one thousandth leaves most out; an exact id is drawn all the same.
  await harness.goto(page, "#/default/map?sample=5");
  await until("a small sample", () => points(page), (count) => count === 5);
  await page.getByLabel("Search").fill("sku-0300");
  await page.getByLabel("Search").press("Enter");
  await until("six points", () => points(page), (count) => count === 6 || count === 5);
  await ring(page).waitFor();
  await page.context().close();
}

export async function lasso(harness) {
  const page = await harness.page();
  await harness.goto(page, "#/default/map?colour=age");
  await stage(page).waitFor();
  await until("points", () => points(page), (count) => count === 500);
  const card = page.getByRole("region", { name: "In the lasso" });
  await page.getByRole("button", { name: "In view" }).click();
  const caught = async () => Number((await card.getByRole("heading").first().innerText()).replace(/\D/g, ""));
  const all = await until("what is in view", caught, (count) => count > 400);
  // Around the right half of the stage.
  const box = await stage(page).boundingBox();
  await page.getByRole("button", { name: "Lasso" }).click();
  const corner = (x, y) => [box.x + box.width * x, box.y + box.height * y];
  await page.mouse.move(...corner(0.5, 0.12));
  await page.mouse.down();
  for (const [x, y] of [[0.98, 0.12], [0.98, 0.98], [0.5, 0.98]]) await page.mouse.move(...corner(x, y), { steps: 4 });
  await page.mouse.up();
  const some = await until("a part of them", caught, (count) => count > 0 && count < all);
  // The same region is counted from what the service says.
  const params = new URLSearchParams(new URL(page.url()).hash.split("?")[1]);
  const region = params.get("lasso").split("_").map(Number);
  const served = await harness.api("GET", `/v1/models/default/map?basis=${encodeURIComponent(params.get("basis"))}`);
  const drawn = floats(served.points);
  const holds = (x, y) => {
    let odd = false;
    for (let i = 0, j = region.length - 2; i < region.length; j = i, i += 2) {
      if (region[j + 1] > y !== region[i + 1] > y && x < ((region[i] - region[j]) * (y - region[j + 1])) / (region[i + 1] - region[j + 1]) + region[j]) odd = !odd;
    }
    return odd;
  };
  assert.equal(served.ids.filter((_, row) => holds(drawn[row * 2], drawn[row * 2 + 1])).length, some);
  await page.reload();
  await until("the same from its URL", async () => ((await card.count()) > 0 ? caught() : 0), (count) => count === some);
  await card.getByRole("button", { name: "Clear" }).click();
  await until("none", () => card.count(), (count) => count === 0);
  // The oldest item has the first colour of the scale, whatever else moves.
  assert.equal(Math.min(...served.first_event_ranks.filter((rank) => rank !== null)), 0);
  assert.ok(served.items_with_events <= served.total);
  await page.context().close();
}

export async function timeAndArrows(harness) {
  const page = await harness.page();
  await harness.goto(page, "#/default/map?basis=1&item=sku-0007");
  await ring(page).waitFor();
  const slider = page.getByRole("slider");
  await slider.focus();
  await slider.press("Home");
  await until("version 1 in the URL", () => page.url(), (url) => url.includes("version=1"));
  const old = await harness.api("GET", `/v1/models/default/map?version=1&basis=1&ids=${encodeURIComponent('["sku-0007"]')}`);
  const row = old.ids.indexOf("sku-0007");
  const wanted = floats(old.points).slice(row * 2, row * 2 + 2);
  await until("the place in version 1", () => drawnAt(page), (at) => near(at, wanted));
  await page.getByRole("button", { name: "Back to live" }).click();
  await page.getByLabel("Arrows from").selectOption("1");
  await page.getByRole("button", { name: "Close" }).click();
  const movers = page.getByRole("region", { name: "Moved farthest" }).getByRole("listitem");
  const diff = await harness.api("GET", "/v1/models/default/versions/1/diff/live?top=10");
  await until("movers as the diff names them", () => movers.count(), (count) => count === diff.movers.filter(({ distance }) => distance > 0).length);
  // A position between versions is learned again.
  await page.getByLabel("Any position").fill("4000");
  await page.getByRole("button", { name: "Show" }).click();
  await until("the position", () => position(page), (at) => at >= 4000 && at < 6500);
  await page.context().close();
}

export async function manyPoints(harness) {
  await harness.api("PUT", "/v1/models/large", {});
  harness.demo("--model", "large", "--items", "20000", "--events", "500");
  const page = await harness.page();
  await harness.goto(page, "#/large/map?sample=20000");
  await until("20,000 points", async () => ((await stage(page).count()) > 0 ? points(page) : 0), (count) => count === 20_000);
  // They are on the screen: the canvas is not empty.
  const painted = await until("a picture", () => page.evaluate(() => {
    const canvas = document.querySelector(".stage canvas");
    const gl = canvas.getContext("webgl2");
    const pixels = new Uint8Array(canvas.width * canvas.height * 4);
    gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    let painted = 0;
    for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 0) painted += 1;
    return painted;
  }), (painted) => painted > 5_000);
  assert.ok(painted > 5_000);
  await page.context().close();
}
