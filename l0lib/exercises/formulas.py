"""Exercises whose answer is a formula or a number: one description each, which also makes the page's own check.

``answers.json`` holds them, written by ``tools/answers.py``. A formula is compared with the right one at points of its
domain, with its edges and both signs; a slip that is known is named.
"""

from __future__ import annotations

import ast
import json
import math
import operator
import random
from collections.abc import Callable, Iterator
from functools import partial
from importlib.resources import files
from itertools import product
from typing import Any

from scipy.special import lambertw


def _lambert_w(x: float) -> float:
    """Return the upper branch of Lambert's W, NaN below -1/e: SciPy has no value at the branch point as stored."""
    if abs(x + 1 / math.e) < 1e-16:
        return -1.0
    return float(lambertw(x).real) if x > -1 / math.e else math.nan


#: What a formula may call.
FUNCTIONS: dict[str, Callable[..., float]] = {
    "W": _lambert_w,
    "abs": abs,
    "ceil": lambda x: float(math.ceil(x)),
    "exp": math.exp,
    "floor": lambda x: float(math.floor(x)),
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "max": max,
    "min": min,
    "sign": lambda x: math.copysign(1.0, x) if x else 0.0,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
}
CONSTANTS = {"e": math.e, "pi": math.pi}
_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def parsed(formula: str) -> ast.expr:
    """Return the tree of a formula such as ``"1 - exp(-beta*abs(w))"``; ``^`` is a power.

    Raises
    ------
    ValueError
        If it is no formula.
    """
    try:
        return ast.parse(formula.replace("^", "**").replace("lambda", "lambda_"), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"formula must be one that can be read; got {formula!r} ({error.msg})") from None


def evaluate(formula: str | ast.expr, values: dict[str, float]) -> float:
    """Return the value of a formula where its symbols have ``values``; NaN where it has none.

    Raises
    ------
    ValueError
        If the formula holds anything but numbers, these symbols, + - * / ^ and :data:`FUNCTIONS`.
    """

    def of(node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number):
                return number
            case ast.Name(id=name) if name.removesuffix("_") in values:
                return values[name.removesuffix("_")]
            case ast.Name(id=name) if name in CONSTANTS:
                return CONSTANTS[name]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](of(left), of(right))
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](of(operand))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
                return FUNCTIONS[name](*map(of, arguments))
        raise ValueError(f"formula must hold numbers, symbols and functions that are known; got {ast.unparse(node)!r}")

    tree = parsed(formula) if isinstance(formula, str) else formula
    try:
        found = of(tree)
        return float(found) if not isinstance(found, complex) else math.nan
    except (ZeroDivisionError, OverflowError):
        return math.nan
    except ValueError as error:
        if "domain" in str(error) or "positive" in str(error) or "nonnegative" in str(error):
            return math.nan
        raise


def points(exercise: dict[str, Any], count: int = 40, seed: int = 1) -> list[dict[str, float]]:
    """Return points of an exercise's domain: ``count`` at random, then some at each edge in turn.

    A number exercise has every choice of its values, or from ``count`` of them on, less than twice as many, spread over
    all; the printed ones first.
    """
    symbols = exercise["symbols"]
    if exercise["kind"] == "number":
        choices = list(product(*(symbol["values"] for symbol in symbols.values())))
        return [dict(zip(symbols, chosen, strict=True)) for chosen in choices[:: max(1, len(choices) // count)]]
    chance = random.Random(seed)
    found: list[dict[str, float]] = []

    def one(symbol: dict[str, Any]) -> float:
        if "values" in symbol:
            return chance.choice(symbol["values"])
        low, high = symbol["from"], symbol["to"]
        wide = low > 0 and high / low > 20
        x = low * (high / low) ** chance.random() if wide else low + (high - low) * chance.random()
        return round(x) if symbol.get("whole") else x

    def keep(**fixed: float) -> None:
        point = {name: one(symbol) for name, symbol in symbols.items()} | fixed
        if all(point[name] not in symbol.get("not", ()) for name, symbol in symbols.items()) and all(
            evaluate(condition, point) > 0 for condition in exercise.get("where", ())
        ):
            found.append(point)

    tries = 0
    while len(found) < count and tries < 50 * count:
        keep()
        tries += 1
    for name, symbol in symbols.items():
        if "values" in symbol:
            continue
        inside = symbol["from"] < 0 < symbol["to"]
        for at in (symbol["from"], symbol["to"], *((0.0,) if inside else ()), *symbol.get("edges", ())):
            for _ in range(6):
                keep(**{name: at})
    return found


def _float(answer: Any) -> float:
    found = float(answer)
    return found if math.isfinite(found) else math.nan


def hints(exercise: dict[str, Any], answer: Any, seed: int = 1) -> Iterator[str]:
    """Yield a hint for each thing that is not right yet; ``answer`` is a number, or a function of the symbols.

    ``seed`` draws the points at which a function is tried.
    """
    symbols = exercise["symbols"]
    if exercise["kind"] == "number":
        at = [{name: symbol["values"][0] for name, symbol in symbols.items()}]
        got = [_float(answer)]
    else:
        if not callable(answer):
            yield f"write a function of {', '.join(symbols)}; got {type(answer).__name__}"
        at = [p for p in points(exercise, seed=seed) if math.isfinite(evaluate(exercise["answer"], p))]
        got = [_float(answer(*p.values())) for p in at]
    want = [evaluate(exercise["answer"], p) for p in at]
    floor = 1e-6 * sorted(map(abs, want))[len(want) // 2]

    def equal(one: float, other: float) -> bool:
        return abs(one - other) <= exercise["tolerance"] * max(abs(one), abs(other), floor)

    wrong = [i for i in range(len(at)) if not equal(got[i], want[i])]
    if not wrong:
        return
    for slip in exercise["slips"]:
        other = [evaluate(slip["answer"], p) for p in at]
        if all(equal(a, b) or (math.isnan(a) and math.isnan(b)) for a, b in zip(got, other, strict=True)):
            yield slip["says"]
    if all(equal(-a, b) for a, b in zip(got, want, strict=True)):
        yield "look at the sign"
    if exercise["kind"] == "number":
        yield "it is too small" if got[0] < want[0] else "it is too large"
    first = wrong[0]
    told = ", ".join(f"{name} = {x:.4g}" for name, x in at[first].items())
    yield f"at {told} yours is {got[first]:.4g}, and it should be {want[first]:.4g}"


#: The exercises by number, as a chapter prints it.
EXERCISES: dict[str, dict[str, Any]] = json.loads(files(__package__).joinpath("answers.json").read_text("utf-8"))
CHECKS: dict[str, Callable[[Any], Iterator[str]]] = {
    number: partial(hints, exercise) for number, exercise in EXERCISES.items()
}
