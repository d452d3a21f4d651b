"""Writes what a person asked for: whole, or not at all."""

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import UserError

IN_PLACE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY})
"""Where a directory takes no new file, or a file (a mounted one) gives its name to no other, it is written in place."""


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name once it is whole: a full disk leaves what was there before.

    What is no ordinary file (a pipe, a terminal) is written to as it is.  A file keeps who may read it.

    Raises
    ------
    UserError
        It cannot be written; in one sentence, with its name.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "outages.jsonl"
    >>> with written(place) as file:
    ...     _ = file.write(b"one")
    ...     place.exists()
    False
    >>> place.read_bytes()
    b'one'
    """
    try:
        with _beside(path.resolve()) if _is_ordinary(path) else path.open("wb") as file:  # a link stays one
            yield file
    except OSError as error:
        raise _refusal(path, error) from None


def check_writable(path: Path) -> None:
    """Raise the same `UserError` before the work, not after it, where that can be told.

    What is no ordinary file is left alone: who reads a pipe would take its first closing for the end.
    """
    try:
        if not _is_ordinary(path):
            if path.is_dir() or not os.access(path, os.W_OK):
                path.open("wb").close()  # which says why it cannot
            return
        is_new, target = not path.exists(), path.resolve()
        target.open("ab").close()
        if is_new:
            target.unlink()  # an empty file would read as "no outages found" where the replay fails
    except OSError as error:
        raise _refusal(path, error) from None


def _refusal(path: Path, error: OSError) -> UserError:
    return UserError(f"{str(path)!r} cannot be written: {error.strerror}")


def _is_ordinary(path: Path) -> bool:
    return path.is_file() or not path.exists()


@contextmanager
def _beside(target: Path) -> Iterator[BinaryIO]:
    """A file beside it that takes its place; the place itself where nothing may stand beside it."""
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        file = part.open("xb")
    except OSError as error:
        if error.errno not in IN_PLACE or not target.exists():
            raise
        with target.open("wb") as file:
            yield file
        return
    try:
        with file:
            if target.exists():
                shutil.copymode(target, part)
            yield file
        _put(part, target)
    finally:
        part.unlink(missing_ok=True)


def _put(part: Path, target: Path) -> None:
    try:
        part.replace(target)
    except OSError as error:
        if error.errno not in IN_PLACE:
            raise
        shutil.copyfile(part, target)


def check_not_read(path: Path | None, settings: Path | None) -> None:
    """Raise `UserError` where what is to be written is the file of the settings."""
    if path and settings and path.exists() and settings.exists() and path.samefile(settings):
        raise UserError(f"{str(path)!r} is the file of the settings: it would be written over")
