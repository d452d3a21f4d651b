"""What is known of a country: its name, its time zones and local time, how many subdivisions it has."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np

from detectors.base import DAY

QUARTER, WEEK = 900, 7 * DAY

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

_COUNTS = """
AD7 AE7 AF34 AG8 AL12 AM11 AO18 AR24 AT9 AU8 AZ70 BA3 BB11 BD8 BE3 BF13 BG28 BH4 BI18 BJ12 BN4 BO9 BQ3 BR27
BS32 BT20 BW16 BY7 BZ6 CA13 CD26 CF17 CG12 CH26 CI14 CL16 CM10 CN34 CO33 CR7 CU16 CV2 CY6 CZ14 DE16 DJ6 DK5
DM10 DO10 DZ58 EC24 EE15 EG27 ER6 ES19 ET13 FI19 FJ5 FM4 FR26 GA9 GB4 GD7 GE12 GH16 GL5 GM6 GN8 GQ2 GR14 GT22
GW4 GY10 HN18 HR21 HT10 HU43 ID7 IE4 IL6 IN36 IQ16 IR31 IS8 IT20 JM14 JO12 JP47 KE47 KG9 KH25 KI3 KM3 KN2 KP13
KR17 KW6 KZ20 LA18 LB8 LC10 LI11 LK9 LR15 LS10 LT10 LU12 LV43 LY22 MA12 MC17 MD37 ME25 MG6 MH2 MK80 ML11 MM15
MN22 MR15 MT68 MU12 MV21 MW3 MX32 MY16 MZ11 NA14 NE8 NG37 NI17 NL18 NO13 NP7 NR14 NZ17 OM11 PA14 PE26 PG22
PH17 PK7 PL16 PS16 PT20 PW16 PY18 QA8 RO42 RS20 RU83 RW5 SA13 SB10 SC27 SD18 SE21 SG5 SH3 SI212 SK8 SL5 SM9
SN14 SO18 SR10 SS10 ST7 SV14 SY14 SZ4 TD23 TG5 TH78 TJ5 TL13 TM6 TN24 TO5 TR81 TT15 TV8 TW22 TZ31 UA27 UG4 UM9
US57 UY19 UZ14 VC6 VE25 VN63 VU6 WF3 WS11 YE22 ZA9 ZM10 ZW10
"""

OTHER_CODES = {"UK": "GB", "EL": "GR"}  # codes that the European Union writes for these

SUBDIVISIONS = {code[:2]: int(code[2:]) for code in _COUNTS.split()}
"""ISO 3166-1 code -> subdivisions of the first level in ISO 3166-2; a country without any is not there.

Counted in the tables of Debian's iso-codes, in pycountry 26.2.16.
"""


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


@lru_cache(maxsize=1024)
def _offsets(countries: tuple[str, ...], quarter: int) -> np.ndarray:
    """Local time less UTC in each country [s]; clocks change on quarters of an hour only."""
    zones, place = _zones_of(countries)
    own = (datetime.fromtimestamp(quarter, each).utcoffset() or timedelta() for each in zones)
    return np.array([int(offset.total_seconds()) for offset in own], np.int64)[place]


@lru_cache(maxsize=64)
def _zones_of(countries: tuple[str, ...]) -> tuple[list[ZoneInfo], np.ndarray]:
    """Distinct zones of countries, and the index of each country's ``(n,)``."""
    zones = {zone(code).key: zone(code) for code in countries}
    place = {key: i for i, key in enumerate(zones)}
    return list(zones.values()), np.array([place[zone(code).key] for code in countries], np.intp)


def ahead(countries: tuple[str, ...], t: int) -> np.ndarray:
    """Local time less UTC at ``t`` [s] in each of n countries; ``(n,) int64`` [s]."""
    return _offsets(countries, t - t % QUARTER)


def local_times(countries: tuple[str, ...], times: Sequence[int]) -> np.ndarray:
    """What clocks show in each of n countries at t ``times`` [s], as if it were UTC; ``(t, n) int64`` [s]."""
    if len(times) > 2 and max(times) - min(times) <= DAY:
        first = ahead(countries, min(times))
        if (first == ahead(countries, max(times))).all():  # no clock is changed twice a day
            return np.array(times, np.int64)[:, None] + first
    return np.array([t + ahead(countries, t) for t in times], np.int64).reshape(len(times), len(countries))


def week_slot(local: np.ndarray) -> np.ndarray:
    """Seconds since Monday 00:00 at ``local`` times [s], of any shape."""
    return np.asarray((local + 3 * DAY) % WEEK)  # the epoch was a Thursday
