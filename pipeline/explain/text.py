"""Times, durations, names and kinds of outages in plain words."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from pipeline.codec import iso
from pipeline.errors import gave_up, refuses
from pipeline.geo.countries import clock, country_name, has_zone
from pipeline.geo.homes import placed
from pipeline.records import DeadLetter, Entity, Places

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Not ``strftime``: its names follow the machine's locale, and a notification must not."""

KIND_WORDS = {
    "blackout": "half of it down or more, and routes fell too",
    "stealth": "mostly gone although its routes stand",
    "mobile": "mobile networks down",
    "partial": "partly cut off",
    "platform": "online services blocked",
    "throttle": "slowed down",
    "unknown": "connectivity down",
}

SERVICES = {
    "facebook": "Facebook",
    "facebook_messenger": "Facebook Messenger",
    "instagram": "Instagram",
    "psiphon": "Psiphon",
    "signal": "Signal",
    "telegram": "Telegram",
    "tor": "Tor",
    "twitter": "X",
    "whatsapp": "WhatsApp",
    "x": "X",
    "youtube": "YouTube",
}


def utc_text(time: int) -> str:
    """A time [s] in UTC, in words."""
    return _text(datetime.fromtimestamp(time, UTC)) + " UTC"


def local_text(time: int, zone: tzinfo) -> str:
    """A time [s] by the clock on the wall there, with its distance from UTC."""
    there = datetime.fromtimestamp(time, zone)
    return f"{_text(there)} ({offset(there.utcoffset())})"


def _text(at: datetime) -> str:
    return f"{DAYS[at.weekday()]} {at.day} {MONTHS[at.month - 1]} {at.year}, {at.hour:02}:{at.minute:02}"


def offset(distance: timedelta | None) -> str:
    """How far a clock is from UTC: ``UTC+5:45``."""
    minutes = int((distance or timedelta()).total_seconds()) // 60
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02}" if rest else "")


def chance_text(probability: float) -> str:
    """A share that is not rounded up: nothing is certain."""
    return ">99%" if probability > 0.99 else f"{int(100 * probability + 1e-6)}%"


def lasting(duration: int) -> str:
    """A duration [s] in words, to the minute."""
    hours, minutes = divmod(max(0, duration) // 60, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "day"), (hours, "hour"), (minutes if not days else 0, "minute")]
    said = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in parts if n]
    return " ".join(said) or "less than a minute"


