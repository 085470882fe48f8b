// Types of the HTTP API from the reviewed OpenAPI document. Made before every build, so that a changed route breaks it.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const snapshot = new URL("../../../tests/it/snapshots/it__openapi__openapi.snap", import.meta.url);
const target = new URL("../src/schema.ts", import.meta.url);
const text = await readFile(snapshot, "utf8");
const document = JSON.parse(text.slice(text.indexOf("\n---\n") + 5));
const head = "// Written by `npm run types` from the OpenAPI document. Not kept in git.\n\n";
await writeFile(target, head + astToString(await openapiTS(document, { defaultNonNullable: false, emptyObjectsUnknown: true })));
