// What leaves the playground: a link to the view, and the run as a Python script to read, copy or download.
import { make } from "../dom.js";

const SHOWN = 2500; // ms that a word beside a button stays

/** A button in a box of its own, where `say(text)` lets a word float for a moment: nothing else moves. */
export function sayingButton(label, act) {
  const button = make("button", { type: "button" }, label), word = make("span", { class: "pg-word", hidden: "" });
  let timer = 0;
  const say = (text) => {
    clearTimeout(timer);
    word.textContent = text;
    word.hidden = false;
    timer = setTimeout(() => { word.hidden = true; }, SHOWN);
  };
  button.addEventListener("click", () => act(say));
  return { box: make("span", { class: "pg-saying" }, button, word), button };
}

/** Copy `text`, and tell whether that was allowed. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The script in a box above the page. `told(text)` says aloud what was done; returns {dialog, open(text)}. */
export function scriptDialog(told) {
  const shown = make("pre", { tabindex: "0", "aria-label": "Python script" });
  const select = () => getSelection().selectAllChildren(shown);
  const copy = sayingButton("Copy", async (say) => {
    const done = await copied(shown.textContent);
    if (!done) select();
    const text = done ? "Script copied." : "Selected: copy it by the keyboard.";
    say(text);
    told(text);
  });
  const save = make("a", { class: "pg-button", download: "playground.py" }, "Download");
  const close = make("button", { type: "button" }, "Close");
  const head = make("div", { class: "pg-bar" }, make("h3", {}, "The same run in Python"), copy.box, save, close);
  const dialog = make("dialog", { class: "pg-dialog", "aria-label": "Python script of this run" }, head, shown);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (e) => { if (e.target === dialog) dialog.close(); }); // beside the box
  dialog.addEventListener("close", () => URL.revokeObjectURL(save.href));
  return {
    dialog,
    open(text) {
      shown.textContent = text;
      save.href = URL.createObjectURL(new Blob([text], { type: "text/x-python" }));
      dialog.showModal();
    },
  };
}
