// The console in a real browser, against a real service that begins empty.
// Goal: what a person does from the first minute to a rollback works, and nothing that a stranger sent ever runs.
// Method: groups of scenarios in order, each scenario builds on those before it in its group. They assert end states, hit
// tests and texts, never frame rates.
//
//   node tests/browser/run.mjs GROUP URL BINARY DATA_DIR BROWSER [FOLDER_FOR_SCREENSHOTS]

import { Harness } from "./harness.mjs";
import * as map from "./map.mjs";
import * as pages from "./pages.mjs";
import * as rough from "./rough.mjs";
import * as views from "./views.mjs";

const GROUPS = {
  journey: [
    ["a fresh service says what to do next", pages.emptyService],
    ["the map shows points by itself once there are items, where the service says", map.firstPoints],
    ["points move while events arrive", map.liveMoves],
    ["search finds by title, and by id what is not drawn", map.search],
    ["a lasso holds what lies within it, and is a URL", map.lasso],
    ["a version is taken, spam is named by the diff, and a rollback brings the lists back", pages.rollback],
    ["the slider morphs the map, and arrows lead from an older state", map.timeAndArrows],
    ["explanation bars add up, and a click changes the list", pages.tryIt],
    ["an event of the log opens its trace", pages.logAndTrace],
    ["where everything stands, who did what, and what learning is about", pages.operate],
  ],
  light: [["there is a shop", views.shop], ["every view is a URL, accessible and wide enough, in light", views.everyView("light")], ["hostile titles never run", rough.hostileTitles]],
  dark: [["there is a shop", views.shop], ["every view is a URL, accessible and wide enough, in dark", views.everyView("dark")]],
  // The service of this group shows pictures.
  rough: [
    ["there is a shop", views.shop],
    ["pictures come over TLS alone", rough.pictures],
    ["a service that goes away and comes back", rough.goneAndBack],
    ["the console works behind a path prefix", rough.behindAPrefix],
    ["20,000 points are drawn", map.manyPoints],
    ["keys are created and revoked in the page, and one of scope read sees no admin action", rough.keys],
  ],
};

const [group, url, binary, dataDir, browser, screenshots] = process.argv.slice(2);
const scenarios = GROUPS[group];
if (!scenarios) {
  console.error(`no group ${group}: there are ${Object.keys(GROUPS).join(", ")}`);
  process.exit(2);
}
const harness = await Harness.open({ url, binary, dataDir, browser, screenshots });
for (const [name, scenario] of scenarios) {
  const started = Date.now();
  try {
    await scenario(harness);
    if (harness.faults.length > 0) throw new Error(harness.faults.join("\n"));
  } catch (error) {
    console.error(`FAILED ${name}\n${error.stack ?? error}`);
    process.exit(1);
  }
  console.log(`ok ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}
await harness.close();
// A connection that is kept open, or an answer that nobody read, would keep this process alive.
process.exit(0);
