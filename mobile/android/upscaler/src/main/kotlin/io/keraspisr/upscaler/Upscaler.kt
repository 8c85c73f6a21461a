package io.keraspisr.upscaler

import android.content.Context
import android.graphics.Bitmap
import kotlin.coroutines.cancellation.CancellationException
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext

/**
 * An enlarged image.
 *
 * @property milliseconds Time from call to result.
 * @property networkMilliseconds The part of this time that the network took.
 */
class Upscaled(
    val image: Bitmap,
    val milliseconds: Double,
    val networkMilliseconds: Double,
)

/**
 * Enlarges bitmaps of any size with a student that `mobile/export.py` made into a file of one tile size.
 *
 *     val upscaler = Upscaler.open(context, "upscaler.tflite").getOrThrow()
 *     val result = upscaler.upscale(bitmap)      // Result<Upscaled>
 *     upscaler.close()
 *
 * All errors, including those of native libraries and of memory, are returned as a failed `Result`.
 * Only the coroutine's cancellation is thrown, after the current tile.
 *
 * @property processor The processor that runs the network.
 * @property refusals Why the processors before it in the list do not run it.
 */
class Upscaler private constructor(
    private val tiled: TiledUpscaler,
    val shape: TileShape,
    val processor: Processor,
    val refusals: Map<Processor, Throwable>,
) : AutoCloseable {
    /**
     * Enlarges [image], a software bitmap of any size, read as sRGB without alpha, to an opaque `ARGB_8888`.
     *
     * It takes one image at a time; a second call waits. The work is done on `Dispatchers.Default`.
     *
     * @param onProgress Called on a background thread before each tile, with the finished and all tiles.
     */
    suspend fun upscale(
        image: Bitmap,
        onProgress: (done: Int, total: Int) -> Unit = { _, _ -> },
    ): Result<Upscaled> =
        withContext(Dispatchers.Default) {
            catching {
                val start = System.nanoTime()
                val (width, height) = image.width * shape.scale to image.height * shape.scale
                val large = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
                val context = coroutineContext
                val network =
                    tiled.upscale(BitmapSource(image), BitmapSink(large)) { done, total ->
                        context.ensureActive()
                        onProgress(done, total)
                    }
                Upscaled(large, (System.nanoTime() - start) / 1e6, network)
            }
        }

    /** Frees the network: at once, or after the current tile. */
    override fun close() = tiled.close()

    companion object {
        /**
         * Opens a file from the app's assets.
         *
         * @param asset Name of a file from `export.py --size 256 256`, of luma or with `--color rgb`, whose
         *   input and output are floats.
         * @param wanted Processors in order of preference; the CPU is used if none of them runs the file or
         *   computes the same.
         * @param threads Number of CPU threads.
         */
        suspend fun open(
            context: Context,
            asset: String,
            wanted: List<Processor> = listOf(Processor.CPU),
            threads: Int = minOf(4, Runtime.getRuntime().availableProcessors()),
        ): Result<Upscaler> {
            var upscaler: Upscaler? = null
            try {
                return withContext(Dispatchers.Default) {
                    catching {
                        val opened = openFirst(wanted) { LiteRtNetwork(context, asset, it, threads) }
                        val tiled = TiledUpscaler(opened.network)
                        Upscaler(tiled, opened.network.shape, opened.processor, opened.refusals)
                            .also { upscaler = it }
                    }
                }
            } catch (cancelled: CancellationException) {
                // No other code closes it.
                upscaler?.close()
                throw cancelled
            }
        }

        private inline fun <T> catching(block: () -> T): Result<T> =
            try {
                Result.success(block())
            } catch (cancelled: CancellationException) {
                throw cancelled
            } catch (error: Throwable) {
                Result.failure(error)
            }
    }
}

private class BitmapSource(
    private val bitmap: Bitmap,
) : PixelSource {
    override val width = bitmap.width
    override val height = bitmap.height

    override fun read(
        left: Int,
        top: Int,
        width: Int,
        height: Int,
        into: IntArray,
    ) = bitmap.getPixels(into, 0, width, left, top, width, height)
}

private class BitmapSink(
    private val bitmap: Bitmap,
) : PixelSink {
    override fun write(
        left: Int,
        top: Int,
        width: Int,
        height: Int,
        from: IntArray,
    ) = bitmap.setPixels(from, 0, width, left, top, width, height)
}
