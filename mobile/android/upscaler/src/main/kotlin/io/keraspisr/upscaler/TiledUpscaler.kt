package io.keraspisr.upscaler

import java.util.concurrent.locks.ReentrantLock

/** A source of pixels: packed ARGB, one rectangle at a time, row by row from the start of [into]. */
interface PixelSource {
    val width: Int
    val height: Int

    fun read(
        left: Int,
        top: Int,
        width: Int,
        height: Int,
        into: IntArray,
    )
}

/** A target for pixels, in the same form. */
fun interface PixelSink {
    fun write(
        left: Int,
        top: Int,
        width: Int,
        height: Int,
        from: IntArray,
    )
}

/**
 * Enlarges images of any size by a network of one tile size, with the values of `keras_pisr.upscale`.
 *
 * Tiles overlap by more than the network sees, so no seam is visible. If an image is smaller than a
 * tile, its right and bottom edges are repeated, and within [overlap] px of them the result
 * differs a little. Alpha is ignored. There are no Android types here, so that it runs on any JVM.
 *
 * @param network The network; [close] closes it.
 * @param overlap Overlap of neighbouring tiles, px. The presets see 8 px or fewer.
 */
class TiledUpscaler(
    private val network: TileNetwork,
    private val overlap: Int = OVERLAP,
) : AutoCloseable {
    private val lock = ReentrantLock()

    @Volatile private var closed = false
    private var released = false
    private val side = network.shape.side
    private val scale = network.shape.scale
    private val bicubic = Bicubic(scale)

    /**
     * Enlarges an image. Calls from several threads wait for each other.
     *
     * @param onTile Called before each tile with the number of finished tiles and of all tiles. An exception
     *   from it ends the work; use this to cancel.
     * @return Time of the network, ms.
     * @throws IllegalStateException If this is closed, even during the work.
     */
    fun upscale(
        source: PixelSource,
        sink: PixelSink,
        onTile: (done: Int, total: Int) -> Unit = { _, _ -> },
    ): Double {
        lock.lock()
        try {
            val rows = cut(source.height, side, overlap)
            val columns = cut(source.width, side, overlap)
            var done = 0
            var nanoseconds = 0L
            for (row in rows) {
                for (column in columns) {
                    check(!closed) { "The upscaler is closed." }
                    onTile(done++, rows.size * columns.size)
                    nanoseconds += enlarge(source, sink, row, column)
                }
            }
            return nanoseconds / 1e6
        } finally {
            lock.unlock()
            if (closed) release()
        }
    }

    /** Frees the network: at once, or after the current tile. */
    override fun close() {
        closed = true
        release()
    }

    private fun release() {
        // The holder of the lock releases the network after unlocking.
        if (!lock.tryLock()) return
        try {
            if (!released) network.close()
            released = true
        } finally {
            lock.unlock()
        }
    }

    private fun enlarge(
        source: PixelSource,
        sink: PixelSink,
        row: Tile,
        column: Tile,
    ): Long {
        val height = minOf(side, source.height)
        val width = minOf(side, source.width)
        val pixels = IntArray(width * height)
        source.read(column.start, row.start, width, height, pixels)
        val rgb = FloatArray(3 * pixels.size)
        toFloats(pixels, pixels.size, rgb)
        val tile = padded(rgb, height, width)
        val start = System.nanoTime()
        val values = network.run(tile)
        val nanoseconds = System.nanoTime() - start
        val result =
            if (network.shape.channels == 3) {
                kept(values, row, column)
            } else {
                coloured(values, rgb, height, width, row, column)
            }
        val keptWidth = column.end - column.keep
        val keptHeight = row.end - row.keep
        sink.write(scale * column.keep, scale * row.keep, scale * keptWidth, scale * keptHeight, result)
        return nanoseconds
    }

    /** The network's input: RGB or luma of a whole tile; beyond the image, its edge pixels are repeated. */
    private fun padded(
        rgb: FloatArray,
        height: Int,
        width: Int,
    ): FloatArray {
        val channels = network.shape.channels
        if (channels == 3 && height == side && width == side) return rgb
        val tile = FloatArray(channels * side * side)
        var to = 0
        for (y in 0 until side) {
            for (x in 0 until side) {
                val from = 3 * (minOf(y, height - 1) * width + minOf(x, width - 1))
                if (channels == 3) {
                    rgb.copyInto(tile, to, from, from + 3)
                } else {
                    tile[to] = luma(rgb, from)
                }
                to += channels
            }
        }
        return tile
    }

    /** The kept part of an RGB tile, packed. */
    private fun kept(
        values: FloatArray,
        row: Tile,
        column: Tile,
    ): IntArray = eachKept(row, column) { y, x -> packed(values, 3 * (y * side * scale + x)) }

    /** The kept part of a luma tile with the bicubic colour of the image, packed. */
    private fun coloured(
        luma: FloatArray,
        rgb: FloatArray,
        height: Int,
        width: Int,
        row: Tile,
        column: Tile,
    ): IntArray {
        val base = bicubic.enlarge(rgb, height, width)
        return eachKept(row, column) { y, x ->
            val at = 3 * (y * width * scale + x)
            packed(base, at, luma[y * side * scale + x] - luma(base, at))
        }
    }

    private inline fun eachKept(
        row: Tile,
        column: Tile,
        pixel: (y: Int, x: Int) -> Int,
    ): IntArray {
        val result = IntArray(scale * scale * (row.end - row.keep) * (column.end - column.keep))
        var to = 0
        for (y in scale * (row.keep - row.start) until scale * (row.end - row.start)) {
            for (x in scale * (column.keep - column.start) until scale * (column.end - column.start)) {
                result[to++] = pixel(y, x)
            }
        }
        return result
    }

    companion object {
        /** More than the networks of this project see to each side, px. */
        const val OVERLAP = 16
    }
}
