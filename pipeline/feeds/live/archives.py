"""MRT archives of RIPE RIS and RouteViews: which files cover a window."""

from datetime import UTC, datetime
from typing import NamedTuple

HOUR = 3600


class Archive(NamedTuple):
    """A project's files of a collector: base ``url``, their paths as `strftime` has them, and their steps [s].

    A file of updates has ``[name, name + step)``; a table is that of its name.
    """

    url: str
    table: str
    updates: str
    table_step: int
    step: int


class File(NamedTuple):
    """A file of an archive that covers ``[start, end)`` [s]; of a table, both are the time of the table."""

    url: str
    name: str
    collector: str
    start: int
    end: int


RIS = Archive(
    "https://data.ris.ripe.net", "{}/%Y.%m/bview.%Y%m%d.%H%M.gz", "{}/%Y.%m/updates.%Y%m%d.%H%M.gz", 8 * HOUR, 300
)
ROUTE_VIEWS = Archive(
    "https://archive.routeviews.org", "{}/bgpdata/%Y.%m/RIBS/rib.%Y%m%d.%H%M.bz2",
    "{}/bgpdata/%Y.%m/UPDATES/updates.%Y%m%d.%H%M.bz2", 2 * HOUR, 900,
)  # fmt: skip


def archive_of(collector: str) -> Archive:
    """The archive of a collector: RIS calls its own rrc00, rrc01 and so on, RouteViews has all others."""
    return RIS if collector.startswith("rrc") else ROUTE_VIEWS


def tables(archive: Archive, collector: str, until: int, many: int = 1) -> list[File]:
    """The newest tables at or before ``until`` [s], the newest first.

    Examples
    --------
    >>> [file.name for file in tables(RIS, "rrc00", 1707350400 - 1, many=2)]
    ['rrc00.bview.20240207.1600.gz', 'rrc00.bview.20240207.0800.gz']
    """
    newest = until // archive.table_step * archive.table_step
    times = [newest - i * archive.table_step for i in range(many)]
    return [_file(archive, archive.table, collector, time, time) for time in times]


def updates(archive: Archive, collector: str, start: int, end: int) -> list[File]:
    """The files that have the updates of ``[start, end)`` [s], in order.

    Examples
    --------
    >>> first, second = updates(ROUTE_VIEWS, "route-views2", 1707350400, 1707350400 + 901)
    >>> first.url
    'https://archive.routeviews.org/route-views2/bgpdata/2024.02/UPDATES/updates.20240208.0000.bz2'
    >>> second.name
    'route-views2.updates.20240208.0015.bz2'
    """
    first, step = start // archive.step * archive.step, archive.step
    return [_file(archive, archive.updates, collector, time, time + step) for time in range(first, end, step)]


def _file(archive: Archive, path: str, collector: str, start: int, end: int) -> File:
    written = datetime.fromtimestamp(start, UTC).strftime(path.format(collector))
    name = f"{collector}.{written.rpartition('/')[2]}"
    return File(f"{archive.url}/{written}", name, collector, start, end)
