/* What a reader has answered, kept on this device once the reader agrees, and set again when a page is opened.

   Boxes tell of an answer by `l0:answered`, with `{id, kind, value, right, shown}`, and take it back by `l0:restore`; `l0:clear`
   empties them. One switch decides whether anything is kept: it stands above the exercises of each chapter and on the
   page My progress, which lists what is kept, saves it to a file, reads it back and clears it. Nothing leaves the device. */
(() => {
  const KEY = "l0-progress", VERSION = 1;
  const KINDS = ["exercise", "quiz", "predict"];
  const root = document.documentElement.dataset.content_root ?? "./";
  const page = (href) => new URL(href, location.href).pathname.match(/((?:notebooks|book)\/[\w-]+)(?:\.html)?$/)?.[1] ?? "";
  const here = page(location.href);
  const lent = document.documentElement.dataset.storage === "lent";
  const fresh = new Map(); // answered on this page, kept or not

  const make = (name, set, ...inside) => {
    const made = Object.assign(document.createElement(name), set);
    made.append(...inside);
    return made;
  };
  const isAnswer = (a) => a !== null && typeof a === "object" && KINDS.includes(a.kind) && typeof a.page === "string" && typeof a.at === "number" && "value" in a;

  /** The answers in a text of ours by id, or null where it is none; what is no answer is left out. */
  function parsed(text) {
    try {
      const found = JSON.parse(text);
      if (found?.version !== VERSION || typeof found.answers !== "object" || found.answers === null) return null;
      return new Map(Object.entries(found.answers).filter(([, answer]) => isAnswer(answer)));
    } catch {
      return null;
    }
  }
  const text = (answers) => JSON.stringify({ version: VERSION, answers: Object.fromEntries(answers) });
  const kept = () => parsed(localStorage.getItem(KEY));
  const agreed = () => kept() !== null;
  function keep(answers) {
    try {
      localStorage.setItem(KEY, text(answers));
    } catch {
      tell("This browser has no room left: the last answer was not kept.");
    }
    show();
  }

  document.addEventListener("l0:answered", ({ detail: { id, kind, value, right = null, shown = false } }) => {
    if (!id || !KINDS.includes(kind)) return;
    const answer = { kind, value, right, shown, page: here, at: Date.now() };
    fresh.set(id, answer);
    const answers = kept();
    if (answers) keep(answers.set(id, answer));
  });

  function restore(boxes) {
    const answers = kept();
    if (!answers) return;
    for (const box of boxes) {
      const answer = answers.get(box.id);
      if (answer) box.dispatchEvent(new CustomEvent("l0:restore", { detail: { value: answer.value, shown: answer.shown === true } }));
    }
  }
  const empty = (boxes) => {
    for (const box of boxes) box.dispatchEvent(new CustomEvent("l0:clear"));
  };
  const boxes = () => document.querySelectorAll(".admonition.quiz[id], .admonition.predict[id], form.l0-answer");
  // the fields of exercises come to life later than the page
  document.addEventListener("l0:answers-ready", () => restore(document.querySelectorAll("form.l0-answer")));

  const said = make("p", { className: "l0-progress-said" });
  said.setAttribute("role", "status");
  const tell = (words) => (said.textContent = words);

  const switches = [];
  function switchLine(...more) {
    const box = make("input", { type: "checkbox", className: "l0-keep-switch", checked: agreed() });
    box.setAttribute("role", "switch");
    box.addEventListener("change", () => {
      if (box.checked) {
        keep(new Map(fresh));
        tell(lent ? "This browser keeps no site data: your answers last as long as this page." : "Your answers are kept on this device from now on.");
      } else {
        localStorage.removeItem(KEY);
        show();
        tell("Nothing is kept any more.");
      }
    });
    switches.push(box);
    return make("p", { className: "l0-keep" }, make("label", {}, box, " Keep my answers on this device"), ...more);
  }

  /** The page My progress: its table counts what there is; here it says how much of that is done. */
  let show = () => {
    for (const box of switches) box.checked = agreed();
  };
  function overview(place) {
    const table = document.querySelector(".l0-progress-table table, table.l0-progress-table");
    const rows = [...(table?.querySelectorAll("tbody tr:has(a)") ?? [])].map((row) => ({
      page: page(row.querySelector("a").href),
      cells: KINDS.map((kind, i) => ({ kind, cell: row.children[i + 1], of: Number(row.children[i + 1].textContent) || 0 })),
    }));
    const save = make("button", { type: "button" }, "Save to a file");
    const file = make("input", { type: "file", accept: "application/json,.json" });
    const clear = make("button", { type: "button" }, "Clear");
    const sum = make("p", { className: "l0-progress-sum" });
    save.addEventListener("click", () => {
      const address = URL.createObjectURL(new Blob([text(kept() ?? fresh)], { type: "application/json" }));
      make("a", { href: address, download: "l0lib-progress.json" }).click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
      tell("Saved.");
    });
    file.addEventListener("change", async () => {
      const [chosen] = file.files;
      if (!chosen) return;
      const read = parsed(await chosen.text());
      file.value = "";
      if (!read) return tell("That is no file of progress: nothing was changed.");
      const answers = kept() ?? new Map(fresh);
      let taken = 0;
      for (const [id, answer] of read) {
        if ((answers.get(id)?.at ?? -1) >= answer.at) continue; // the later one counts
        answers.set(id, answer);
        taken++;
      }
      keep(answers);
      tell(`Read: ${taken} of ${read.size} answers were new, and are kept on this device.`);
    });
    let asked = false;
    clear.addEventListener("click", () => {
      if (!asked) {
        asked = true;
        clear.textContent = "Clear for good?";
        return tell("Press again to clear all answers on this device.");
      }
      asked = false;
      clear.textContent = "Clear";
      fresh.clear();
      if (agreed()) keep(new Map());
      show();
      tell("All answers are cleared.");
    });
    clear.addEventListener("blur", () => {
      asked = false;
      clear.textContent = "Clear";
    });
    place.append(switchLine(), make("div", { className: "l0-progress-buttons" }, save, make("label", { className: "l0-progress-file" }, "Read from a file", file), clear), said, sum);
    const before = show;
    show = () => {
      before();
      const answers = [...(kept() ?? fresh).values()];
      const total = { of: 0, done: 0 };
      for (const row of rows) {
        for (const { kind, cell, of } of row.cells) {
          const mine = answers.filter((a) => a.page === row.page && a.kind === kind);
          const done = mine.filter((a) => (kind === "predict" ? a.value !== null : a.right === true)).length;
          const open = kind === "predict" ? 0 : mine.length - done;
          cell.textContent = of ? `${Math.min(done, of)} of ${of}${open ? `, ${open} tried` : ""}` : "–";
          cell.classList.toggle("l0-done", of > 0 && done >= of);
          total.of += of;
          total.done += Math.min(done, of);
        }
      }
      sum.textContent = `${total.done} of ${total.of} are done: exercises and questions that were answered right, and guesses that were given.`;
    };
  }

  // on the window, behind the scripts that build the boxes there
  addEventListener("DOMContentLoaded", () => {
    const place = document.querySelector(".l0-progress");
    if (place) overview(place);
    else {
      const heading = boxes().length ? document.querySelector("section#exercises > h2, section#quiz > h2") : null;
      if (heading) heading.after(switchLine(" · ", make("a", { href: `${root}book/my-progress.html` }, "My progress")), said);
    }
    restore(document.querySelectorAll(".admonition.quiz[id], .admonition.predict[id]"));
    show();
  });
  // another window of this book has changed what is kept
  addEventListener("storage", (event) => {
    if (event.key !== KEY && event.key !== null) return;
    if (!agreed() || !kept().size) empty(boxes());
    restore(boxes());
    show();
  });
})();
