// Calls of what is not there, one per kind: the type check must refuse each line marked WRONG, and no other.
package io.keraspisr.sample

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Color
import com.google.ai.edge.litert.CompiledModel
import io.keraspisr.upscaler.Processor
import io.keraspisr.upscaler.Upscaler

@Suppress("UNUSED_VARIABLE")
suspend fun wrong(
    context: Context,
    bitmap: Bitmap,
    model: CompiledModel,
) {
    bitmap.getPixel(0, 0)
    bitmap.readPixels() // WRONG: Android has no such method.
    bitmap.getPixel("left", "top") // WRONG: nor one with such arguments.
    Bitmap() // WRONG: nor is this a public constructor.
    model.resizeInput(0, 1) // WRONG: LiteRT has none.
    Upscaler.open(context, "upscaler.tflite", wanted = listOf(Processor.TPU)) // WRONG: ours.
    val title = R.string.no_such_text // WRONG: a resource that is not there.
    val length: Int = context.contentResolver.getType(TODO()).length // WRONG: may be null.
    val cut = io.keraspisr.upscaler.cut(1, 2, 3) // WRONG: internal to the library.
    Color.parseColor("#000000")
}
