"""The angle loss and its gradient from two tables of squared distances, block by block.

With `P` the squared distances and `r = P^-1/2`, the cosine at vertex `i` of the triangle
`j, i, k` is `(P_ij + P_ik - P_jk) r_ij r_ik / 2`. The values need a sum over `j, k` for each `i`;
the gradient with respect to `P` needs a sum over all three. The cosines of only one block of
vertices need to be kept at a time. One sweep gives both values and gradient. If samples are
weighted, the backward pass sweeps again, because the weights are not known before.
"""

import keras
from keras import ops

from keras_pisr.losses.embedding_distances import where_positive

# Triplets per block. On a CPU, the few temporaries of a block should stay in the cache: 2**16 and
# 2**20 were slower at batch 256. With fewer than about 2**24, a GPU waits for the next launch.
CPU_BLOCK = 2**18
ACCELERATOR_BLOCK = 2**24


def on_accelerator(tensor):
    """Whether `tensor` will be computed on anything but the CPU."""
    backend = keras.backend.backend()
    if backend == "torch":
        return tensor.device.type != "cpu"
    if backend == "jax":
        import jax

        return jax.default_backend() != "cpu"
    import tensorflow as tf

    return any(device.device_type != "CPU" for device in tf.config.list_logical_devices())


def vertices_in_a_block(batch, count, tensor):
    """Number of vertices to take at once, at least one and not more than there are."""
    triplets = ACCELERATOR_BLOCK if on_accelerator(tensor) else CPU_BLOCK
    if isinstance(batch, int) and isinstance(count, int):
        return max(1, min(count, triplets // (batch * batch)))
    return ops.maximum(1, ops.minimum(count, triplets // (batch * batch)))


def cosines(distances, inverses, vertices, live):
    """Cosines of a block, `(vertices, batch, batch)`, and its rows of `r`, 0 where not `live`."""
    p = ops.take(distances, vertices, axis=0)
    r = ops.take(inverses, vertices, axis=0) * live
    # Augmented assignments work in place on torch, where new memory costs more than the sums.
    cosine = p[:, :, None] - distances
    cosine += p[:, None, :]
    cosine *= r[:, :, None]
    cosine *= (0.5 * r)[:, None, :]
    return cosine, r


def over_blocks(step, start, guide, learner, anchors):
    """Fold `step` over the blocks of `anchors`.

    Args:
        step: Function of `(carry, chosen, t, s, r)`: the sums so far; the sample of each vertex,
            one-hot `(vertices, batch)`; the cosines of guide and learner; and the learner's rows of
            `r`. It returns the next carry.
        start: First carry.
        guide: The guide's squared distances, `(batch, batch)`.
        learner: The learner's.
        anchors: Indices of the vertices, `(m,)`.

    Returns:
        The last carry.
    """
    batch = ops.shape(learner)[0]
    tables = [(table, where_positive(ops.rsqrt, table)) for table in (guide, learner)]
    count = ops.shape(anchors)[0]
    block = vertices_in_a_block(batch, count, learner)
    # The last block is filled up with -1, a vertex whose cosines are all 0.
    anchors = ops.concatenate([anchors, ops.full((block,), -1, dtype="int32")])
    samples = ops.arange(batch, dtype="int32")

    def body(i, carry):
        index = ops.slice(anchors, (i * block,), (block,))
        chosen = ops.cast(index[:, None] == samples[None, :], "float32")
        live = ops.cast(index >= 0, "float32")[:, None]
        vertices = ops.maximum(index, 0)
        (t, _), (s, r) = (cosines(*table, vertices, live) for table in tables)
        return step(carry, chosen, t, s, r)

    return ops.fori_loop(0, (count + block - 1) // block, body, start)


def angle_values(guide, learner, anchors, delta):
    """`batch / m * mean_jk huber(s_jik - t_jik)` at each vertex `i`; see `angle_loss`.

    Args:
        guide: The guide's squared distances, float32 `(batch, batch)`, without gradient.
        learner: The learner's.
        anchors: Indices of the vertices, int32 `(m,)`.
        delta: Difference at which the Huber loss turns from a square into a line.

    Returns:
        `(batch,)`; 0 where a sample is not among the anchors.
    """
    batch = ops.shape(learner)[0]
    # Each vertex has batch^2 triplets, and stands for batch / m vertices.
    share = 1.0 / (ops.cast(batch, "float32") * ops.cast(ops.shape(anchors)[0], "float32"))

    def values_and_gradient(guide, learner, weights):
        """The values, and the derivative of their sum under `weights`, in one sweep."""

        def add(carry, chosen, t, s, r):
            values, gradient = carry
            weight = ops.sum(chosen * weights, axis=1, keepdims=True)
            t -= s
            slope = ops.clip(t, -delta, delta)
            s *= slope
            turned = weight * r * r * ops.sum(s, axis=2)
            # Huber of `x` is `c (x - c / 2)` with `c = clip(x)`.
            t -= 0.5 * slope
            t *= slope
            huber = ops.sum(t, axis=(1, 2))
            slope *= r[:, :, None]
            slope *= (weight * r)[:, None, :]
            # First the two sides at the vertex, then the opposite side. `t - s` has the opposite
            # sign.
            sides = turned - ops.sum(slope, axis=2)
            across = 0.5 * ops.sum(slope, axis=0)
            gradient = gradient + ops.matmul(ops.transpose(chosen), sides) + across
            return values + ops.sum(chosen * huber[:, None], axis=0), gradient

        start = ops.zeros((batch,), "float32"), ops.zeros((batch, batch), "float32")
        return over_blocks(add, start, guide, learner, anchors)

    @ops.custom_gradient
    def values(guide, learner):
        result, even_gradient = values_and_gradient(guide, learner, ops.ones((batch,), "float32"))

        def gradient(*arguments, upstream=None):
            # TensorFlow and JAX pass only the upstream gradient; torch passes it by name.
            (upstream,) = arguments if upstream is None else (upstream,)
            # Without sample weights, the sweep that gave the values also gave the gradient.
            total = ops.cond(
                ops.all(upstream == upstream[0]),
                lambda: upstream[0] * even_gradient,
                lambda: values_and_gradient(guide, learner, upstream)[1],
            )
            return ops.zeros_like(guide), total

        return result, gradient

    return values(guide, learner) * share
