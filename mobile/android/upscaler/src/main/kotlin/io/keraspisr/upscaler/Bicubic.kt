package io.keraspisr.upscaler

import kotlin.math.abs
import kotlin.math.floor

/** The bicubic kernel reads this many pixels to each side. */
internal const val REACH = 2

/**
 * Enlarges by Keys' bicubic kernel (1981, a = -0.5), with repeated edges, as in all published figures.
 *
 * @param scale The factor, a whole number.
 */
internal class Bicubic(
    private val scale: Int,
) {
    private val first = IntArray(scale)
    private val weights = FloatArray(4 * scale)

    init {
        for (phase in 0 until scale) {
            val centre = (phase + 0.5) / scale - 0.5
            first[phase] = floor(centre).toInt() - 1
            for (tap in 0 until 4) {
                weights[4 * phase + tap] = kernel(centre - first[phase] - tap).toFloat()
            }
        }
    }

    /**
     * @param rgb `height * width * 3` values, row by row.
     * @return `(scale * height) * (scale * width) * 3` values, neither rounded nor clipped.
     */
    fun enlarge(
        rgb: FloatArray,
        height: Int,
        width: Int,
    ): FloatArray {
        val tall = FloatArray(scale * height * width * 3)
        enlarge(rgb, tall, lines = 1, length = height, step = 3 * width)
        val large = FloatArray(scale * tall.size)
        enlarge(tall, large, lines = scale * height, length = width, step = 3)
        return large
    }

    /** Enlarges along one axis: [lines] times [length] groups of [step] values, one group per pixel. */
    private fun enlarge(
        from: FloatArray,
        to: FloatArray,
        lines: Int,
        length: Int,
        step: Int,
    ) {
        for (line in 0 until lines) {
            val source = line * length * step
            for (i in 0 until scale * length) {
                val phase = i % scale
                val begin = i / scale + first[phase]
                val a = source + begin.coerceIn(0, length - 1) * step
                val b = source + (begin + 1).coerceIn(0, length - 1) * step
                val c = source + (begin + 2).coerceIn(0, length - 1) * step
                val d = source + (begin + 3).coerceIn(0, length - 1) * step
                val wa = weights[4 * phase]
                val wb = weights[4 * phase + 1]
                val wc = weights[4 * phase + 2]
                val wd = weights[4 * phase + 3]
                val target = (line * scale * length + i) * step
                for (k in 0 until step) {
                    to[target + k] = wa * from[a + k] + wb * from[b + k] + wc * from[c + k] + wd * from[d + k]
                }
            }
        }
    }

    private fun kernel(x: Double): Double {
        val d = abs(x)
        return when {
            d <= 1 -> (1.5 * d - 2.5) * d * d + 1
            d < 2 -> ((-0.5 * d + 2.5) * d - 4) * d + 2
            else -> 0.0
        }
    }
}
