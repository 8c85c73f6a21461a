package io.keraspisr.upscaler

/** A part of one axis, px: a tile begins at [start], and its pixels from [keep] to [end] are kept. */
internal class Tile(
    val start: Int,
    val keep: Int,
    val end: Int,
)

/**
 * Cuts an axis into tiles of one length that overlap.
 *
 * The first tile begins and the last ends at the image's edge, where the network must see its own
 * padding; the kept part of a tile lies [overlap] px or more from any other end. An axis shorter than a
 * tile is one tile, which reaches beyond it.
 *
 * @param length Length of the axis, px.
 * @param side Length of a tile, px, more than twice the overlap.
 * @param overlap Distance that the network sees to each side, px, or a larger one.
 * @return Tiles in order, whose kept parts cover the axis once.
 */
internal fun cut(
    length: Int,
    side: Int,
    overlap: Int,
): List<Tile> {
    require(length > 0) { "Expected an image of at least one pixel." }
    if (length <= side) return listOf(Tile(0, 0, length))
    require(side > 2 * overlap) {
        "A tile of $side px keeps nothing when tiles overlap by $overlap px. Export a file for " +
            "${4 * overlap} px or more."
    }
    val tiles = mutableListOf<Tile>()
    var kept = 0
    while (kept < length) {
        val start = (kept - overlap).coerceIn(0, length - side)
        val end = if (start + side == length) length else start + side - overlap
        tiles += Tile(start, kept, end)
        kept = end
    }
    return tiles
}
