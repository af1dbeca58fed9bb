"""What a run is: one frozen, validated, hashable description of training, pruning and fine-tuning."""

from __future__ import annotations

import hashlib
import json
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from ..penalties import L0, L1, L2, Penalty, Sum

Network = Literal["lenet-300-100", "lenet-5-caffe", "vgg-16", "resnet-20", "resnet-50"]
Data = Literal["mnist", "digits", "cifar10", "cifar100", "photographs"]
#: The datasets that a network takes: images of one size and colours, and classes.
TAKES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("lenet-300-100", "lenet-5-caffe"), ("mnist", "digits")),
    **dict.fromkeys(("vgg-16", "resnet-20", "resnet-50"), ("cifar10", "cifar100", "photographs")),
}

Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Steepness = Annotated[float, Field(ge=1, allow_inf_nan=False)]
Pruning = Literal["GP", "LP", "RP"]
Share = Annotated[float, Field(gt=0, lt=1)]
#: Part of file names.
_NAME = "[A-Za-z0-9][A-Za-z0-9+.-]*"
Name = Annotated[str, Field(pattern=f"^{_NAME}$", max_length=100)]
#: Beyond these a number is a slip of the keyboard, and would fill the memory.
Epochs = Annotated[int, Field(ge=1, le=1_000_000)]
BatchSize = Annotated[int, Field(ge=1, le=1_000_000)]
Shift = Annotated[int, Field(ge=0, le=32)]
Ratio = Annotated[float, Field(ge=1, allow_inf_nan=False)]
Ratios = Annotated[tuple[Ratio, ...], Field(max_length=1000)]


class Frozen(BaseModel):
    """A configuration that cannot change, refuses unknown fields, and has a name made of its contents."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def digest(self) -> str:
        """Return ten hex digits of the SHA-256 of the contents: equal contents, equal name."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:10]


class PenaltySettings(Frozen):
    r"""The penalty of the weights: an l2, an l1 and a smoothed l0 term, each with its factor.

    The strategies are those of the paper's Section 4.2, and one that it leaves out: ``uniform`` gives every weight the
    same factors, ``NORM`` normalises them by layer sizes (:func:`l0lib.compress.normalised`), ``SEP`` takes them layer
    by layer from the three ``…_by_layer`` fields, in the network's order.
    """

    strategy: Literal["uniform", "NORM", "SEP"] = Field(
        default="uniform", description="how the factors vary with the layer"
    )
    power: Annotated[float, Field(ge=-1, le=1)] = Field(default=0.5, description="NORM: how far layer sizes count")
    alpha_l2: Factor = Field(default=0.0, description="factor of the l2 term")
    alpha_l1: Factor = Field(default=0.0, description="factor of the l1 term")
    alpha_l0: Factor = Field(default=0.0, description="factor of the smoothed l0 term")
    beta: Steepness = Field(default=5.0, description="steepness of the smoothed l0")
    alpha_l2_by_layer: tuple[Factor, ...] = Field(default=(), description="SEP: l2 factors, one for each layer")
    alpha_l0_by_layer: tuple[Factor, ...] = Field(default=(), description="SEP: l0 factors, one for each layer")
    beta_by_layer: tuple[Steepness, ...] = Field(default=(), description="SEP: one beta for each layer")

    @model_validator(mode="after")
    def _layers(self) -> PenaltySettings:
        lengths = {len(self.alpha_l2_by_layer), len(self.alpha_l0_by_layer), len(self.beta_by_layer)}
        if self.strategy == "SEP":
            if len(lengths) != 1 or 0 in lengths:
                raise ValueError("strategy SEP needs the three …_by_layer fields, all of one length, one entry a layer")
            if self.alpha_l2 or self.alpha_l1 or self.alpha_l0:
                raise ValueError("strategy SEP takes its factors from the …_by_layer fields; the global ones must be 0")
        elif lengths != {0}:
            raise ValueError(f"…_by_layer fields belong to the strategy SEP; got strategy {self.strategy}")
        return self

    def l2_alone(self) -> PenaltySettings:
        """Return the same strategy with the l2 term alone: what fine-tuning keeps."""
        nothing = (0.0,) * len(self.alpha_l0_by_layer)
        return self.model_copy(update={"alpha_l1": 0.0, "alpha_l0": 0.0, "alpha_l0_by_layer": nothing})

    def build(self, sizes: Mapping[str, int]) -> dict[str, Penalty | None]:
        """Return the penalty of each layer; ``sizes`` maps a layer's name to the number of its weights.

        Raises
        ------
        ValueError
            If the strategy is SEP and has not one entry for each layer.
        """
        if self.strategy == "SEP":
            if len(self.beta_by_layer) != len(sizes):
                rule = f"one entry for each of the layers {', '.join(sizes)}"
                raise ValueError(f"beta_by_layer must have {rule}; got {len(self.beta_by_layer)}")
            rows = zip(sizes, self.alpha_l2_by_layer, self.alpha_l0_by_layer, self.beta_by_layer, strict=True)
            return {layer: _sum(a2, 0.0, a0, beta) for layer, a2, a0, beta in rows}
        penalty = _sum(self.alpha_l2, self.alpha_l1, self.alpha_l0, self.beta)
        if penalty is None or self.strategy == "uniform":
            return dict.fromkeys(sizes, penalty)
        from ..compress.strategies import normalised  # here: reading a record must not load PyTorch

        return dict(normalised(penalty, sizes, self.power))


