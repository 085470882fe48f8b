// Every view, in a theme and both widths.

import { mkdirSync } from "node:fs";
import { until } from "./harness.mjs";

const WIDTHS = [[1280, 860], [390, 844]];

/// A shop with a version, a mishap after it, and something in every card.
export async function shop(harness) {
  harness.demo("--events", "6000");
  await harness.api("POST", "/v1/models/default/versions", { label: "good", reason: "before the spam" });
  harness.demo("--spam", "--events", "1000");
  await harness.api("PUT", "/v1/models/spare", { fork: { model: "default" } });
  await harness.api("PUT", "/v1/models/default/serving", { split: [{ version: 1, percent: 10 }, { live: true, percent: 90 }], reason: "canary" });
  await harness.api("PUT", "/v1/models/default/guard", { metric: "recall", action: "freeze" });
  await harness.api("DELETE", "/v1/models/default/users/shopper-0009");
}

/// Views by name, each with its heading; without one the first heading is waited for.
async function views(harness) {
  const { records } = await harness.api("GET", "/v1/models/default/events?after=3000&limit=1");
  const event = records[0].event_id;
  return [
    ["map", "#/default/map", null], ["arrows", "#/default/map?from=1&item=sku-0001", null], ["lasso", "#/default/map?colour=age&lasso=-0.2_-0.2_0.3_-0.2_0.3_0.4", null],
    ["learning", "#/default/learning", "Learning"], ["log", "#/default/log", "Log"], ["trace", `#/default/log/${event}`, `Event ${event}`],
    ["versions", "#/default/versions?a=1&b=live", "Versions"], ["rollback", "#/default/versions?to=1", "Versions"],
    ["try", "#/default/try?of=shopper-0003&beside=1", "Try it"], ["operate", "#/default/operate", "Operate"],
    ["item", "#/default/item/sku-0001", null], ["user", "#/default/user/shopper-0003", "User shopper-0003"],
    ["forgotten", "#/default/user/shopper-0009", "The model does not know this user"],
  ];
}

export const everyView = (colorScheme) => async (harness) => {
  const wanted = await views(harness);
  await Promise.all(WIDTHS.map(async ([width, height]) => {
    const page = await harness.page({ colorScheme, viewport: { width, height } });
    for (const [name, view, heading] of wanted) {
      const what = `${view} (${colorScheme}, ${width})`;
      await page.goto("about:blank");
      await harness.goto(page, view);
      if (heading) await page.getByRole("heading", { name: heading, exact: true }).waitFor();
      else await page.locator("h1").first().waitFor({ state: "attached" });
      await until(`${what} is loaded`, () => page.locator("[role=status]", { hasText: /^(Loading|Learning the)/ }).count(), (count) => count === 0);
      await harness.fits(page, what);
      await harness.accessible(page, what);
      if (harness.screenshots) {
        mkdirSync(`${harness.screenshots}/views`, { recursive: true });
        await page.screenshot({ path: `${harness.screenshots}/views/${name}-${colorScheme}-${width}.png`, fullPage: true });
      }
    }
    await page.context().close();
  }));
};
