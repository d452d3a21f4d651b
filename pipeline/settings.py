"""Every number that a person may want to change, with its unit and its reason."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Judging:
    """Which detector judges a signal."""

    detector: str = "seasonal"
    """Name in ``detectors.REGISTRY`` whose verdicts go on to fusion."""


@dataclass(frozen=True)
class Fusing:
    """How verdicts become outages.  Weights are log-odds (natural logarithm)."""

    prior: dict[str, float] = field(
        default_factory=lambda: {"country": -4.0, "region": -4.0, "asn": -4.0, "service": -4.0}
    )
    """Log-odds that an entity is out at a given moment before anything is seen: about one bin in fifty-five."""

    per_deviation: float = 0.8
    """Weight of one robust standard deviation below expectation."""

    cap: float = 9.0
    """Most that one kind of signal (all ``bgp.*`` together) can say for an outage: no single kind is certain."""

    normal: dict[str, float] = field(
        default_factory=lambda: {"bgp": -0.5, "telescope": -0.5, "probing": -2.0, "traffic": -2.0}
    )
    """Weight of a normal verdict. Flat BGP hardly speaks against an outage: mobile shutdowns leave it up."""

    normal_other: float = -1.0
    """The same for kinds that are not listed."""

    full_depth: float = 0.3
    """Share of the baseline lost from which a drop counts in full; shallower ones count in proportion [0-1]."""

    suspect: float = 0.5
    """Probability from which an outage is suspected."""

    confirm: float = 0.95
    """Probability from which it is confirmed, once a confirmed-low verdict carries it."""

    leave: float = 0.2
    """Probability under which it recovers: well below ``suspect``, so that a plateau does not shatter it."""

    calm: int = 30 * 60
    """How long a recovery holds before the outage is ended (or the suspicion retracted) [s]."""

    stale: int = 2
    """A verdict speaks for so many widths of its bin after its end; an open outage's witnesses are held for ever."""

    tell_severity: float = 0.05
    """Change of severity that is worth a new revision [0-1]."""

    tell_probability: float = 0.1
    """Change of probability that is worth a new revision [0-1]."""


@dataclass(frozen=True)
class Settings:
    """All of them."""

    judging: Judging = field(default_factory=Judging)
    fusing: Fusing = field(default_factory=Fusing)
    grace: int = 0
    """How far the watermark stays behind the newest event of a live feed [s]."""
