package io.keraspisr.upscaler

import android.content.Context
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.BuiltinNpuAcceleratorProvider
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.Environment
import com.google.ai.edge.litert.TensorBuffer

/**
 * Runs a `.tflite` file with LiteRT's `CompiledModel`, which cannot resize: the file fixes its size.
 *
 * @param threads Number of CPU threads.
 * @throws Throwable If the file, or the processor, cannot be used.
 */
internal class LiteRtNetwork(
    context: Context,
    asset: String,
    processor: Processor,
    threads: Int,
) : TileNetwork {
    // These are closed in the opposite order, also if a later step of the construction fails.
    private val open = ArrayDeque<AutoCloseable>()
    private val model: CompiledModel
    private val inputs: List<TensorBuffer>
    private val outputs: List<TensorBuffer>
    override val shape: TileShape

    init {
        try {
            val environment = if (processor == Processor.NPU) npuEnvironment(context) else null
            environment?.let(open::addFirst)
            val options = CompiledModel.Options(accelerator(processor))
            if (processor == Processor.CPU) {
                options.cpuOptions = CompiledModel.CpuOptions(numThreads = threads)
            }
            model = CompiledModel.create(context.assets, asset, options, environment)
            open.addFirst(model)
            inputs = model.createInputBuffers().onEach(open::addFirst)
            outputs = model.createOutputBuffers().onEach(open::addFirst)
            shape = TileShape.of(inputs.single().readFloat().size, outputs.single().readFloat().size)
        } catch (error: Throwable) {
            close()
            throw error
        }
    }

    override fun run(tile: FloatArray): FloatArray {
        inputs[0].writeFloat(tile)
        model.run(inputs, outputs)
        // Reading waits for the result on every processor.
        return outputs[0].readFloat()
    }

    override fun close() {
        while (open.isNotEmpty()) open.removeFirst().close()
    }

    private fun accelerator(processor: Processor) =
        when (processor) {
            Processor.CPU -> Accelerator.CPU
            Processor.GPU -> Accelerator.GPU
            Processor.NPU -> Accelerator.NPU
        }

    private fun npuEnvironment(context: Context): Environment {
        val environment = Environment.create(BuiltinNpuAcceleratorProvider(context))
        // LiteRT runs operations that the NPU does not take on the CPU, without a notice.
        if (Accelerator.NPU !in environment.getAvailableAccelerators()) {
            environment.close()
            throw UnsupportedOperationException("This app has no NPU libraries for this phone.")
        }
        return environment
    }
}
