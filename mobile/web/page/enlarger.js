import { Refusal } from "./refusal.js";

/** Largest result, px: the results of the network and of bicubic take about 400 MB together. */
export const MAX_PIXELS = 50.4e6;

/** Width and height of a photo before it is decoded; a photo that is too large is refused. */
async function measure(blob, scale) {
  const name = blob.name || "This";
  const image = new Image();
  const address = URL.createObjectURL(blob);
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(new Refusal(`${name} is not an image that this browser can read.`));
      image.src = address;
    });
  } finally {
    URL.revokeObjectURL(address);
  }
  const { naturalWidth: width, naturalHeight: height } = image;
  if (width * height * scale ** 2 > MAX_PIXELS) {
    const most = (MAX_PIXELS / scale ** 2 / 1e6).toFixed(1);
    throw new Refusal(
      `${name} has ${width} x ${height} px; at x${scale} this page takes ${most} million px at most. ` +
        "For larger photos there is the command keras-pisr upscale.",
    );
  }
}

/** The worker that decodes and enlarges, so that the page stays responsive. */
export class Enlarger {
  constructor() {
    this.waiting = new Map();
    this.calls = 0;
    this.worker = new Worker("enlarging_worker.js");
    this.started = new Promise((resolve, reject) => {
      this.fail = (text) => {
        const error = new Refusal(text);
        reject(error);
        this.waiting.forEach((call) => call.reject(error));
        this.waiting.clear();
      };
      this.worker.onerror = (event) => {
        event.preventDefault();
        this.fail(`The worker failed: ${event.message || "it could not be loaded"}. Reload the page.`);
      };
      this.worker.onmessage = ({ data }) => {
        if (data.started) resolve();
        else if (data.failure) this.fail(data.failure);
        else this.answer(data);
      };
    });
    this.started.catch(() => {});
  }

  answer({ id, value, error, isRefusal }) {
    const call = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) call?.resolve(value);
    else call?.reject(isRefusal ? new Refusal(error) : new Error(error));
  }

  async ask(call, value) {
    await this.started;
    const id = ++this.calls;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, call, value });
    });
  }

  /** Load a network of `site.json`; afterwards `facts` describes it and the processor that runs it. */
  async load(entry, only = null) {
    this.facts = await this.ask("load", { entry, only });
  }

  /**
   * Enlarge a photo. To cancel, stop asking for tiles.
   *
   * @param {Blob} blob The photo.
   * @yields {object} First its `width`, `height` and `total` of tiles, then the tiles, see
   *   `openPhoto`.
   */
  async *enlarge(blob) {
    await measure(blob, this.facts.scale);
    const photo = await this.ask("open", { blob });
    try {
      yield photo;
      for (let i = 0; i < photo.total; i++) yield await this.ask("next");
    } finally {
      this.ask("close").catch(() => {});
    }
  }
}
