import { Refusal } from "./refusal.js";

/** Quality of JPEG and WebP, from 0 to 1. */
const QUALITY = 0.95;

/** The name of a photo's enlargement. */
export function nameOf(file, scale, format) {
  const stem = (file.name || "photo").replace(/\.[^.]*$/, "") || "photo";
  return `${stem}_x${scale}.${format === "jpeg" ? "jpg" : format}`;
}

/** A canvas as a file, `"png"`, `"jpeg"` or `"webp"`. */
export async function encode(canvas, format) {
  const type = `image/${format}`;
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, type, QUALITY));
  if (!blob) throw new Refusal("This browser cannot write an image so large.");
  // A browser that does not know the format writes a PNG instead.
  if (blob.type !== type) throw new Refusal(`This browser cannot write ${format}. Choose another format.`);
  return blob;
}

/** Offer a file to the user as a download. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
