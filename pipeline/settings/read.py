"""Settings that a person chooses in a file: TOML, by the names and within the bounds of `pipeline.settings`."""

import re
import tomllib
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import UserError
from pipeline.settings import Settings


def chosen(path: Path | None, silence: int | None = None) -> Settings:
    """The settings of a file, or the defaults; ``silence`` [s] wins over both."""
    settings = Settings() if path is None else read_settings(path)
    if silence is None:
        return settings
    if silence <= 0:
        raise UserError(f"--silence {silence!r} is not a number of seconds above 0")
    return replace(settings, silence=silence)


def read_settings(path: Path) -> Settings:
    """The settings of a file; what it does not name keeps its default.

    UserError where it cannot be read, or where a setting does not exist or its value is out of its bounds.
    """
    given = read_toml(path)
    try:
        usual = msgspec.to_builtins(Settings(), str_keys=True)
        return msgspec.convert(_over(path, usual, given), Settings, str_keys=True)
    except msgspec.ValidationError as error:
        raise UserError(f"{path}: {sentence(str(error), given)}") from None


def read_toml(path: Path) -> dict[str, Any]:
    """What a file has; UserError where it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no TOML: {error}") from None


def _over(path: Path, usual: dict[str, Any], given: dict[str, Any], table: str = "") -> dict[str, Any]:
    """The ``given`` settings of a file, or of one table of it, laid over the usual ones."""
    over = dict(usual)
    for name, value in given.items():
        if name not in usual:  # msgspec forbids unknown fields of its own structs only
            raise UserError(f"{path}: there is no setting {table + name!r}, only {', '.join(usual)}")
        if isinstance(value, dict) and isinstance(usual[name], dict):
            value = usual[name] | value if table else _over(path, usual[name], value, f"{name}.")
        over[name] = value
    return over


def sentence(error: str, given: dict[str, Any], kind: Any = Settings) -> str:
    """A mistake that msgspec found in a table of a ``kind``, with the setting's name and value as the file has it.

    Examples
    --------
    >>> sentence("Expected `int` >= 0 - at `$.counting.forget`", {"counting": {"forget": -1}})
    'counting.forget = -1: wanted int >= 0'
    """
    wanted, _, place = error.replace("`", "").partition(" - at ")
    name, value = re.sub(r".*\$\.?|\[.*", "", place), given
    if not wanted.startswith("Expected"):
        return f"{name}: {wanted}".removeprefix(": ")
    for part in name.split("."):
        value = value[part]
    if "[...]" in place or "key in" in place:  # msgspec does not say which item
        if isinstance(value, list):
            value = next(one for one in value if _mistake(name, [one], kind) == error)
        else:
            key, value = next((key, one) for key, one in value.items() if _mistake(name, {key: one}, kind) == error)
            name = f"{name}.{_key(key)}"
    if one_of := re.search(r"matching regex '\^\((.*)\)\$'", wanted):
        wanted = f"Expected one of {one_of[1].replace('|', ', ')}"
    for word, plain in (("Expected", "wanted"), ("object", "a table of settings"), ("array", "a list")):
        wanted = wanted.replace(word, plain)
    return f"{name} = {_written(value)}: {wanted}"


def _mistake(name: str, value: Any, kind: Any) -> str:
    """What msgspec says of a file with only this setting."""
    for part in reversed(name.split(".")):
        value = {part: value}
    try:
        msgspec.convert(value, kind, str_keys=True)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def changed(settings: Any, usual: Any = None, table: str = "") -> list[str]:
    """The settings that differ from the defaults, as lines of a file, in order.

    Examples
    --------
    >>> from detectors.model import Model
    >>> changed(Settings(silence=60, model=Model(confirm=0.9)))
    ['model.confirm = 0.9', 'silence = 60']
    """
    usual, found = type(settings)() if usual is None else usual, []
    for one in fields(settings):
        name, value, own = f"{table}{one.name}", getattr(settings, one.name), getattr(usual, one.name)
        if is_dataclass(value):
            found += changed(value, own, f"{name}.")
        elif isinstance(value, dict):
            keys = [key for key, its in value.items() if key not in own or own[key] != its]
            found += [f"{name}.{_key(str(key))} = {_written(value[key])}" for key in keys]
        elif value != own:
            found.append(f"{name} = {_written(value)}")
    return found


def _key(text: str) -> str:
    """A key of TOML, quoted where it must be."""
    return text if re.fullmatch(r"[\w-]+", text) else _written(text)


def _written(value: Any) -> str:
    """A value about as the file has it."""
    return repr(value) if isinstance(value, float) else msgspec.json.encode(value).decode()
