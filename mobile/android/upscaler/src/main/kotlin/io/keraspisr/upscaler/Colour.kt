package io.keraspisr.upscaler

// BT.601 in the studio range, as `keras_pisr.data.images.color` computes it: the luma of R, G and B in
// [0, 1] is (16 + 65.481 R + 128.553 G + 24.966 B) / 255.
private const val LUMA_FACTOR = (219.0 / 255 / 1000).toFloat()
private const val LUMA_OFFSET = (16.0 / 255).toFloat()

/** A change of luma spans 219 of 255 levels; the same change of R, G and B spans this much more. */
private const val LUMA_TO_RGB = (255.0 / 219).toFloat()
private const val LEVEL = (1.0 / 255).toFloat()

/** Red, green and blue of packed ARGB [pixels], in [0, 1], three values per pixel. Alpha is left out. */
internal fun toFloats(
    pixels: IntArray,
    count: Int,
    floats: FloatArray,
) {
    for (i in 0 until count) {
        val pixel = pixels[i]
        floats[3 * i] = (pixel shr 16 and 255) * LEVEL
        floats[3 * i + 1] = (pixel shr 8 and 255) * LEVEL
        floats[3 * i + 2] = (pixel and 255) * LEVEL
    }
}

/** Luma of the pixel whose red value is at [at]. */
internal fun luma(
    rgb: FloatArray,
    at: Int,
): Float = (299 * rgb[at] + 587 * rgb[at + 1] + 114 * rgb[at + 2]) * LUMA_FACTOR + LUMA_OFFSET

/** The pixel at [at] as opaque packed ARGB, with [change] added to its luma; clipped and rounded half up. */
internal fun packed(
    rgb: FloatArray,
    at: Int,
    change: Float = 0f,
): Int {
    val added = LUMA_TO_RGB * change
    return OPAQUE or
        (level(rgb[at] + added) shl 16) or
        (level(rgb[at + 1] + added) shl 8) or
        level(rgb[at + 2] + added)
}

private const val OPAQUE = 255 shl 24

// Not-a-number becomes 0.
private fun level(value: Float): Int = (value * 255 + 0.5f).toInt().coerceIn(0, 255)
