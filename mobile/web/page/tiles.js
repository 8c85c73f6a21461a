/**
 * Cut an axis into tiles of one length that overlap.
 *
 * A tile that begins at `start` counts from `keep` to `end`; the kept parts cover the axis once.
 * An axis shorter than a tile is one tile, which reaches beyond it.
 *
 * @param {number} length Of the axis, px.
 * @param {number} tile Of a tile, px; more than twice the overlap.
 * @param {number} overlap What a tile does not keep at an end that is not the axis's own, px.
 * @returns {{start: number, keep: number, end: number}[]} In order.
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
