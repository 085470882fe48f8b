// Renderer of the map: points and lines with WebGL 2. It compiles no script at run time, so the page's policy needs no
// exception.

import type { Camera, Size } from "./camera";

const POINT_VERTEX = `#version 300 es
in vec2 point; in vec4 colour; in vec2 form;
uniform vec4 camera; uniform float pixels;
out vec4 tint; flat out float shape;
void main() {
  gl_Position = vec4((point - camera.xy) * camera.zw, 0.0, 1.0);
  gl_PointSize = form.x * pixels;
  tint = colour; shape = form.y;
}`;
const POINT_FRAGMENT = `#version 300 es
precision mediump float;
in vec4 tint; flat in float shape; out vec4 result;
void main() {
  vec2 at = gl_PointCoord * 2.0 - 1.0;
  float edge = length(at);
  if (shape > 2.5) edge = (abs(at.x) + abs(at.y)) * 1.0;
  else if (shape > 1.5) edge = max(abs(at.x) * 1.2 + at.y * -0.6 + 0.3, at.y + 0.1);
  else if (shape > 0.5) edge = max(abs(at.x), abs(at.y)) * 1.2;
  float cover = 1.0 - smoothstep(0.82, 1.0, edge);
  if (cover <= 0.0) discard;
  float alpha = tint.a * cover;
  result = vec4(tint.rgb * alpha, alpha);
}`;
const LINE_VERTEX = `#version 300 es
in vec2 point; in vec4 colour;
uniform vec4 camera; out vec4 tint;
void main() { gl_Position = vec4((point - camera.xy) * camera.zw, 0.0, 1.0); tint = colour; }`;
const LINE_FRAGMENT = `#version 300 es
precision mediump float;
in vec4 tint; out vec4 result;
void main() { result = vec4(tint.rgb * tint.a, tint.a); }`;

interface Stage {
  program: WebGLProgram;
  array: WebGLVertexArrayObject;
  buffers: Record<string, WebGLBuffer>;
}

export class Renderer {
  private readonly points: Stage;
  private readonly lines: Stage;
  private count = 0;
  private lineVertices = 0;

  private constructor(private readonly gl: WebGL2RenderingContext) {
    this.points = this.stage(POINT_VERTEX, POINT_FRAGMENT, { point: 2, colour: 4, form: 2 });
    this.lines = this.stage(LINE_VERTEX, LINE_FRAGMENT, { point: 2, colour: 4 });
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /// `null` where there is no WebGL 2.
  static of(canvas: HTMLCanvasElement): Renderer | null {
    const gl = canvas.getContext("webgl2", { antialias: true, premultipliedAlpha: true, preserveDrawingBuffer: true });
    return gl ? new Renderer(gl) : null;
  }

  setPoints(points: Float32Array): void {
    this.count = points.length / 2;
    this.upload(this.points, "point", points);
  }

  /// Colours: red, green, blue and alpha of each point, 0 to 255. Forms: size in pixels and shape of each.
  setMarks(colours: Uint8Array, forms: Float32Array): void {
    this.upload(this.points, "colour", colours);
    this.upload(this.points, "form", forms);
  }

  /// Segments: two points each, with their colours.
  setLines(points: Float32Array, colours: Uint8Array): void {
    this.lineVertices = points.length / 2;
    this.upload(this.lines, "point", points);
    this.upload(this.lines, "colour", colours);
  }

  draw(camera: Camera, size: Size, pixels: number): void {
    const { gl } = this;
    const canvas = gl.canvas as HTMLCanvasElement;
    const width = Math.max(1, Math.round(size.width * pixels));
    const height = Math.max(1, Math.round(size.height * pixels));
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const view = [camera.x, camera.y, (2 * camera.scale) / size.width, (2 * camera.scale) / size.height] as const;
    this.run(this.lines, gl.LINES, this.lineVertices, view, pixels);
    this.run(this.points, gl.POINTS, this.count, view, pixels);
  }

  private run(stage: Stage, mode: number, count: number, view: readonly [number, number, number, number], pixels: number): void {
    if (count === 0) return;
    const { gl } = this;
    gl.useProgram(stage.program);
    gl.bindVertexArray(stage.array);
    gl.uniform4f(gl.getUniformLocation(stage.program, "camera"), ...view);
    gl.uniform1f(gl.getUniformLocation(stage.program, "pixels"), pixels);
    gl.drawArrays(mode, 0, count);
  }

  private upload(stage: Stage, name: string, values: Float32Array | Uint8Array): void {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, stage.buffers[name]!);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
  }

  private stage(vertex: string, fragment: string, inputs: Record<string, number>): Stage {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
      const shader = gl.createShader(kind)!;
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "shader");
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    const buffers: Record<string, WebGLBuffer> = {};
    for (const [name, size] of Object.entries(inputs)) {
      const buffer = gl.createBuffer();
      buffers[name] = buffer;
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      const place = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(place);
      const colour = name === "colour";
      gl.vertexAttribPointer(place, size, colour ? gl.UNSIGNED_BYTE : gl.FLOAT, colour, 0, 0);
    }
    return { program, array, buffers };
  }
}
