"""Records: what a finished run tells, as one small JSON file with a schema."""

from __future__ import annotations

import fnmatch
import functools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)  # fmt: skip

from .._files import read_whole, write_atomically
from . import answers
from .config import Config, Name, Ratio

#: The stored results of the book, in a checkout of it.
RECORDS = Path(__file__).resolve().parents[2] / "book" / "records"
#: Those of its searches.
TUNINGS = RECORDS / "tuning"

#: Bytes of a record at most.
_LARGEST = 64 << 20

Model = TypeVar("Model", bound=BaseModel)
Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Positive = Annotated[int, Field(gt=0, lt=1 << 63)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class RecordError(ValueError):
    """A record that does not keep the schema; the message names the file, the field and the rule."""


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Confidence(_Plain):
    """A bin of confidence, the highest class probability: its images, those answered rightly, the mean confidence."""

    images: Count
    right: Count
    confidence: Annotated[float, Field(ge=0, le=1)]

    @model_validator(mode="after")
    def _few_enough(self) -> Confidence:
        if self.right > self.images:
            raise ValueError(f"right must be <= images, {self.images}; got {self.right}")
        return self


class Measured(_Plain):
    """Wrong answers among images, and what else is recorded of the answers: old records lack it.

    ``wrong`` says which images these are and ``answered`` what they were taken for (:mod:`.answers`); ``cross_entropy``
    is the mean over images in nats, ``calibration`` has bins of rising confidence, and ``changed`` counts the wrong
    answers on the same digits, shifted, rotated and noisy (:mod:`.scores`).
    """

    errors: Count
    images: Positive
    wrong: str = ""
    answered: str = ""
    cross_entropy: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    calibration: tuple[Confidence, ...] = ()
    changed: dict[str, Count] = {}

    @model_validator(mode="after")
    def _few_enough(self) -> Measured:
        if self.errors > self.images:
            raise ValueError(f"errors must be <= images, {self.images}; got {self.errors}")
        if self.wrong:
            wrong = answers.unpack(self.wrong, self.images)
            if (told := int(wrong.sum())) != self.errors:
                raise ValueError(f"wrong must hold as many images as there are errors, {self.errors}; got {told}")
            if self.answered and (answers.missed(self.answered, self.images) != wrong).any():
                raise ValueError("answered must differ from the labels at the images of wrong alone; got others")
        if self.calibration and (told := sum(one.images for one in self.calibration)) != self.images:
            raise ValueError(f"calibration must hold all images, {self.images}; got {told}")
        if over := [name for name, errors in self.changed.items() if errors > self.images]:
            raise ValueError(f"changed must be <= images, {self.images}; got {self.changed[over[0]]} of {over[0]}")
        return self

    @model_serializer(mode="wrap")
    def _short(self, plain: SerializerFunctionWrapHandler) -> dict[str, object]:
        # runs that were made before something was recorded stay as they are
        return {name: value for name, value in plain(self).items() if name in ("errors", "images") or value}

    @property
    def percent(self) -> float:
        """Top-1 error in percent."""
        return 100 * self.errors / self.images

    @property
    def calibration_error(self) -> float | None:
        r"""Expected calibration error, a fraction: :math:`\sum_b \frac{n_b}{n}\,|r_b - c_b|`; None where not recorded.

        Bin :math:`b` of ``calibration`` has :math:`n_b` of the :math:`n` images, a share :math:`r_b` of right answers
        and the mean confidence :math:`c_b` (C. Guo et al., *On Calibration of Modern Neural Networks*, ICML 2017).
        """
        if not self.calibration:
            return None
        return sum(abs(one.right - one.images * one.confidence) for one in self.calibration) / self.images


class LayerCount(_Plain):
    """Parameters of a layer, weights and bias, and those that are not zero."""

    name: str
    parameters: Count
    nonzero: Count


class EpochSummary(_Plain):
    """One epoch of the training before pruning: mean loss (nats) and size of the penalty; see ``compress.Epoch``."""

    epoch: Count
    learning_rate: Finite
    loss: Finite | None
    penalty: Finite


class Bytes(_Plain):
    """Bytes on disk: float32 without and with sparse storage, and the smallest file with entropy coding.

    Of what is trained: running statistics of normalisations are not among them.
    """

    dense: Count
    csr: Count
    bitmap: Count
    best: Count
    best_encoding: str


class Removed(_Plain):
    """Neurons that were removed: their share of each layer, and parameters and multiply-adds of what is left, dense."""

    share: Annotated[float, Field(gt=0, lt=1)]
    units: Count
    parameters: Count
    multiply_adds: Count


class Point(_Plain):
    """The pruned network at one compression ratio.

    ``requested`` is the ratio asked for; ``ratio`` the one counted after dead paths were removed, all parameters over
    nonzero ones. ``weights_only_ratio`` is None if no weight is left. ``first_layer`` is given for seed 0 alone: the
    kept weights of the first layer, as a list of numbers in the order of ``first_layer_shape`` (a fully connected
    layer: the number of kept weights at each pixel). ``removed`` is there after neuron pruning; ``parameters`` and
    ``multiply_adds`` are those of the whole network all the same, ``layers`` those of the smaller one.
    """

    requested: Ratio
    fine_tuned: bool
    measured: Measured
    parameters: Positive
    nonzero: Count
    weights_only_ratio: Annotated[float, Field(ge=1, allow_inf_nan=False)] | None
    multiply_adds: Count
    nonzero_multiply_adds: Count
    bytes: Bytes
    layers: tuple[LayerCount, ...]
    first_layer_shape: tuple[Count, ...] = ()
    first_layer: tuple[Finite, ...] = ()
    removed: Removed | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Point:
        if sum(layer.nonzero for layer in self.layers) != self.nonzero:
            raise ValueError("nonzero must be the sum over layers")
        if self.nonzero and self.parameters / self.nonzero < self.requested * (1 - 1e-9):
            raise ValueError(f"ratio must be >= requested, {self.requested}; got {self.parameters / self.nonzero}")
        return self

    @property
    def ratio(self) -> float:
        """Achieved compression ratio: all parameters over nonzero ones, biases counted."""
        return self.parameters / self.nonzero if self.nonzero else float("inf")


class Origin(_Plain):
    """Where and when a run was made.

    ``seconds`` adds up over interruptions, stage by stage; what a stage had taken when it was cut off is not counted.
    ``threads`` are those of each of the ``processes`` that made the run together. ``trained`` is the commit at which
    the training before pruning ended, where it is another one: runs may share that network, and one that was cut off
    may go on with newer code. Old records do not tell.
    """

    date: str
    commit: str
    trained: str = ""
    versions: dict[str, str]
    hardware: str
    device: str
    threads: Positive
    processes: Positive = 1
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    @model_serializer(mode="wrap")
    def _short(self, plain: SerializerFunctionWrapHandler) -> dict[str, object]:
        return {name: value for name, value in plain(self).items() if name != "trained" or value}

    @property
    def commits(self) -> str:
        """The commit, and that of the training before pruning where it is told: ``b5ae0e1 (trained at 299cfb3)``."""
        return f"{self.commit} (trained at {self.trained})" if self.trained else self.commit


class Record(_Plain):
    """One run: a configuration and a seed, and what came of them.

    ``train``, ``held_out`` and ``test`` count images; ``dense`` is the network before pruning; ``magnitudes`` counts
    its weights in the bins of ``compress.MAGNITUDE_EDGES``.
    """

    format: Literal[1] = 1
    config: Config
    seed: Count
    train: Count
    held_out: Count
    test: Count
    history: tuple[EpochSummary, ...]
    magnitudes: tuple[Count, ...]
    dense: Measured
    points: tuple[Point, ...]
    origin: Origin

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return path_of(self.config, self.seed, Path()).stem


def path_of(config: Config, seed: int, folder: Path) -> Path:
    """Return the file of a run's record below ``folder``."""
    return folder / config.experiment / f"{config.arm}-{config.profile}-{config.evaluate_on}-seed-{seed}.json"


def write(record: Record, folder: Path) -> Path:
    """Write ``record`` to ``folder/<experiment>/<name>.json``, whole or not at all; return the path."""
    path = path_of(record.config, record.seed, folder)
    write_text(path, to_text(record))
    return path


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: an empty one would block its run."""
    write_atomically(path, text.encode())


def to_text(record: Record) -> str:
    """Return the text of a record's file: JSON, one line for each epoch and each point, so that changes can be read."""
    return _in_lines(record, "history", "points")


def _in_lines(model: BaseModel, *lists: str) -> str:
    """Return a model as JSON, with these of its fields last and one line for each of their entries."""
    data = model.model_dump(mode="json")
    rows = {key: data.pop(key) for key in lists}
    plain = functools.partial(json.dumps, ensure_ascii=False, allow_nan=False)
    text = plain(data, indent=1).removesuffix("\n}")
    for key, entries in rows.items():
        lines = ",\n  ".join(plain(entry, separators=(",", ":")) for entry in entries)
        text += f',\n "{key}": [\n  {lines}\n ]'
    return text + "\n}\n"


def read(path: Path) -> Record:
    """Return the record in ``path``; errors as in :func:`parse`. A file that has not changed is parsed once."""
    try:
        its = path.stat()
    except OSError:
        return parse(path, Record)  # which says why
    return _parsed(path.absolute(), its.st_ino, its.st_size, its.st_mtime_ns, its.st_ctime_ns)


@functools.lru_cache(maxsize=1024)
def _parsed(path: Path, *state: int) -> Record:
    return parse(path, Record)


def parse(path: Path, kind: type[Model]) -> Model:
    """Return what is in ``path`` as ``kind``; a file that is no JSON or breaks the schema is a :class:`RecordError`."""
    try:
        return kind.model_validate_json(read_whole(path, "record", _LARGEST))
    except ValidationError as error:
        raise describe(path, error) from error


def describe(path: Path, error: ValidationError) -> RecordError:
    """Return the error of a file that does not keep its schema: the first field that does not, the rule, the value."""
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"])) or "the whole file"
    given = f"; got {first['input']!r}" if isinstance(first["input"], (int, float, str)) else ""
    more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return RecordError(f"{path.name}: {field[:200]}: {first['msg']}{given[:200]}{more}")


def read_all(folder: Path = RECORDS) -> Iterator[Record]:
    """Yield the records of all runs below ``folder`` (its sub-folders, one for each study), in the order of names."""
    for study in _matching(folder, "*"):
        if study.is_dir():
            for path in _matching(study, "*-seed-*.json"):
                yield read(path)


def _matching(folder: Path, pattern: str) -> list[Path]:
    """Return what is in a folder, by name; unlike ``Path.glob``, one that is there but not readable is an error."""
    if not folder.exists():
        return []
    return sorted(path for path in folder.iterdir() if fnmatch.fnmatchcase(path.name, pattern))


# ------------------------------------------------------------------------------------------------- searches


class Range(_Plain):
    """Where a setting was searched, on a logarithmic or a linear scale."""

    low: Finite
    high: Finite
    log: bool

    def __contains__(self, value: float) -> bool:
        return self.low * (1 - 1e-9) <= value <= self.high * (1 + 1e-9)

    def __str__(self) -> str:
        return f"between {self.low:g} and {self.high:g}"


class Choices(_Plain):
    """Values of which one was taken."""

    choices: Annotated[tuple[Finite, ...], Field(min_length=1)]

    def __contains__(self, value: float) -> bool:
        return value in self.choices

    def __str__(self) -> str:
        return f"one of {', '.join(f'{choice:g}' for choice in self.choices)}"


class Trial(_Plain):
    """Settings that were tried, and for each seed the error on the validation images, in percent.

    ``errors`` are what :func:`l0lib.experiments.run.objective` returns: geometric means over the pruned networks.
    ``source`` says where the settings came from: written down before the search, or drawn by its sampler.
    """

    number: Count
    params: dict[str, Finite]
    errors: tuple[Annotated[float, Field(ge=0, le=100)], ...]
    source: Literal["written down", "drawn at random", "TPE"]

    @property
    def value(self) -> float:
        """What tuning minimises: the mean over seeds."""
        return math.fsum(self.errors) / len(self.errors)


class Tuning(_Plain):
    """All trials of one arm's search, and the configuration of the one that was chosen.

    ``sampler`` is empty where every trial was written down. ``seeds`` are those of the trials' networks; no result is
    made with them. ``origin`` tells the date of the last trial and the seconds of all together.
    """

    format: Literal[2] = 2
    experiment: Name
    arm: Name
    sampler: str
    sampler_seed: Count
    seeds: tuple[Count, ...]
    search: dict[str, Range | Choices]
    trials: tuple[Trial, ...]
    chosen: Count
    config: Config
    origin: Origin

    @model_validator(mode="after")
    def _whole(self) -> Tuning:
        if (self.experiment, self.arm) != (self.config.experiment, self.config.arm):
            raise ValueError(f"config must be of {self.experiment}, {self.arm}; got {self.config.arm}")
        if self.config.evaluate_on != "validation":
            raise ValueError("config.evaluate_on must be 'validation': no choice follows from test images")
        seen: set[tuple[tuple[str, float], ...]] = set()
        for trial in self.trials:
            where = f"trial {trial.number}"
            if len(trial.errors) != len(self.seeds):
                raise ValueError(f"{where}: errors must have one entry for each of the seeds, {self.seeds}")
            if trial.params.keys() != self.search.keys():
                raise ValueError(f"{where}: params must name what search names, {', '.join(self.search)}")
            for name, value in trial.params.items():
                if value not in self.search[name]:
                    raise ValueError(f"{where}: {name} must be {self.search[name]}; got {value}")
            seen.add(tuple(sorted(trial.params.items())))
        if len(seen) != len(self.trials):
            raise ValueError("trials must differ from each other")
        if bool(self.sampler) != any(trial.source != "written down" for trial in self.trials):
            raise ValueError(f"sampler must be named where a trial was drawn, and only there; got {self.sampler!r}")
        best = min(self.trials, key=lambda trial: trial.value, default=None)
        if best is None or best.number != self.chosen:
            raise ValueError(f"chosen must be the trial of least error, {best and best.number}; got {self.chosen}")
        return self

    @property
    def best(self) -> Trial:
        """The trial that was chosen."""
        return next(trial for trial in self.trials if trial.number == self.chosen)

    @property
    def at_the_edge(self) -> tuple[str, ...]:
        """The settings whose value in the chosen trial is the least or the largest tried: more might be had beyond."""
        best = self.best.params
        tried = {name: {trial.params[name] for trial in self.trials} for name in best}
        return tuple(
            name for name, values in tried.items() if len(values) > 1 and best[name] in (min(values), max(values))
        )

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return f"{self.experiment}-{self.arm}{'' if self.config.profile == 'full' else '-fast'}"


def write_tuning(tuning: Tuning, folder: Path = TUNINGS) -> Path:
    """Write ``tuning`` to ``folder/<experiment>-<arm>.json``, one line for each trial; return the path."""
    path = folder / f"{tuning.name}.json"
    write_text(path, _in_lines(tuning, "trials"))
    return path


def read_tuning(path: Path) -> Tuning:
    """Return the record of a search; errors as in :func:`parse`."""
    return parse(path, Tuning)


def tunings(folder: Path = TUNINGS) -> Iterator[Tuning]:
    """Yield the stored records of searches in the order of their names."""
    for path in _matching(folder, "*.json"):
        yield read_tuning(path)
