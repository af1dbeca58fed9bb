// node tools/bundle/bundle.mjs [PYTHON] [TARGET] : build the explorers' scripts from l0lib/widgets/js, that of the slides
// from course/slides/js, and npm's packages.
// The results are committed, so that building or reading the book needs no Node packages; tests/widgets rebuilds and
// compares them. PYTHON names the interpreter whose anywidget is bundled; TARGET is where to write (the repository).
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url)), root = path.resolve(here, "../..");
const common = { bundle: true, minify: true, target: "es2022", legalComments: "none", logLevel: "warning", absWorkingDir: root };
const banner = { js: "/* Holds third-party code: see THIRD_PARTY.md */" };
const pictures = { ".svg": "dataurl", ".png": "dataurl" };

const styles = (contents) => ({ ...common, stdin: { contents, resolveDir: root, loader: "css" }, write: false, metafile: true, loader: pictures });
const script = (entry) => ({ ...common, banner, metafile: true, entryPoints: [entry] });
const SCRIPTS = { explorers: ["L0Explorers", script("l0lib/widgets/js/index.js")], playground: ["L0Playground", script("l0lib/widgets/js/playground/index.js")] };
// classic scripts of the pages alone, which no notebook needs
const PAGES = { answers: script("tools/bundle/answers/index.js") };
const EXPLORERS_CSS = styles('@import "uplot/dist/uPlot.min.css"; @import "./l0lib/widgets/js/explorers.css";');
const CONTROLS_CSS = styles('@import "@lumino/widgets/style/index.css"; @import "@jupyter-widgets/controls/css/widgets-base.css";');

const SLIDES_CSS = styles('@import "reveal.js/reveal.css"; @import "./course/slides/js/deck.css";');
const SLIDES = { ...script("course/slides/js/deck.js"), format: "iife" };

/** anywidget's front end as the installed wheel brings it, an AMD module, turned into an ordinary one. */
function anywidget(python) {
  const file = execFileSync(python, ["-c", "import anywidget, pathlib; print(pathlib.Path(anywidget.__file__).parent / 'nbextension' / 'index.js')"], { encoding: "utf8" }).trim();
  const amd = fs.readFileSync(file, "utf8");
  const module = amd.replace(/define\(\["@jupyter-widgets\/base"\], (\w+)\);\s*$/, "export default $1;");
  if (module === amd) throw new Error("anywidget's index.js no longer ends in define([...])");
  // it gives up on a model after two seconds: a slow telephone, or a busy machine, would report an error for nothing
  const patient = module.replace("AbortSignal.timeout(2e3)", "AbortSignal.timeout(6e4)");
  if (patient === module) throw new Error("anywidget's index.js no longer waits two seconds");
  // it imports a model's code from a blob, which a content policy may forbid: here a model names a script of the page
  const named = patient.replace(/async function loadEsm\(esm\) \{[^]*?\n\}\n/, "const loadEsm = async (name) => globalThis[name];\n");
  if (named === patient) throw new Error("anywidget's index.js no longer has loadEsm");
  return named;
}

function manager(python, css) {
  return {
    ...common, banner, metafile: true, entryPoints: ["tools/bundle/slim/entry.js"], format: "iife", loader: pictures,
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } }, // as Lumino's own build has it
    define: { __WIDGET_CSS__: JSON.stringify(css) },
    alias: {
      "sanitize-html": path.join(here, "slim/sanitize-stub.js"),
      "@jupyterlab/services": path.join(here, "slim/services-stub.js"),
      "@lumino/widgets": path.join(here, "slim/lumino-widgets.js"),
      jquery: "jquery/dist/jquery.slim.js", // nothing is fetched or animated by it
    },
    plugins: [{
      name: "anywidget",
      setup(b) {
        b.onResolve({ filter: /^anywidget-frontend$/ }, () => ({ path: "anywidget", namespace: "wheel" }));
        b.onLoad({ filter: /.*/, namespace: "wheel" }, () => ({ contents: anywidget(python), loader: "js" }));
      },
    }],
  };
}

const text = async (options) => (await build(options)).outputFiles[0].text;

/** Every file that ends up in a bundle. */
export async function inputs(python) {
  const scripts = [...Object.values(SCRIPTS).map(([, options]) => options), ...Object.values(PAGES), SLIDES].map((options) => ({ ...options, write: false, outfile: "x.js" }));
  const built = await Promise.all([EXPLORERS_CSS, CONTROLS_CSS, SLIDES_CSS, ...scripts, { ...manager(python, ""), write: false, outfile: "y.js" }].map((options) => build(options)));
  return built.flatMap((b) => Object.values(b.metafile.outputs).flatMap((o) => Object.entries(o.inputs).filter(([, i]) => i.bytesInOutput > 0).map(([f]) => f)));
}

async function main(python, target) {
  const out = (...parts) => {
    const file = path.join(target, ...parts);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    return file;
  };
  for (const [name, [globalName, options]] of Object.entries(SCRIPTS)) {
    await build({ ...options, format: "esm", outfile: out(`l0lib/widgets/static/${name}.js`) });
    // the same module as a classic script: a page with several explorers carries it once, and file:// may load it
    await build({ ...options, format: "iife", globalName, outfile: out(`book/assets/vendor/${name}.iife.js`) });
  }
  for (const [name, options] of Object.entries(PAGES)) await build({ ...options, format: "iife", outfile: out(`book/assets/vendor/${name}.iife.js`) });
  fs.writeFileSync(out("l0lib/widgets/static/explorers.css"), await text(EXPLORERS_CSS));
  fs.writeFileSync(out("course/slides/static/deck.css"), await text(SLIDES_CSS));
  await build({ ...SLIDES, outfile: out("course/slides/static/deck.js") });
  await build({ ...manager(python, await text(CONTROLS_CSS)), outfile: out("book/assets/vendor/widgets-slim.js") });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2] ?? "python3", path.resolve(process.argv[3] ?? root));
