package io.keraspisr.sample

import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.view.View
import android.widget.Button
import android.widget.RadioGroup
import android.widget.SeekBar
import android.widget.TextView
import androidx.activity.ComponentActivity
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts.PickVisualMedia
import androidx.activity.viewModels
import androidx.lifecycle.Lifecycle
import androidx.lifecycle.lifecycleScope
import androidx.lifecycle.repeatOnLifecycle
import io.keraspisr.upscaler.Processor
import kotlin.math.roundToInt
import kotlinx.coroutines.launch

/** Takes a photo; shows before and after, the time and the processor; saves or shares the result. */
class MainActivity : ComponentActivity() {
    private val model: UpscaleViewModel by viewModels()
    private val picker =
        registerForActivityResult(PickVisualMedia()) { photo -> photo?.let(model::choose) }
    private val comparison get() = findViewById<ComparisonView>(R.id.comparison)
    private val divider get() = findViewById<SeekBar>(R.id.divider)
    private val processors get() = findViewById<RadioGroup>(R.id.processors)

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.activity_main)
        onClick(R.id.choose) { picker.launch(PickVisualMediaRequest(PickVisualMedia.ImageOnly)) }
        onClick(R.id.cancel) { model.cancel() }
        onClick(R.id.save) { model.save(share = false) }
        onClick(R.id.share) { model.save(share = true) }
        comparison.onMoved = model::moveDivider
        divider.setOnSeekBarChangeListener(dividerListener)
        processors.check(BUTTONS.getValue(model.state.value.wanted))
        processors.setOnCheckedChangeListener { _, button ->
            BUTTONS.entries.firstOrNull { it.value == button }?.let { model.want(it.key) }
        }
        lifecycleScope.launch {
            repeatOnLifecycle(Lifecycle.State.STARTED) { model.state.collect(::show) }
        }
    }

    private fun show(state: ScreenState) {
        val busy = state.work is Work.Starting || state.work is Work.Tiles
        findViewById<TextView>(R.id.status).text = describe(state)
        findViewById<View>(R.id.cancel).visibility = if (busy) View.VISIBLE else View.GONE
        val result = state.comparison
        findViewById<View>(R.id.result).visibility = if (result == null) View.GONE else View.VISIBLE
        if (result != null) comparison.show(result.photo.image, result.result.image)
        comparison.divider = state.divider
        divider.progress = (state.divider * divider.max).roundToInt()
        state.toShare?.let(::share)
    }

    private fun describe(state: ScreenState): String =
        when (val work = state.work) {
            Work.Starting -> getString(R.string.starting)
            is Work.Tiles -> getString(R.string.working, work.done + 1, work.total)
            Work.Cancelled -> getString(R.string.cancelled)
            is Work.Failed -> getString(R.string.failed, words(work.error))
            Work.None -> state.comparison?.let { describe(it, state.saved) } ?: getString(R.string.welcome)
        }

    private fun describe(
        comparison: Comparison,
        saved: Uri?,
    ): String {
        val (before, after) = comparison.photo.image to comparison.result.image
        val lines =
            mutableListOf(
                getString(
                    R.string.took,
                    before.width,
                    before.height,
                    after.width,
                    after.height,
                    comparison.processor.name,
                    comparison.result.milliseconds,
                    comparison.result.networkMilliseconds,
                ),
            )
        for ((processor, refusal) in comparison.refusals) {
            lines += getString(R.string.refused, processor.name, words(refusal))
        }
        if (comparison.photo.shrunk) lines += getString(R.string.shrunk)
        if (saved != null) lines += getString(R.string.saved)
        return lines.joinToString("\n")
    }

    private fun share(picture: Uri) {
        model.shared()
        val intent =
            Intent(Intent.ACTION_SEND)
                .setType("image/png")
                .putExtra(Intent.EXTRA_STREAM, picture)
                .addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        startActivity(Intent.createChooser(intent, null))
    }

    private fun words(error: Throwable): String = error.message ?: error.javaClass.simpleName

    private fun onClick(
        button: Int,
        action: () -> Unit,
    ) = findViewById<Button>(button).setOnClickListener { action() }

    private val dividerListener =
        object : SeekBar.OnSeekBarChangeListener {
            override fun onProgressChanged(
                bar: SeekBar,
                progress: Int,
                fromUser: Boolean,
            ) {
                if (fromUser) model.moveDivider(progress.toFloat() / bar.max)
            }

            override fun onStartTrackingTouch(bar: SeekBar) = Unit

            override fun onStopTrackingTouch(bar: SeekBar) = Unit
        }

    private companion object {
        val BUTTONS =
            mapOf(Processor.CPU to R.id.cpu, Processor.GPU to R.id.gpu, Processor.NPU to R.id.npu)
    }
}
