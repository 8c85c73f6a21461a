import { bicubic } from "./bicubic.js";
import { Refusal } from "./refusal.js";
import { cut } from "./tiles.js";

/** Side of the squares that are compared to find where the network differs most, result px. */
const BLOCK = 64;
/** Near the photo's edges both methods only guess, so this margin is not compared; result px. */
const EDGE = 16;

/** The photo as the browser decodes it: upright by its EXIF, in sRGB; transparency becomes white. */
async function decode(blob) {
  if (typeof OffscreenCanvas !== "function") {
    throw new Refusal("This browser is too old: it cannot draw outside the page.");
  }
  const image = await createImageBitmap(blob).catch(() => null);
  if (!image) throw new Refusal(`${blob.name || "This"} is not an image that this browser can read.`);
  const canvas = new OffscreenCanvas(image.width, image.height);
  const source = canvas.getContext("2d", { colorSpace: "srgb", willReadFrequently: true });
  source.fillStyle = "white";
  source.fillRect(0, 0, image.width, image.height);
  source.drawImage(image, 0, 0);
  image.close();
  return source;
}

/** RGB of a tile; beyond the image, its edge pixels are repeated. */
function readTile(source, left, top, width, height) {
  const [across, down] = [Math.min(width, source.canvas.width - left), Math.min(height, source.canvas.height - top)];
  const { data } = source.getImageData(left, top, across, down);
  const rgb = new Uint8Array(height * width * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const line = Math.min(y, down - 1) * across;
    for (let x = 0; x < width; x++) {
      const from = 4 * (line + Math.min(x, across - 1));
      for (let c = 0; c < 3; c++) rgb[to++] = data[from + c];
    }
  }
  return rgb;
}

/** RGBA of the part of a tile that is kept. */
function kept(values, tileWidth, left, top, width, height) {
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let y = 0, to = 0; y < height; y++) {
    let from = 3 * ((top + y) * tileWidth + left);
    for (let x = 0; x < width; x++, to += 4) {
      for (let c = 0; c < 3; c++) rgba[to + c] = values[from++];
    }
  }
  return rgba;
}

/**
 * Centre of the block in which two tiles differ most, and the difference per value.
 *
 * @param {Uint8ClampedArray} a RGBA, in rows of `width` px.
 * @param {Uint8ClampedArray} b The same size.
 * @param {number} width Width of both, px.
 * @param {{left: number, top: number, right: number, bottom: number}} part Part to compare, px.
 */
function mostDifferent(a, b, width, part) {
  let most = { difference: -1, x: 0, y: 0 };
  for (let top = part.top; top < part.bottom; top += BLOCK) {
    for (let left = part.left; left < part.right; left += BLOCK) {
      const [right, bottom] = [Math.min(left + BLOCK, part.right), Math.min(top + BLOCK, part.bottom)];
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        for (let i = 4 * (y * width + left); i < 4 * (y * width + right); i++) sum += Math.abs(a[i] - b[i]);
      }
      // A narrow block at an edge must not win because it has few pixels.
      const difference = sum / BLOCK ** 2;
      if (difference > most.difference) most = { difference, x: (left + right) / 2, y: (top + bottom) / 2 };
    }
  }
  return most;
}

/**
 * Decode a photo, to be enlarged tile by tile.
 *
 * @param {Blob} blob The photo's file.
 * @param {Network} network Network that enlarges it.
 * @returns {Promise<{width: number, height: number, total: number, next: function}>} Its size, px;
 *   the number of tiles; and a function that makes the next tile: its place in the result, RGBA by the
 *   network (`ours`) and by bicubic (`plain`), the network's time in ms, and where they differ most.
 */
export async function openPhoto(blob, network) {
  const source = await decode(blob);
  const { width, height } = source.canvas;
  const { scale, overlap } = network;
  const columns = cut(width, network.width, overlap);
  const places = cut(height, network.height, overlap).flatMap((row) => columns.map((column) => ({ row, column })));
  let done = 0;
  async function next() {
    const { row, column } = places[done++];
    const rgb = readTile(source, column.start, row.start, network.width, network.height);
    const start = performance.now();
    const enlarged = await network.run(rgb);
    const milliseconds = performance.now() - start;
    const smooth = bicubic(rgb, network.height, network.width, scale);
    const [x, y] = [column.keep * scale, row.keep * scale];
    const size = [(column.end - column.keep) * scale, (row.end - row.keep) * scale];
    const part = [network.width * scale, x - column.start * scale, y - row.start * scale, ...size];
    const [ours, plain] = [kept(enlarged, ...part), kept(smooth, ...part)];
    const most = mostDifferent(ours, plain, size[0], {
      left: Math.max(EDGE - x, 0),
      top: Math.max(EDGE - y, 0),
      right: Math.min(size[0], width * scale - EDGE - x),
      bottom: Math.min(size[1], height * scale - EDGE - y),
    });
    return { x, y, width: size[0], height: size[1], ours, plain, milliseconds, most };
  }
  return { width, height, total: places.length, next };
}
