// node tools/bundle/notice.mjs [PYTHON] : write THIRD_PARTY.md, the licences of all that the scripts bundle.
// node tools/bundle/notice.mjs --names [PYTHON] : print the packages instead. esbuild drops licence comments.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { inputs } from "./bundle.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const namesOnly = process.argv[2] === "--names", python = process.argv[namesOnly ? 3 : 2] ?? "python3";
const names = [...new Set((await inputs(python)).map((file) => file.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]).filter(Boolean))].sort();

function text(folder) {
  const file = fs.readdirSync(folder).find((f) => /^(licen[sc]e|copying)/i.test(f));
  return file && fs.readFileSync(path.join(folder, file), "utf8").trim();
}
const code = `import importlib.metadata as m
d = m.distribution("anywidget")
print(d.version)
print("\\n".join(f.read_text() for f in d.files if "LICENSE" in str(f).upper()))`;

if (namesOnly) {
  console.log(names.join("\n"));
} else {
  const [version, ...licence] = execFileSync(python, ["-c", code], { encoding: "utf8" }).split("\n");
  const parts = ["# Third-party code", "", "What `l0lib/widgets/static/`, `book/assets/vendor/` and `course/slides/static/` hold besides our own code, and under", "which licences. Written by `node tools/bundle/notice.mjs`.", "",
    `## anywidget ${version} (Python package; its front end)`, "", "```text", licence.join("\n").trim(), "```", ""];
  for (const name of names) {
    const folder = path.join(root, "node_modules", name), meta = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
    const author = typeof meta.author === "string" ? meta.author.replace(/<.*?>|\(.*?\)/g, "").trim() : meta.author?.name;
    parts.push(`## ${name} ${meta.version}`, "", `Licence: ${meta.license}${author ? `. Author: ${author}` : ""}.`, "");
    const licenceText = text(folder);
    if (licenceText) parts.push("```text", licenceText, "```", "");
  }
  fs.writeFileSync(path.join(root, "THIRD_PARTY.md"), parts.join("\n"));
}
