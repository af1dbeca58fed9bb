// Steps down a valley: the twin of momentum_path and adam_path in l0lib/chapters/networks_in_brief.py, operation by
// operation, so that the two agree also where a path swings for long.

const START = [-4, 1.5], LOST = 1e6, KEEP = 0.9, KEEP_SQUARE = 0.999, EPSILON = 1e-8;

export const height = ([x, y], steep) => 0.5 * (x * x + steep * (y * y));

function path(steep, steps, step) {
  const xs = new Float64Array(steps + 1).fill(NaN), ys = new Float64Array(steps + 1).fill(NaN);
  let [x, y] = START;
  xs[0] = x; ys[0] = y;
  for (let n = 1; n <= steps; n++) {
    const [dx, dy] = step([x, steep * y]);
    xs[n] = x -= dx;
    ys[n] = y -= dy;
    if (Math.max(Math.abs(x), Math.abs(y)) > LOST) break;
  }
  return { x: xs, y: ys, loss: xs.map((each, n) => height([each, ys[n]], steep)) };
}

export function momentumPath(steep, eta, mu, steps) {
  let m = [0, 0];
  return path(steep, steps, (g) => {
    m = m.map((each, i) => mu * each + g[i]);
    return m.map((each) => eta * each);
  });
}

export function adamPath(steep, eta, steps) {
  let mean = [0, 0], square = [0, 0], left = 1, leftSquare = 1;
  return path(steep, steps, (g) => {
    mean = mean.map((each, i) => KEEP * each + (1 - KEEP) * g[i]);
    square = square.map((each, i) => KEEP_SQUARE * each + (1 - KEEP_SQUARE) * (g[i] * g[i]));
    left *= KEEP;
    leftSquare *= KEEP_SQUARE;
    return mean.map((each, i) => (eta * (each / (1 - left))) / (Math.sqrt(square[i] / (1 - leftSquare)) + EPSILON));
  });
}

export const compute = (v) => ({
  plain: momentumPath(v.steep, v.eta, 0, v.steps),
  momentum: momentumPath(v.steep, v.eta, v.mu, v.steps),
  adam: adamPath(v.steep, v.eta_adam, v.steps),
  // beyond this rate the steep direction swings ever wider
  limit: { plain: 2 / v.steep, momentum: (2 * (1 + v.mu)) / v.steep },
});
