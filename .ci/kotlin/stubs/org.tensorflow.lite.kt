// Signatures of LiteRT's Interpreter, as far as docs/guides/phone.md uses them, written from its reference.
@file:Suppress("unused", "UNUSED_PARAMETER")

package org.tensorflow.lite

import java.nio.ByteBuffer

interface Tensor {
    fun numElements(): Int
}

class Interpreter(
    byteBuffer: ByteBuffer,
    options: Options?,
) : AutoCloseable {
    open class Options {
        open fun setNumThreads(numThreads: Int): Options = TODO()
    }

    fun resizeInput(
        idx: Int,
        dims: IntArray,
    ): Unit = TODO()

    fun allocateTensors(): Unit = TODO()

    fun getOutputTensor(outputIndex: Int): Tensor = TODO()

    fun run(
        input: Any,
        output: Any,
    ): Unit = TODO()

    override fun close(): Unit = TODO()
}
