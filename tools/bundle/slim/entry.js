// The widget manager of a published page: Jupyter's own base and controls and anywidget's front end in one classic
// script, instead of RequireJS, ipywidgets 7 for old notebooks, JupyterLab's renderers and a foreign host behind them.
import * as base from "@jupyter-widgets/base";
// by file: the whole package brings colours, dates, tags, sound, film and game controllers, which no page of ours has
import * as bool from "@jupyter-widgets/controls/lib/widget_bool";
import * as boxes from "@jupyter-widgets/controls/lib/widget_box";
import * as button from "@jupyter-widgets/controls/lib/widget_button";
import { StackModel, StackView } from "@jupyter-widgets/controls/lib/widget_selectioncontainer";
import * as described from "@jupyter-widgets/controls/lib/widget_description";
import * as float from "@jupyter-widgets/controls/lib/widget_float";
import * as image from "@jupyter-widgets/controls/lib/widget_image";
import * as int from "@jupyter-widgets/controls/lib/widget_int";
import * as link from "@jupyter-widgets/controls/lib/widget_link";
import * as selection from "@jupyter-widgets/controls/lib/widget_selection";
import * as string from "@jupyter-widgets/controls/lib/widget_string";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import { Widget } from "@lumino/widgets";
import { MessageLoop } from "@lumino/messaging";
import anywidgetFactory from "anywidget-frontend";

const controls = { ...bool, ...boxes, ...button, StackModel, StackView, ...described, ...float, ...image, ...int, ...link, ...selection, ...string };
const MODULES = { "@jupyter-widgets/base": base, "@jupyter-widgets/controls": controls, anywidget: anywidgetFactory(base) };
const nothing = () => {};
// a slider asks at each step whether its number overruns its field, which lays out the page; no number of ours does
for (const view of Object.values(controls)) if (view.prototype?.readout_overflow) view.prototype.readout_overflow = () => false;

class StaticManager extends ManagerBase {
  views = new Set();
  // ipywidgets would call MathJax.Hub, which the page does not have; labels here hold no formulas
  _rendermime = { latexTypesetter: { typeset: nothing } };
  loadClass(name, module, version) {
    const found = MODULES[module]?.[name];
    return found ? Promise.resolve(found) : Promise.reject(new Error(`${name} of ${module}@${version} is not bundled`));
  }
  _get_comm_info() { return Promise.resolve({}); }
  _create_comm() { return Promise.resolve({ on_close: nothing, on_msg: nothing, close: nothing }); }
}

/** Without the scripts that its models name (static_widgets.py) a page keeps its still pictures. */
const loaded = ({ state }) => Object.values(state).every((model) => !model.state._esm || globalThis[model.state._esm]);

async function start() {
  document.head.append(Object.assign(document.createElement("style"), { textContent: __WIDGET_CSS__ }));
  const manager = new StaticManager();
  addEventListener("resize", () => manager.views.forEach((v) => MessageLoop.postMessage(v.luminoWidget, Widget.ResizeMessage.UnknownSize)));
  for (const tag of document.querySelectorAll('script[type="application/vnd.jupyter.widget-state+json"]')) {
    const state = JSON.parse(tag.textContent);
    if (!loaded(state)) {
      for (const place of document.querySelectorAll(".l0-place")) place.classList.add("l0-still");
      return;
    }
    const models = new Map((await manager.set_state(state)).map((m) => [m.model_id, m]));
    await Promise.all([...document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]')].map(async (t) => {
      const model = models.get(JSON.parse(t.textContent).model_id);
      if (!model) return;
      const box = document.createElement("div");
      box.className = "widget-subarea";
      t.before(box);
      const view = await manager.create_view(model);
      Widget.attach(view.luminoWidget, box);
      manager.views.add(view);
    }));
  }
  await allDrawn();
  document.dispatchEvent(new Event("l0:ready"));
  document.documentElement.dataset.widgetsReady = "1";
}

/** anywidget renders after its view is made: wait until each of ours has its figure. */
async function allDrawn() {
  const wanted = () => document.querySelectorAll(".l0-explorer").length;
  for (let i = 0; i < 600 && document.querySelectorAll(".l0-explorer .l0-view").length < wanted(); i++)
    await new Promise((done) => setTimeout(done, i < 100 ? 5 : 50));
}

globalThis.l0StaticPage = true; // the views keep their settings in the address only here
document.readyState === "loading" ? addEventListener("DOMContentLoaded", start) : start();
