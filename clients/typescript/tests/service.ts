// The service under test: the real binary on a port and in a folder of its own.

import { spawn, execFileSync, type ChildProcess } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// The compiled file is in build/tests.
export const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const PROGRAM = process.env["SHELFMARK_BIN"] ?? join(PACKAGE, "../../target/release/shelfmark");
const READY_MS = 60_000;

export const sleep = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms));

export function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer();
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** A running service. It keeps its port and its folder when it is killed and started again. */
export class Service {
  private process: ChildProcess | null = null;
  private ended = Promise.resolve();

  private constructor(
    private readonly folder: string,
    private readonly port: number,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  static async start(): Promise<Service> {
    const folder = mkdtempSync(join(tmpdir(), "shelfmark-clients-"));
    // Postgres runs as another user when the tests run as root.
    chmodSync(folder, 0o755);
    const service = new Service(folder, await freePort());
    await service.run();
    return service;
  }

  async run(): Promise<void> {
    const { DATABASE_URL: _, ...environment } = process.env;
    const words = ["serve", "--listen", `127.0.0.1:${this.port}`, "--data-dir", this.data];
    const child = spawn(PROGRAM, words, {
      env: { ...environment, RUST_LOG: "error" },
      stdio: ["ignore", "ignore", "inherit"],
    });
    this.process = child;
    this.ended = new Promise((done) => void child.on("exit", () => done()));
    const deadline = Date.now() + READY_MS;
    while (
      !(await fetch(`${this.url}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      ))
    ) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error("the service is not ready");
      await sleep(50);
    }
  }

  /** As `kill -9`. */
  async kill(): Promise<void> {
    this.process?.kill("SIGKILL");
    await this.ended;
  }

  async stop(): Promise<void> {
    this.process?.kill("SIGTERM");
    await this.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs a command of the program on the service's folder; returns what it prints. */
  command(...words: string[]): string {
    return execFileSync(PROGRAM, [...words, "--data-dir", this.data], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  }

  private get data(): string {
    return join(this.folder, "data");
  }
}
