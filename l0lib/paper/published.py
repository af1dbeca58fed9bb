"""Methods and their sources, and error rates that others printed besides the paper: facts, apart from our records.

What the paper prints stands in :mod:`~l0lib.paper.tables`. A value here was read in the source that it names; what the
source does not say is None or empty, never guessed. Networks that are not ours (VGG-19, ResNet-32, ResNet-56, wider
LeNets) are left out, since a row of another network compares with nothing; so are values whose network or ratio the
source leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A method as a reader would look it up: its name, authors, year and venue, and its key in the bibliography.

    ``year`` is None where the source gives none.
    """

    name: str
    authors: str
    year: int | None
    venue: str
    key: str = ""

    @property
    def citation(self) -> str:
        """Authors and venue, ``Han et al., NeurIPS``."""
        return f"{self.authors}, {self.venue}"


PAPER = Method("ℓ2 + ℓ0", "Oliveira et al.", 2024, "Neural Networks", "oliveira2024compression")
MAGNITUDE = Method("magnitude pruning", "Han et al.", 2015, "NeurIPS", "han2015learning")
GRADUAL = Method("gradual magnitude pruning", "Zhu and Gupta", 2017, "arXiv", "zhu2017prune")
DETTMERS = Method("Sparse Momentum", "Dettmers and Zettlemoyer", 2019, "arXiv", "dettmers2019sparse")
SNIP = Method("SNIP", "Lee et al.", 2019, "ICLR")
SWS = Method("soft weight-sharing", "Ullrich et al.", 2017, "ICLR", "ullrich2017sws")
OBS = Method("Layer-wise OBS", "Dong et al.", 2017, "NeurIPS")
TARGETED = Method("Targeted Dropout", "Gomez et al.", 2018, "year as quoted")
LC = Method("Learning-Compression", "Carreira-Perpiñán and Idelbayev", 2018, "CVPR", "carreira2018lc")

#: The rivals that the paper's tables name, by its reference numbers.
REFERENCES: dict[int, Method] = {
    26: Method("DNS", "Guo et al.", 2016, "NeurIPS", "guo2016dns"),
    32: Method("THP", "Han et al.", 2015, "NeurIPS", "han2015learning"),
    34: Method("L0-HC", "Louizos et al.", 2018, "ICLR", "louizos2018learning"),
    37: Method("L0-ARM", "Li and Ji", 2019, "ECML PKDD", "li2019l0arm"),
    38: Method("L0-ADMM", "Zhang et al.", 2018, "ECCV", "zhang2018admm"),
    40: Method("L0-L2-LC", "Idelbayev and Carreira-Perpiñán", 2022, "ICASSP", "idelbayev2022l0l2"),
    46: Method("BC-GHS", "Louizos et al.", 2017, "NeurIPS", "louizos2017bayesian"),
    47: Method("SparseVD", "Molchanov et al.", 2017, "ICML", "molchanov2017sparsevd"),
    48: Method("CPA", "Phan et al.", 2020, "ICDM", "phan2020cpa"),
    49: Method("GSM", "Ding et al.", 2019, "NeurIPS", "ding2019gsm"),
    50: Method("Autoprune", "Xiao et al.", 2019, "NeurIPS", "xiao2019autoprune"),
    53: Method("SSS", "Huang and Wang", 2018, "ECCV"),
    54: Method("EConvNets", "Li et al.", 2017, "ICLR", "li2017filters"),
    55: Method("VAR-CONV", "Zhao et al.", 2019, "CVPR"),
    56: Method("PP", "Singh et al.", 2019, "IJCAI"),
    57: Method("RFP", "Ayinde et al.", 2019, "Neural Networks"),
    58: Method("CNN-FCF", "Li et al.", 2019, "CVPR"),
    59: Method("SNLI", "Ye et al.", 2018, "ICLR"),
    60: Method("DHP", "Li et al.", 2020, "ECCV"),
}

#: The methods of :mod:`l0lib.compress.rivals`, by their names there.
RIVALS: dict[str, Method] = {
    "l2": Method("ℓ2, then magnitude", "Han et al.", 2015, "NeurIPS", "han2015learning"),
    "l1": Method("ℓ1, then magnitude", "Han et al.", 2015, "NeurIPS", "han2015learning"),
    "l0": Method("smoothed ℓ0, then magnitude", "Oliveira et al.", 2024, "Neural Networks", PAPER.key),
    "l2+l0": Method("ℓ2 + ℓ0, then magnitude", "Oliveira et al.", 2024, "Neural Networks", PAPER.key),
    "log-sum": Method("log-sum penalty", "Candès et al.", 2008, "J. Fourier Anal. Appl.", "candes2008reweighted"),
    "mcp": Method("minimax concave penalty", "Zhang", 2010, "Ann. Statist.", "zhang2010mcp"),
    "transformed-l1": Method("transformed ℓ1", "Ma et al.", 2019, "Neural Networks"),
    "hoyer": Method("Hoyer-square (DeepHoyer)", "Yang et al.", 2020, "ICLR"),
    "gradual": GRADUAL,
    "rate-rewinding": Method("learning-rate rewinding", "Renda et al.", 2020, "ICLR"),
    "lottery-ticket": Method("lottery tickets", "Frankle and Carbin", 2019, "ICLR", "frankle2019lottery"),
    "rigl": Method("RigL", "Evci et al.", 2020, "ICML"),
    "hard-concrete": Method("hard concrete gates", "Louizos et al.", 2018, "ICLR", "louizos2018learning"),
    "sparse-variational-dropout": Method(
        "sparse variational dropout", "Molchanov et al.", 2017, "ICML", "molchanov2017sparsevd"
    ),
    "learning-compression": LC,
    "soft-thresholds": Method("soft thresholds (STR)", "Kusupati et al.", 2020, "ICML"),
    "random": Method("random pruning before training", "a control", None, "no source"),
    "snip": SNIP,
    "synflow": Method("SynFlow", "Tanaka et al.", 2020, "NeurIPS"),
}


