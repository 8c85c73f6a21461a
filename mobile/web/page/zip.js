import { Refusal } from "./refusal.js";

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** CRC-32 of bytes, as in zip and PNG. */
export function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Bytes of numbers, the lowest byte first, each given as `[count of bytes, number]`. */
function packed(...numbers) {
  return Uint8Array.from(numbers.flatMap(([count, n]) => Array.from({ length: count }, (_, i) => (n >>> (8 * i)) & 255)));
}

/** Names without change, or with a number if a name occurs again. */
function unique(names) {
  const seen = new Set();
  return names.map((name) => {
    const [, stem, end] = name.match(/^(.*?)(\.[^.]*)?$/s);
    let now = name;
    for (let i = 2; seen.has(now); i++) now = `${stem} (${i})${end ?? ""}`;
    seen.add(now);
    return now;
  });
}

/**
 * A zip archive of files that are already compressed, so they are stored without further compression.
 *
 * @param {{name: string, blob: Blob}[]} files
 * @returns {Promise<Blob>}
 */
export async function zip(files) {
  const size = files.reduce((sum, { blob }) => sum + blob.size + 1000, 0);
  if (size > 0xffffffff || files.length > 0xffff) {
    throw new Refusal("A zip holds 4 GB and 65,535 files at most. Download the photos one by one.");
  }
  const [bodies, entries] = [[], []];
  let offset = 0;
  const names = unique(files.map(({ name }) => name));
  for (const [i, { blob }] of files.entries()) {
    const name = new TextEncoder().encode(names[i]);
    const crc = crc32(new Uint8Array(await blob.arrayBuffer()));
    // Version 2.0, UTF-8 names, stored, 1 January 1980.
    const shared = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 0x21], [4, crc], [4, blob.size], [4, blob.size], [2, name.length], [2, 0]];
    const head = packed([4, 0x04034b50], ...shared);
    bodies.push(head, name, blob);
    entries.push(packed([4, 0x02014b50], [2, 20], ...shared, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), name);
    offset += head.length + name.length + blob.size;
  }
  const length = entries.reduce((sum, part) => sum + part.length, 0);
  const count = files.length;
  const end = packed([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, length], [4, offset], [2, 0]);
  return new Blob([...bodies, ...entries, end], { type: "application/zip" });
}
