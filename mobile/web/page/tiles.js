/**
 * Cut an axis into tiles of one length that overlap.
 *
 * Of a tile that begins at `start`, the part from `keep` to `end` is kept; the kept parts cover the axis once.
 * An axis shorter than a tile is one tile, which reaches beyond it.
 *
 * @param {number} length Length of the axis, px.
 * @param {number} tile Length of a tile, px; more than twice the overlap.
 * @param {number} overlap Length that a tile does not keep at an end inside the axis, px.
 * @returns {{start: number, keep: number, end: number}[]} Tiles in order.
 */
export function cut(length, tile, overlap) {
  if (length <= tile) return [{ start: 0, keep: 0, end: length }];
  const tiles = [];
  for (let kept = 0; kept < length; ) {
    const start = Math.min(Math.max(kept - overlap, 0), length - tile);
    const end = start + tile === length ? length : start + tile - overlap;
    tiles.push({ start, keep: kept, end });
    kept = end;
  }
  return tiles;
}
