"""Records that nobody ran: the schema filled with numbers that a test can follow."""

from l0lib.experiments.config import Config
from l0lib.experiments.records import Record, Tuning

#: Wrong answers of ten thousand, by five seeds.
ERRORS = [185, 190, 183, 188, 181]
PARAMETERS = {
    "lenet-300-100": 266_610,
    "lenet-5-caffe": 431_080,
    "resnet-20": 273_066,
    "vgg-16": 14_990_922,
    "resnet-50": 23_705_252,
}
MULTIPLY_ADDS = {
    "lenet-300-100": 266_200,
    "lenet-5-caffe": 2_293_000,
    "resnet-20": 41_000_000,
    "vgg-16": 313_000_000,
    "resnet-50": 1_305_000_000,
}


def config(**change):
    """LeNet-300-100 under l2+l0, two ratios before fine-tuning, one after it; ``change`` replaces whole fields."""
    plain = {
        "experiment": "experiment-2",
        "arm": "lenet-300-100-NORM",
        "network": "lenet-300-100",
        "training": {
            "epochs": 20,
            "learning_rate": 0.1,
            "penalty": {"strategy": "NORM", "alpha_l2": 1e-4, "alpha_l0": 5e-5},
        },
        "ratios": [10, 90],
        "fine_tuned_ratios": [90],
        "fine_tuning": {"epochs": 10, "learning_rate": 0.02},
    }
    return Config.model_validate(plain | change)


def record(seed, errors=185, *, what=None, dense=164, images=10_000, origin=None, **change):
    """A record whose network has ``errors`` wrong answers after fine-tuning and ten more before."""
    what = what or config(**change)
    parameters, multiply_adds = PARAMETERS[what.network], MULTIPLY_ADDS[what.network]

    def point(ratio, fine_tuned, share=0):
        left = (1 - share) ** 2
        sizes = {"parameters": int(left * parameters), "multiply_adds": int(left * multiply_adds)}
        removed = {"share": share, "units": 10, **sizes} if share else None
        nonzero = int(parameters / ratio) - 10 * seed  # dead paths take a few more with some seeds
        return {
            "requested": ratio,
            "fine_tuned": fine_tuned,
            "measured": {"errors": errors + 10 * (not fine_tuned), "images": images},
            "parameters": parameters,
            "nonzero": nonzero,
            "weights_only_ratio": 1.1 * ratio,
            "multiply_adds": multiply_adds,
            "nonzero_multiply_adds": nonzero,
            "bytes": {"dense": 4 * parameters, "csr": 9000, "bitmap": 8000, "best": 7000, "best_encoding": "csr, lzma"},
            "layers": [{"name": "all", "parameters": parameters, "nonzero": nonzero}],
            "removed": removed,
        }

    made = {"date": "2026-11-22", "commit": "abc1234", "versions": {"torch": "2"}, "hardware": "2 cores"}
    return Record.model_validate(
        {
            "config": what.model_dump(),
            "seed": seed,
            "train": 60_000,
            "held_out": 0,
            "test": images,
            "history": [{"epoch": 0, "learning_rate": 0.1, "loss": None, "penalty": 3.0}],
            "magnitudes": [1, 2],
            "dense": {"errors": dense, "images": images},
            "points": [
                *(point(ratio, False) for ratio in what.ratios),
                *(point(ratio, True) for ratio in what.fine_tuned_ratios),
                *(point(r, True, s) for s, r in zip(what.removed_shares, what.removed_ratios, strict=True)),
            ],
            "origin": {**made, "device": "cpu", "threads": 1, "seconds": 5, **(origin or {})},
        }
    )


def tuned(**change):
    """A tuning of three trials, the last of which was best."""
    what = config(evaluate_on="validation", ratios=[])
    trials = [
        {"number": number, "params": {"beta": beta, "power": 0.5}, "errors": [error], "source": "written down"}
        for number, beta, error in ((0, 4.0, 2.2), (1, 8.0, 2.5), (2, 5.0, 1.9))
    ]
    plain = {
        "experiment": what.experiment,
        "arm": what.arm,
        "sampler": "",
        "sampler_seed": 0,
        "seeds": [100],
        "search": {"beta": {"low": 2, "high": 20, "log": True}, "power": {"choices": [0.5, 1.0]}},
        "trials": trials,
        "chosen": 2,
        "config": what.model_dump(),
        "origin": record(0).origin.model_dump(),
    }
    return Tuning.model_validate(plain | change)
