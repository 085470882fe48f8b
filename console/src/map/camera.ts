// Camera of the map: pan and zoom. Pure.

export interface Camera {
  /// The point in the middle.
  x: number;
  y: number;
  /// Pixels of one unit.
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

/// Shows all points, but for the outermost hundredth on each side.
export function fit(points: Float32Array, size: Size): Camera {
  const axis = (offset: number): [number, number] => {
    const values = Float32Array.from({ length: points.length / 2 }, (_, i) => points[i * 2 + offset]!).sort();
    if (values.length === 0) return [-1, 1];
    const cut = Math.floor(values.length / 100);
    return [values[cut]!, values[values.length - 1 - cut]!];
  };
  const [left, right] = axis(0);
  const [low, high] = axis(1);
  const room = 0.86;
  const scale = Math.min((size.width * room) / Math.max(right - left, 1e-6), (size.height * room) / Math.max(high - low, 1e-6));
  return { x: (left + right) / 2, y: (low + high) / 2, scale: Math.min(scale, 1e6) };
}

export const toScreen = (camera: Camera, size: Size, x: number, y: number): [number, number] => [
  size.width / 2 + (x - camera.x) * camera.scale,
  size.height / 2 - (y - camera.y) * camera.scale,
];

/// The point of the map under a place of the screen.
export const toMap = (camera: Camera, size: Size, px: number, py: number): [number, number] => [
  camera.x + (px - size.width / 2) / camera.scale,
  camera.y + (size.height / 2 - py) / camera.scale,
];

/// Heights for labels of one line each, in their order: one that would cover another goes down, a few lines at most.
export function stacked(places: readonly { left: number; width: number; top: number }[], line: number): number[] {
  const tops: number[] = [];
  places.forEach(({ left, width, top }, index) => {
    const covers = (at: number): boolean => tops.some((other, before) => {
      const { left: otherLeft, width: otherWidth } = places[before]!;
      return Math.abs(other - at) < line && left < otherLeft + otherWidth && otherLeft < left + width;
    });
    let at = top;
    for (let moves = 0; moves < 6 && covers(at); moves += 1) at += line;
    tops[index] = at;
  });
  return tops;
}

export const panned = (camera: Camera, dx: number, dy: number): Camera => ({
  ...camera,
  x: camera.x - dx / camera.scale,
  y: camera.y + dy / camera.scale,
});

/// Zooms so that what lies under a place of the screen stays there.
export function zoomed(camera: Camera, size: Size, factor: number, px: number, py: number): Camera {
  const scale = Math.min(Math.max(camera.scale * factor, 1e-3), 1e7);
  const dx = px - size.width / 2;
  const dy = size.height / 2 - py;
  return { x: camera.x + dx / camera.scale - dx / scale, y: camera.y + dy / camera.scale - dy / scale, scale };
}

/// The point nearest to a place of the screen, within `reach` pixels.
export function nearest(
  points: Float32Array, hidden: readonly boolean[] | null, camera: Camera, size: Size, px: number, py: number, reach: number,
): number | null {
  let best: number | null = null;
  let least = reach * reach;
  for (let i = 0; i * 2 < points.length; i += 1) {
    if (hidden?.[i]) continue;
    const [x, y] = toScreen(camera, size, points[i * 2]!, points[i * 2 + 1]!);
    const far = (x - px) ** 2 + (y - py) ** 2;
    if (far <= least) {
      best = i;
      least = far;
    }
  }
  return best;
}
