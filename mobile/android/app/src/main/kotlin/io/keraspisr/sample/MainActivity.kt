package io.keraspisr.sample

import android.graphics.Bitmap
import android.graphics.ColorSpace
import android.graphics.ImageDecoder
import android.net.Uri
import android.os.Bundle
import android.widget.Button
import android.widget.ImageView
import android.widget.TextView
import androidx.activity.ComponentActivity
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts.PickVisualMedia
import androidx.lifecycle.lifecycleScope
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext

/** One photo in, its middle enlarged, and how long that took. */
class MainActivity : ComponentActivity() {
    // Used under the lock only: the network has one set of buffers.
    private var upscaler: Upscaler? = null
    private val lock = Mutex()
    private val picker =
        registerForActivityResult(PickVisualMedia()) { photo -> photo?.let(::enlarge) }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.activity_main)
        findViewById<Button>(R.id.choose).setOnClickListener {
            picker.launch(PickVisualMediaRequest(PickVisualMedia.ImageOnly))
        }
    }

    private fun enlarge(photo: Uri) {
        val status = findViewById<TextView>(R.id.status)
        lifecycleScope.launch {
            try {
                val before = withContext(Dispatchers.IO) { middle(photo) }
                val (after, milliseconds) =
                    withContext(Dispatchers.Default) {
                        lock.withLock {
                            val network = upscaler ?: Upscaler(assets).also { upscaler = it }
                            network.upscale(before)
                        }
                    }
                findViewById<ImageView>(R.id.before).setImageBitmap(before)
                findViewById<ImageView>(R.id.after).setImageBitmap(after)
                status.text = getString(R.string.took, before.width, after.width, milliseconds)
            } catch (error: CancellationException) {
                throw error
            } catch (error: Exception) {
                status.text = getString(R.string.failed, error.message ?: error.toString())
            }
        }
    }

    /** The middle of a photo, upright, in sRGB. */
    private fun middle(photo: Uri): Bitmap {
        val source = ImageDecoder.createSource(contentResolver, photo)
        val whole =
            ImageDecoder.decodeBitmap(source) { decoder, _, _ ->
                // Pixels of bitmaps in the GPU's memory cannot be read.
                decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE
                decoder.setTargetColorSpace(ColorSpace.get(ColorSpace.Named.SRGB))
            }
        val side = Upscaler.SIDE
        require(minOf(whole.width, whole.height) >= side) {
            "the photo has ${whole.width} x ${whole.height} px, fewer than $side a side"
        }
        val (left, top) = listOf(whole.width, whole.height).map { (it - side) / 2 }
        return Bitmap.createBitmap(whole, left, top, side, side)
    }

    override fun onDestroy() {
        super.onDestroy()
        // If a photo is in work, the process is about to end anyway, and memory with it.
        if (lock.tryLock()) {
            upscaler?.close()
            upscaler = null
            lock.unlock()
        }
    }
}
