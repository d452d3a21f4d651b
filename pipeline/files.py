"""Writes files whole, or not at all, and keeps folders for one process."""

import errno
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import UserError

IN_PLACE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY})
"""Errors of a directory that takes no new file, or of a mounted file: then the file is written in place."""


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file that replaces the one of that name once it is whole; its permissions stay.  Pipes are written directly.

    UserError where it cannot be written.
    """
    try:
        with _beside(path.resolve()) if _is_ordinary(path) else path.open("wb") as file:  # a link stays one
            yield file
    except OSError as error:
        raise _refusal(path, error) from None


def check_writable(path: Path) -> None:
    """Raise the same `UserError` before the work where possible.  A pipe is not opened: its reader would see an end."""
    try:
        if not _is_ordinary(path):
            if path.is_dir() or not os.access(path, os.W_OK):
                path.open("wb").close()  # which says why it cannot
            return
        is_new, target = not path.exists(), path.resolve()
        target.open("ab").close()
        if is_new:
            target.unlink()  # after a failed replay an empty file would mean "no outages"
    except OSError as error:
        raise _refusal(path, error) from None


def _refusal(path: Path, error: OSError) -> UserError:
    return UserError(f"{str(path)!r} cannot be written: {error.strerror}")


def _is_ordinary(path: Path) -> bool:
    return path.is_file() or not path.exists()


@contextmanager
def _beside(target: Path) -> Iterator[BinaryIO]:
    """A file beside the target that replaces it, or the target itself where the directory takes no file."""
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


@cache
def keep_to_oneself(folder: Path) -> None:
    """Keep a folder for this process until it ends; UserError while another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        way = "give one of them another folder, by --state or XDG_CACHE_HOME"
        raise UserError(f"another netvigil uses {folder}: {way}") from None


def check_not_read(path: Path | None, settings: Path | None) -> None:
    """Raise `UserError` where the output is the settings file."""
    if path and settings and path.exists() and settings.exists() and path.samefile(settings):
        raise UserError(f"{str(path)!r} is the file of the settings: it would be written over")
