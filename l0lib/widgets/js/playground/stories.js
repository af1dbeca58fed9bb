// Five guided scenes: settings, how long to train, and what to look at, in one sentence. A test holds what they say.
const BOTH = { a_penalty: "l2+l0", a_l2: 0.0001, a_l0: 0.001, a_beta: 3.16, b_penalty: "l2+l0", b_l2: 0.0001, b_l0: 0.001, b_beta: 3.16 };

export const STORIES = [
  {
    title: "Why ℓ2 alone won't prune",
    steps: 1500,
    say: "Both networks learn the task, but only B's weights part into a few large ones and many near zero: once training stops, slide the compression ratio and see which network survives.",
    values: { a_penalty: "l2", a_l2: 0.001, b_penalty: "l2+l0", b_l2: 0.0001, b_l0: 0.001, b_beta: 3.16, ratio: 6.31 },
  },
  {
    title: "The swing",
    steps: 1500,
    say: "Under Eq. 17 as written A's small weights never rest: they swing around zero inside the shaded band of width ηαβ; B stops at zero, and many of its weights are exactly zero.",
    values: { momentum: 0, rate: 0.316, a_penalty: "l0", a_l0: 0.00215, a_beta: 5.01, b_penalty: "l0", b_l0: 0.00215, b_beta: 5.01, b_clipped: true },
  },
  {
    title: "β picks the scale",
    steps: 1500,
    say: "The same α and two values of β: A's small β reaches weights of every size, B's large one takes only those that start near zero, and leaves the others where they were.",
    values: { a_penalty: "l0", a_l0: 0.001, a_beta: 2, b_penalty: "l0", b_l0: 0.001, b_beta: 31.6 },
  },
  {
    title: "Random against magnitude",
    steps: 1500,
    say: "The two networks are the same one, trained under ℓ2+ℓ0; A loses parameters at random and B its smallest ones: slide the ratio from 1 upwards.",
    values: { ...BOTH, a_way: "RP", b_way: "GP", ratio: 2 },
  },
  {
    title: "Too much α",
    steps: 1500,
    say: "B's α is a hundred times A's: it takes the weights that the task needs as well, and what is left is hardly more than a straight line through the plane.",
    values: { a_penalty: "l0", a_l0: 0.001, a_beta: 3.16, b_penalty: "l0", b_l0: 0.1, b_beta: 3.16 },
  },
];
