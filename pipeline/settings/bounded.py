"""Types of settings: numbers within bounds, and names out of a list."""

from typing import Annotated

from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]
PartOf = Annotated[float, Meta(ge=0.001, le=1)]  # a divisor or a step: too small a number has no use
MOST = 10**9  # largest whole number: 30 years in seconds; so many bins of a week still fit a time of 64 bits
Seconds = Annotated[int, Meta(ge=0, le=MOST)]
Count = Annotated[int, Meta(ge=0, le=MOST)]
AtLeastOne = Annotated[int, Meta(ge=1, le=MOST)]
Family = Annotated[int, Meta(ge=4, le=6, multiple_of=2)]
ENTITY_TYPES = ("country", "region", "asn", "service")
DAY_KINDS = ("election", "protest", "coup")
DayKind = Annotated[str, Meta(pattern=f"^({'|'.join(DAY_KINDS)})$")]
LocalDay = str  # see `pipeline.geo.countries.checked_day`
