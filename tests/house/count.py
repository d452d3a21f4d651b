"""How much decides, against the bounds of the model: ``make count``.  With ``--list`` each literal and its line."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from detectors.model import Model
from tests.house.tree import files, text

DECIDING = (
    "detectors/chain.py", "detectors/common_mode.py", "detectors/daily.py", "detectors/expectation.py",
    "detectors/levels.py", "detectors/model.py", "detectors/predictive.py", "detectors/stuck.py",
    "detectors/waiting.py", "pipeline/fusion", "pipeline/judge",
)  # fmt: skip
"""Files and folders of the code that decides what is out."""

DECIDES_NOTHING = ("pipeline/fusion/likeness.py",)
"""What it looks like that was decided."""

MOST_LINES, MOST_PARAMETERS = 3_000, 45
"""The bounds of the model: lines, docstrings included, and its parameters with the literals in expressions."""

SHAPES = {"arange": 9, "empty": 9, "eye": 9, "full": 1, "lru_cache": 9, "ones": 9, "range": 9, "repeat": 9,
          "reshape": 9, "tile": 9, "transpose": 9, "zeros": 9}  # fmt: skip
"""Calls of which the first so many arguments are shapes or positions; ``arange`` only where all of them are whole."""

POSITIONS = {"axis", "columns", "maxsize", "minlength", "shape"}
"""Keywords of shapes and positions."""

UNITS = (24, 60, 3600)
"""Hours of a day, seconds of a minute and of an hour: as factors they decide nothing; nor does 7 with a day."""


def deciding() -> list[Path]:
    """The modules that decide."""
    found = [path for path in files(".py") if {str(part) for part in (path, *path.parents)} & set(DECIDING)]
    return [path for path in found if str(path) not in DECIDES_NOTHING]


def constants(module: ast.Module) -> Iterator[str]:
    """Names in capitals to which a module gives a number, or several."""
    for line in module.body:
        if any(_number(part) is not None for part in ast.walk(line)):
            yield from _capitals(line)


def _capitals(line: ast.stmt) -> list[str]:
    """The names in capitals to which a line gives a value."""
    if not isinstance(line, ast.Assign | ast.AnnAssign) or line.value is None:
        return []
    targets = line.targets if isinstance(line, ast.Assign) else [line.target]
    return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and n.id.isupper()]


class Literal(NamedTuple):
    """A number in an expression."""

    line: int
    value: float


def literals(module: ast.Module) -> Iterator[Literal]:
    """Numbers in the expressions of a module, in order.

    Not those of constants and of `Model`, which are counted by themselves; types; subscripts, keys, ranges, shapes and
    axes; factors of units; 0, 1 and -1; 2 but in comparisons; a half in arithmetic; and ``swept``, the values that an
    evaluation tries.

    Examples
    --------
    >>> source = "def f(x): return 2 * x / 3600 + np.zeros((4, 4))[:, 3:] + 0.3 * max(x, -7.5) > 0.5"
    >>> [literal.value for literal in literals(ast.parse(source))]
    [0.3, -7.5, 0.5]
    """
    for line in module.body:
        if not _capitals(line):
            yield from sorted(_literals(line), key=attrgetter("line"))


def _literals(node: ast.AST) -> Iterator[Literal]:
    value = _number(node)
    if value is not None:
        if abs(value) not in (0, 1):
            yield Literal(node.lineno, value)  # type: ignore[attr-defined]
        return
    for part in _parts(node):
        yield from _literals(part)


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node in which a number may decide."""
    match node:
        case ast.ClassDef(name=Model.__name__) | ast.AnnAssign(target=ast.Name(id="swept")):
            return
        case ast.AnnAssign():
            yield from [node.value] if node.value else []
        case ast.arg():
            return
        case ast.FunctionDef():
            yield from (node.args, *node.decorator_list, *node.body)
        case ast.Subscript():
            yield node.value
        case ast.BinOp():
            sides = ((node.left, node.right), (node.right, node.left))
            yield from (side for side, other in sides if not _is_plain(side, node.op, other))
        case ast.Dict():
            yield from node.values
        case ast.comprehension() | ast.For() if _is_range(node.iter):
            yield from node.ifs if isinstance(node, ast.comprehension) else (*node.body, *node.orelse)
        case ast.AugAssign():
            yield from [node.target] if _is_plain(node.value, node.op, node.target) else [node.target, node.value]
        case ast.Call():
            yield from (node.func, *_arguments(node))
        case _:
            yield from ast.iter_child_nodes(node)


def _is_range(node: ast.AST) -> bool:
    """Whether it is a tuple of numbers that follow each other, as in a range."""
    values = [_number(one) for one in node.elts] if isinstance(node, ast.Tuple) else []
    first = values[0] if values else None
    return first is not None and values == [first + i for i in range(len(values))]


def _arguments(call: ast.Call) -> Iterator[ast.AST]:
    """The arguments of a call without those that are shapes or positions."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    first = SHAPES.get(name, 0)
    if name == "arange" and any(isinstance(_number(one), float) for one in call.args):
        first = 0
    yield from (one for one in call.args[first:] if _number(one) != 2)
    yield from (one.value for one in call.keywords if one.arg not in POSITIONS)


def _is_plain(side: ast.AST, op: ast.operator, other: ast.AST) -> bool:
    """Whether an operand is a half or two, or the factor of a unit."""
    value = _number(side)
    if value is None or abs(value) in (0.5, 2):
        return value is not None
    days = {n.id for n in ast.walk(other) if isinstance(n, ast.Name)} | {_number(n) for n in ast.walk(other)}
    is_factor = isinstance(op, ast.Mult | ast.Div | ast.FloorDiv | ast.Mod)
    return is_factor and (value in UNITS or (value == 7 and bool(days & {"DAY", 24})))


def parameters(settings: type) -> Iterator[str]:
    """Numbers of a settings class, one by one."""
    for one in fields(settings):
        value: Any = one.default if one.default_factory is MISSING else one.default_factory()
        many = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
        yield from (one.name for each in many if _is_number(each))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(node: ast.AST) -> float | None:
    """The number that a node is, with its sign; None where it is none."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _number(node.operand)
        return None if value is None else -value
    return node.value if isinstance(node, ast.Constant) and _is_number(node.value) else None  # type: ignore[return-value]


def found() -> list[tuple[Path, Literal]]:
    """The literals in the expressions of the modules that decide."""
    return [(path, literal) for path in deciding() for literal in literals(ast.parse(text(path)))]


def lines() -> int:
    """How many lines the modules that decide have."""
    return sum(len(text(path).splitlines()) for path in deciding())


def main() -> int:
    """Print the counts, and with ``--list`` each literal; 1 where one passes a bound."""
    capitals = sum(1 for path in deciding() for _ in constants(ast.parse(text(path))))
    numbers, inside = len(list(parameters(Model))), found()
    if "--list" in sys.argv[1:]:
        sys.stdout.writelines(f"{path}:{literal.line} {literal.value}\n" for path, literal in inside)
    sys.stdout.write(
        f"{len(deciding())} modules, {lines():,} lines (at most {MOST_LINES:,}), {capitals} module constants, "
        f"{numbers} parameters and {len(inside)} literals in expressions (together at most {MOST_PARAMETERS})\n"
    )
    return int(lines() > MOST_LINES or numbers + len(inside) > MOST_PARAMETERS)


if __name__ == "__main__":
    sys.exit(main())
