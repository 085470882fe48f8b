// Types of the HTTP API from the reviewed OpenAPI document. With --check nothing is written: the file must be as the document says.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const snapshot = new URL("../../tests/it/snapshots/it__openapi__openapi.snap", import.meta.url);
const target = new URL("../src/api/schema.d.ts", import.meta.url);
const text = await readFile(snapshot, "utf8");
const document = JSON.parse(text.slice(text.indexOf("\n---\n") + 5));
const head = "// Written by `npm run types` from the OpenAPI document. Do not edit.\n\n";
const types = head + astToString(await openapiTS(document, { defaultNonNullable: false }));
if (process.argv.includes("--check")) {
  const found = await readFile(target, "utf8").catch(() => "");
  if (found !== types) {
    console.error("src/api/schema.d.ts is not what the OpenAPI document says: run `npm run types` in console/");
    process.exit(1);
  }
} else {
  await writeFile(target, types);
}
