"""The fields of a configuration as flags of the command line: generated from the schema, nothing typed twice."""

from __future__ import annotations

import argparse
import inspect
import types
import typing
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from ..experiments.config import Config

#: Settled by an option of the command itself.
ELSEWHERE = ("profile",)
#: Part of an optional section, though it stands outside it.
_BELONGS = {"fine_tuned_ratios": "fine_tuning"}
#: Makes a list empty.
NONE = "none"
_PREFIX = "config:"
_METAVARS = {int: "N", float: "X", str: "TEXT"}


class FlagError(ValueError):
    """A flag that breaks a rule of the configuration; the message names the arm, the flag, the value and the rule."""


@dataclass(frozen=True)
class Field:
    """One field of a configuration, at a path such as ``("training", "penalty", "beta")``.

    ``optional`` marks a section that can be left out; its flag, ``--no-…``, does that.
    """

    path: tuple[str, ...]
    kind: Any
    info: FieldInfo
    optional: bool = False

    @property
    def name(self) -> str:
        """``training.penalty.beta``."""
        return ".".join(self.path)

    @property
    def flag(self) -> str:
        """``--training-penalty-beta``, ``--no-teacher``."""
        return flag(("no", *self.path) if self.optional else self.path)


def flag(path: tuple[str, ...]) -> str:
    """Return the flag of the field at ``path``."""
    return "--" + "-".join(path).replace("_", "-")


def fields(model: type[BaseModel] = Config, path: tuple[str, ...] = ()) -> Iterator[Field]:
    """Yield every field of ``model`` and of its sections, in the order of the schema."""
    for name, info in model.model_fields.items():
        here = (*path, name)
        choices = [kind for kind in typing.get_args(info.annotation) if kind is not type(None)]
        optional = typing.get_origin(info.annotation) in (types.UnionType, typing.Union)
        kind = choices[0] if optional and len(choices) == 1 else info.annotation
        if not (inspect.isclass(kind) and issubclass(kind, BaseModel)):
            if here[0] not in ELSEWHERE:
                yield Field(here, kind, info)
            continue
        if optional:
            yield Field(here, kind, info, optional=True)
        yield from fields(kind, here)


def add(parser: argparse.ArgumentParser, without: Collection[str] = ()) -> None:
    """Add a flag for each field of :class:`~l0lib.experiments.config.Config`, one group of the help for each section.

    Fields named in ``without`` get none.
    """
    groups: dict[tuple[str, ...], argparse._ArgumentGroup] = {}
    for field in fields():
        if field.name in without:
            continue
        section = field.path[:-1]
        if section not in groups:
            title = f"settings of {'.'.join(section)}" if section else "settings"
            groups[section] = parser.add_argument_group(title, "each replaces that of the arms" if not section else "")
        groups[section].add_argument(field.flag, dest=_PREFIX + field.name, default=argparse.SUPPRESS, **_how(field))


def _how(field: Field) -> dict[str, Any]:
    said = (field.info.description or "").replace("%", "%%")
    if field.optional:
        doc = (inspect.getdoc(field.kind) or "").splitlines()[0]
        return {"action": "store_const", "const": None, "help": f"without this: {doc.replace('%', '%%')}"}
    if field.kind is bool:
        return {"action": argparse.BooleanOptionalAction, "help": said}
    if typing.get_origin(field.kind) is typing.Literal:
        return {"choices": typing.get_args(field.kind), "help": said}
    if typing.get_origin(field.kind) is tuple:
        return {"metavar": "X,Y,…", "help": said, "type": _entries}
    return {"metavar": _METAVARS.get(_plain(field.kind), "VALUE"), "help": said}


def _plain(kind: Any) -> Any:
    return typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind


def _entries(text: str) -> list[str]:
    return [] if text == NONE else text.split(",")


def given(options: argparse.Namespace) -> dict[tuple[str, ...], Any]:
    """Return the fields that were named on the command line, by their paths."""
    found = vars(options).items()
    return {tuple(name.removeprefix(_PREFIX).split(".")): value for name, value in found if name.startswith(_PREFIX)}


def override(arms: Mapping[str, Config], changes: Mapping[tuple[str, ...], Any]) -> dict[str, Config]:
    """Return ``arms`` with ``changes``.

    A change within a section that only some arms have, such as fine-tuning, is for these; if none has the section, all
    get it, and it must be given whole.

    Raises
    ------
    FlagError
        If a value breaks a rule, or two arms end up with one name.
    """
    if not changes:
        return dict(arms)
    told = {name: config.model_dump() for name, config in arms.items()}
    had = {name for data in told.values() for name in data if data[name] is not None}
    changed: dict[str, Config] = {}
    for name, data in told.items():
        lacks = {name for name in data if data[name] is None}
        for path, value in changes.items():
            section = path[0] if len(path) > 1 else _BELONGS.get(path[0])
            if section in had and section in lacks:
                continue
            _put(data, path, value)
        try:
            config = Config.model_validate(data)
        except ValidationError as error:
            raise FlagError(f"arm {name}: {_told(error)}") from error
        if config.arm in changed:
            raise FlagError(f"--arm must name one arm alone; got {config.arm!r} for two: choose one with --arms")
        changed[config.arm] = config
    return changed


def _put(data: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        if data.get(name) is None:
            data[name] = {}
        data = data[name]
    data[path[-1]] = value


def _told(error: ValidationError) -> str:
    first = error.errors()[0]
    names = tuple(str(name) for name in first["loc"] if not isinstance(name, int))
    rule = first["msg"].removeprefix("Value error, ")
    got = f"; got {first['input']!r}" if isinstance(first["input"], str | int | float) else ""
    return f"{flag(names)}: {rule}{got}" if names else rule
