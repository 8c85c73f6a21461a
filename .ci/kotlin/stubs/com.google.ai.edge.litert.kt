// Signatures of LiteRT 2.3's CompiledModel API, as far as the library uses them, written from its reference.
@file:Suppress("unused", "UNUSED_PARAMETER")

package com.google.ai.edge.litert

import android.content.Context
import android.content.res.AssetManager

enum class Accelerator { NONE, CPU, GPU, NPU }

abstract class JniHandle internal constructor() : AutoCloseable {
    override fun close(): Unit = TODO()
}

class LiteRtException internal constructor() : Exception()

class TensorBuffer internal constructor() : JniHandle() {
    fun writeFloat(data: FloatArray): Unit = TODO()

    fun readFloat(): FloatArray = TODO()
}

class CompiledModel private constructor() : JniHandle() {
    data class CpuOptions(
        val numThreads: Int? = null,
        val xnnPackFlags: Int? = null,
        val xnnPackWeightCachePath: String? = null,
    )

    class Options(
        vararg accelerators: Accelerator,
    ) {
        var cpuOptions: CpuOptions? = null
    }

    fun createInputBuffers(signatureIndex: Int = 0): List<TensorBuffer> = TODO()

    fun createOutputBuffers(signatureIndex: Int = 0): List<TensorBuffer> = TODO()

    fun run(
        inputs: List<TensorBuffer>,
        outputs: List<TensorBuffer>,
        signatureIndex: Int = 0,
    ): Unit = TODO()

    companion object {
        fun create(
            assetManager: AssetManager,
            assetName: String,
            options: Options = TODO(),
            optionalEnv: Environment? = null,
        ): CompiledModel = TODO()
    }
}

class Environment private constructor() : JniHandle() {
    fun getAvailableAccelerators(): Set<Accelerator> = TODO()

    companion object {
        fun create(npuAcceleratorProvider: NpuAcceleratorProvider): Environment = TODO()
    }
}

interface NpuAcceleratorProvider {
    fun isDeviceSupported(): Boolean

    fun isLibraryReady(): Boolean
}

class BuiltinNpuAcceleratorProvider(
    context: Context,
) : NpuAcceleratorProvider {
    override fun isDeviceSupported(): Boolean = TODO()

    override fun isLibraryReady(): Boolean = TODO()
}
