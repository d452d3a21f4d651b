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
    """Log-odds that an entity is out at a given moment before anything is seen: about one bin in fifty-five.  Less
    probable than ``suspect``: else all would be out before anybody has looked."""

    per_deviation: For = 0.8
    """Weight of one robust standard deviation below expectation."""

    cap: For = 9.0
    """Most that one kind of signal (all ``bgp.*`` together) can say for an outage: no single kind is certain."""

    normal: dict[SignalKind, Against] = field(
        default_factory=lambda: {"bgp": -0.5, "telescope": -0.5, "probing": -2.0, "traffic": -2.0}
    )
    """Weight of a normal verdict. Flat BGP hardly speaks against an outage: mobile shutdowns leave it up."""

    normal_other: Against = -1.0
    """The same for kinds that are not listed."""

    normal_most: Against = -4.0
    """Most that all who are normal say together against an outage in which some signal lost half [log-odds]: as much as
    two kinds in full.  However many others are measured, that is suspected; by this bound it is confirmed, and goes on,
    only where two kinds have lost half."""

    slow_low: For = 3.5
    """Weight of a low verdict of a detector beside the first, whatever the depth [log-odds].  Not enough by itself: a
    sag of a few percent within a week is also what holidays and seasons do, of two kinds of signals it is suspected.
    Its normal verdict weighs nothing."""

    slow_confirmed: For = 8.0
    """The same once it is confirmed [log-odds]."""

    slow_memory: Seconds = 36 * 3600
    """A slow detector may be low so long after all is back [s]: it weighs a whole day, and its word does not count
    for what is back and was seen to come back, also through short lows after it."""

    full_depth: PartOf = 0.3
    """Share of the baseline lost from which a drop counts in full; shallower ones count in proportion [0-1]."""

    suspect: Probability = 0.5
    """Probability from which an outage is suspected."""

    confirm: Probability = 0.95
    """Probability from which it is confirmed, once a confirmed-low verdict carries it."""

    leave: Probability = 0.2
    """Probability under which it recovers: well below ``suspect``, so that a plateau does not shatter it."""

    calm: Seconds = 30 * 60
    """How long a recovery holds before the outage is ended (or the suspicion retracted) [s]."""

    calm_bins: Count = 2
    """And for at least so many bins of its slowest strong witness [bins]: one good value in six hours is no end."""

    bottom: PartOf = 0.5
    """A witness is at the bottom while it lacks this share of the most that it lost [0-1]."""

    used_to: Seconds = 6 * 24 * 3600
    """No detector gets used to a low level sooner [s]; after it what it says of a return counts only where the value is
    no longer at the bottom of what was expected before: weeks without phones are not the usual."""

    new_level: Seconds = 60 * 24 * 3600
    """But after so long it is the level [s]: a network that sold half of its addresses, or all, is not out for ever;
    a country or region without a tenth of what it had is."""

    together: For = 2.0
    """Most that it says for an outage of a country that its parts went out together [log-odds]: in proportion to the
    share of its known networks and regions that did.  Never enough by itself."""

    together_least: AtLeastOne = 3
    """Fewer parts than this go out together by chance."""

    stagger: Seconds = 45 * 60
    """Parts that go out within so long of each other go out together [s], or within the bin that shows one, where that
    is longer: the mobile networks of Pakistan took from 01:45 to 02:30."""

    days: dict[LocalDay, DayKind] = field(default_factory=dict)
    """Days that matter, by country and local date: ``"PK 2024-02-08" = "election"``.  On them an outage of the
    country is likelier before anything is seen, and likelier a shutdown; and half of its traffic, or of a region's,
    that fell at once and is gone for three hours is confirmed though others stand, from noon of the eve to six hours
    after the day."""

    day_most: For = 2.0
    """Most that such a day says for an outage [log-odds], half of what ``prior`` says against one: never enough by
    itself.  An election says 1.4, a protest 1.0."""

    holiday: Against = -1.0
    """What a holiday says against an outage of anything in its country that began on it, until the feast is over
    [log-odds]: a third of the traffic is missing on many, which is to be no more than suspected; what loses most of it
    is out all the same.  Which days are holidays the settings of judging say; one of ``days`` is none.  0: nothing."""

    stale: Count = 2
    """A verdict speaks for so many widths of its bin after its end; what holds an open outage for longer."""

    known_parts: PartOf = 0.5
    """A country without a series of its own is judged from its regions where at least this share of them is known, and
    else from its networks, where at least this share of those that lately said anything is."""

    known_networks: AtLeastOne = 5
    """And no fewer networks than this: never a country from a handful."""

    low_parts: PartOf = 0.5
    """And is low when at least this share of what is known is low in them [0-1]: half a country is a country's."""

    parts_depth: Share = 0.1
    """And when it has lost this share in sum; it is over when it lacks less than half of that, or after ``used_to``
    less than that [0-1]."""

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
