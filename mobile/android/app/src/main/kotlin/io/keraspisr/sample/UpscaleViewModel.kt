package io.keraspisr.sample

import android.app.Application
import android.graphics.Bitmap
import android.net.Uri
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.viewModelScope
import io.keraspisr.upscaler.Processor
import io.keraspisr.upscaler.Upscaled
import io.keraspisr.upscaler.Upscaler
import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** A photo, its enlargement, and how the enlargement was made. */
class Comparison(
    val photo: Photo,
    val result: Upscaled,
    val processor: Processor,
    val refusals: Map<Processor, Throwable>,
)

/** The state that the screen shows. */
data class ScreenState(
    val wanted: Processor = Processor.CPU,
    val divider: Float = 0.5f,
    val work: Work = Work.None,
    val comparison: Comparison? = null,
    val saved: Uri? = null,
    val toShare: Uri? = null,
)

/** The current work, or how it ended. */
sealed interface Work {
    data object None : Work

    data object Starting : Work

    data class Tiles(
        val done: Int,
        val total: Int,
    ) : Work

    data object Cancelled : Work

    data class Failed(
        val error: Throwable,
    ) : Work
}

/** Keeps network, photo and result while the screen turns. */
class UpscaleViewModel(
    application: Application,
) : AndroidViewModel(application) {
    private val mutableState = MutableStateFlow(ScreenState())
    private var upscaler: Upscaler? = null
    private var chosen: Uri? = null
    private var job: Job? = null
    val state: StateFlow<ScreenState> = mutableState.asStateFlow()
    private val app: Application get() = getApplication()

    /** Enlarges a photo; work on another photo ends. */
    fun choose(photo: Uri) {
        chosen = photo
        val previous = job
        previous?.cancel()
        job =
            viewModelScope.launch {
                previous?.join()
                mutableState.update { it.copy(work = Work.Starting, comparison = null, saved = null) }
                try {
                    val comparison = enlarge(photo)
                    mutableState.update { it.copy(work = Work.None, comparison = comparison) }
                } catch (cancelled: CancellationException) {
                    mutableState.update { it.copy(work = Work.Cancelled) }
                    throw cancelled
                } catch (error: Throwable) {
                    mutableState.update { it.copy(work = Work.Failed(error)) }
                }
            }
    }

    /** Ends the work after the current tile. */
    fun cancel() {
        job?.cancel()
    }

    /** Changes the processor, and enlarges the last photo again. */
    fun want(processor: Processor) {
        if (processor == state.value.wanted) return
        mutableState.update { it.copy(wanted = processor) }
        cancel()
        upscaler?.close()
        upscaler = null
        chosen?.let(::choose)
    }

    fun moveDivider(place: Float) = mutableState.update { it.copy(divider = place) }

    /** Saves the result, unless it is already saved, and shares it on request. */
    fun save(share: Boolean) {
        val image = state.value.comparison?.result?.image ?: return
        viewModelScope.launch {
            try {
                val uri = state.value.saved ?: withContext(Dispatchers.IO) { write(image) }
                mutableState.update { it.copy(saved = uri, toShare = if (share) uri else null) }
            } catch (cancelled: CancellationException) {
                throw cancelled
            } catch (error: Throwable) {
                mutableState.update { it.copy(work = Work.Failed(error)) }
            }
        }
    }

    /** The picture was passed on to another app. */
    fun shared() = mutableState.update { it.copy(toShare = null) }

    private suspend fun enlarge(uri: Uri): Comparison {
        val network =
            upscaler ?: Upscaler
                .open(app, ASSET, listOf(state.value.wanted))
                .getOrThrow()
                .also { upscaler = it }
        val photo =
            withContext(Dispatchers.IO) { app.contentResolver.readPhoto(uri, network.shape.scale) }
        val result =
            network.upscale(photo.image) { done, total ->
                mutableState.update { it.copy(work = Work.Tiles(done, total)) }
            }
        return Comparison(photo, result.getOrThrow(), network.processor, network.refusals)
    }

    private fun write(image: Bitmap): Uri =
        app.contentResolver.savePicture(image, "enlarged-${System.currentTimeMillis()}.png")

    override fun onCleared() {
        upscaler?.close()
    }

    companion object {
        /** In `app/src/main/assets`. */
        const val ASSET = "upscaler.tflite"
    }
}
