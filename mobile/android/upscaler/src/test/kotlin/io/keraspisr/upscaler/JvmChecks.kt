package io.keraspisr.upscaler

import java.io.File
import java.util.Scanner
import kotlin.math.abs
import kotlin.system.exitProcess

/**
 * Checks, on any JVM, of all code that needs no Android.
 *
 * Argument: `golden.txt`, which `tests/mobile/android/make_golden.py` wrote. The exit code is 1 if a check
 * fails; the last line gives the count.
 */
fun main(arguments: Array<String>) {
    val checks = Checks()
    readCases(File(arguments.single())).forEachIndexed { i, case ->
        for (channels in listOf(1, 3)) {
            checks.that("case $i, $channels channel(s), is what keras_pisr.upscale makes") {
                compare(case, channels)
            }
        }
    }
    checks.that("tiles cover every axis once, a radius from ends that are not the image's") { tilesCover() }
    checks.that("the shape of a file is told by its numbers of values") { shapes() }
    checks.that("the first processor that computes the same is taken") { fallback() }
    checks.that("a network that starts nowhere throws what the CPU says") { nowhere() }
    checks.that("what the listener throws ends the work") { cancels() }
    checks.that("close during the work ends it and frees the network once") { closes() }
    println("${checks.passed} passed, ${checks.failed} failed")
    exitProcess(if (checks.failed == 0) 0 else 1)
}

private class Checks {
    var passed = 0
    var failed = 0

    fun that(
        fact: String,
        check: () -> Unit,
    ) {
        try {
            check()
            passed++
        } catch (error: Throwable) {
            failed++
            println("FAILED: $fact: $error")
        }
    }
}

private const val SIDE = 12

private class Picture(
    override val width: Int,
    override val height: Int,
    val pixels: IntArray = IntArray(width * height),
) : PixelSource,
    PixelSink {
    override fun read(
        left: Int,
        top: Int,
        width: Int,
        height: Int,
        into: IntArray,
    ) {
        for (y in 0 until height) {
            val from = (top + y) * this.width + left
            pixels.copyInto(into, y * width, from, from + width)
        }
    }

    override fun write(
        left: Int,
        top: Int,
        width: Int,
        height: Int,
        from: IntArray,
    ) {
        for (y in 0 until height) {
            from.copyInto(pixels, (top + y) * this.width + left, y * width, (y + 1) * width)
        }
    }
}

private class Case(
    val scale: Int,
    val radius: Int,
    val kernel: FloatArray,
    val image: Picture,
    val expected: Picture,
)

private fun readCases(file: File): List<Case> =
    Scanner(file, "US-ASCII").use { words ->
        List(words.nextInt()) {
            val scale = words.nextInt()
            val radius = words.nextInt()
            val taps = (2 * radius + 1) * (2 * radius + 1)
            val kernel = FloatArray(scale * scale * taps) { words.next().toFloat() }
            val height = words.nextInt()
            val width = words.nextInt()
            val image = Picture(width, height, IntArray(height * width) { words.nextInt(16) })
            val expected = IntArray(scale * scale * height * width) { words.nextInt(16) }
            Case(scale, radius, kernel, image, Picture(scale * width, scale * height, expected))
        }
    }

/** The linear kernel of a case as a network of luma; of RGB, with the colour that an RGB file makes. */
private class Linear(
    private val case: Case,
    channels: Int,
) : TileNetwork {
    override val shape = TileShape(SIDE, case.scale, channels)
    var closed = 0

    override fun run(tile: FloatArray): FloatArray {
        check(tile.size == SIDE * SIDE * shape.channels)
        if (shape.channels == 1) return lumaOf(tile)
        val base = Bicubic(case.scale).enlarge(tile, SIDE, SIDE)
        val large = lumaOf(FloatArray(SIDE * SIDE) { luma(tile, 3 * it) })
        return FloatArray(base.size) { base[it] + 255f / 219 * (large[it / 3] - luma(base, it - it % 3)) }
    }

    private fun lumaOf(tile: FloatArray): FloatArray {
        val scale = case.scale
        val large = SIDE * scale
        val reach = 2 * case.radius + 1
        return FloatArray(large * large) { i ->
            val y = i / large
            val x = i % large
            val phase = y % scale * scale + x % scale
            var sum = 0f
            for (tap in 0 until reach * reach) {
                val row = y / scale + tap / reach - case.radius
                val column = x / scale + tap % reach - case.radius
                if (row in 0 until SIDE && column in 0 until SIDE) {
                    sum += case.kernel[phase * reach * reach + tap] * tile[row * SIDE + column]
                }
            }
            sum
        }
    }

    override fun close() {
        closed++
    }
}

