"""Types of settings: numbers within bounds, and names out of a list."""

from typing import Annotated

from msgspec import Meta

from pipeline.kinds import KINDS

Share = Annotated[float, Meta(ge=0, le=1)]
PartOf = Annotated[float, Meta(ge=0.001, le=1)]
"""A share that divides, or that is a step: below a thousandth there is no difference."""

Probability = Annotated[float, Meta(gt=0, lt=1)]
MOST = 10**9
"""Largest whole number: thirty years in seconds, and as bins of a week still a time of 64 bits."""

Seconds = Annotated[int, Meta(ge=0, le=MOST)]
Count = Annotated[int, Meta(ge=0, le=MOST)]
AtLeastOne = Annotated[int, Meta(ge=1, le=MOST)]
For = Annotated[float, Meta(gt=0, le=50)]
Against = Annotated[float, Meta(ge=-50, le=0)]
"""Weights [log-odds]: fifty is certainty."""

Family = Annotated[int, Meta(ge=4, le=6, multiple_of=2)]
ENTITY_TYPES = ("country", "region", "asn", "service")
DAY_KINDS = ("election", "protest", "coup")
EntityType = Annotated[str, Meta(pattern=f"^({'|'.join(ENTITY_TYPES)})$")]
SignalKind = Annotated[str, Meta(pattern=f"^({'|'.join(KINDS)})$")]
DayKind = Annotated[str, Meta(pattern=f"^({'|'.join(DAY_KINDS)})$")]
LocalDay = str
"""See `pipeline.geo.countries.checked_day`."""
