"""The angle losses of `gpu_training.py`, forward and backward, ready to be timed.

The usual form builds every difference of two embeddings, `(N, N, width)`, and every cosine,
`(N, N, N)`. Memory is the memory of a call beyond its inputs.
"""

import statistics
import time

import numpy as np

from relational_losses import usual_torch

WIDTH = 128
# Number of arrays of N^3 that the usual form holds at once: cosines of guide and learner, and
# slopes.
CUBES = 4


class Unfit(Exception):
    """Raised if the usual form would not fit into the memory of the card."""


def embeddings(batch):
    """`(guide, learner)`, `(batch, WIDTH)` each."""
    return np.random.default_rng(0).normal(size=(2, batch, WIDTH)).astype("float32")


def check_memory(batch, free):
    """Raise `Unfit` if the usual form would need more than `free` bytes."""
    needed = CUBES * 4 * batch**3
    if needed > free:
        raise Unfit(f"needs about {needed / 1e9:.0f} GB, of {free / 1e9:.0f} GB")


def usual_jax(target, prediction):
    """The usual form in `jax.numpy`, as a scalar."""
    import jax
    from jax import numpy as jnp

    def cosines(embeddings):
        difference = embeddings[None, :, :] - embeddings[:, None, :]
        square = jnp.sum(difference**2, axis=2, keepdims=True)
        unit = difference * jax.lax.rsqrt(jnp.maximum(square, 1e-12))
        return jnp.matmul(unit, unit.swapaxes(1, 2))

    difference = cosines(prediction) - jax.lax.stop_gradient(cosines(target))
    size = jnp.abs(difference)
    return jnp.mean(jnp.where(size < 1, 0.5 * difference**2, size - 0.5))


def jax_angle(form, batch):
    """`(call, memory)`: one forward and backward pass, and the bytes it needs."""
    import jax
    from keras import ops

    from keras_pisr.losses import angle_loss

    target, prediction = embeddings(batch)
    if form == "usual":
        # A CPU does not report it.
        limit = (jax.devices()[0].memory_stats() or {}).get("bytes_limit", 8e9)
        check_memory(batch, limit)
        function = usual_jax
    else:

        def function(target, prediction):
            return ops.mean(angle_loss(target, prediction))

    target, prediction = jax.device_put(target), jax.device_put(prediction)
    differentiate = jax.jit(jax.value_and_grad(function, argnums=1))
    compiled = differentiate.lower(target, prediction).compile()
    needs = compiled.memory_analysis()
    memory = needs.temp_size_in_bytes + needs.output_size_in_bytes
    return lambda: jax.block_until_ready(compiled(target, prediction)), lambda: memory


def torch_angle(batch, device):
    """The usual form in PyTorch, like `jax_angle`; the memory is the peak of the calls so far."""
    import torch

    on_card = device == "cuda"
    check_memory(batch, torch.cuda.mem_get_info()[0] if on_card else 8e9)
    step = usual_torch(*embeddings(batch), device=device)
    if not on_card:
        return step, lambda: None
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()

    def call():
        result = step()
        torch.cuda.synchronize()
        return result

    return call, lambda: torch.cuda.max_memory_allocated() - before


def timed(call, memory):
    """Figures of a case: the median of calls during 0.3 s, at least 3 and at most 50."""
    call()
    times = []
    while len(times) < 3 or (sum(times) < 0.3 and len(times) < 50):
        start = time.perf_counter()
        loss, slope = call()
        times.append(time.perf_counter() - start)
    return {
        "milliseconds": 1e3 * statistics.median(times),
        "calls": len(times),
        "bytes": memory(),
        "loss": float(loss),
        "gradient_norm": float((slope**2).sum() ** 0.5),
    }
