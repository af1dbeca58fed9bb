// The run as a Python script: the same data, the same first weights, the same batches, trained by l0lib's optimizer.

function penalty(values, arm) {
  const kind = values[`${arm}_penalty`], terms = [], has = (t) => kind.split("+").includes(t);
  if (has("l2")) terms.push(`L2(${values[`${arm}_l2`]})`);
  if (has("l1")) terms.push(`L1(${values[`${arm}_l1`]})`);
  if (has("l0")) terms.push(`L0(${values[`${arm}_l0`]}, beta=${values[`${arm}_beta`]})`);
  return terms.join(" + ") || "None";
}

/** What one arm does, one line each: train so many steps under these settings, or prune. */
function lines(machine, arm) {
  const values = { ...machine.first }, out = [];
  let at = 0;
  const until = (step) => {
    if (step === at) return;
    const now = `penalty=${penalty(values, arm)}, lr=${values.rate}, momentum=${values.momentum}, update="${values[`${arm}_clipped`] ? "clipped" : "coupled"}"`;
    out.push(`train(${arm}, ${step - at}, ${now})`);
    at = step;
  };
  for (const [step, what, ...rest] of machine.story) {
    if (what !== "prune") {
      if (what.length > 2 && what[1] === "_" && what[0] !== arm) continue; // the other arm's
      until(step);
      values[what] = rest[0];
    } else {
      until(step);
      out.push(`prune(${arm}, ${rest[0]}, "${rest[arm === "a" ? 1 : 2]}")`);
    }
  }
  until(machine.step);
  return out;
}

/** A script that trains both networks as they were trained here. */
export function script(machine) {
  const v = machine.first, sizes = machine.nets.a.sizes, act = v.activation === "relu" ? "ReLU" : "Tanh";
  const task = v.task === "digits" ? "tasks.digits()" : `tasks.plane("${v.task}", count=${v.points}, noise=${v.noise}, seed=${v.seed})`;
  return `# Both networks of this view once more, with l0lib and torch: pip install "l0lib[torch]"
import torch

from l0lib import L0, L1, L2
from l0lib.compress import PenalisedSGD
from l0lib.playground import network, tasks

task = ${task}
x, y = torch.tensor(task.x), torch.tensor(task.y)


class Run:
    def __init__(self):
        start = network.initial([${sizes.join(", ")}], "${v.activation}", seed=${v.seed})
        layers = []
        for weight, bias in zip(start.weights, start.biases):
            layer = torch.nn.Linear(*weight.T.shape, dtype=torch.float64)
            layer.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
            layers += [layer, torch.nn.${act}()]
        self.model, self.step, self.masks = torch.nn.Sequential(*layers[:-1]), 0, None
        weights = [p for p in self.model.parameters() if p.ndim == 2]
        biases = [p for p in self.model.parameters() if p.ndim == 1]
        self.optimizer = PenalisedSGD([{"params": weights}, {"params": biases}], lr=1.0)


def train(run, steps, penalty, lr, momentum, update):
    for group in run.optimizer.param_groups:
        group.update(lr=lr, momentum=momentum, update=update)
    run.optimizer.param_groups[0]["penalty"] = penalty  # of the weights, not of the biases
    for run.step in range(run.step, run.step + steps):
        batch = network.batch(len(y), ${v.batch}, run.step, seed=${v.seed})
        run.optimizer.zero_grad()
        torch.nn.functional.cross_entropy(run.model(x[batch]), y[batch]).backward()
        run.optimizer.step()
    run.step += 1


def prune(run, ratio, way):
    parameters = list(run.model.parameters())
    arrays = [p.detach().numpy() for p in parameters]
    run.masks = network.choose(arrays, ratio, way, ${v.seed}, run.masks)
    for p, mask in zip(parameters, run.masks):
        p.data *= torch.tensor(mask)
    run.optimizer.hold({p: torch.tensor(mask) for p, mask in zip(parameters, run.masks)})


a, b = Run(), Run()
${[...lines(machine, "a"), ...lines(machine, "b")].join("\n")}

for name, run in (("A", a), ("B", b)):
    right = run.model(torch.tensor(task.test_x)).argmax(1) == torch.tensor(task.test_y)
    left = sum(int(torch.count_nonzero(p)) for p in run.model.parameters())
    print(f"network {name}: test accuracy {right.double().mean():.4f}, {left} parameters are not zero")
`;
}
