"""Settings that a person chooses in a file: TOML, by the names and within the bounds of `pipeline.settings`."""

import re
import tomllib
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import msgspec

from pipeline.errors import UserError
from pipeline.settings import Settings

S = TypeVar("S")


def read_settings(path: Path) -> Settings:
    """The settings of a file; what it does not name stays as it is.

    Raises
    ------
    UserError
        One sentence that names the file, the setting and its value, where there is no such setting, or its value is
        none.
    """
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no TOML: {error}") from None
    return _chosen(Settings, given, path, "")


def changed(settings: Any, usual: Any = None, table: str = "") -> list[str]:
    """The settings that are not as shipped, as they would stand in a file, in order.

    Examples
    --------
    >>> from pipeline.settings import Fusing, Judging
    >>> changed(Settings(judging=Judging(detector="burst"), fusing=Fusing(confirm=0.5)))
    ['judging.detector = "burst"', 'fusing.confirm = 0.5']
    """
    usual, found = type(settings)() if usual is None else usual, []
    for one in fields(settings):
        name, value, own = f"{table}{one.name}", getattr(settings, one.name), getattr(usual, one.name)
        if is_dataclass(value):
            found += changed(value, own, f"{name}.")
        elif isinstance(value, dict):
            keys = [key for key, its in value.items() if key not in own or own[key] != its]
            found += [f"{name}.{_key(key)} = {_written(value[key])}" for key in keys]
        elif value != own:
            found.append(f"{name} = {_written(value)}")
    return found


def _key(text: str) -> str:
    """A key of TOML, quoted where it must be."""
    return text if re.fullmatch(r"[\w-]+", text) else _written(text)


def _chosen(cls: type[S], given: dict[str, Any], path: Path, table: str) -> S:
    """The settings of one table of the file, ``""`` for its head."""
    kinds = get_type_hints(cls, include_extras=True)
    usual, chosen = cls(), {}
    for name, value in given.items():
        whole = f"{table}.{name}" if table else name
        if name not in kinds:
            raise UserError(f"{path}: there is no setting {whole!r}, only {', '.join(kinds)}")
        chosen[name] = _value(kinds[name], value, getattr(usual, name), path, whole)
    try:
        return cls(**chosen)
    except ValueError as error:
        raise UserError(f"{path}: {table}: {error}") from None


def _value(kind: Any, value: Any, usual: Any, path: Path, name: str) -> Any:
    is_table = is_dataclass(usual)
    if not is_table and not isinstance(usual, dict):
        return _converted(kind, value, f"{path}: {name} = {_written(value)}")
    if not isinstance(value, dict):
        raise UserError(f"{path}: {name} = {_written(value)}: wanted a table of settings")
    if is_table:
        return _chosen(kind, value, path, name)
    chosen = dict(usual)
    for key, one in value.items():
        chosen |= _converted(kind, {key: one}, f"{path}: {name}.{key} = {_written(one)}")
    return chosen


def _converted(kind: Any, value: Any, place: str) -> Any:
    try:
        return msgspec.convert(value, kind, str_keys=True)
    except msgspec.ValidationError as error:
        wanted = str(error).partition(" - at")[0].replace("`", "").replace("Expected", "wanted")
        if one_of := re.search(r"matching regex '\^\((.*)\)\$'", wanted):
            wanted = f"wanted one of {one_of[1].replace('|', ', ')}"
        raise UserError(f"{place}: {wanted}") from None


def _written(value: Any) -> str:
    """A value about as it stands in the file."""
    return repr(value) if isinstance(value, float) else msgspec.json.encode(value).decode()


def chosen(path: Path | None, silence: int | None = None) -> Settings:
    """The settings of a file, or those that stand; ``silence`` [s] wins over both."""
    settings = Settings() if path is None else read_settings(path)
    if silence is None:
        return settings
    if silence <= 0:
        raise UserError(f"--silence {silence!r} is not a number of seconds above 0")
    return replace(settings, silence=silence)
