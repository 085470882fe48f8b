// Prints `ok NAME` or `failed NAME` for each test of a results file of Jest.

import { readFileSync } from "node:fs";

const results = JSON.parse(readFileSync(process.argv[2], "utf8"));
for (const file of results.testResults) {
  if (file.assertionResults.length === 0) console.log("failed", file.name, file.message);
  for (const { status, title } of file.assertionResults) {
    console.log(status === "passed" ? "ok" : "failed", title);
  }
}
