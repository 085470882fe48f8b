import { describe, expect, it } from "vitest";
import { EventParser } from "../../src/api/sse";
import { sentences } from "../../src/diff_text";
import { changes, extent, grouped, total } from "../../src/explanation";
import { ago, bytes, figure, time } from "../../src/format";
import { fit, nearest, panned, toScreen, zoomed } from "../../src/map/camera";
import { aligned, between, categoryMark, decodeFloats, distances, largest, logShares, scaleColour, search } from "../../src/map/points";
import { admits, line, merged } from "../../src/records";
import { exclusions, target } from "../../src/rollback_request";
import { formatRoute, parseRoute } from "../../src/route";
import { joined } from "../../src/series";
import type { Schema } from "../../src/api/client";

describe("routes", () => {
  it("come back as they were written, whatever an id holds", () => {
    for (const id of ["sku-1", "a/b?c=d#e", "<img src=x onerror=alert(1)>", "ä ö", "100%"]) {
      const route = { model: "default", page: "item" as const, id, params: { version: "3", q: "a&b" } };
      expect(parseRoute(formatRoute(route))).toEqual(route);
    }
  });
  it("lead to the map of the default model when they name nothing that is known", () => {
    for (const hash of ["", "#", "#/", "#/default/nothing"]) expect(parseRoute(hash)).toMatchObject({ model: "default", page: "map" });
    expect(parseRoute("#/shop/item/%E0%A4%A")).toMatchObject({ model: "shop", id: "%E0%A4%A" });
  });
});

describe("server-sent events", () => {
  it("are read however the bytes are cut", () => {
    const text = ": comment\n\nevent: moves\nid: 7\ndata: {\"a\":1}\n\nevent: moves\r\ndata: 2\r\n\r\n";
    const whole = new EventParser().push(text);
    expect(whole).toEqual([{ event: "moves", id: "7", data: '{"a":1}' }, { event: "moves", id: "", data: "2" }]);
    const parser = new EventParser();
    expect([...text.replaceAll("\r\n", "\n")].flatMap((letter) => parser.push(letter))).toEqual(whole);
  });
});

describe("points", () => {
  it("are decoded as little-endian f32", () => {
    expect([...decodeFloats("AACAPwAAAD8AAADA")]).toEqual([1, 0.5, -2]);
    expect(decodeFloats("").length).toBe(0);
  });
  it("go from one set to the other and stop there", () => {
    const out = new Float32Array(2);
    const [from, to] = [Float32Array.of(0, 0), Float32Array.of(2, 4)];
    for (const [t, x] of [[-1, 0], [0, 0], [0.5, 1], [1, 2], [9, 2]] as const) {
      between(from, to, t, out);
      expect(out[0]).toBe(x);
    }
  });
  it("are matched by id; those that another map lacks stay", () => {
    const found = aligned(["a", "b"], Float32Array.of(1, 1, 2, 2), new Map([["b", 0]]), Float32Array.of(9, 8));
    expect([...found.points]).toEqual([1, 1, 9, 8]);
    expect(found.there).toEqual([false, true]);
  });
  it("have distances, the largest of which are found in a fixed order", () => {
    const far = distances(Float32Array.of(0, 0, 3, 4, 1, 1), Float32Array.of(0, 0, 0, 0, 1, 1));
    expect([...far]).toEqual([0, 5, 0]);
    expect(largest(far, 3)).toEqual([1]);
    expect(largest([1, 3, 3, 2], 2)).toEqual([1, 2]);
  });
  it("have marks: 32 categories differ in colour or shape", () => {
    const marks = Array.from({ length: 32 }, (_, index) => JSON.stringify(categoryMark(index)));
    expect(new Set(marks).size).toBe(32);
    expect(categoryMark(null).shape).toBe(0);
  });
  it("have colours from a scale whose ends are its stops", () => {
    expect(scaleColour(-1)).toEqual(scaleColour(0));
    expect(scaleColour(2)).toEqual([253, 222, 70]);
    const shares = logShares([0, 1, 10]);
    expect(shares[0]).toBe(0);
    expect(shares[2]).toBeCloseTo(1);
    expect([...logShares([0, 0])]).toEqual([0, 0]);
  });
  it("are found by id before title", () => {
    const found = search("KET", ["pot", "ket", "x"], ["red kettle", null, "Kettle"], 5);
    expect(found).toEqual([1, 2, 0]);
    expect(search("  ", ["a"], [null], 5)).toEqual([]);
  });
});

