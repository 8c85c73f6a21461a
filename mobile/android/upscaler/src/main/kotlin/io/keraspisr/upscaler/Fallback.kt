package io.keraspisr.upscaler

import kotlin.math.abs

/** The processor that runs a network. */
enum class Processor { CPU, GPU, NPU }

/** An opened network, its processor, and why the processors before it in the list were refused. */
internal class Opened(
    val network: TileNetwork,
    val processor: Processor,
    val refusals: Map<Processor, Throwable>,
)

/**
 * The largest difference allowed between a GPU's or NPU's values and the CPU's. They compute in 16 bit or
 * fewer; a larger difference is a fault of a driver, not rounding.
 */
private const val TOLERANCE = 8f / 255

/**
 * Opens a network on the first processor on which it starts and computes the same as the CPU.
 *
 * @param wanted Processors in order of preference; the CPU comes last, even if it is not listed.
 * @param open Opens the network on a processor, or throws. Native libraries throw errors as well as
 *   exceptions, so both count.
 * @throws Throwable The error if opening on the CPU fails.
 */
internal fun openFirst(
    wanted: List<Processor>,
    open: (Processor) -> TileNetwork,
): Opened {
    val cpu = open(Processor.CPU)
    val refusals = mutableMapOf<Processor, Throwable>()
    try {
        val probe = probe(cpu.shape)
        val expected = cpu.run(probe)
        for (processor in wanted.takeWhile { it != Processor.CPU }) {
            try {
                val network = checked(open(processor), probe, expected)
                cpu.close()
                return Opened(network, processor, refusals)
            } catch (refusal: Throwable) {
                refusals[processor] = refusal
            }
        }
        return Opened(cpu, Processor.CPU, refusals)
    } catch (error: Throwable) {
        cpu.close()
        throw error
    }
}

/** Returns the network if it computes the expected values; otherwise closes it and throws. */
private fun checked(
    network: TileNetwork,
    probe: FloatArray,
    expected: FloatArray,
): TileNetwork {
    try {
        val values = network.run(probe)
        check(values.size == expected.size) { "It gives ${values.size} values, not ${expected.size}." }
        // A comparison with not-a-number is false, so this form refuses it, too.
        check(values.indices.all { abs(values[it] - expected[it]) <= TOLERANCE }) {
            "Its values are not those of the CPU."
        }
        return network
    } catch (error: Throwable) {
        network.close()
        throw error
    }
}

/** A tile with edges, slopes and every colour. */
private fun probe(shape: TileShape): FloatArray =
    FloatArray(shape.side * shape.side * shape.channels) { i ->
        val pixel = i / shape.channels
        val x = pixel % shape.side
        val y = pixel / shape.side
        ((x * 7 + y * 13 + i % shape.channels * 85 + (x / 8 + y / 8) % 2 * 128) % 256) / 255f
    }
