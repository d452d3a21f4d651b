"""Times, durations and kinds in plain words: what a desk officer reads in a notification at 3 a.m."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from pipeline.codec import iso
from pipeline.errors import gave_up, refuses
from pipeline.geo.countries import clock, country_name, has_zone
from pipeline.records import DeadLetter, Entity, Places, placed

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
"""What an outage of each kind is called in a sentence."""

SERVICES = {
    "facebook": "Facebook",
    "instagram": "Instagram",
    "signal": "Signal",
    "telegram": "Telegram",
    "tor": "Tor",
    "twitter": "X",
    "whatsapp": "WhatsApp",
    "x": "X",
    "youtube": "YouTube",
}
"""How services write their own names."""


def utc_text(time: int) -> str:
    """A time [s] in UTC, in words.

    Examples
    --------
    >>> utc_text(1707356700)
    'Thu 8 Feb 2024, 01:45 UTC'
    """
    return _text(datetime.fromtimestamp(time, UTC)) + " UTC"


def local_text(time: int, zone: tzinfo) -> str:
    """A time [s] by the clock on the wall there, in words, with its distance from UTC.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> local_text(1707356700, ZoneInfo("Asia/Karachi")), local_text(1707356700, ZoneInfo("Asia/Kathmandu"))
    ('Thu 8 Feb 2024, 06:45 (UTC+5)', 'Thu 8 Feb 2024, 07:30 (UTC+5:45)')
    """
    there = datetime.fromtimestamp(time, zone)
    return f"{_text(there)} ({offset(there.utcoffset())})"


def _text(at: datetime) -> str:
    return f"{DAYS[at.weekday()]} {at.day} {MONTHS[at.month - 1]} {at.year}, {at.hour:02}:{at.minute:02}"


def offset(distance: timedelta | None) -> str:
    """How far a clock is from UTC.

    Examples
    --------
    >>> offset(timedelta(hours=5, minutes=45)), offset(timedelta(hours=-3)), offset(None)
    ('UTC+5:45', 'UTC−3', 'UTC')
    """
    minutes = int((distance or timedelta()).total_seconds()) // 60
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02}" if rest else "")


def chance_text(probability: float) -> str:
    """How sure one is, as a share that is not rounded up: nothing is certain, and what is not confirmed looks not so.

    Examples
    --------
    >>> [chance_text(probability) for probability in (0.949, 0.95, 0.9934)]
    ['94%', '95%', '>99%']
    """
    return ">99%" if probability > 0.99 else f"{int(100 * probability + 1e-6)}%"


def lasting(duration: int) -> str:
    """A duration [s] in words, to the minute.

    Examples
    --------
    >>> lasting(13 * 3600 + 15 * 60), lasting(60), lasting(50 * 3600), lasting(20)
    ('13 hours 15 minutes', '1 minute', '2 days 2 hours', 'less than a minute')
    """
    hours, minutes = divmod(max(0, duration) // 60, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "day"), (hours, "hour"), (minutes if not days else 0, "minute")]
    said = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in parts if n]
    return " ".join(said) or "less than a minute"


def counted(number: int, word: str) -> str:
    """So many of something."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def service_name(service: str) -> str:
    """How a service writes itself."""
    return SERVICES.get(service.lower(), service)


def damage(letters: Sequence[DeadLetter], few: int) -> Iterator[str]:
    """The first dead letter of each reason, and how many more there are like it, of ``few`` reasons; not those that
    gave a file up.

    Examples
    --------
    >>> letters = [DeadLetter("r", "table", "bad-value", f"line {n}", "x") for n in (3, 5, 8)]
    >>> list(damage(letters, 1))
    ['dead letters: table: bad-value at line 3: x; and 2 more such']
    """
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
    """Where files were given up.

    Examples
    --------
    >>> list(given_up([DeadLetter("r", "table", "truncated-line", "line 9", "it breaks off")]))
    ['Gave up at line 9: it breaks off. What was not read may hold an outage: no all-clear.']
    """
    for letter in letters:
        if gave_up(letter.reason):
            yield f"Gave up at {letter.place}: {letter.detail}. What was not read may hold an outage: no all-clear."


