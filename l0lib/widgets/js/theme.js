// The book's colours and what each stands for, in one file for figures and explorers; l0lib/figures/_style.py tells the code.
import code from "../../figures/colours.json" with { type: "json" };

export const LIGHT = code.light, DARK = code.dark, DASH = code.dashes;

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
