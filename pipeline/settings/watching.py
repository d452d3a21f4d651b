"""What is watched, chosen in ``watch.toml``: countries, the days that matter, networks and services."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from pipeline.errors import UserError, few
from pipeline.geo.countries import is_country, not_a_country, zones
from pipeline.records import Entity
from pipeline.settings import Settings
from pipeline.settings.bounded import DAY_KINDS
from pipeline.settings.read import read_toml, sentence

EXAMS = "exams"
"""A kind of day without a factor: no source says by how much exams make a shutdown likelier."""

WatchedDay = Annotated[str, Meta(pattern=f"^({'|'.join((*DAY_KINDS, EXAMS))})$")]
Local = Annotated[datetime, Meta(tz=False)]

WORDS = (
    ("networks", r"AS[1-9][0-9]{0,9}", "AS and a number, as AS59257"),
    ("mobile", r"AS[1-9][0-9]{0,9}", "AS and a number, as AS59257"),
    ("services", r"[a-z0-9][a-z0-9_.-]{0,62}", "a test of OONI or a domain, as whatsapp or x.com"),
    ("receiver", r"[A-Za-z0-9_-]{0,64}", "a name of letters, digits, '_' and '-'"),
)
"""What a word has to be, by its key."""

KEPT = timedelta(days=7)
"""A watch with a window and without a day of its own on which it expires goes on for so long after the window."""


@dataclass(frozen=True)
class Watch:
    """A country that is watched, and the days that matter there.

    ``start``, ``end``: a window by the local clock of ``zone``; without it the country is watched until told
    otherwise.  ``day``: what its days are.  ``networks``: none for all that are known of the country; ``mobile``: those
    of them that are mobile though the table of networks does not say so.  ``services``: OONI tests and domains.
    ``receiver``: whom Alertmanager is to tell; ``notify``: whom ``netvigil watch`` is.  ``expires``: the first local
    day on which it is not watched any more.
    """

    country: str = ""
    name: str = ""
    start: Local | None = None
    end: Local | None = None
    zone: str = ""
    day: WatchedDay | None = None
    networks: tuple[str, ...] = ()
    mobile: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    receiver: str = ""
    notify: tuple[str, ...] = ()
    expires: date | None = None

    def __post_init__(self) -> None:
        if not is_country(self.country):
            raise ValueError(f'country = "{self.country}": {not_a_country(self.country)}')
        if (self.start is None) != (self.end is None):
            raise ValueError(f"{'end' if self.end is None else 'start'} is missing: a window has both")
        if self.start is None or self.end is None:
            if self.zone or self.day:
                raise ValueError(f"{'zone' if self.zone else 'day'} needs a window: start and end are missing")
        elif not self.start < self.end:
            raise ValueError(f"end = {self.end} is not after start = {self.start}")
        elif not self.zone:
            raise ValueError("zone is missing: start and end are local times, as of Asia/Karachi")
        else:
            self._check_zone(self.start)
            if self.expires is not None and self.expires <= self.end.date():
                raise ValueError(f"expires = {self.expires} is not after the window's last day, {self.end.date()}")
        for key, pattern, example in WORDS:
            for word in [value] if isinstance(value := getattr(self, key), str) else value:
                if not re.fullmatch(pattern, word):
                    raise ValueError(f'{key} = "{word}": wanted {example}')
        if strangers := [name for name in self.mobile if self.networks and name not in self.networks]:
            raise ValueError(f'mobile = "{strangers[0]}": it is none of the networks')

    def _check_zone(self, start: datetime) -> None:
        own = [ZoneInfo(name) for name in zones(self.country)]
        try:
            given = ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f'zone = "{self.zone}": there is no such IANA zone, as Asia/Karachi') from None
        if own and start.replace(tzinfo=given).utcoffset() not in {start.replace(tzinfo=z).utcoffset() for z in own}:
            raise ValueError(f'zone = "{self.zone}": that is no clock of {self.country} ({own[0].key})')

    @property
    def window(self) -> tuple[int, int] | None:
        """The window in UTC [s]."""
        if self.start is None or self.end is None:
            return None
        start, end = (int(at.replace(tzinfo=ZoneInfo(self.zone)).timestamp()) for at in (self.start, self.end))
        return start, end

    @property
    def until(self) -> float:
        """When it expires [s]; infinite without a window and a day."""
        if self.expires is not None:
            return datetime.combine(self.expires, time(), self.clock).timestamp()
        return float("inf") if self.end is None else (self.end.replace(tzinfo=self.clock) + KEPT).timestamp()

    @property
    def clock(self) -> ZoneInfo:
        """The zone of its local times."""
        return ZoneInfo(self.zone or next(iter(zones(self.country)), "UTC"))

    def is_on(self, now: float) -> bool | None:
        """Whether its time is there (True), to come (False), or over (None).

        Examples
        --------
        >>> watch = Watch("PK", "", datetime(2024, 2, 8, 8), datetime(2024, 2, 8, 17), "Asia/Karachi", "election")
        >>> watch.window, [watch.is_on(now) for now in (1707361199, 1707361200, 1707998400)]
        ((1707361200, 1707393600), [False, True, None])
        """
        if now >= self.until:
            return None
        return self.window is None or now >= self.window[0]

    def days(self) -> list[str]:
        """The local days of the window, as settings of the calendar name them: ``PK 2024-02-08``."""
        if self.start is None or self.end is None:
            return []
        first, last = self.start.date(), (self.end - timedelta(microseconds=1)).date()
        return [f"{self.country} {first + timedelta(days=n)}" for n in range((last - first).days + 1)]


def read_watches(path: Path, now: float) -> tuple[list[Watch], list[str]]:
    """The watches of a file that are on or to come at ``now`` [s], and a sentence for each that is over.

    UserError where it cannot be read, a value is wrong, or none is left.
    """
    given = read_toml(path)
    listed = given.pop("watch", None)
    if given:
        raise UserError(f"{path}: there is no table {next(iter(given))!r}, only [[watch]]")
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        raise UserError(f"{path}: wanted one or more tables [[watch]]")
    watches = [_read(f"{path}, watch {place}", one) for place, one in enumerate(listed, 1)]
    left = [watch for watch in watches if watch.is_on(now) is not None]
    over = [
        f"{path}: the watch of {watch.country}{watch.name and ', '}{watch.name} expired on "
        f"{datetime.fromtimestamp(watch.until, watch.clock):%Y-%m-%d}: it is left out"
        for watch in watches
        if watch not in left
    ]
    if not left:
        raise UserError(f"{few(over)}; nothing is left to watch: set expires to a day to come")
    return left, over


def _read(place: str, given: dict[str, object]) -> Watch:
    names = [field.name for field in fields(Watch)]
    if strange := [name for name in given if name not in names]:
        raise UserError(f"{place}: there is no {strange[0]!r}, only {', '.join(names)}")
    try:
        return msgspec.convert(given, Watch)
    except msgspec.ValidationError as error:
        said = sentence(str(error), given, Watch).replace(" | null", "")
        raise UserError(f"{place}: {said}") from None


def with_days(settings: Settings, watches: Iterable[Watch]) -> Settings:
    """The settings with the days of the watches, on which an outage is likelier; what the settings say of one wins.

    Examples
    --------
    >>> watch = Watch("PK", "", datetime(2024, 2, 8, 8), datetime(2024, 2, 9), "Asia/Karachi", "election")
    >>> with_days(Settings(), [watch]).calendar.days
    {'PK 2024-02-08': 'election'}
    """
    days = {day: watch.day for watch in watches if watch.day and watch.day != EXAMS for day in watch.days()}
    return replace(settings, calendar=replace(settings.calendar, days=days | settings.calendar.days))


def networks(watches: Sequence[Watch], known: Iterable[Entity]) -> tuple[Entity, ...]:
    """The networks that are watched, with what is ``known`` of them.

    Examples
    --------
    >>> table = [Entity("asn", "AS1", "PK", False, "One"), Entity("asn", "AS2", "PK", True, "Two")]
    >>> [one.name for one in networks([Watch("PK")], table)]
    ['AS1', 'AS2']
    >>> [(one.name, one.mobile) for one in networks([Watch("PK", networks=("AS1", "AS3"), mobile=("AS3",))], table)]
    [('AS1', False), ('AS3', True)]
    """
    table = {entity.name: entity for entity in known}
    found: dict[str, Entity] = {}
    for watch in watches:
        for name in watch.networks or [e.name for e in table.values() if e.country == watch.country]:
            entity = found.get(name) or table.get(name, Entity("asn", name, watch.country))
            found[name] = entity._replace(mobile=entity.mobile or name in watch.mobile)
    return tuple(found.values())


def countries(watches: Iterable[Watch]) -> tuple[str, ...]:
    """The countries that are watched, each once."""
    return tuple(dict.fromkeys(watch.country for watch in watches))


def services(watches: Iterable[Watch]) -> tuple[str, ...]:
    """The services that are asked for, each once."""
    return tuple(dict.fromkeys(service for watch in watches for service in watch.services))
