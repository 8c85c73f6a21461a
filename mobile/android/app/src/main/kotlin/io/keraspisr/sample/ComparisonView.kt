package io.keraspisr.sample

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.graphics.Rect
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.View
import kotlin.math.abs

/** Two pictures on top of each other, with a divider that a finger moves; both fill the view's width. */
class ComparisonView(
    context: Context,
    attributes: AttributeSet?,
) : View(context, attributes) {
    private var before: Bitmap? = null
    private var after: Bitmap? = null
    private val area = Rect()
    private var downX = 0f
    private var downY = 0f
    private val smooth = Paint(Paint.FILTER_BITMAP_FLAG)
    private val line =
        Paint().apply {
            color = Color.WHITE
            strokeWidth = 2 * resources.displayMetrics.density
        }

    /** Called when a finger moves the divider, with its place from 0 (left) to 1 (right). */
    var onMoved: (Float) -> Unit = {}

    /** Place of the divider from 0 (left) to 1 (right). */
    var divider = 0.5f
        set(value) {
            field = value.coerceIn(0f, 1f)
            invalidate()
        }

    /** Shows [before] left of the divider and [after] right of it, at the same size. */
    fun show(
        before: Bitmap,
        after: Bitmap,
    ) {
        if (this.before === before && this.after === after) return
        this.before = before
        this.after = after
        requestLayout()
        invalidate()
    }

    override fun onMeasure(
        widthMeasureSpec: Int,
        heightMeasureSpec: Int,
    ) {
        val width = MeasureSpec.getSize(widthMeasureSpec)
        val picture = after
        val height = if (picture == null) 0 else (width.toLong() * picture.height / picture.width).toInt()
        setMeasuredDimension(width, height)
    }

    override fun onDraw(canvas: Canvas) {
        super.onDraw(canvas)
        val (left, right) = (before ?: return) to (after ?: return)
        val place = divider * width
        area.set(0, 0, width, height)
        canvas.drawBitmap(right, null, area, smooth)
        canvas.save()
        canvas.clipRect(0f, 0f, place, height.toFloat())
        canvas.drawBitmap(left, null, area, smooth)
        canvas.restore()
        canvas.drawLine(place, 0f, place, height.toFloat(), line)
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> {
                downX = event.x
                downY = event.y
                moveTo(event.x)
            }
            MotionEvent.ACTION_MOVE -> {
                // Moving sideways moves the divider; moving up and down scrolls the page.
                if (abs(event.x - downX) > abs(event.y - downY)) {
                    parent.requestDisallowInterceptTouchEvent(true)
                }
                moveTo(event.x)
            }
            MotionEvent.ACTION_UP -> performClick()
        }
        return true
    }

    private fun moveTo(x: Float) {
        divider = x / width
        onMoved(divider)
    }

    override fun performClick(): Boolean {
        super.performClick()
        return true
    }
}
