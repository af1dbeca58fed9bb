// node tools/bundle/bundle.mjs [PYTHON] [TARGET] : build the explorers' scripts from l0lib/widgets/js and npm's packages.
// The results are committed, so that building or reading the book needs no Node packages; tests/widgets rebuilds and
// compares them. PYTHON names the interpreter whose anywidget is bundled; TARGET is where to write (the repository).
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url)), root = path.resolve(here, "../..");
const python = process.argv[2] ?? "python3", target = path.resolve(process.argv[3] ?? root);
const out = (...parts) => {
  const file = path.join(target, ...parts);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  return file;
};
const anywidget = execFileSync(python, ["-c", "import anywidget, pathlib; print(pathlib.Path(anywidget.__file__).parent / 'nbextension' / 'index.js')"], { encoding: "utf8" }).trim();
const common = { bundle: true, minify: true, target: "es2022", legalComments: "none", logLevel: "warning", absWorkingDir: root };
const banner = { js: "/* Holds third-party code: see THIRD_PARTY.md */" };
const source = "l0lib/widgets/js/index.js";

await build({ ...common, banner, entryPoints: [source], format: "esm", outfile: out("l0lib/widgets/static/explorers.js") });
// the same module as a classic script: a page with several explorers carries it once, and file:// may load it
await build({ ...common, banner, entryPoints: [source], format: "iife", globalName: "L0Explorers", outfile: out("book/assets/vendor/explorers.iife.js") });

const css = async (contents) => (await build({
  ...common, stdin: { contents, resolveDir: root, loader: "css" }, write: false, loader: { ".svg": "dataurl", ".png": "dataurl" },
})).outputFiles[0].text;
fs.writeFileSync(out("l0lib/widgets/static/explorers.css"), await css('@import "uplot/dist/uPlot.min.css"; @import "./l0lib/widgets/js/explorers.css";'));

const controls = await css('@import "@lumino/widgets/style/index.css"; @import "@jupyter-widgets/controls/css/widgets-base.css";');
await build({
  ...common, banner, entryPoints: ["tools/bundle/slim/entry.js"], format: "iife", outfile: out("book/assets/vendor/widgets-slim.js"),
  define: { __WIDGET_CSS__: JSON.stringify(controls) }, loader: { ".svg": "dataurl", ".png": "dataurl" },
  alias: {
    "sanitize-html": path.join(here, "slim/sanitize-stub.js"),
    "@jupyterlab/services": path.join(here, "slim/services-stub.js"),
  },
  plugins: [{
    name: "anywidget",
    setup(b) {
      b.onResolve({ filter: /^anywidget-frontend$/ }, () => ({ path: "anywidget", namespace: "wheel" }));
      b.onLoad({ filter: /.*/, namespace: "wheel" }, () => {
        const amd = fs.readFileSync(anywidget, "utf8");
        const module = amd.replace(/define\(\["@jupyter-widgets\/base"\], (\w+)\);\s*$/, "export default $1;");
        if (module === amd) throw new Error("anywidget's index.js no longer ends in define([...])");
        return { contents: module, loader: "js" };
      });
    },
  }],
});
