"""Writes what a person asked for: whole, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import UserError


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name once it is whole: a full disk leaves what was there before.

    What is no ordinary file (a pipe, a terminal) is written to as it is.

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
    ordinary = path.is_file() or not path.exists()
    target = path.resolve()  # a link stays one
    part = target.with_name(target.name + ".part") if ordinary else target
    try:
        with part.open("wb") as file:
            yield file
        if ordinary:
            part.replace(target)
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be written: {error.strerror}") from None
    finally:
        if ordinary:
            part.unlink(missing_ok=True)
