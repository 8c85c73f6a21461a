/** Keys' cubic kernel (1981, a = -0.5), as in all published bicubic figures. */
function cubic(x) {
  const d = Math.abs(x);
  if (d <= 1) return 1.5 * d ** 3 - 2.5 * d ** 2 + 1;
  return d < 2 ? -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2 : 0;
}

/** For each of `scale` outputs of an input pixel, its first neighbour and four weights. */
function phases(scale) {
  return Array.from({ length: scale }, (_, phase) => {
    const centre = (phase + 0.5) / scale - 0.5;
    const first = Math.floor(centre) - 1;
    return { first, weights: [0, 1, 2, 3].map((i) => cubic(centre - first - i)) };
  });
}

/** Enlarge along one axis of RGB pixels; edges are repeated. */
function enlarge(source, target, lines, lineStep, length, step, scale) {
  // In the target, the strides along this axis and across it have other lengths.
  const [targetLine, targetStep] = step === 3 ? [lineStep * scale, 3] : [lineStep, step];
  phases(scale).forEach(({ first, weights }, phase) => {
    for (let i = 0; i < length; i++) {
      const at = weights.map((_, k) => Math.min(Math.max(i + first + k, 0), length - 1) * step);
      const to = (i * scale + phase) * targetStep;
      for (let line = 0; line < lines; line++) {
        const from = line * lineStep;
        for (let c = 0; c < 3; c++) {
          target[to + line * targetLine + c] =
            weights[0] * source[at[0] + from + c] +
            weights[1] * source[at[1] + from + c] +
            weights[2] * source[at[2] + from + c] +
            weights[3] * source[at[3] + from + c];
        }
      }
    }
  });
}

/**
 * Enlarge an image by the bicubic kernel, for comparison with the network.
 *
 * @param {ArrayLike<number>} rgb `height * width * 3` values, row by row.
 * @param {number} height Height, px.
 * @param {number} width Width, px.
 * @param {number} scale Upscaling factor, a whole number.
 * @returns {Float32Array} `(scale * height) * (scale * width) * 3` values, neither rounded nor
 *   clipped.
 */
export function bicubic(rgb, height, width, scale) {
  const wide = new Float32Array(rgb.length * scale);
  enlarge(rgb, wide, height, 3 * width, width, 3, scale);
  const row = 3 * width * scale;
  const large = new Float32Array(wide.length * scale);
  enlarge(wide, large, width * scale, 3, height, row, scale);
  return large;
}
