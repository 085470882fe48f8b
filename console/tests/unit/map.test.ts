import { describe, expect, it } from "vitest";
import { stacked, toMap, toScreen } from "../../src/map/camera";
import { CORNERS_MAX, formatRegion, parseRegion, tally, thinned, within } from "../../src/map/lasso";
import { rankShares } from "../../src/map/points";
import { pictureOf } from "../../src/picture";
import { gauge } from "../../src/prometheus";

describe("a lasso", () => {
  const points = Float32Array.of(0.5, 0.5, 1.5, 0.5, 0.5, 1.9, -1, -1);
  it("holds the points within it, also of a region with a bay", () => {
    const square = Float32Array.of(0, 0, 1, 0, 1, 1, 0, 1);
    expect(within(points, square)).toEqual([0]);
    // A U: the middle of its upper half is outside.
    const bay = Float32Array.of(0, 0, 3, 0, 3, 2, 2, 2, 2, 1, 1, 1, 1, 2, 0, 2);
    expect(within(Float32Array.of(0.5, 1.5, 1.5, 1.5, 2.5, 1.5, 1.5, 0.5), bay)).toEqual([0, 2, 3]);
    expect(within(points, new Float32Array())).toEqual([]);
  });
  it("comes back from its URL, and refuses what is no region", () => {
    const region = Float32Array.of(-1.25, 0.5, 1e-5, 2, 3, -4);
    expect([...parseRegion(formatRegion(region))!]).toEqual([...region]);
    for (const bad of [undefined, "", "1_2_3_4", "1_2_3_4_5", "1_2_3_4_5_x", "1_2_3_4_5_", "1_2_3_4_5_Infinity", Array(CORNERS_MAX * 2 + 2).fill("1").join("_")]) {
      expect(parseRegion(bad)).toBe(null);
    }
  });
  it("has a bounded number of corners", () => {
    const path = Array.from({ length: 1000 }, (_, i) => [Math.cos(i / 160), Math.sin(i / 160)] as const);
    const region = thinned(path);
    expect(region.length).toBe(CORNERS_MAX * 2);
    expect(parseRegion(formatRegion(region))).not.toBe(null);
    expect(within(Float32Array.of(0, 0, 2, 2), region)).toEqual([0]);
    expect([...thinned([[1, 2], [3, 4], [5, 6]])]).toEqual([1, 2, 3, 4, 5, 6]);
  });
  it("counts categories, the largest first", () => {
    expect(tally([0, 1, 2, 3], [1, null, 1, 0])).toEqual([[1, 2], [0, 1], [null, 1]]);
  });
});

describe("the map", () => {
  it("knows the point under a place of the screen", () => {
    const [camera, size] = [{ x: 1, y: 2, scale: 10 }, { width: 200, height: 100 }];
    expect(toScreen(camera, size, ...toMap(camera, size, 33, 44))).toEqual([33, 44]);
  });
  it("colours by the order of first events; items without one have no share", () => {
    expect(rankShares([0, 4, null, 2, undefined], 5)).toEqual([0, 1, null, 0.5, null]);
    expect(rankShares([0], 1)).toEqual([0]);
  });
});

describe("a picture", () => {
  it("is an address of the kind https, and nothing else", () => {
    expect(pictureOf({ properties: { image: "https://a.example/x.png?y=1" } })).toBe("https://a.example/x.png?y=1");
    for (const image of ["http://a.example/x.png", "javascript:alert(1)", "data:image/png;base64,AA", "//a.example/x.png", "x.png", "https://", "https://u:p@a.example/", "", 7, ["https://a.example"]]) {
      expect(pictureOf({ properties: { image } } as never)).toBe(null);
    }
    expect(pictureOf(null)).toBe(null);
    expect(pictureOf({} as never)).toBe(null);
  });
});

describe("metrics", () => {
  it("are read by their whole name", () => {
    const text = "# TYPE a gauge\na_bytes 7\na 1.5\nb{model=\"x\"} 3\nc NaN\n";
    expect([gauge(text, "a"), gauge(text, "a_bytes"), gauge(text, "b"), gauge(text, "c"), gauge(text, "d")]).toEqual([1.5, 7, null, null, null]);
  });
});

describe("labels", () => {
  it("go below those that they would cover, and stay where there is room", () => {
    const label = (left: number, top: number) => ({ left, top, width: 100 });
    expect(stacked([label(0, 0), label(50, 5), label(200, 5), label(60, 10)], 18)).toEqual([0, 23, 5, 46]);
    expect(stacked([], 18)).toEqual([]);
    // Many at one place: bounded.
    expect(Math.max(...stacked(Array.from({ length: 30 }, () => label(0, 0)), 10))).toBe(60);
  });
});
