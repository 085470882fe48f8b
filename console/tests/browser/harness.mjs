// What the scenarios share: a browser, pages that fail on errors of scripts and of the policy, and the service.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/// Longest wait for anything: generous, because test machines are busy.
export const PATIENCE_MS = 60_000;

export class Harness {
  static async open({ url, binary, dataDir, browser, screenshots }) {
    const args = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"];
    const started = await chromium.launch({ executablePath: browser, args });
    return new Harness({ url, binary, dataDir, browser: started, screenshots });
  }

  constructor(parts) {
    Object.assign(this, parts);
    this.faults = [];
  }

  /// A page of its own session. Errors of its scripts, and what its policy refused, are noted as faults.
  async page(options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    page.on("pageerror", (error) => this.faults.push(`script: ${error}`));
    page.on("console", (message) => {
      if (message.type() === "error" && /Content Security Policy|Refused to/.test(message.text())) this.faults.push(message.text());
    });
    page.on("dialog", (dialog) => {
      this.faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    return page;
  }

  async goto(page, hash, root = this.url) {
    await page.goto(`${root}/console/${hash}`);
  }

  async api(method, path, body, key) {
    const headers = { ...(body === undefined ? {} : { "content-type": "application/json" }), ...(key ? { authorization: `Bearer ${key}` } : {}) };
    const sent = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
    // The service makes one report at a time, and the page may be having one made.
    const free = (answer) => ![429, 503].includes(answer.status);
    const response = await until(`${method} ${path}`, () => fetch(`${this.url}${path}`, sent), free);
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /// Runs the service's program, and gives what it printed.
  run(...args) {
    const { status, stdout, stderr } = spawnSync(this.binary, args, { encoding: "utf8" });
    assert.equal(status, 0, `${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  demo(...args) {
    return this.run("demo", "--url", this.url, "--rate", "0", "--quiet", ...args);
  }

  /// Asserts that axe-core finds nothing serious or critical.
  async accessible(page, what) {
    // By the debugger, because the page's policy lets no foreign script in.
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).slice(0, 3).join(" | ")}`);
    assert.deepEqual(told, [], `axe on ${what}`);
  }

  /// Asserts that the page does not scroll sideways.
  async fits(page, what) {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(over <= 0, `${what} is ${over} pixels too wide`);
  }

  async close() {
    await this.browser.close();
    assert.deepEqual(this.faults, []);
  }
}

/// Waits until `look` gives something that holds; says what it gave last when it never does.
export async function until(what, look, holds = Boolean) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (holds(found)) return found;
    assert.ok(Date.now() < deadline, `${what}: ${JSON.stringify(found)}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

export const floats = (text) => {
  const bytes = Buffer.from(text, "base64");
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
};