def _sum(alpha_l2: float, alpha_l1: float, alpha_l0: float, beta: float) -> Penalty | None:
    terms: list[Penalty] = [kind(alpha) for kind, alpha in ((L2, alpha_l2), (L1, alpha_l1)) if alpha]
    if alpha_l0:
        terms.append(L0(alpha_l0, beta))
    return Sum(*terms) if len(terms) > 1 else terms[0] if terms else None


class Training(Frozen):
    """One stretch of training: SGD with momentum, cross-entropy plus a penalty of the weights, not of the biases."""

    epochs: Epochs = Field(description="passes over the training images")
    learning_rate: Rate = Field(description="at the start of the schedule")
    schedule: Literal["cosine", "step", "constant"] = Field(default="cosine", description="how the learning rate falls")
    warm_up: Factor = Field(default=0.0, description="epochs in which it rises first")
    momentum: Annotated[float, Field(ge=0, lt=1)] = Field(default=0.9, description="of SGD")
    batch_size: BatchSize = Field(default=128, description="images a step")
    update: Literal["coupled", "decoupled", "clipped", "proximal"] = Field(
        default="coupled", description="Eq. 17: coupled"
    )
    shift: Shift = Field(default=0, description="pixels by which an image may move")
    mirror: bool = Field(default=False, description="turn an image round with probability one half")
    bf16: bool = Field(default=False, description="forward pass in bfloat16; weights, loss and update stay float32")
    penalty: PenaltySettings = PenaltySettings()

    @model_validator(mode="after")
    def _warm(self) -> Training:
        if self.warm_up >= self.epochs:
            raise ValueError(f"warm_up must be < epochs; got {self.warm_up:g} of {self.epochs}")
        return self


class Gradual(Frozen):
    """Pruning along a schedule, once an epoch, while training goes on at a constant learning rate."""

    schedule: Literal["log", "cubic"] = Field(default="log", description="how the compression ratio rises")
    first: Ratio = Field(description="compression ratio of the first pruning")
    training: Training


class Teacher(Frozen):
    """A dense network to learn from, of the run's own seed, while pruning gradually and fine-tuning."""

    network: Network
    relu_after_pools: bool = False
    training: Training
    temperature: Rate = Field(default=4.0, description="of both networks' class scores")
    weight: Annotated[float, Field(ge=0, le=1)] = Field(default=0.9, description="of the teacher's share of the loss")


class Rival(Frozen):
    """A method of :mod:`l0lib.compress.rivals` with its settings, in the place of pruning and fine-tuning.

    It begins from the first weights of the run's seed and has the epochs of ``training`` in all; so has the dense
    network beside it. A setting ``learning_rate`` takes the place of that of ``training``.
    """

    name: Name
    settings: tuple[tuple[str, Annotated[float, Field(allow_inf_nan=False)]], ...] = ()

    @property
    def arguments(self) -> dict[str, float]:
        """The settings as the method takes them: whole numbers, which some of them count with, are ``int``."""
        return {name: int(value) if value.is_integer() else value for name, value in self.settings}


class Unpruned(Frozen):
    """What the network before pruning depends on: runs that agree in it train it once."""

    network: Network
    relu_after_pools: bool
    dataset: Data
    evaluate_on: Literal["validation", "test"]
    training: Training


