import { bicubic } from "./bicubic.js";
import { cut } from "./tiles.js";

/** More than these networks see to each side, so that no seam shows. */
export const OVERLAP = 16;
/** Largest photo, px. A result and its comparison then take some 400 MB at twice the size. */
export const MAX_PIXELS = 12.6e6;

/** An error whose message is meant for the person in front of the page. */
export class Refusal extends Error {}

/** Load the runtime: with threads where the browser shares memory, otherwise without. */
async function loadRuntime() {
  if (typeof WebAssembly !== "object") {
    throw new Refusal("This browser has no WebAssembly, which the network runs on.");
  }
  let runtime;
  try {
    runtime = await import("./vendor/core/dist/index.js");
  } catch {
    throw new Refusal("The runtime is missing. Run: python mobile/web/build.py");
  }
  const wasm = new URL("vendor/core/wasm/", import.meta.url).href;
  const cores = Math.min(navigator.hardwareConcurrency || 1, 4);
  if (globalThis.crossOriginIsolated && cores > 1) {
    try {
      await runtime.loadLiteRt(wasm, { threads: true });
      return { runtime, threads: cores };
    } catch {
      // Older browsers lack an instruction that the threaded build needs.
    }
  }
  try {
    await runtime.loadLiteRt(wasm);
  } catch (error) {
    throw new Refusal(`The runtime does not start in this browser: ${error?.message ?? error}`);
  }
  return { runtime, threads: 1 };
}

/** Fetch the model's bytes. */
async function fetchModel(url) {
  const answer = await fetch(url).catch(() => null);
  if (!answer?.ok) {
    throw new Refusal(
      "There is no model. Make one with: python mobile/export.py STUDENT --color rgb " +
        "--size 256 256 --out mobile/web/model.tflite",
    );
  }
  return new Uint8Array(await answer.arrayBuffer());
}

/** A network from a `.tflite` file, run by LiteRT on the CPU. */
export class Upscaler {
  /** Load runtime and model. Throws `Refusal`. */
  static async load(url) {
    const [{ runtime, threads }, bytes] = await Promise.all([loadRuntime(), fetchModel(url)]);
    let model;
    try {
      const options = { accelerator: "wasm", cpuOptions: { numThreads: threads } };
      model = await runtime.loadAndCompile(bytes, options);
    } catch {
      throw new Refusal("The model is damaged, or of a newer format.");
    }
    const [input, output] = [model.getInputDetails()[0], model.getOutputDetails()[0]];
    const [batch, height, width, channels] = input.shape;
    const least = 2 * OVERLAP + 1;
    if (batch !== 1 || channels !== 3 || Math.min(height, width) < least) {
      throw new Refusal(
        `The model takes [${[...input.shape]}]; this page needs one RGB image of a fixed size ` +
          `of ${least} px or more. Export with --color rgb --size 256 256.`,
      );
    }
    return new Upscaler(runtime, model, threads, input, output.shape[1] / height);
  }

  constructor(runtime, model, threads, input, scale) {
    [this.runtime, this.model, this.threads, this.scale] = [runtime, model, threads, scale];
    [this.height, this.width] = [input.shape[1], input.shape[2]];
    this.isFloat = input.dtype === "float32";
  }

  /** What runs the network, in words. */
  get backend() {
    return `CPU (WebAssembly, ${this.threads} thread${this.threads > 1 ? "s" : ""})`;
  }

  /** One tile, in the type that the file takes, to the enlarged tile in that type. */
  async run(rgb) {
    const tensor = new this.runtime.Tensor(rgb, [1, this.height, this.width, 3]);
    try {
      const [result] = await this.model.run(tensor);
      // A copy: the array lies in the runtime's memory, which is used again.
      const values = result.toTypedArray().slice();
      result.delete();
      return values;
    } finally {
      tensor.delete();
    }
  }

  /**
   * Enlarge an image tile by tile.
   *
   * @param {CanvasRenderingContext2D} source The image.
   * @param {CanvasRenderingContext2D} ours Where the network's result goes, `scale` times as large.
   * @param {CanvasRenderingContext2D} plain Where the bicubic result goes.
   * @yields {{done: number, total: number, milliseconds: number}} Tiles, and the time the
   *   network took until now.
   */
  async *upscale(source, ours, plain) {
    const { width, height } = source.canvas;
    const columns = cut(width, this.width, OVERLAP);
    const rows = cut(height, this.height, OVERLAP);
    const total = rows.length * columns.length;
    let [done, milliseconds] = [0, 0];
    for (const row of rows) {
      for (const column of columns) {
        const rgb = readTile(source, column.start, row.start, this.width, this.height);
        const start = performance.now();
        const values = await this.run(this.isFloat ? Float32Array.from(rgb, (v) => v / 255) : rgb);
        milliseconds += performance.now() - start;
        writeTile(ours, values, this.isFloat ? 255 : 1, row, column, this);
        const smooth = bicubic(rgb, this.height, this.width, this.scale);
        writeTile(plain, smooth, 1, row, column, this);
        yield { done: ++done, total, milliseconds };
      }
    }
  }
}

/** RGB of a tile; beyond the image, its edge pixels. */
function readTile(source, left, top, width, height) {
  const inside = {
    width: Math.min(width, source.canvas.width - left),
    height: Math.min(height, source.canvas.height - top),
  };
  const { data } = source.getImageData(left, top, inside.width, inside.height);
  const rgb = new Uint8Array(height * width * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const line = Math.min(y, inside.height - 1) * inside.width;
    for (let x = 0; x < width; x++) {
      const from = 4 * (line + Math.min(x, inside.width - 1));
      for (let c = 0; c < 3; c++) rgb[to++] = data[from + c];
    }
  }
  return rgb;
}

/** Put the kept part of a tile where it belongs. */
function writeTile(target, values, factor, row, column, { width, height, scale }) {
  const image = new ImageData(width * scale, height * scale);
  // Clamped and rounded by the type of `data`.
  for (let from = 0, to = 0; from < values.length; to += 4) {
    for (let c = 0; c < 3; c++) image.data[to + c] = values[from++] * factor;
    image.data[to + 3] = 255;
  }
  target.putImageData(
    image,
    column.start * scale,
    row.start * scale,
    (column.keep - column.start) * scale,
    (row.keep - row.start) * scale,
    (column.end - column.keep) * scale,
    (row.end - row.keep) * scale,
  );
}