describe("camera", () => {
  const size = { width: 200, height: 100 };
  const camera = { x: 1, y: 2, scale: 10 };
  it("zooms about a place of the screen and pans by pixels", () => {
    const near = zoomed(camera, size, 2, 150, 20);
    const world = [camera.x + 50 / 10, camera.y + 30 / 10] as const;
    expect(toScreen(near, size, ...world)).toEqual([150, 20]);
    expect(toScreen(panned(camera, 5, -7), size, 1, 2)).toEqual([105, 43]);
  });
  it("fits all points, and copes with none and with one", () => {
    const fitted = fit(Float32Array.of(-1, -1, 1, 1), size);
    const [x, y] = toScreen(fitted, size, 1, 1);
    expect(x > 0 && x < 200 && y > 0 && y < 100).toBe(true);
    for (const points of [[], [3, 3]]) expect(Number.isFinite(fit(Float32Array.from(points), size).scale)).toBe(true);
  });
  it("hits the nearest point within reach", () => {
    const points = Float32Array.of(1, 2, 1.5, 2);
    expect(nearest(points, null, camera, size, 103, 50, 10)).toBe(1);
    expect(nearest(points, null, camera, size, 101, 50, 10)).toBe(0);
    expect(nearest(points, [false, true], camera, size, 104, 50, 10)).toBe(0);
    expect(nearest(points, null, camera, size, 150, 90, 10)).toBe(null);
  });
});

describe("explanations", () => {
  const term = (source: Schema["Contribution"]["source"], value: number): Schema["Contribution"] => ({ source, value });
  const terms = [term("user", 1), term("event", 2), term("event", 0.5), term("bias", -1)];
  it("are grouped in a fixed order and add up", () => {
    expect(grouped(terms)).toEqual([{ source: "event", value: 2.5 }, { source: "user", value: 1 }, { source: "bias", value: -1 }]);
    expect(total(terms)).toBe(2.5);
    expect(extent([terms, [term("bias", -3)]])).toEqual([-3, 3.5]);
  });
  it("say where each item was before", () => {
    expect([...changes(["a", "b", "c"], ["c", "a", "d"])]).toEqual([["c", 2], ["a", -1], ["d", "new"]]);
  });
});

describe("records", () => {
  const event = { type: "event", position: 7, appended_at: "t", event_id: "e", item: "i", kind: "click", user: "u" } as unknown as Schema["RecordOut"];
  it("are lines; only events have a trace", () => {
    expect(line(event)).toMatchObject({ position: 7, kind: "click", user: "u", item: "i", event: "e" });
    const put = { type: "put_item", position: 8, appended_at: "t", id: "i", title: "<b>" } as unknown as Schema["RecordOut"];
    expect(line(put)).toMatchObject({ kind: "put item", item: "i", event: null, text: "<b>" });
  });
  it("are merged newest first, once each, and bounded", () => {
    const at = (position: number) => ({ ...line(event), position });
    expect(merged([at(3), at(2)], [at(3), at(4), at(5)], 3).map(({ position }) => position)).toEqual([5, 4, 3]);
    expect(admits(at(1), { kind: "click" }) && !admits(at(1), { source: "bot" })).toBe(true);
  });
});

describe("requests and texts", () => {
  it("turn forms into a rollback", () => {
    expect(target("version", "12")).toEqual({ version: 12 });
    expect(target("version", "good")).toEqual({ label: "good" });
    expect(target("position", "9")).toEqual({ position: 9 });
    expect(exclusions({ users: "a, b", items: "", kinds: " ", sources: "k" })).toEqual({ users: ["a", "b"], sources: ["k"] });
  });
  it("put series on one list of positions", () => {
    const found = joined([[{ position: 2, value: 1 }, { position: 1, value: null }], [{ position: 3, value: 5 }]]);
    expect(found).toEqual({ positions: [1, 2, 3], values: [[null, 1, null], [null, null, 5]] });
  });
  it("write numbers and times for people", () => {
    expect([figure(null), figure(0), figure(0.12345), figure(1234.5), figure(1e-7)]).toEqual(["n/a", "0", "0.123", "1,235", "1.00e-7"]);
    expect(bytes(1234)).toBe("1.23 kB");
    expect(time("2026-01-05T08:00:00.123Z")).toBe("2026-01-05 08:00:00");
    expect(ago("2026-01-05T08:00:00Z", Date.parse("2026-01-05T10:00:00Z"))).toBe("2 h ago");
  });
  it("say a diff in words", () => {
    const side = { position: 5, users: 1, items: 1, events: 3, version: 1, label: "good", digest: null };
    const churn = { sampled: 0, unchanged: 0, first_changed: 0, k: 5, most_changed: [], churn: null };
    const table = { table: "items" as const, rows_from: 10, rows_to: 10, added: 0, removed: 0, moved: 2, distance: null, relative: null };
    const diff = { from: side, to: { ...side, version: null, label: null, events: 4 }, tables: [table], movers: [], neighbours: churn, ranks: churn, configuration: [], metrics: [] } as Schema["Diff"];
    expect(sentences(diff)).toEqual(["From version 1 (good) at position 5 to live at position 5.", "1 event more learned.", "items: 2 of 10 moved."]);
  });
});
