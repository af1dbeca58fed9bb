// Stands for @jupyterlab/services: a published page talks to no kernel.
export const KernelMessage = {};
