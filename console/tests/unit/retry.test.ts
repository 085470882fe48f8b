import { afterEach, describe, expect, it, vi } from "vitest";
import { pauseBefore, SENDS_MAX } from "../../src/api/retry";

const used = { status: 429, code: "share_used_up", retryAfter: "2" };

describe("a refused request", () => {
  it("waits as long as the service says, within a bound", () => {
    expect(pauseBefore(1, used, false)).toBe(2000);
    expect(pauseBefore(1, { ...used, retryAfter: "3600" }, false)).toBe(5000);
    expect(pauseBefore(1, { ...used, retryAfter: "0" }, false)).toBe(0);
    for (const retryAfter of [null, "", "Wed, 21 Oct 2026 07:28:00 GMT", "-1"]) {
      expect(pauseBefore(1, { ...used, retryAfter }, false)).toBe(1000);
    }
  });
  it("is sent again when nothing of it was done, and a bounded number of times", () => {
    const overloaded = { status: 503, code: "overloaded", retryAfter: "1" };
    expect(pauseBefore(1, overloaded, true)).toBe(1000);
    expect(pauseBefore(1, overloaded, false)).toBe(null);
    for (const [status, code] of [[404, "not_found"], [422, "invalid"], [503, "position_not_reached"], [0, "unreachable"]] as const) {
      expect(pauseBefore(1, { status, code, retryAfter: "1" }, true)).toBe(null);
    }
    expect(pauseBefore(SENDS_MAX - 1, used, true)).not.toBe(null);
    expect(pauseBefore(SENDS_MAX, used, true)).toBe(null);
  });
});

describe("the client", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
    vi.resetModules();
  });

  async function client(answers: Response[]) {
    vi.useFakeTimers();
    const fetched = vi.fn(async (_url: URL, _init: RequestInit) => answers.shift() ?? new Response("{}"));
    vi.stubGlobal("fetch", fetched);
    vi.stubGlobal("document", { baseURI: "http://service/prefix/console/" });
    vi.stubGlobal("sessionStorage", { getItem: () => null });
    return { fetched, ...(await import("../../src/api/client")) };
  }
  const refused = () =>
    new Response(JSON.stringify({ code: "share_used_up", detail: "The caller holds its share" }), { status: 429, headers: { "retry-after": "2" } });

  it("sends again after Retry-After, and shows no error", async () => {
    const { fetched, get } = await client([refused(), refused(), new Response('{"models":[]}')]);
    const answer = get("/v1/models");
    await vi.advanceTimersByTimeAsync(3999);
    expect(fetched).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(await answer).toEqual({ models: [] });
    expect(fetched).toHaveBeenCalledTimes(3);
    expect(String(fetched.mock.calls[0]![0])).toBe("http://service/prefix/v1/models");
  });
  it("gives up after a bounded number of sends, with the service's words", async () => {
    const { fetched, call } = await client(Array.from({ length: 20 }, refused));
    const failed = expect(call("post", "/v1/models/{model}/rollback", { path: { model: "m" }, body: { to: { version: 1 }, mode: "restore", dry_run: true } }))
      .rejects.toMatchObject({ status: 429, code: "share_used_up", message: "The caller holds its share" });
    await vi.advanceTimersByTimeAsync(60_000);
    await failed;
    expect(fetched).toHaveBeenCalledTimes(SENDS_MAX);
  });
  it("stops waiting when nobody wants the answer any more", async () => {
    const { fetched, get } = await client([refused()]);
    const ends = new AbortController();
    const answer = get("/v1/models", { signal: ends.signal });
    await vi.advanceTimersByTimeAsync(100);
    ends.abort();
    fetched.mockRejectedValueOnce(new DOMException("aborted", "AbortError"));
    await expect(answer).rejects.toMatchObject({ name: "AbortError" });
  });
});
