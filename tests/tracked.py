"""Progress of a long run: a bar in a terminal, otherwise ten lines on standard error."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track

T = TypeVar("T")


def tracked(these: Iterable[T], what: str, of: int) -> Iterator[T]:
    """Each of so many of these."""
    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(these, what, of, console=console, transient=True)
        return
    for done, one in enumerate(these, 1):
        yield one
        if 10 * done // of > 10 * (done - 1) // of:
            sys.stderr.write(f"{what}: {done} of {of}\n")
