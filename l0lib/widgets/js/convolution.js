// One convolution on one small image, ReLU and pooling behind it: the twin of l0lib/chapters/networks_in_brief.py.

export const SIDE = 14, WINDOW = 3, SUMS = SIDE - WINDOW + 1, POOLED = SUMS / 2;

/** The sums of the window, row by row: its nine weights times the pixels under it, plus the bias. */
export function convolve(pixels, kernel, bias) {
  const sums = new Float64Array(SUMS * SUMS);
  for (let row = 0; row < SUMS; row++)
    for (let column = 0; column < SUMS; column++) {
      let sum = 0;
      for (let k = 0; k < 9; k++) sum += kernel[k] * pixels[(row + Math.floor(k / 3)) * SIDE + column + (k % 3)];
      sums[row * SUMS + column] = sum + bias;
    }
  return sums;
}

export const relu = (values) => values.map((v) => Math.max(v, 0));

export function maxPool(values) {
  const out = new Float64Array(POOLED * POOLED);
  for (let row = 0; row < POOLED; row++)
    for (let column = 0; column < POOLED; column++) {
      const at = 2 * row * SUMS + 2 * column;
      out[row * POOLED + column] = Math.max(values[at], values[at + 1], values[at + SUMS], values[at + SUMS + 1]);
    }
  return out;
}

/** All that the view shows, the window at `position` (row by row, from 0). */
export function compute(pixels, kernel, bias, position) {
  const sums = convolve(pixels, kernel, bias), after = relu(sums), pooled = maxPool(after);
  const row = Math.floor(position / SUMS), column = position % SUMS;
  const under = kernel.map((_, k) => pixels[(row + Math.floor(k / 3)) * SIDE + column + (k % 3)]);
  return {
    pixels, kernel, sums, relu: after, pooled, row, column, under, products: kernel.map((w, k) => w * under[k]),
    sum: sums[position], out: after[position], pool: pooled[(row >> 1) * POOLED + (column >> 1)],
  };
}
