"""How verdicts become outages."""

from dataclasses import dataclass, field
from math import log

from pipeline.geo.countries import checked_day
from pipeline.settings.bounded import (
    Against,
    AtLeastOne,
    Count,
    DayKind,
    EntityType,
    For,
    LocalDay,
    PartOf,
    Probability,
    Seconds,
    Share,
    SignalKind,
)


@dataclass(frozen=True)
class Fusing:
    """How verdicts become outages.  Weights are log-odds (natural logarithm)."""

    prior: dict[EntityType, Against] = field(
        default_factory=lambda: {"country": -4.0, "region": -4.0, "asn": -4.0, "service": -4.0}
    )
    """Log-odds that an entity is out at a given moment, before any evidence [log-odds]: about one bin in fifty-five.
    It is below ``suspect``, else every entity would be out from the start."""

    per_deviation: For = 0.8
    """Weight of one robust standard deviation below expectation [log-odds]."""

    cap: For = 9.0
    """Largest weight of one kind of signal (all ``bgp.*`` together) for an outage [log-odds]: no single kind is
    certain."""

    normal: dict[SignalKind, Against] = field(
        default_factory=lambda: {"bgp": -0.5, "telescope": -0.5, "probing": -2.0, "traffic": -2.0}
    )
    """Weight of a normal verdict, by kind of signal [log-odds].  Flat BGP is weak evidence against an outage: mobile
    shutdowns leave it up."""

    normal_other: Against = -1.0
    """The same for kinds that are not listed [log-odds]."""

    normal_most: Against = -4.0
    """Largest weight of all normal signals together against an outage in which some signal lost half [log-odds]: as
    much as two kinds in full.  However many others are measured, such an outage is suspected; under this bound it is
    confirmed, and goes on, only where two kinds lost half."""

    slow_low: For = 3.5
    """Weight of a low verdict of a slow detector, whatever the depth [log-odds].  It is not enough by itself: holidays
    and seasons also make a sag of a few percent within a week; two kinds of signals make it suspected.  Its normal
    verdict has no weight."""

    slow_confirmed: For = 8.0
    """Weight of a low verdict of a slow detector once it is confirmed [log-odds]."""

    slow_memory: Seconds = 36 * 3600
    """A slow detector may stay low this long after the return [s]: it averages over a day.  Its verdict does not count
    for what was seen to come back, also through short lows after it."""

    full_depth: PartOf = 0.3
    """Share of the baseline lost from which a drop has its full weight; shallower drops count in proportion [0-1]."""

    suspect: Probability = 0.5
    """Probability from which an outage is suspected [0-1]."""

    confirm: Probability = 0.95
    """Probability from which it is confirmed, if a confirmed-low verdict supports it [0-1]."""

    leave: Probability = 0.2
    """Probability under which it recovers [0-1]: well below ``suspect``, so that a plateau does not split it."""

    calm: Seconds = 30 * 60
    """A recovery must last this long before the outage is ended, or the suspicion retracted [s]."""

    calm_bins: Count = 2
    """And at least this many bins of the slowest strong signal [bins]: one good value in six hours is no end."""

    bottom: PartOf = 0.5
    """A signal is at the bottom while it lacks this share of the most that it lost [0-1]."""

    used_to: Seconds = 6 * 24 * 3600
    """No detector adapts to a low level sooner [s].  After it, a return counts only where the value is no longer at
    the bottom of what was expected before: weeks without phones are not the normal level."""

    new_level: Seconds = 60 * 24 * 3600
    """After this long a low level is the new level [s]: a network that sold half of its addresses, or all, is not out
    for ever; a country or region without a tenth of its level is."""

    together: For = 2.0
    """Largest weight for an outage of a country of the fact that its parts went out together [log-odds], in proportion
    to the share of its known networks and regions that did.  It is never enough by itself."""

    together_least: AtLeastOne = 3
    """Fewer parts than this go out together by chance [-]."""

    stagger: Seconds = 45 * 60
    """Parts that go out within this time of each other go out together [s], or within the bin that shows one where
    that is longer: the mobile networks of Pakistan took from 01:45 to 02:30."""

    days: dict[LocalDay, DayKind] = field(default_factory=dict)
    """Days that matter, by country and local date: ``"PK 2024-02-08" = "election"``.  On them an outage of the country
    is more likely before any evidence, and more likely a shutdown.  And from noon of the day before to six hours after
    the day, a loss of half of the traffic of the country or of a region that fell at once and lasts three hours is
    confirmed although other signals are normal."""

    day_most: For = 2.0
    """Largest weight of such a day for an outage [log-odds], half of the weight of ``prior`` against one: it is never
    enough by itself.  An election has 1.4, a protest 1.0."""

    holiday: Against = -1.0
    """Weight of a holiday against an outage of anything in its country that began on it, until the feast is over
    [log-odds].  On many holidays a third of the traffic is missing, which must be no more than suspected; what loses
    most of it is out all the same.  The settings of judging say which days are holidays; a day of ``days`` is none.
    With 0 a holiday has no weight."""

    stale: Count = 2
    """A verdict counts for this many widths of its bin after its end [bins]; one that holds an open outage counts for
    longer."""

    known_parts: PartOf = 0.5
    """A country without a series of its own is judged from its regions where at least this share of them is known,
    else from its networks where at least this share of those that were lately observed is known [0-1]."""

    known_networks: AtLeastOne = 5
    """And from no fewer networks than this [-]: a handful is not a country."""

    low_parts: PartOf = 0.5
    """Such a country is low when at least this share of what is known is low in its parts [0-1]."""

    parts_depth: Share = 0.1
    """And when it lost this share in sum [0-1].  It is over when it lacks less than half of that, or after ``used_to``
    less than that."""

    tell_severity: PartOf = 0.05
    """Change of severity that is worth a new revision [0-1]."""

    tell_probability: PartOf = 0.1
    """Change of probability that is worth a new revision [0-1]."""

    def __post_init__(self) -> None:
        for day in self.days:
            checked_day(day)
        if not self.leave < self.suspect <= self.confirm:
            raise ValueError(
                f"leave {self.leave} must be below suspect {self.suspect}, and that not above confirm {self.confirm}"
            )
        if not self.prior:
            raise ValueError("prior names no type of entity: wanted at least one, as prior.country = -4.0")
        bound = log(self.suspect / (1 - self.suspect))
        for name, prior in self.prior.items():
            if not prior < bound:
                raise ValueError(
                    f"prior.{name} {prior} must be below {bound:.4g}, which is suspect {self.suspect} as log-odds"
                )

    @property
    def unsure(self) -> float:
        """Half-way from ``suspect`` to ``confirm`` [log-odds]: what is as likely is suspected, and no more."""
        return sum(log(chance / (1 - chance)) for chance in (self.suspect, self.confirm)) / 2

    def against(self, kind: str) -> float:
        """Weight of a normal verdict on a signal of this kind [log-odds]."""
        return self.normal.get(kind, self.normal_other)
