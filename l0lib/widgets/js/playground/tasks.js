// What the networks learn: l0lib/playground/tasks.py says how each set of points is made.
import { normals, uniforms } from "./chance.js";

export const PLANE = ["spirals", "moons", "rings", "blobs"];
const TRAIN = 0, TEST = 2;

/** `count` points of the plane, one after the other, and their classes. */
export function points(task, count, noise, seed, stream) {
  const u = uniforms(seed, stream, 2 * count), n = normals(seed, stream + 1, 2 * count);
  const x = new Float64Array(2 * count), y = new Int32Array(count);
  const spread = task === "blobs" ? noise + 0.12 : noise;
  for (let i = 0; i < count; i++) {
    y[i] = i % 2;
    const s = 1 - 2 * y[i], a = u[2 * i], b = u[2 * i + 1];
    let px = 0.5 * s, py = 0.5 * s;
    if (task === "spirals") {
      const theta = 3.5 * Math.PI * a;
      px = s * a * Math.sin(theta);
      py = s * a * Math.cos(theta);
    } else if (task === "moons") {
      const phi = Math.PI * a;
      px = (s * (Math.cos(phi) - 0.5)) / 1.5;
      py = (s * (Math.sin(phi) - 0.25)) / 1.5;
    } else if (task === "rings") {
      const r = y[i] === 0 ? 0.4 * Math.sqrt(a) : Math.sqrt(0.36 + 0.64 * a), angle = 2 * Math.PI * b;
      px = r * Math.cos(angle);
      py = r * Math.sin(angle);
    }
    x[2 * i] = px + spread * n[2 * i];
    x[2 * i + 1] = py + spread * n[2 * i + 1];
  }
  return { x, y };
}

/** Points to train on and as many to test on. */
export function plane(task, count, noise, seed) {
  const train = points(task, count, noise, seed, TRAIN), test = points(task, count, noise, seed, TEST);
  return { x: train.x, y: train.y, testX: test.x, testY: test.y, inputs: 2, classes: 2 };
}
