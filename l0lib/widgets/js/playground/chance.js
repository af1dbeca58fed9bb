// Random numbers that Python and the browser draw alike: l0lib/playground/chance.py says what each one is.

/** Where the sequence number `stream` of `seed` starts: a whole number below 2^32. */
export function start(seed, stream) {
  let h = (Math.imul(seed, 0x9e3779b1) + Math.imul(stream + 1, 0x85ebca77)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}

/** `count` numbers strictly between 0 and 1. */
export function uniforms(seed, stream, count) {
  const out = new Float64Array(count);
  let state = start(seed, stream) | 0;
  for (let i = 0; i < count; i++) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= (t + Math.imul(t ^ (t >>> 7), t | 61)) | 0;
    out[i] = (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  }
  return out;
}

/** `count` standard normal numbers. */
export function normals(seed, stream, count) {
  const u = uniforms(seed, stream, 2 * count), out = new Float64Array(count);
  for (let i = 0; i < count; i++) out[i] = Math.sqrt(-2 * Math.log(u[2 * i])) * Math.cos(2 * Math.PI * u[2 * i + 1]);
  return out;
}

/** The whole numbers below `count` in random order. */
export function permutation(seed, stream, count) {
  const u = uniforms(seed, stream, count);
  return Int32Array.from(u.keys()).sort((a, b) => u[a] - u[b] || a - b);
}
