// A chain of layers run in the browser: convolution without padding, pooling 2 x 2, ReLU, linear. The twin of
// l0lib/widgets/networks.py, whose ImageNetwork writes what `decode` reads. A sparse layer holds the places of its
// nonzero weights and their values, and its run time goes with their number.
const SIDE = 28;

function bytes(text) {
  const raw = atob(text), out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out;
}

/** Numbers of 16 bits (IEEE 754 half precision) as numbers of 32. */
export function halves(raw) {
  const from = new Uint16Array(raw.buffer), out = new Float32Array(from.length);
  for (let i = 0; i < from.length; i++) {
    const h = from[i], exponent = (h >> 10) & 31, fraction = h & 1023;
    const size = exponent === 0 ? fraction * 2 ** -24
      : exponent === 31 ? (fraction ? NaN : Infinity)
      : (1 + fraction / 1024) * 2 ** (exponent - 15);
    out[i] = h & 0x8000 ? -size : size;
  }
  return out;
}

/** From JSON with Base64 texts to typed arrays; `index` is null where every weight is stored. */
export function decode(network) {
  return network.layers.map((layer) => ({
    ...layer,
    bias: new Float32Array(bytes(layer.bias).buffer),
    value: layer.half ? halves(bytes(layer.half)) : new Float32Array(bytes(layer.value).buffer),
    index: layer.half ? null : new Uint32Array(bytes(layer.index).buffer),
  }));
}

function convolve({ shape: [outputs, inputs, size], bias, value, index }, x, side) {
  const wide = side - size + 1, plane = wide * wide, window = inputs * size * size;
  const y = new Float64Array(outputs * plane);
  for (let o = 0; o < outputs; o++) y.fill(bias[o], o * plane, (o + 1) * plane);
  for (let n = 0; n < value.length; n++) {
    const at = index ? index[n] : n, w = value[n];
    const o = Math.floor(at / window), inside = at % window;
    const channel = Math.floor(inside / (size * size)), down = Math.floor((inside % (size * size)) / size), across = inside % size;
    for (let row = 0; row < wide; row++) {
      const from = channel * side * side + (row + down) * side + across, to = o * plane + row * wide;
      for (let column = 0; column < wide; column++) y[to + column] += w * x[from + column];
    }
  }
  return y;
}

function pool(x, side) {
  const half = side >> 1, planes = x.length / (side * side), y = new Float64Array(planes * half * half);
  for (let p = 0, to = 0; p < planes; p++)
    for (let row = 0; row < half; row++)
      for (let column = 0; column < half; column++) {
        const at = p * side * side + 2 * row * side + 2 * column;
        y[to++] = Math.max(x[at], x[at + 1], x[at + side], x[at + side + 1]);
      }
  return y;
}

function multiply({ shape: [, inputs], bias, value, index }, x) {
  const y = Float64Array.from(bias);
  if (index) for (let n = 0; n < value.length; n++) y[Math.floor(index[n] / inputs)] += value[n] * x[index[n] % inputs];
  else for (let o = 0, n = 0; o < y.length; o++) for (let i = 0; i < inputs; i++) y[o] += value[n++] * x[i];
  return y;
}

/** The class scores (before softmax) of one image: 784 pixels in [0, 1], row by row. */
export function scores(layers, image) {
  let x = image, side = SIDE;
  for (const layer of layers) {
    if (layer.shape.length === 4) {
      x = convolve(layer, x, side);
      side -= layer.shape[2] - 1;
      if (layer.pool) (x = pool(x, side)), (side >>= 1);
    } else x = multiply(layer, x);
    if (layer.relu) for (let i = 0; i < x.length; i++) if (x[i] < 0) x[i] = 0;
  }
  return x;
}

export function softmax(x) {
  const top = Math.max(...x), e = Array.from(x, (v) => Math.exp(v - top)), sum = e.reduce((a, b) => a + b);
  return e.map((v) => v / sum);
}

const count = (shape) => shape.reduce((a, b) => a * b);

/** What the layers cost: parameters in all and left, multiply-adds of one image with all weights and with those left. */
export function costs(layers) {
  let parameters = 0, nonzero = 0, dense = 0, sparse = 0, side = SIDE;
  for (const { shape, value, bias, pool: pooled } of layers) {
    const left = value.reduce((n, v) => n + (v !== 0), 0);
    parameters += count(shape) + bias.length;
    nonzero += left + bias.reduce((n, v) => n + (v !== 0), 0);
    const positions = shape.length === 4 ? (side - shape[2] + 1) ** 2 : 1;
    if (shape.length === 4) side = (side - shape[2] + 1) >> (pooled ? 1 : 0);
    dense += positions * count(shape);
    sparse += positions * left;
  }
  return { parameters, nonzero, dense, sparse };
}
