"""How networks, datasets, prunings and penalties are called before readers: once, for tables, figures and explorers."""

#: The paper's names of the networks.
NETWORKS = {
    "lenet-300-100": "LeNet-300-100",
    "lenet-5-caffe": "LeNet-5-Caffe",
    "resnet-20": "ResNet-20",
    "vgg-16": "VGG-16",
    "resnet-50": "ResNet-50",
}
#: Those of the datasets that the tables speak of.
DATASETS = {"mnist": "MNIST", "cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}
#: The rules of pruning, by the paper's short names.
PRUNINGS = {"GP": "global", "LP": "layerwise", "RP": "random"}
#: The penalties as axes and legends print them.
PENALTIES = {"l2": "ℓ2", "l1": "ℓ1", "l0": "smoothed ℓ0", "l2+l0": "ℓ2 + ℓ0"}
#: Ways to a smaller network without a penalty.
WITHOUT_PENALTY = {
    "dense": "dense",
    "gradual": "gradual magnitude",
    "one-shot": "one-shot magnitude",
    "wanda": "Wanda",
}
