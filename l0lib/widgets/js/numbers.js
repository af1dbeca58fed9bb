// How numbers are written for readers.

/** Three significant digits without an exponent where that reads well. */
export function short(x, digits = 3) {
  if (!Number.isFinite(x)) return x > 0 ? "∞" : x < 0 ? "−∞" : "–";
  if (x === 0) return "0";
  const size = Math.abs(x), sign = x < 0 ? "−" : "";
  if (size >= 1e-4 && size < 1e5) return sign + String(Number(size.toPrecision(digits)));
  const [mantissa, power] = size.toExponential(digits - 1).split("e");
  const raised = String(Number(power)).replace(/./g, (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻");
  return `${sign}${Number(mantissa)}·10${raised}`;
}

/** A whole number, its thousands apart. */
export const whole = (n) => Math.round(n).toLocaleString("en");
