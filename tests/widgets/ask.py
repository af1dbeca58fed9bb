"""The questions the tests put to an explorer on a page."""

ASK = """(root) => {
  const encode = (x) => typeof x === "number" ? (Number.isFinite(x) ? x : String(x))
    : x === null || typeof x !== "object" ? x
    : ArrayBuffer.isView(x) || Array.isArray(x) ? Array.from(x, encode)
    : Object.fromEntries(Object.entries(x).map(([k, v]) => [k, encode(v)]));
  return encode({ kind: root.l0.kind, vals: root.l0.vals(), data: root.l0.data() });
}"""


def settle(page):
    """Wait until the change that was asked for is drawn."""
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))"
    )
