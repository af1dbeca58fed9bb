// The playground as a widget: on a published page on its own, in JupyterLab with Python behind it.
import { installA11y } from "../a11y.js";
import { onStaticPage } from "../url.js";
import { unpack } from "./digits.js";
import { describe, understand } from "./machine.js";
import { fromAddress, playground } from "./page.js";

/** With a kernel behind the view, Python sends the digits. */
function fromKernel(model) {
  return new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error("no kernel answers")), 20000);
    const take = () => {
      const packed = model.get("digits");
      if (!packed.pixels) return;
      clearTimeout(timer);
      model.off("change:digits", take);
      done(unpack(packed));
    };
    model.on("change:digits", take);
    model.set("digits_wanted", true);
    model.save_changes();
    take();
  });
}

export function mountPlayground(model, el) {
  installA11y();
  const page = onStaticPage(), given = page ? fromAddress() : {};
  let sent = "";
  const view = playground(el, {
    words: Object.keys(given).length ? given : model.get("view"),
    home: model.get("view"),
    address: page,
    digits: page ? undefined : () => fromKernel(model),
    changed(machine, busy) {
      if (page || busy) return;
      const words = describe(machine), text = JSON.stringify(words);
      if (text === sent) return;
      sent = text;
      model.set("view", words);
      const plain = (net) => ({ parameters: Array.from(net.p), mask: net.mask && Array.from(net.mask), sizes: net.sizes });
      model.set("state", { step: machine.step, a: plain(machine.nets.a), b: plain(machine.nets.b), history: machine.history });
      model.save_changes();
    },
  });
  const asked = () => {
    const words = model.get("view"), text = JSON.stringify(words);
    if (text === sent) return;
    const read = understand(words);
    view.api.begin({ ...read.values }, read.story, read.steps);
  };
  model.on("change:view", asked);
  return () => { model.off("change:view", asked); view.destroy(); };
}
