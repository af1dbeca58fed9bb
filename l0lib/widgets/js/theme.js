// Light colours equal those of l0lib/figures/_style.py (a test compares them); dark ones are their lighter twins.
export const LIGHT = {
  l2: "#0b64a0", l1: "#b4460f", l0: "#3c7a2e", other: "#7b3fa0", grey: "#667080",
  text: "#222832", back: "#ffffff", grid: "#0000001a", warn: "#c0392b", cross: "#8a6400", amber: "#e0a100",
};
export const DARK = {
  l2: "#6cb8f0", l1: "#f3a06b", l0: "#8fd07c", other: "#cfa4ee", grey: "#a3acb9",
  text: "#d6dbe3", back: "#14181e", grid: "#ffffff24", warn: "#ff8a80", cross: "#ffd166", amber: "#ffd166",
};
export const DASH = { l2: [9, 4, 2, 4], l1: [7, 4], l0: [], other: [2, 3], grey: [] };

let printing = false;

function isDark() {
  if (printing) return false;
  const sphinx = document.documentElement.dataset.theme;
  if (sphinx) return sphinx === "dark";
  const lab = document.body.dataset.jpThemeLight;
  if (lab) return lab === "false";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

export const palette = () => (isDark() ? DARK : LIGHT);
export const themeName = () => (isDark() ? "dark" : "light");

/** Call back whenever the colours may have changed; returns the function that stops it. */
export function onTheme(callback) {
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const before = () => { printing = true; callback(); };
  const after = () => { printing = false; callback(); };
  scheme.addEventListener("change", callback);
  addEventListener("beforeprint", before);
  addEventListener("afterprint", after);
  return () => {
    observer.disconnect();
    scheme.removeEventListener("change", callback);
    removeEventListener("beforeprint", before);
    removeEventListener("afterprint", after);
  };
}
