/* Where site data is blocked, to look at localStorage is an error, and the theme and the search look at it first thing:
   lend them a store that lasts as long as the page. */
for (const name of ["localStorage", "sessionStorage"]) {
  try {
    window[name].setItem("l0-probe", "");
    window[name].removeItem("l0-probe");
  } catch {
    const kept = new Map();
    const value = {
      getItem: (key) => kept.get(String(key)) ?? null,
      setItem: (key, text) => void kept.set(String(key), String(text)),
      removeItem: (key) => void kept.delete(String(key)),
      clear: () => kept.clear(),
      key: (n) => [...kept.keys()][n] ?? null,
      get length() { return kept.size; },
    };
    Object.defineProperty(window, name, { value, configurable: true });
    document.documentElement.dataset.storage = "lent";
  }
}
