import { Refusal } from "./refusal.js";
import { runtime } from "./runtime.js";

/** Largest difference allowed between GPU and CPU, in levels of 255. */
const LARGEST_DIFFERENCE = 1;
const RUNS = 3;

async function fetchFile(url) {
  const answer = await fetch(url).catch(() => null);
  if (!answer?.ok) {
    throw new Refusal(`The network ${url} is missing. Build the page again: python mobile/web/build.py --out site`);
  }
  return new Uint8Array(await answer.arrayBuffer());
}

/** One accelerator with the network on it. */
class Compiled {
  static async make(litert, bytes, options) {
    const { warn } = console;
    // The runtime warns if a GPU lacks an operation; `isFullyAccelerated` reports this, too.
    console.warn = console.debug;
    try {
      return new Compiled(litert, await litert.loadAndCompile(bytes, options));
    } finally {
      console.warn = warn;
    }
  }

  constructor(litert, model) {
    [this.litert, this.model] = [litert, model];
    this.input = model.getInputDetails()[0];
    this.output = model.getOutputDetails()[0];
  }

  async run(values) {
    const tensor = new this.litert.Tensor(values, [...this.input.shape]);
    let result;
    try {
      [result] = await this.model.run(tensor);
      if (result.accelerator === "webgpu") result = await result.moveTo("wasm");
      // The array is copied, because it lies in the runtime's memory, which is used again.
      return result.toTypedArray().slice();
    } finally {
      result?.delete();
      tensor.delete();
    }
  }

  /** Shortest time of some runs, ms, and the output; ends early after a run that takes longer than `limit`. */
  async time(values, limit = Infinity) {
    // The first run prepares and does not count.
    let result = await this.run(values);
    let least = Infinity;
    for (let i = 0; i < RUNS && (i === 0 || least <= limit); i++) {
      const start = performance.now();
      result = await this.run(values);
      least = Math.min(least, performance.now() - start);
    }
    return [least, result];
  }

  delete() {
    this.model.delete();
  }
}

/** A tile of waves, dots and edges, the same at each call. */
function trial(length, width, isFloat) {
  const value = (i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const wave = 0.5 + 0.4 * Math.sin(x / 5 + (i % 3)) * Math.cos(y / 7);
    return (x * 7 + y * 13) % 29 === 0 ? 1 - wave : wave;
  };
  return isFloat
    ? Float32Array.from({ length }, (_, i) => value(i))
    : Uint8Array.from({ length }, (_, i) => 255 * value(i));
}

/** A network from a `.tflite` file on the faster of CPU and GPU. */
export class Network {
  /**
   * Load a network, and measure where it runs faster.
   *
   * @param {{file: string, overlap: number}} entry Entry of `site.json`.
   * @param {"wasm" | "webgpu" | null} only Takes this accelerator even if it is slower.
   */
  static async load(entry, only) {
    const [{ litert, device, threads }, bytes] = await Promise.all([
      runtime(only),
      fetchFile(new URL(entry.file, import.meta.url)),
    ]);
    let cpu;
    try {
      cpu = await Compiled.make(litert, bytes, { accelerator: "wasm", cpuOptions: { numThreads: threads } });
    } catch {
      throw new Refusal(`The network ${entry.file} is damaged, or of a newer format.`);
    }
    const name = `CPU (WebAssembly, ${threads} thread${threads > 1 ? "s" : ""})`;
    const network = new Network(cpu, entry, name);
    if (device) {
      const gpu = await Compiled.make(litert, bytes, { accelerator: "webgpu" }).catch(() => null);
      if (gpu) await network.choose(gpu, only === "webgpu");
    }
    if (only === "webgpu" && network.compiled === cpu) network.check ||= "WebGPU is not to be had here";
    return network;
  }

  constructor(compiled, entry, backend) {
    [this.compiled, this.backend, this.check] = [compiled, backend, ""];
    const { shape, dtype } = compiled.input;
    [this.height, this.width, this.isFloat] = [shape[1], shape[2], dtype === "float32"];
    [this.scale, this.overlap] = [compiled.output.shape[1] / shape[1], entry.overlap];
  }

  /** Take the GPU if it computes the same as the CPU in less time. */
  async choose(gpu, always) {
    const cpu = this.compiled;
    try {
      if (!gpu.model.isFullyAccelerated) throw new Error("an operation is missing");
      const values = trial(this.height * this.width * 3, this.width, this.isFloat);
      const [slow, wanted] = await cpu.time(values);
      const [fast, got] = await gpu.time(values, 2 * slow);
      const factor = this.isFloat ? 255 : 1;
      const difference = factor * got.reduce((most, v, i) => Math.max(most, Math.abs(v - wanted[i])), 0);
      const times = `${fast.toFixed(1)} ms per tile on WebGPU, ${slow.toFixed(1)} ms on the CPU`;
      if (!(difference <= LARGEST_DIFFERENCE)) {
        this.check = `WebGPU is not used: it differs by ${difference.toFixed(1)} of 255 levels from the CPU`;
      } else if (always || fast < slow) {
        [this.compiled, this.backend] = [gpu, "WebGPU"];
        this.check = `${times}; largest difference ${difference.toFixed(2)} of 255 levels`;
      } else {
        this.check = times;
      }
    } catch (error) {
      this.check = `WebGPU is not used: ${error?.message ?? error}`;
    }
    (this.compiled === gpu ? cpu : gpu).delete();
  }

  /** The facts about the network that the page shows. */
  get facts() {
    const { height, width, scale, backend, check } = this;
    return { height, width, scale, backend, check };
  }

  /** RGB bytes of a tile to RGB bytes of the enlarged tile, clipped and rounded. */
  async run(rgb) {
    if (!this.isFloat) return this.compiled.run(rgb);
    const values = await this.compiled.run(Float32Array.from(rgb, (v) => v / 255));
    return Uint8ClampedArray.from(values, (v) => v * 255);
  }

  delete() {
    this.compiled.delete();
  }
}
