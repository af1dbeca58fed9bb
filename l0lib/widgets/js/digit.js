// From a drawing to an image such as MNIST's: the twin of l0lib/widgets/digits.py.
// A drawing is a list of strokes, each a list x0, y0, x1, y1, ... in units of the drawing square's side / UNITS.
export const UNITS = 280;
const GRID = 112, SIDE = 28, BOX = 20;

/** Black and white on a grid of 112 x 112: 1 where the centre of a cell is within the pen's reach of a stroke. */
export function ink(strokes, pen) {
  const grid = new Uint8Array(GRID * GRID), cell = UNITS / GRID, reach = (pen / 200) * UNITS;
  const clip = (n) => Math.min(GRID, Math.max(0, n));
  const cells = (a, b) => [clip(Math.floor((Math.min(a, b) - reach) / cell)), clip(Math.ceil((Math.max(a, b) + reach) / cell))];
  const segment = (x0, y0, x1, y1) => {
    const dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy;
    const [left, right] = cells(x0, x1), [top, bottom] = cells(y0, y1);
    for (let r = top; r < bottom; r++)
      for (let c = left; c < right; c++) {
        const x = (c + 0.5) * cell - x0, y = (r + 0.5) * cell - y0;
        const t = length ? Math.min(1, Math.max(0, (x * dx + y * dy) / length)) : 0;
        if ((x - t * dx) ** 2 + (y - t * dy) ** 2 <= reach * reach) grid[r * GRID + c] = 1;
      }
  };
  for (const s of strokes) {
    segment(s[0], s[1], s[0], s[1]);
    for (let i = 2; i + 1 < s.length; i += 2) segment(s[i - 2], s[i - 1], s[i], s[i + 1]);
  }
  return grid;
}

/** [first, one past the last] row or column with ink, or null. */
function extent(grid, across) {
  let low = GRID, high = 0;
  for (let i = 0; i < grid.length; i++)
    if (grid[i]) {
      const k = across ? i % GRID : Math.floor(i / GRID);
      if (k < low) low = k;
      if (k >= high) high = k + 1;
    }
  return high ? [low, high] : null;
}

/** How much of target cell k, `step` source cells wide, each source cell fills: pairs [source, share]. */
function shares(k, step, width) {
  const from = k * step, to = Math.min((k + 1) * step, width), out = [];
  for (let j = Math.floor(from); j < to; j++) out.push([j, Math.max(0, Math.min(j + 1, to) - Math.max(j, from)) / step]);
  return out;
}

/**
 * The drawing as MNIST's makers would have stored it: scaled into a box of 20 x 20 with its proportions kept and grey
 * edges, then moved by whole pixels so that its centre of mass comes to the centre of 28 x 28. 784 values in [0, 1].
 */
export function image(strokes, pen) {
  const grid = ink(strokes, pen), rows = extent(grid, false), columns = extent(grid, true);
  const out = new Float64Array(SIDE * SIDE);
  if (!rows) return out;
  const height = rows[1] - rows[0], width = columns[1] - columns[0], step = Math.max(height, width) / BOX;
  const tall = Math.ceil(height / step - 1e-9), wide = Math.ceil(width / step - 1e-9), box = new Float64Array(tall * wide);
  let mass = 0, down = 0, right = 0;
  for (let r = 0; r < tall; r++)
    for (let c = 0; c < wide; c++) {
      let sum = 0;
      for (const [j, a] of shares(r, step, height))
        for (const [i, b] of shares(c, step, width)) sum += a * b * grid[(rows[0] + j) * GRID + columns[0] + i];
      box[r * wide + c] = sum;
      mass += sum;
      down += sum * r;
      right += sum * c;
    }
  const place = (moment, size) => Math.min(SIDE - size, Math.max(0, Math.floor(SIDE / 2 - moment / mass + 0.5 + 1e-9)));
  const top = place(down, tall), left = place(right, wide);
  for (let r = 0; r < tall; r++)
    for (let c = 0; c < wide; c++) out[(top + r) * SIDE + left + c] = Math.floor(255 * box[r * wide + c] + 0.5 + 1e-9) / 255;
  return out;
}
