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
 * @property networkMilliseconds Time of those that the network took.
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
 * Whatever goes wrong, errors of native libraries and of memory included, comes back as a failed
 * `Result`; only the coroutine's cancellation is thrown, after the tile that is in work.
 *
 * @property processor What runs the network.
 * @property refusals Why the processors that were preferred to it do not.
 */
class Upscaler private constructor(
    private val tiled: TiledUpscaler,
    val shape: TileShape,
    val processor: Processor,
    val refusals: Map<Processor, Throwable>,
) : AutoCloseable {
    /**
     * Enlarges [image]: software bitmap, any size, read as sRGB; alpha is ignored. Result: `ARGB_8888`, opaque.
     *
     * One image at a time; a second call waits. The work is done on `Dispatchers.Default`.
     *
     * @param onProgress Told before each tile how many of all are done, on a background thread.
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

    /** Frees the network: at once, or after the tile that is in work. */
    override fun close() = tiled.close()

    companion object {
        /**
         * Opens a file from the app's assets.
         *
         * @param asset Name of a file that `export.py --size 256 256` made, of luma or with `--color rgb`;
         *   floats in and out.
         * @param wanted Processors in order of preference; the CPU is used if none of them runs the file or
         *   computes the same.
         * @param threads CPU threads.
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
                // Nobody else will.
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
