// The module that anywidget loads for the playground. It stands alone: pages with explorers need not carry it.
import { mountPlayground } from "./mount.js";

export default { render: ({ model, el }) => mountPlayground(model, el) };
