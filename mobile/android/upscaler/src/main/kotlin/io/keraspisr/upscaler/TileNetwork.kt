package io.keraspisr.upscaler

import kotlin.math.roundToInt
import kotlin.math.sqrt

/** The input and output of a file: square tiles of [side] px, enlarged by [scale], luma (1) or RGB (3). */
data class TileShape(
    val side: Int,
    val scale: Int,
    val channels: Int,
) {
    internal companion object {
        /**
         * The shape that follows from the numbers of values of input and output.
         *
         * Three times a square number is never a square number, so at most one shape fits.
         *
         * @throws IllegalArgumentException If no shape fits.
         */
        fun of(
            inputs: Int,
            outputs: Int,
        ): TileShape {
            val channels = if (root(inputs) != null) 1 else 3
            val side = root(inputs / channels)
            val larger = root(outputs / channels)
            require(
                side != null && larger != null && side > 0 && larger >= side && larger % side == 0 &&
                    channels * side * side == inputs && channels * larger * larger == outputs,
            ) {
                "The file takes $inputs values and gives $outputs. Expected one square tile of luma or " +
                    "RGB: export it with --size 256 256."
            }
            return TileShape(side, larger / side, channels)
        }

        private fun root(value: Int): Int? {
            val root = sqrt(value.toDouble()).roundToInt()
            return root.takeIf { it * it == value }
        }
    }
}

/** A network that enlarges one tile: floats in [0, 1], row by row. It allows one call at a time. */
interface TileNetwork : AutoCloseable {
    val shape: TileShape

    /** Enlarges `side * side * channels` values; the result belongs to the caller. */
    fun run(tile: FloatArray): FloatArray
}