private fun compare(
    case: Case,
    channels: Int,
) {
    // The distance that a network or the bicubic kernel sees.
    val overlap = maxOf(case.radius, REACH)
    val result = Picture(case.expected.width, case.expected.height)
    TiledUpscaler(Linear(case, channels), overlap).use { it.upscale(case.image, result) }
    // Beyond an image that is smaller than a tile there are its repeated edges, not the network's padding.
    val right = case.scale * (case.image.width - if (case.image.width < SIDE) overlap else 0)
    val bottom = case.scale * (case.image.height - if (case.image.height < SIDE) overlap else 0)
    var different = 0
    for (y in 0 until bottom) {
        for (x in 0 until right) {
            val got = result.pixels[y * result.width + x]
            val wanted = case.expected.pixels[y * result.width + x]
            check(got ushr 24 == 255) { "pixel $y, $x is not opaque" }
            for (shift in listOf(0, 8, 16)) {
                val levels = abs((got shr shift and 255) - (wanted shr shift and 255))
                check(levels <= 1) { "pixel $y, $x is $levels levels off" }
                different += levels
            }
        }
    }
    // If a value lies between two levels, the order of a sum may decide.
    check(1000 * different <= 3 * right * bottom) { "$different of ${3 * right * bottom} values differ" }
}

private fun tilesCover() {
    for (length in 1..100) {
        var kept = 0
        val tiles = cut(length, SIDE, 3)
        for (tile in tiles) {
            check(tile.keep == kept && tile.end > kept)
            check(tile.start >= 0 && (tile.start + SIDE <= length || length < SIDE))
            check(tile.start == 0 || tile.keep - tile.start >= 3)
            check(tile.start + SIDE >= length || tile.start + SIDE - tile.end >= 3)
            kept = tile.end
        }
        check(kept == length)
    }
    refuses { cut(13, SIDE, 6) }
    refuses { cut(0, SIDE, 3) }
}

private fun shapes() {
    check(TileShape.of(256 * 256, 512 * 512) == TileShape(256, 2, 1))
    check(TileShape.of(3 * 256 * 256, 3 * 768 * 768) == TileShape(256, 3, 3))
    check(TileShape.of(1, 16) == TileShape(1, 4, 1))
    refuses { TileShape.of(256 * 128, 512 * 256) }
    refuses { TileShape.of(3 * 256 * 256, 512 * 512) }
    refuses { TileShape.of(256 * 256, 300 * 300) }
    refuses { TileShape.of(0, 0) }
}

private class Adding(
    private val change: Float,
) : TileNetwork {
    override val shape = TileShape(8, 1, 1)
    var closed = 0

    override fun run(tile: FloatArray) = FloatArray(tile.size) { tile[it] + change }

    override fun close() {
        closed++
    }
}

private fun fallback() {
    val cpu = Adding(0f)
    val wrong = Adding(Float.NaN)
    val right = Adding(0.001f)
    val all = listOf(Processor.NPU, Processor.GPU)
    val first = openFirst(all) { mapOf(Processor.CPU to cpu, Processor.NPU to wrong, Processor.GPU to right)[it]!! }
    check(first.processor == Processor.GPU && first.network === right)
    check(first.refusals.keys == setOf(Processor.NPU) && wrong.closed == 1 && cpu.closed == 1)
    val last = openFirst(all) { if (it == Processor.CPU) cpu else throw UnsatisfiedLinkError("none") }
    check(last.processor == Processor.CPU && last.refusals.keys == all.toSet())
    val only = openFirst(listOf(Processor.CPU, Processor.GPU)) { if (it == Processor.CPU) cpu else error("no") }
    check(only.processor == Processor.CPU && only.refusals.isEmpty())
}

private fun nowhere() {
    val error = runCatching { openFirst(emptyList()) { throw UnsatisfiedLinkError("none") } }.exceptionOrNull()
    check(error is UnsatisfiedLinkError)
}

private class Cancelled : RuntimeException()

private fun cancels() {
    val network = Adding(0f)
    val image = Picture(30, 30)
    var told = 0
    val error =
        runCatching {
            TiledUpscaler(network, 1).upscale(image, image) { done, _ ->
                told = done
                if (done == 2) throw Cancelled()
            }
        }.exceptionOrNull()
    check(error is Cancelled && told == 2)
}

private fun closes() {
    val network = Adding(0f)
    val image = Picture(30, 30)
    val upscaler = TiledUpscaler(network, 1)
    val error =
        runCatching {
            upscaler.upscale(image, image) { done, _ ->
                if (done == 1) Thread { upscaler.close() }.apply { start() }.join()
                check(network.closed == 0)
            }
        }.exceptionOrNull()
    check(error is IllegalStateException && network.closed == 1)
    upscaler.close()
    check(network.closed == 1)
}

private fun refuses(block: () -> Unit) {
    check(runCatching(block).exceptionOrNull() is IllegalArgumentException) { "not refused" }
}
