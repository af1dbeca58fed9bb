// Stands for @lumino/widgets: of its docks, menus, tabs and palettes ipywidgets' boxes need these three.
export { Panel } from "../../../node_modules/@lumino/widgets/src/panel.ts";
export { PanelLayout } from "../../../node_modules/@lumino/widgets/src/panellayout.ts";
export { Widget } from "../../../node_modules/@lumino/widgets/src/widget.ts";
/** Only ipywidgets' Tab asks for it, and the pages have none (entry.js). */
export class TabBar {}