@dataclass(frozen=True)
class Value:
    """An error that somebody printed, in percent, at a compression ratio; 1 is the network before pruning.

    ``standard_error`` is the source's own, of the mean. ``source`` says where the value was read, ``convention`` by
    what its ratio is counted.
    """

    method: Method
    network: str
    dataset: str
    error: float
    ratio: float
    source: str
    convention: str = "what the ratio counts is not given"
    standard_error: float | None = None


_WEIGHTS = "ratio by weights, biases not counted"
_CSV = "results/MNIST_compression_comparison of the authors' repository"
_QUOTED = "as quoted in results/MNIST_compression_comparison of Dettmers' repository, ratio rounded"
_PARAMETERS = "ratio by parameters left, 5.4 M of 15.0 M, filters removed"


def _of_density(density: float) -> float:
    """Return the ratio of so many percent that are left."""
    return 100 / density


VALUES: tuple[Value, ...] = (
    *(
        Value(DETTMERS, network, "mnist", error, _of_density(density), _CSV, _WEIGHTS, deviation)
        for network, rows in {
            "lenet-300-100": (
                (1, 2.36, 0.044), (1.5, 2.053, 0.032), (1.8, 1.984, 0.053), (2, 1.99, 0.019),
                (4.4, 1.552, 0.027), (5, 1.53, 0.02), (8, 1.447, 0.014), (8.3, 1.426, 0.02),
            ),
            "lenet-5-caffe": (
                (0.4, 1.403, 0.088), (0.5, 1.144, 0.024), (0.9, 0.894, 0.033), (1, 0.83, 0.04),
                (2, 0.76, 0.022), (5, 0.69, 0.021), (8, 0.645, 0.019), (9.3, 0.642, 0.03),
            ),
        }.items()
        for density, error, deviation in rows
    ),
    *(
        Value(method, network, "mnist", error, _of_density(density), _QUOTED)
        for method, network, density, error in (
            (SNIP, "lenet-300-100", 2, 2.4),
            (SNIP, "lenet-300-100", 5, 1.6),
            (SNIP, "lenet-5-caffe", 1, 1.1),
            (SNIP, "lenet-5-caffe", 2, 0.8),
            (LC, "lenet-300-100", 1, 3.2),
            (LC, "lenet-5-caffe", 1, 1.1),
            (OBS, "lenet-300-100", 1.5, 2.0),
            (OBS, "lenet-5-caffe", 1, 2.1),
            (SWS, "lenet-300-100", 4.4, 1.9),
            (TARGETED, "lenet-300-100", 5, 3.13),
            (TARGETED, "lenet-300-100", 2, 3.77),
            (TARGETED, "lenet-5-caffe", 5, 1.96),
            (TARGETED, "lenet-5-caffe", 10, 1.95),
        )
    ),
    Value(
        SWS, "lenet-5-caffe", "mnist", 0.97, 200, "as quoted by Molchanov et al., ICML 2017",
    ),
    Value(MAGNITUDE, "lenet-5-caffe", "mnist", 0.77, 12, "Han et al., NeurIPS 2015"),
    Value(
        Method("Learning-Compression, the toolkit's example", LC.authors, None, "repository"),
        "lenet-300-100", "mnist", 2.18, 20,
        "examples/lenet300/README of the LC toolkit; its network before pruning errs by 2.13 %", _WEIGHTS,
    ),
    Value(
        REFERENCES[54], "vgg-16", "cifar10", 6.60, 2.78, "Li et al., ICLR 2017, VGG-16-pruned-A", _PARAMETERS
    ),
    Value(
        Method("the same shape, trained from scratch", "Liu et al.", 2019, "ICLR", "liu2019rethinking"),
        "vgg-16", "cifar10", 6.22, 2.78, "Liu et al., ICLR 2019, Scratch-B", _PARAMETERS,
    ),
    Value(
        Method("Distiller, sparse ResNet-20", "Distiller's authors", None, "repository"),
        "resnet-20", "cifar10", 8.57, 1 / 0.31, "example of the Distiller library, 69 % sparse",
    ),
    Value(
        Method("no pruning", "He et al.", 2016, "CVPR", "he2016resnet"),
        "resnet-20", "cifar10", 8.75, 1, "He et al., CVPR 2016", "dense",
    ),
    Value(
        Method("no pruning", "Idelbayev", None, "repository"),
        "resnet-20", "cifar10", 8.27, 1, "akamaster/pytorch_resnet_cifar10", "dense",
    ),
    Value(
        Method("no pruning", "weiaicunzai", None, "repository"),
        "resnet-50", "cifar100", 22.61, 1, "weiaicunzai/pytorch-cifar100, 23.7 M parameters", "dense",
    ),
)  # fmt: skip
