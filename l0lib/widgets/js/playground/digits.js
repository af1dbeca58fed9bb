// Real digits of 8 x 8 pixels: unpacked from the script that l0lib.playground.tasks.digits_script writes.

/** {x, y, testX, testY, inputs, classes}; every third image is one to test on. */
export function unpack({ pixels, labels }) {
  const bytes = Uint8Array.from(atob(pixels), (c) => c.charCodeAt(0)), n = labels.length;
  const grey = (k) => {
    let v = 0;
    for (let bit = 0; bit < 5; bit++) v |= ((bytes[(5 * k + bit) >> 3] >> ((5 * k + bit) & 7)) & 1) << bit;
    return v / 16;
  };
  const test = Math.floor(n / 3), parts = { x: new Float64Array(64 * (n - test)), y: new Int32Array(n - test), testX: new Float64Array(64 * test), testY: new Int32Array(test) };
  let a = 0, b = 0;
  for (let i = 0; i < n; i++) {
    const [x, y, at] = i % 3 === 2 ? [parts.testX, parts.testY, b++] : [parts.x, parts.y, a++];
    y[at] = Number(labels[i]);
    for (let k = 0; k < 64; k++) x[64 * at + k] = grey(64 * i + k);
  }
  return { ...parts, inputs: 64, classes: 10 };
}
