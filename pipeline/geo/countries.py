"""What is known of a country: its name, its time zones and local time."""

from datetime import date, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

MAIN_ZONES = {
    "AR": "America/Argentina/Buenos_Aires", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo",
    "CA": "America/Toronto", "CD": "Africa/Kinshasa", "CL": "America/Santiago", "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia", "DE": "Europe/Berlin", "EC": "America/Guayaquil", "ES": "Europe/Madrid",
    "FM": "Pacific/Pohnpei", "GL": "America/Nuuk", "ID": "Asia/Jakarta", "KI": "Pacific/Tarawa",
    "KZ": "Asia/Almaty", "MH": "Pacific/Majuro", "MN": "Asia/Ulaanbaatar", "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur", "NZ": "Pacific/Auckland", "PF": "Pacific/Tahiti", "PG": "Pacific/Port_Moresby",
    "PS": "Asia/Gaza", "PT": "Europe/Lisbon", "RU": "Europe/Moscow", "UA": "Europe/Kyiv", "UM": "Pacific/Wake",
    "US": "America/New_York", "UZ": "Asia/Tashkent", "XK": "Europe/Belgrade",
}  # fmt: skip
"""Countries of several zones: that of most people, or of the government."""

APART = {("UA", "Europe/Simferopol")}  # zones that keep the clock of another country, which occupies them

OTHER_CODES = {"UK": "GB", "EL": "GR"}  # codes that the European Union writes for these


def _table(name: str) -> list[list[str]]:
    text = files("tzdata").joinpath("zoneinfo", name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


@cache
def _names() -> dict[str, str]:
    return {row[0]: row[1] for row in _table("iso3166.tab")} | {"XK": "Kosovo"}


@cache
def _zones() -> dict[str, list[str]]:
    """Every zone of each country, that of most people first."""
    zones: dict[str, list[str]] = {code: [zone] for code, zone in MAIN_ZONES.items()}
    for code, _, zone, *_ in _table("zone.tab"):
        if (code, zone) not in APART:
            zones.setdefault(code, []).append(zone)
    return zones


def is_country(code: str) -> bool:
    """Whether a code is of ISO 3166-1, or XK, the code of Kosovo; UK is none."""
    return code in _names()


def not_a_country(word: str) -> str:
    """What is wanted instead of a word that is no code of a country, with the code where that is known.

    Examples
    --------
    >>> not_a_country("Pakistan")
    'wanted a country by its code of ISO 3166, as PK; Pakistan is PK'
    """
    named = [code for code, name in _names().items() if name.lower() == word.lower()]
    code = next(iter(named), OTHER_CODES.get(word.upper()))
    return "wanted a country by its code of ISO 3166, as PK" + (f"; {country_name(code)} is {code}" if code else "")


def every_country() -> tuple[str, ...]:
    """The codes of all countries."""
    return tuple(_names())


def has_zone(country: str) -> bool:
    """Whether any zone of a country is known."""
    return country in _zones()


def zones(country: str) -> list[str]:
    """Names of the zones of a country, that of most people first; none where the country is not known."""
    return list(_zones().get(country, ()))


def checked_day(day: str) -> str:
    """A country and a local date, as ``NL 2024-12-25``; ValueError where it is none."""
    country, _, written = day.partition(" ")
    try:
        is_date = date.fromisoformat(written).isoformat() == written
    except ValueError:
        is_date = False
    if not is_date:
        raise ValueError(f"{day!r}: wanted a country and a day that there is, as NL 2024-12-25")
    if not has_zone(country):
        raise ValueError(f"{day!r}: there is no country {country!r} (its code would be that of ISO 3166, as GB)")
    return day


def clock(country: str, time: int) -> ZoneInfo | None:
    """The zone of a country whose zones all have one clock at a time [s]; None where they differ or none is known.

    Examples
    --------
    >>> clock("PK", 1707356700).key, clock("UA", 1707356700).key, clock("US", 1707356700), clock("", 1707356700)
    ('Asia/Karachi', 'Europe/Kyiv', None, None)
    """
    zones = [ZoneInfo(name) for name in _zones().get(country, ())]
    offsets = {datetime.fromtimestamp(time, zone).utcoffset() for zone in zones}
    return zones[0] if len(offsets) == 1 else None


def country_name(code: str) -> str:
    """Name of a country in English, the code itself where it is not known."""
    return _names().get(code, code)


@cache
def zone(country: str) -> ZoneInfo:
    """The zone of most people of a country; UTC where the country is not known."""
    return ZoneInfo(_zones().get(country, ["UTC"])[0])
