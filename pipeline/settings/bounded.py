"""Bounds of settings: numbers, names out of a list, and the parameters of the model."""

from dataclasses import fields
from typing import Annotated

from msgspec import Meta

from detectors.model import Model

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

BOUNDS = {
    "share": (1e-9, 1.0),
    "probability": (1e-15, 0.999999),
    "log-odds": (0.1, 50.0),
    "1/year": (1e-9, 1e5),
    "1/h": (1e-9, 100.0),
    "h": (0.01, 1e5),
    "d": (0.1, 1e4),
    "bins": (1, 1e5),
    "places": (1, 1e9),
    "": (0.01, 100.0),
}
"""Smallest and largest value of a parameter of the model, by its unit."""


def checked(model: Model) -> Model:
    """The model; ValueError where a parameter is out of its bounds, or contradicts another one."""
    for one in fields(model):
        own, (low, high) = getattr(model, one.name), BOUNDS[one.metadata["unit"]]
        if not all(low <= value <= high for value in (own if isinstance(own, tuple) else (own,))):
            raise ValueError(f"model.{one.name} = {own}: wanted from {low:g} to {high:g}")
    if not model.over < model.suspect <= model.confirm:
        raise ValueError(
            f"model.suspect = {model.suspect}: wanted above over, {model.over}, and not above confirm, {model.confirm}"
        )
    if not model.slow_days[0] < model.slow_days[1]:
        raise ValueError(f"model.slow_days = {model.slow_days}: wanted the first below the second")
    return model