def counted(number: int, word: str) -> str:
    """So many of something."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def damage(letters: Sequence[DeadLetter], few: int) -> Iterator[str]:
    """The first dead letter of each of ``few`` reasons, and how many more there are; not of what gave a file up."""
    reasons: dict[tuple[str, str], list[DeadLetter]] = {}
    for letter in letters:
        if not gave_up(letter.reason):
            reasons.setdefault((letter.feed, letter.reason), []).append(letter)
    for own in list(reasons.values())[:few]:
        said = f"{own[0].feed}: {own[0].reason} at {own[0].place}: {own[0].detail}"
        yield f"dead letters: {said}; and {len(own) - 1:,} more such" if own[1:] else f"dead letter: {said}"
    if rest := list(reasons.values())[few:]:
        yield f"and {sum(map(len, rest)):,} dead letters for {counted(len(rest), 'other reason')}"


def given_up(letters: Sequence[DeadLetter]) -> Iterator[str]:
    """Where files were given up."""
    for letter in letters:
        if gave_up(letter.reason):
            yield f"Gave up at {letter.place}: {letter.detail}. What was not read may hold an outage: no all-clear."


def refused(letters: Sequence[DeadLetter]) -> Iterator[str]:
    """How many rows were refused by a name."""
    rows = sum(refuses(letter.reason) for letter in letters)
    if rows:
        whose = "was refused by the name of its" if rows == 1 else "were refused by the names of their"
        yield f"{counted(rows, 'row')} {whose} series. A series that was not read may hold an outage: no all-clear."


def utc(time: int) -> str:
    """UTC time for a table."""
    return iso(time)[:16].replace("T", " ")


def until(start: int, end: int) -> str:
    """An end in UTC beside its start, without what of its date is the same."""
    first, last = utc(start), utc(end)
    return last[11:] if first[:10] == last[:10] else last[5:] if first[:4] == last[:4] else last


EXACT = 3600
"""A time that is known to so much is exactly known, to people [s]."""


def is_exact(between: tuple[int, int] | None) -> bool:
    """Whether a turn was seen, and to an hour.

    Examples
    --------
    >>> is_exact((0, 600)), is_exact((0, 7200)), is_exact((600, 600)), is_exact(None)
    (True, False, False, True)
    """
    return between is None or 0 < between[1] - between[0] <= EXACT


def dated(time: int, between: tuple[int, int] | None, beside: int | None = None) -> str:
    """A time [s] in UTC, with the times between which it lies; short ``beside`` another one.

    Examples
    --------
    >>> dated(1707357600, (1707357000, 1707358500)), dated(1707357600, (1707357600, 1707357600), 1707350000)
    ('2024-02-08 02:00 UTC (between 01:50 and 02:15)', '02-08 02:00 UTC (not seen to turn)')
    """
    said = f"{utc(time) if beside is None else until(beside, time)} UTC"
    if between is None:
        return said
    low, high = between
    return f"{said} ({f'between {until(time, low)} and {until(time, high)}' if low < high else 'not seen to turn'})"


def clocks(start: int, end: int | None, country: str) -> str:
    """Onset and end by local time, with a date where it differs from that in UTC; '' without a local time.

    Examples
    --------
    >>> clocks(1707357600, 1707420000, "PK"), clocks(1711843200, 1711850400, "DE"), clocks(1707357600, None, "US")
    ('07:00–02-09 00:20', '01:00 (UTC+1)–04:00 (UTC+2)', 'several clocks')
    """
    times = [time for time in (start, end) if time is not None]
    zones = [clock(country, time) for time in times]
    there = [datetime.fromtimestamp(time, zone) for time, zone in zip(times, zones, strict=True) if zone]
    if len(there) < len(times):
        return "several clocks" if has_zone(country) else ""
    dates = [utc(start)[:10], *(f"{at:%Y-%m-%d}" for at in there)]
    turned = len({at.utcoffset() for at in there}) > 1
    local = "–".join(
        (f"{at:%m-%d} " if date != before else "") + f"{at:%H:%M}" + (f" ({offset(at.utcoffset())})" if turned else "")
        for at, before, date in zip(there, dates, dates[1:], strict=False)
    )
    return f"since {local}" if end is None else local


def lasted(duration: int) -> str:
    """A duration [s] for a narrow column."""
    hours, minutes = divmod(max(0, duration) // 60, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (0 if days else minutes, "min")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "0 min"


def entity_name(entity: Entity) -> str:
    """What a place is called: ``Zong, AS59257 (Pakistan)``, ``WhatsApp in Pakistan``."""
    own = entity.title
    if own and entity.type == "asn":
        own = f"{own}, {entity.name}"
    country = country_name(entity.country) if entity.country else ""
    if entity.type == "country":
        return own or country_name(entity.name)
    if entity.type == "service":
        service = entity.name.partition(":")[2]
        known = SERVICES.get(service.lower().removeprefix("www.").removesuffix(".com"), service)
        return f"{own or known} in {country}"
    bare = country.replace(" (", ", ").rstrip(")")  # no brackets in brackets: Myanmar (Burma), Korea (North)
    return f"{own or entity.name} ({bare})" if country else own or entity.name


def country_time(time: int, country: str) -> str:
    """A time [s] by the local clock, in words; in UTC, with the reason, where a country has several clocks."""
    zone = clock(country, time)
    if zone is not None:
        return local_text(time, zone)
    return utc_text(time) + (" (local time differs within the country)" if has_zone(country) else "")


def place_name(entity_type: str, entity: str, places: Places) -> str:
    """What a place is called."""
    return entity_name(placed(entity_type, entity, places))
