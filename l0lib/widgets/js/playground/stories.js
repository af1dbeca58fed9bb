// Five guided scenes: settings, how long to train, what to watch on the way, and what to see at the end. A test holds
// what the last ones say.
const BOTH = { a_penalty: "l2+l0", a_l2: 0.0001, a_l0: 0.001, a_beta: 3.16, b_penalty: "l2+l0", b_l2: 0.0001, b_l0: 0.001, b_beta: 3.16 };

export const STORIES = [
  {
    title: "Why ℓ2 alone won't prune",
    steps: 1500,
    watch: "Both networks learn the same task, A under ℓ2 and B under ℓ2+ℓ0. Watch the histograms: do the weights part into a few large ones and many near zero?",
    say: "Both networks know the task, but only B's weights have parted into a few large ones and many near zero: slide the compression ratio and see which network survives.",
    values: { a_penalty: "l2", a_l2: 0.001, b_penalty: "l2+l0", b_l2: 0.0001, b_l0: 0.001, b_beta: 3.16, ratio: 6.31 },
  },
  {
    title: "The swing",
    steps: 1500,
    watch: "A takes its steps by Eq. 17 as written, B's weights stop at zero. Watch the small weights, and the shaded band of width ηαβ.",
    say: "Under Eq. 17 as written A's small weights never rest: they swing around zero inside the shaded band of width ηαβ; B stops at zero, and many of its weights are exactly zero.",
    values: { momentum: 0, rate: 0.316, a_penalty: "l0", a_l0: 0.00215, a_beta: 5.01, b_penalty: "l0", b_l0: 0.00215, b_beta: 5.01, b_clipped: true },
  },
  {
    title: "β picks the scale",
    steps: 1500,
    watch: "The same α and two values of β, small for A and large for B. Watch which weights are taken to zero.",
    say: "The same α and two values of β: A's small β has reached weights of every size, B's large one has taken only those that started near zero, and left the others where they were.",
    values: { a_penalty: "l0", a_l0: 0.001, a_beta: 2, b_penalty: "l0", b_l0: 0.001, b_beta: 31.6 },
  },
  {
    title: "Random against magnitude",
    steps: 1500,
    watch: "The two networks are the same one, trained under ℓ2+ℓ0. The pictures show them pruned: A loses parameters at random, B its smallest ones.",
    say: "The two networks are the same one, trained under ℓ2+ℓ0; A loses parameters at random and B its smallest ones: slide the ratio from 1 upwards.",
    values: { ...BOTH, a_way: "RP", b_way: "GP", ratio: 2 },
  },
  {
    title: "Too much α",
    steps: 1500,
    watch: "B's α is a hundred times A's. Watch how B's border through the plane changes, and how few lines are left of B.",
    say: "B's α is a hundred times A's: it takes the weights that the task needs as well, and what is left is hardly more than a straight line through the plane.",
    values: { a_penalty: "l0", a_l0: 0.001, a_beta: 3.16, b_penalty: "l0", b_l0: 0.1, b_beta: 3.16 },
  },
];
