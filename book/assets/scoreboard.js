/* The scoreboard: one network at a time, sorted and filtered, as the page's address says. Without this script all rows
   stand in the table. Columns are named by their headers; a cell's value is its data-v, or else its text. */
(() => {
  const value = (cell) => cell.dataset.v ?? cell.textContent;

  function start(root) {
    const form = root.querySelector(".sb-controls"), field = form.elements;
    const tabs = [...root.querySelectorAll(".sb-tabs a")], heads = [...root.querySelectorAll("thead th")];
    const names = heads.map((head) => head.textContent), column = (name) => names.indexOf(name);
    const bodies = [...root.querySelectorAll("tbody")], stops = field.ratio.dataset.stops.split(" ").map(Number);
    const number = heads.map((head) => head.classList.contains("n"));
    // each row once: reading hundreds of cells at every step of the slider would be felt
    const rows = bodies.map((body) => [...body.querySelectorAll("tr[id]")].map((tr) => {
      const values = [...tr.children].map(value), ratio = values[column("Ratio")];
      return { tr, values, ratio: ratio === "inf" ? Infinity : Number(ratio), text: [...tr.children].map((c) => c.textContent).join(" ").toLowerCase() };
    }));
    const points = new Map([...root.querySelectorAll("svg a")].map((a) => [a.getAttribute("href").slice(1), a]));
    let board = tabs[0].dataset.board, sort = null, down = false;

    heads.forEach((head, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => {
        down = sort === i && !down;
        sort = i;
        show();
      });
      head.append(button);
    });

    /** What is shown of a list of rows, in order. */
    function chosen(list) {
      const find = field.find.value.trim().toLowerCase(), least = stops[field.ratio.value];
      let some = list.filter((row) =>
        (!find || row.text.includes(find)) && (!field.kind.value || row.values[column("Kind")] === field.kind.value)
        && (field.just.checked || row.values[column("Stage")] !== "just pruned" || row.values[column("Front")]) && (!field.front.checked || row.values[column("Front")]));
      if (least > 1) {
        // of each method the row of the lowest ratio that is high enough
        const nearest = new Map();
        for (const row of some) {
          const other = nearest.get(row.tr.dataset.g);
          if (row.ratio >= least && !(other?.ratio <= row.ratio)) nearest.set(row.tr.dataset.g, row);
        }
        some = [...nearest.values()];
      }
      const by = sort ?? column(least > 1 ? "Error, %" : "Ratio"), sign = down ? -1 : 1;
      const compare = (a, b) => (number[by] ? Number(a) - Number(b) : a.localeCompare(b));
      const clean = (text) => (text === "inf" ? "Infinity" : text);
      return some.sort((a, b) => {
        const x = clean(a.values[by]), y = clean(b.values[by]);
        // what is not given stands last either way
        return (x === "") - (y === "") || sign * compare(x, y) || a.ratio - b.ratio;
      });
    }

    function show() {
      const least = stops[field.ratio.value], by = sort ?? column(least > 1 ? "Error, %" : "Ratio");
      field.at.value = least > 1 ? `${least}×: of each method the nearest row above` : "any";
      field.ratio.setAttribute("aria-valuetext", field.at.value);
      for (const tab of tabs) tab.setAttribute("aria-current", String(tab.dataset.board === board));
      heads.forEach((head, i) => (i === by ? head.setAttribute("aria-sort", down ? "descending" : "ascending") : head.removeAttribute("aria-sort")));
      for (const plot of root.querySelectorAll(".sb-plot")) {
        plot.hidden = plot.dataset.board !== board;
        const svg = plot.querySelector("svg"), line = plot.querySelector(".sb-at"), { left, width, most } = svg.dataset;
        line.setAttribute("visibility", least > 1 && least <= most ? "visible" : "hidden");
        for (const end of ["x1", "x2"]) line.setAttribute(end, Number(left) + (width * Math.log(least)) / Math.log(most));
      }
      bodies.forEach((body, k) => {
        body.hidden = body.id !== board;
        if (body.hidden) return;
        const some = chosen(rows[k]), shown = new Set(some);
        for (const row of rows[k]) {
          row.tr.hidden = !shown.has(row);
          points.get(row.tr.id)?.setAttribute("visibility", row.tr.hidden ? "hidden" : "visible");
        }
        body.append(...some.map((row) => row.tr));
        root.querySelector(".sb-count").textContent = `${some.length} of ${rows[k].length} rows`;
      });
      form.querySelector(".sb-view").href = address("");
    }

    const state = () => ({
      network: board, find: field.find.value, kind: field.kind.value, just: field.just.checked ? "1" : "", front: field.front.checked ? "1" : "",
      ratio: stops[field.ratio.value] > 1 ? String(stops[field.ratio.value]) : "", sort: sort === null ? "" : names[sort], down: down ? "1" : "",
    });

    function address(hash) {
      const params = new URLSearchParams(location.search);
      for (const [name, text] of Object.entries(state())) {
        if (text) params.set(`scoreboard.${name}`, text);
        else params.delete(`scoreboard.${name}`);
      }
      const query = params.toString();
      return location.pathname + (query && `?${query}`) + hash;
    }

    const keep = () => history.replaceState(history.state, "", address(location.hash));

    function restore() {
      const asked = (name) => new URLSearchParams(location.search).get(`scoreboard.${name}`);
      if (tabs.some((tab) => tab.dataset.board === asked("network"))) board = asked("network");
      field.find.value = asked("find") ?? "";
      if ([...field.kind.options].some((option) => option.value === asked("kind"))) field.kind.value = asked("kind");
      for (const name of ["just", "front"]) field[name].checked = asked(name) === "1";
      const least = Number(asked("ratio"));
      if (least >= 1) field.ratio.value = stops.findLastIndex((stop) => stop <= least);
      if (names.includes(asked("sort"))) sort = column(asked("sort"));
      down = asked("down") === "1";
    }

    /** Show the row, or the network, that the address ends in, whatever was filtered. */
    function follow() {
      const place = location.hash && document.getElementById(location.hash.slice(1));
      const body = place && place.closest(".sb tbody");
      if (!body) return;
      board = body.id;
      show();
      if (place.hidden) {
        form.reset();
        field.just.checked = true;
        show();
      }
      place.scrollIntoView({ block: "center" });
    }

    for (const tab of tabs) {
      tab.addEventListener("click", (event) => {
        event.preventDefault();
        board = tab.dataset.board;
        show();
        keep();
      });
    }
    form.addEventListener("input", show);
    form.addEventListener("change", keep);
    form.addEventListener("submit", (event) => event.preventDefault());
    root.querySelector("thead").addEventListener("click", keep);
    field.csv.addEventListener("click", () => {
      const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
      const body = bodies.find((one) => !one.hidden), lines = [["Network", ...names]];
      for (const tr of body.querySelectorAll("tr[id]:not([hidden])")) lines.push([body.dataset.title, ...[...tr.children].map(value)]);
      const file = new Blob([lines.map((line) => `${line.map(quote).join(",")}\n`).join("")], { type: "text/csv" });
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: `${board}.csv` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
    addEventListener("hashchange", follow);
    form.hidden = false;
    root.classList.add("sb-live");
    restore();
    show();
    follow();
  }

  addEventListener("DOMContentLoaded", () => document.querySelectorAll(".sb").forEach(start));
})();