class Config(Frozen):
    """Train, prune one-shot or gradually at each ratio, fine-tune, measure.

    ``evaluate_on="validation"`` trains on what a split leaves and measures on the images set aside: for every choice.
    ``"test"`` trains on all training images and measures on the test images: for results.
    """

    experiment: Name = Field(description="the study it belongs to")
    arm: Name = Field(description="its name within the study")
    dense_arm: Annotated[str, Field(pattern=rf"^({_NAME})?$", max_length=100)] = Field(
        default="", description="the arm whose networks before pruning are the baseline; empty: this one"
    )
    profile: Literal["fast", "full"] = Field(default="full", description="only full runs count as results")
    network: Network = Field(description="which one to train and compress")
    relu_after_pools: bool = Field(default=False, description="LeNet-5-Caffe: a ReLU after each pooling, too")
    dataset: Data = Field(
        default="mnist",
        description="digits and photographs: 5,000 of MNIST's and 600 of CIFAR-10's, with no network",
    )
    evaluate_on: Literal["validation", "test"] = Field(
        default="test", description="validation for choices, test for results"
    )
    training: Training
    pruning: Pruning = Field(default="GP", description="global, layerwise or random")
    ratios: Ratios = Field(default=(), description="compression ratios measured before fine-tuning")
    fine_tuned_ratios: Ratios = Field(default=(), description="those measured after it")
    removed_shares: tuple[Share, ...] = Field(
        default=(), description="NP: shares of each layer's neurons that are removed, those of the smallest norms"
    )
    removed_ratios: tuple[Ratio, ...] = Field(
        default=(), description="NP+GP: the compression ratio after each removal; 1: no pruning on top"
    )
    recalibrated: bool = Field(
        default=False,
        description="measure the statistics of batch normalisations anew after pruning, on images as in training",
    )
    from_scratch: bool = Field(
        default=False,
        description="a control: the smaller networks, or what pruning kept, start from other weights, for all epochs",
    )
    fine_tuning: Training | None = None
    gradual: Gradual | None = None
    teacher: Teacher | None = None
    rival: Rival | None = None

    @model_validator(mode="after")
    def _whole(self) -> Config:
        if self.rival:
            others = ("fine_tuning", "gradual", "teacher", "removed_shares", "ratios", "recalibrated")
            if taken := [name for name in others if getattr(self, name)]:
                raise ValueError(f"rival must come without {', '.join(others)}; got {', '.join(taken)}")
            if not self.fine_tuned_ratios:
                raise ValueError("rival must come with fine_tuned_ratios, those that it ends at; got none")
        elif bool(self.fine_tuned_ratios or self.removed_shares) != (self.fine_tuning is not None):
            raise ValueError("fine_tuned_ratios or removed_shares and fine_tuning must come together")
        if len(self.removed_shares) != len(self.removed_ratios):
            got = f"{len(self.removed_ratios)} and {len(self.removed_shares)}"
            raise ValueError(f"removed_ratios must have one entry for each of removed_shares; got {got}")
        lists: dict[str, tuple] = {"ratios": self.ratios, "fine_tuned_ratios": self.fine_tuned_ratios}
        lists["removed_shares and removed_ratios"] = tuple(zip(self.removed_shares, self.removed_ratios, strict=True))
        for name, some in lists.items():
            if len(set(some)) != len(some):
                raise ValueError(f"{name} must differ from each other; got {some}")
        if self.from_scratch and not (self.removed_shares or self.fine_tuned_ratios):
            raise ValueError("from_scratch must come with removed_shares or fine_tuned_ratios; got none")
        if self.from_scratch and (self.gradual or self.teacher or self.rival):
            raise ValueError("from_scratch must come without gradual, teacher and rival")
        if self.removed_shares and self.pruning != "GP":
            raise ValueError(f"pruning must be GP where neurons are removed; got {self.pruning}")
        if self.teacher and not self.fine_tuned_ratios:
            raise ValueError("teacher must come with fine_tuned_ratios: nothing else learns from it; got none")
        if self.teacher and self.dataset not in TAKES[self.teacher.network]:
            raise ValueError(f"teacher.network must take {self.dataset}; got {self.teacher.network}")
        if self.removed_shares and self.network.startswith("lenet"):
            raise ValueError(f"removed_shares belongs to networks of photographs; got {self.network}")
        if self.recalibrated and (self.fine_tuning or not self.ratios or self.network.startswith("lenet")):
            tuned = "no" if self.fine_tuning is None else "with"
            got = f"{self.network}, {len(self.ratios)} ratios, {tuned} fine-tuning"
            rule = "to ratios without fine-tuning, of a network with batch normalisation"
            raise ValueError(f"recalibrated belongs {rule}; got {got}")
        if self.gradual and not self.fine_tuned_ratios:
            raise ValueError("gradual needs fine_tuned_ratios, the targets of its schedule")
        if self.gradual and self.gradual.first > min(self.fine_tuned_ratios):
            raise ValueError(f"gradual.first must be <= every target; got {self.gradual.first}")
        if self.relu_after_pools and self.network != "lenet-5-caffe":
            raise ValueError(f"relu_after_pools belongs to lenet-5-caffe; got {self.network}")
        if self.dataset not in TAKES[self.network]:
            fitting = ", ".join(TAKES[self.network])
            raise ValueError(f"dataset of {self.network} must be one of {fitting}; got {self.dataset}")
        return self

    @property
    def variant(self) -> str:
        """``paper`` with Eq. 17 as written, one-shot pruning and plain fine-tuning; anything more is ``beyond``.

        Shifted digits are more. On photographs crops and mirror images are customary: the paper does not speak of them,
        and the errors of its unpruned networks cannot be had without.
        """
        stretches = [self.training] + ([self.fine_tuning] if self.fine_tuning else [])
        digits = self.network.startswith("lenet")
        as_written = all(it.update == "coupled" and not (digits and (it.shift or it.mirror)) for it in stretches)
        more = self.gradual or self.teacher or self.recalibrated or self.from_scratch or self.rival
        return "paper" if as_written and not more else "beyond"

    @property
    def penalty_name(self) -> str:
        """The terms of the training penalty, such as ``l2+l0``."""
        p = self.training.penalty
        terms = {
            "l2": p.alpha_l2 or any(p.alpha_l2_by_layer),
            "l1": p.alpha_l1,
            "l0": p.alpha_l0 or any(p.alpha_l0_by_layer),
        }
        return "+".join(name for name, factor in terms.items() if factor) or "none"

    @model_serializer(mode="wrap")
    def _short(self, plain: SerializerFunctionWrapHandler) -> dict[str, object]:
        # what was made before it could be asked for keeps its name and its record
        return {name: value for name, value in plain(self).items() if name not in ("recalibrated", "rival") or value}

    @property
    def unpruned(self) -> Unpruned:
        """What the network before pruning depends on."""
        return Unpruned(**{name: getattr(self, name) for name in Unpruned.model_fields})