def refused(letters: Sequence[DeadLetter]) -> Iterator[str]:
    """How many rows were refused by a name.

    Examples
    --------
    >>> list(refused([DeadLetter("r", "table", "bad-country", "line 9", "Pakistan (wanted a code)")]))
    ['1 row was refused by the name of its series. A series that was not read may hold an outage: no all-clear.']
    """
    rows = sum(refuses(letter.reason) for letter in letters)
    if rows:
        whose = "was refused by the name of its" if rows == 1 else "were refused by the names of their"
        yield f"{counted(rows, 'row')} {whose} series. A series that was not read may hold an outage: no all-clear."


def utc(time: int) -> str:
    """UTC time for a table."""
    return iso(time)[:16].replace("T", " ")


def until(start: int, end: int) -> str:
    """An end in UTC beside its start, without what of its date is the same.

    Examples
    --------
    >>> until(1707357600, 1707404400), until(1707357600, 1707444000), until(1703980800, 1704067200)
    ('15:00', '02-09 02:00', '2024-01-01 00:00')
    """
    first, last = utc(start), utc(end)
    return last[11:] if first[:10] == last[:10] else last[5:] if first[:4] == last[:4] else last


def clocks(start: int, end: int | None, country: str) -> str:
    """Onset and end by local time, with a date where it differs from that in UTC; '' without a local time.

    Examples
    --------
    >>> clocks(1707357600, 1707404400, "PK"), clocks(1707357600, 1707420000, "PK"), clocks(1707357600, None, "PK")
    ('07:00–20:00', '07:00–02-09 00:20', 'since 07:00')
    >>> clocks(1711843200, 1711850400, "DE"), clocks(1707357600, None, "US"), clocks(1707357600, None, "")
    ('01:00 (UTC+1)–04:00 (UTC+2)', 'several clocks', '')
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
    """A duration [s] for a narrow column.

    Examples
    --------
    >>> lasted(13 * 3600 + 15 * 60), lasted(600), lasted(50 * 3600)
    ('13 h 15 min', '10 min', '2 d 2 h')
    """
    hours, minutes = divmod(max(0, duration) // 60, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (0 if days else minutes, "min")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "0 min"


def entity_name(entity: Entity) -> str:
    """What a place is called.

    Examples
    --------
    >>> [entity_name(Entity(*e)) for e in (("country", "PK"), ("asn", "AS59257", "PK"))]
    ['Pakistan', 'AS59257 (Pakistan)']
    >>> entity_name(Entity("asn", "AS59257", "PK", title="Zong")), entity_name(Entity("asn", "AS9988", "MM"))
    ('Zong, AS59257 (Pakistan)', 'AS9988 (Myanmar, Burma)')
    >>> entity_name(Entity("service", "PK:whatsapp", "PK"))
    'WhatsApp in Pakistan'
    """
    own = entity.title
    if own and entity.type == "asn":
        own = f"{own}, {entity.name}"
    country = country_name(entity.country) if entity.country else ""
    if entity.type == "country":
        return own or country_name(entity.name)
    if entity.type == "service":
        return f"{own or service_name(entity.name.partition(':')[2])} in {country}"
    bare = country.replace(" (", ", ").rstrip(")")  # no brackets in brackets: Myanmar (Burma), Korea (North)
    return f"{own or entity.name} ({bare})" if country else own or entity.name


def country_time(time: int, country: str) -> str:
    """A time [s] by the local clock, in words; in UTC, with the reason, where a country has several clocks.

    Examples
    --------
    >>> country_time(1707356700, "PK"), country_time(1707356700, "")
    ('Thu 8 Feb 2024, 06:45 (UTC+5)', 'Thu 8 Feb 2024, 01:45 UTC')
    >>> country_time(1707356700, "US")
    'Thu 8 Feb 2024, 01:45 UTC (local time differs within the country)'
    """
    zone = clock(country, time)
    if zone is not None:
        return local_text(time, zone)
    return utc_text(time) + (" (local time differs within the country)" if has_zone(country) else "")


def place_name(entity_type: str, entity: str, places: Places) -> str:
    """What a place is called."""
    return entity_name(placed(entity_type, entity, places))
