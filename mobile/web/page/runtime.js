import { Refusal } from "./refusal.js";

const VENDOR = new URL("vendor/core/", import.meta.url);
const WASM = new URL("wasm/", VENDOR).href;
let started = null;

/** The runtime's messages about its own work are not warnings for the user of the page. */
function quietly(file) {
  const say = (text) => console.debug(text);
  // The runtime reads this when it starts; its threads are workers from this script.
  self.Module = {
    print: say,
    printErr: say,
    locateFile: (name) => WASM + name,
    mainScriptUrlOrBlob: WASM + file,
  };
}

// A codec that every GPU of the last fifteen years decodes, and codecs for browsers that leave it out.
const CODECS = ["avc1.42001E", "vp09.00.10.08", "av01.0.04M.08", "vp8"];

/**
 * Whether it is worth asking for WebGPU.
 *
 * If there is no GPU, Chromium writes a warning for every request of an adapter, and also for WebGL. It says
 * without a warning whether a GPU decodes video. Other browsers write no warnings, so they are asked.
 */
async function mayHaveGpu() {
  if (!navigator.userAgentData || typeof VideoDecoder !== "function") return true;
  const asked = CODECS.map(async (codec) => {
    const size = { codedWidth: 1280, codedHeight: 720 };
    const answer = VideoDecoder.isConfigSupported({ codec, ...size, hardwareAcceleration: "prefer-hardware" });
    return (await answer.catch(() => null))?.supported;
  });
  return (await Promise.all(asked)).some(Boolean);
}

/** A GPU that the runtime can use, or null; a software GPU only if there is no other. */
async function findDevice(only) {
  if (!only && !(await mayHaveGpu())) return null;
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter || (!only && adapter.info?.isFallbackAdapter)) return null;
  const names = ["maxBufferSize", "maxStorageBufferBindingSize", "maxStorageBuffersPerShaderStage"];
  const requiredLimits = Object.fromEntries(names.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = ["shader-f16", "subgroups"].filter((name) => adapter.features.has(name));
  return adapter.requestDevice({ requiredFeatures, requiredLimits });
}

/** Start the runtime on a device, with threads if the browser shares memory. */
async function start(only) {
  if (typeof WebAssembly !== "object") {
    throw new Refusal("This browser has no WebAssembly, which the network runs on.");
  }
  let litert;
  try {
    litert = await import("./vendor/core/dist/index.js");
  } catch {
    throw new Refusal("The runtime is missing. Build the page again: python mobile/web/build.py --out site");
  }
  const device = only === "wasm" ? null : await findDevice(only).catch(() => null);
  // Otherwise the runtime would look for a device itself, and warn if there is none.
  const gpu = { requestAdapter: async () => ({ limits: {}, features: new Set(), requestDevice: async () => device }) };
  Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
  const cores = Math.min(navigator.hardwareConcurrency || 1, 4);
  if (self.crossOriginIsolated && cores > 1) {
    try {
      quietly("litert_wasm_threaded_internal.js");
      await litert.loadLiteRt(WASM, { threads: true });
      return { litert, device, threads: cores };
    } catch {
      // Older browsers lack an instruction that the threaded build needs.
    }
  }
  try {
    quietly("litert_wasm_internal.js");
    await litert.loadLiteRt(WASM);
  } catch (error) {
    throw new Refusal(`The runtime does not start in this browser: ${error?.message ?? error}`);
  }
  return { litert, device, threads: 1 };
}

/**
 * LiteRT, started once per worker.
 *
 * @param {"wasm" | "webgpu" | null} only `"wasm"` does not use the GPU; `"webgpu"` takes any GPU, and
 *   asks for one even if there seems to be none.
 * @returns {Promise<{litert: object, device: GPUDevice | null, threads: number}>}
 */
export function runtime(only) {
  started ??= start(only);
  return started;
}