class SettingError(ValueError):
    """A setting that breaks a rule of the configuration; the message names the arm, the setting, value and rule."""


#: Part of an optional section, though it stands outside it.
_BELONGS = {"fine_tuned_ratios": "fine_tuning"}


def with_settings(arms: Mapping[str, Config], settings: Mapping[str, str]) -> dict[str, Config]:
    """Return ``arms`` with ``settings``, such as ``{"training.penalty.beta": "8", "ratios": "2,5"}``.

    Values are text; ``none`` empties a list or leaves out an optional section. A setting within a section that only
    some arms have, such as ``fine_tuning.epochs``, is for these; if none has the section, all get it, and it must be
    given whole.

    Raises
    ------
    SettingError
        If there is no such setting, a value breaks a rule, or two arms end up with one name.
    """
    changes = {tuple(name.split(".")): _value(name, text) for name, text in settings.items()}
    if not changes:
        return dict(arms)
    dumped = {name: config.model_dump() for name, config in arms.items()}
    had = {name for data in dumped.values() for name in data if data[name] is not None}
    found: dict[str, Config] = {}
    for name, data in dumped.items():
        lacks = {section for section in data if data[section] is None}
        for path, value in changes.items():
            section = path[0] if len(path) > 1 else _BELONGS.get(path[0])
            if not (section in had and section in lacks):
                _put(data, path, value)
        try:
            config = Config.model_validate(data)
        except ValidationError as error:
            raise SettingError(f"arm {name}: {_first_error(error)}") from error
        if config.arm in found:
            raise SettingError(f"arm must name one arm alone; got {config.arm!r} for two: choose one with --arms")
        found[config.arm] = config
    return found


def _value(name: str, text: str) -> Any:
    """Return a setting's text as pydantic reads it, once there is such a setting."""
    model: Any = Config
    for place, part in enumerate(name.split("."), 1):
        names = [field for field in getattr(model, "model_fields", ()) if field != "profile"]
        if part not in names:
            where = ".".join(name.split(".")[: place - 1]) or "a run"
            rule = f"one of {', '.join(names)}" if names else "nothing: it is one value"
            raise SettingError(f"a setting of {where} must be {rule}; got {name!r}")
        annotation = model.model_fields[part].annotation
        if typing.get_origin(annotation) in (types.UnionType, typing.Union):
            annotation = next(kind for kind in typing.get_args(annotation) if kind is not type(None))
        model = annotation
    if typing.get_origin(model) is tuple:
        return [] if text == "none" else text.split(",")
    return None if text == "none" and hasattr(model, "model_fields") else text


def _put(data: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        if data.get(name) is None:
            data[name] = {}
        data = data[name]
    data[path[-1]] = value


def _first_error(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"] if not isinstance(part, int))
    rule = first["msg"].removeprefix("Value error, ")
    got = f"; got {first['input']!r:.200}" if isinstance(first["input"], str | int | float) else ""
    return f"{name}: {rule}{got}" if name else rule
