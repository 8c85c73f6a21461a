package io.keraspisr.sample

import android.content.res.AssetManager
import android.graphics.Bitmap
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import kotlin.math.roundToInt
import kotlin.math.sqrt

/** A file of `export.py --color rgb --size 256 256`: RGB in `[0, 1]` to larger RGB. */
class Upscaler(
    assets: AssetManager,
) : AutoCloseable {
    private val model = CompiledModel.create(assets, ASSET, CompiledModel.Options(Accelerator.CPU))
    private val inputs = model.createInputBuffers()
    private val outputs = model.createOutputBuffers()

    /** Enlarges an image of [SIDE] x [SIDE] px; returns it with the network's time in ms. */
    fun upscale(image: Bitmap): Pair<Bitmap, Double> {
        require(image.width == SIDE && image.height == SIDE) {
            "Expected $SIDE x $SIDE px; got ${image.width} x ${image.height}."
        }
        inputs[0].writeFloat(toFloats(image))
        val start = System.nanoTime()
        model.run(inputs, outputs)
        // Reading waits for the result, wherever it was computed.
        val result = outputs[0].readFloat()
        val milliseconds = (System.nanoTime() - start) / 1e6
        return toBitmap(result) to milliseconds
    }

    override fun close() {
        (inputs + outputs).forEach { it.close() }
        model.close()
    }

    private fun toFloats(image: Bitmap): FloatArray {
        val pixels = IntArray(SIDE * SIDE)
        image.getPixels(pixels, 0, SIDE, 0, 0, SIDE, SIDE)
        val floats = FloatArray(3 * pixels.size)
        pixels.forEachIndexed { i, pixel ->
            floats[3 * i] = (pixel shr 16 and 255) / 255f
            floats[3 * i + 1] = (pixel shr 8 and 255) / 255f
            floats[3 * i + 2] = (pixel and 255) / 255f
        }
        return floats
    }

    private fun toBitmap(floats: FloatArray): Bitmap {
        val side = sqrt(floats.size / 3.0).roundToInt()
        val pixels =
            IntArray(side * side) { i ->
                val (r, g, b) = List(3) { (255 * floats[3 * i + it]).roundToInt() }
                255 shl 24 or (r shl 16) or (g shl 8) or b
            }
        return Bitmap.createBitmap(pixels, side, side, Bitmap.Config.ARGB_8888)
    }

    companion object {
        /** In `app/src/main/assets`. */
        const val ASSET = "upscaler.tflite"

        /** What the file was exported for, px. */
        const val SIDE = 256
    }
}
