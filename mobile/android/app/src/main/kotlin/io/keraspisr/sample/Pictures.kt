package io.keraspisr.sample

import android.content.ContentResolver
import android.content.ContentValues
import android.graphics.Bitmap
import android.graphics.ColorSpace
import android.graphics.ImageDecoder
import android.net.Uri
import android.provider.MediaStore
import java.io.IOException
import kotlin.math.sqrt

/** A photo, and whether it was shrunk when it was read. */
class Photo(
    val image: Bitmap,
    val shrunk: Boolean,
)

/** Android refuses to draw a bitmap of more than 100 MB, which are 25 million pixels. */
private const val MOST_PIXELS = 24_000_000L

/** The longest side that every phone's GPU can draw, px. */
private const val LONGEST = 8192

/**
 * Reads a photo, upright and in sRGB, shrunk if its enlargement would be too large to show.
 *
 * @param scale The factor by which it will be enlarged.
 */
fun ContentResolver.readPhoto(
    uri: Uri,
    scale: Int,
): Photo {
    var shrunk = false
    val image =
        ImageDecoder.decodeBitmap(ImageDecoder.createSource(this, uri)) { decoder, info, _ ->
            // Pixels of bitmaps in the GPU's memory cannot be read.
            decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE
            decoder.setTargetColorSpace(ColorSpace.get(ColorSpace.Named.SRGB))
            val (width, height) = info.size.width to info.size.height
            val pixels = width.toLong() * height * scale * scale
            val share =
                minOf(
                    sqrt(MOST_PIXELS / pixels.toDouble()),
                    LONGEST.toDouble() / (scale * maxOf(width, height)),
                )
            if (share < 1) {
                shrunk = true
                val small = { side: Int -> (share * side).toInt().coerceAtLeast(1) }
                decoder.setTargetSize(small(width), small(height))
            }
        }
    return Photo(image, shrunk)
}

/**
 * Saves a picture as PNG where the gallery finds it, without a permission (Android 10 and newer).
 *
 * @return Its address, for sharing.
 * @throws IOException If there is no space, or the phone refuses; no file is left behind.
 */
fun ContentResolver.savePicture(
    image: Bitmap,
    name: String,
): Uri {
    val values =
        ContentValues().apply {
            put(MediaStore.MediaColumns.DISPLAY_NAME, name)
            put(MediaStore.MediaColumns.MIME_TYPE, "image/png")
            put(MediaStore.MediaColumns.RELATIVE_PATH, "Pictures/keras_pisr")
            put(MediaStore.MediaColumns.IS_PENDING, 1)
        }
    val uri =
        insert(MediaStore.Images.Media.EXTERNAL_CONTENT_URI, values)
            ?: throw IOException("the gallery takes no picture")
    try {
        val written = openOutputStream(uri)?.use { image.compress(Bitmap.CompressFormat.PNG, 100, it) }
        if (written != true) throw IOException("the picture cannot be written")
        values.clear()
        values.put(MediaStore.MediaColumns.IS_PENDING, 0)
        update(uri, values, null, null)
        return uri
    } catch (error: Throwable) {
        delete(uri, null, null)
        throw error
    }
}
