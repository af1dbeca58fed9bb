// One deck: reveal.js with its speaker view, live explorers inside, light or dark. On a narrow window, and without
// scripts, the slides stand one below the other and nothing of this starts.
import Reveal from "reveal.js";
import Notes from "reveal.js/plugin/notes";

const root = document.documentElement;
globalThis.l0StaticPage = false; // the address belongs to the slides: explorers do not write their settings into it

function turn() {
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  try { localStorage.setItem("l0-slides-theme", root.dataset.theme); } catch { /* then it lasts as long as the window */ }
}

if (root.classList.contains("deck")) {
  const place = document.querySelector("#deck"), print = new URLSearchParams(location.search).has("print-pdf");
  place.classList.add("reveal");
  // large letters in plots, where the screen has room for them
  if (innerHeight >= 900) for (const explorer of place.querySelectorAll(".l0-place")) explorer.classList.add("l0-present");
  const deck = new Reveal(place, {
    // nothing is scaled, so that a pointer meets what it points at: sizes follow the window by rem (deck.css)
    ...(print ? { view: "print", width: 1280, height: 720, margin: 0 } : { disableLayout: true }),
    display: "flex", center: false, transition: "none", backgroundTransition: "none",
    // a slide's explorers have their size before it is shown
    viewDistance: 99, mobileViewDistance: 99,
    hash: true, slideNumber: "c/t", pdfSeparateFragments: false, pdfMaxPagesPerSlide: 1, scrollActivationWidth: null,
    // arrows that belong to a slider do not turn the page
    keyboardCondition: (event) => !event.target?.closest?.(".l0-place"),
    plugins: [Notes],
  });
  deck.initialize().then(() => {
    deck.addKeyBinding({ keyCode: 84, key: "T", description: "Light or dark" }, turn);
    root.dataset.deckReady = "1";
  });
  globalThis.l0Deck = deck;
}
