"""The hops of a drill: what each must have done, and what is said of it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import apprise
import yaml
from prometheus_client.parser import text_string_to_metric_families

from pipeline.drill.made import GROWN, OUT, OVER
from pipeline.errors import UserError
from pipeline.site import NoAnswerError, Site
from pipeline.watch.notices import Notice
from pipeline.watch.picture import FINE, View
from pipeline.watch.picture import OUT as IS_OUT
from pipeline.watch.sending import Sending

PHASES = {OUT: "an outage", GROWN: "it has grown", OVER: "it is over"}
ALERTS = {OUT: "NetvigilOutageConfirmed", GROWN: "NetvigilOutageGrown", OVER: "NetvigilOutageRestored"}
DEEP = 0.6  # what has been lost once it has grown, at least [0-1]
REFUSED = 3  # attempts of Alertmanager without one that was taken, after which a receiver does not take it [-]


class Step(NamedTuple):
    """A hop in a phase: ``look`` gives what was seen once it is passed, '' while it is waited for.

    It raises NoAnswerError for what is wrong by now, UserError for what does not get better.  ``patience`` [s].
    """

    phase: int
    hop: str
    patience: float
    look: Callable[[], str]


@dataclass
class Course:
    """Goes from step to step; ``say`` tells each with its time [s], ``set_phase`` changes the outage."""

    steps: list[Step]
    set_phase: Callable[[int], None]
    clock: Callable[[], float]
    say: Callable[[float, Step, bool, str], None]
    at: int = 0
    phase: int | None = None
    failed: bool = False
    wrong: str = ""
    begun: float = field(init=False)
    since: float = field(init=False)

    def __post_init__(self) -> None:
        self.begun = self.since = self.clock()

    @property
    def over(self) -> bool:
        return self.failed or self.at == len(self.steps)

    def look(self) -> None:
        """Look whether the hop that is waited for is passed, or has failed."""
        if self.over:
            return
        step, now = self.steps[self.at], self.clock()
        seen, is_lost = "", False
        try:
            if self.phase != step.phase:
                self.set_phase(step.phase)
                self.phase = step.phase
            seen = step.look()
        except (NoAnswerError, UserError) as error:
            self.wrong, is_lost = str(error), isinstance(error, UserError)
        if is_lost or (not seen and now - self.since > step.patience):
            self.failed = True
            self.say(now - self.begun, step, False, self.wrong or f"nothing came in {step.patience:.0f} s")
        elif seen:
            self.say(now - self.begun, step, True, seen)
            self.at, self.since, self.wrong = self.at + 1, now, ""


def judged(country: str, view: Callable[[], View], phase: int) -> str:
    """What the workers say of the country, once that is as the phase wants it."""
    (place,) = [one.place for one in view().countries if one.place.entity == country]
    is_so = {
        OUT: place.state == IS_OUT,
        GROWN: place.state == IS_OUT and (place.lost or 0.0) >= DEEP,
        OVER: place.state == FINE,
    }
    return f"{place.words}{f', lost {place.lost:.0%}' if place.lost else ''}" if is_so[phase] else ""


@dataclass
class Stack:
    """Prometheus and Alertmanager, and what the latter's receivers had taken when the phase began."""

    prometheus: Site
    alertmanager: Site
    country: str
    wanted: Counter[str] = field(default_factory=Counter)
    before: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))

    def steps(self, phase: int, patience: float) -> Iterator[Step]:
        yield Step(phase, "Prometheus", patience, lambda: self._fires(ALERTS[phase]))
        yield Step(phase, "Alertmanager", patience, lambda: self._holds(ALERTS[phase]))
        yield Step(phase, "receivers", patience, self._taken)

    def begin(self) -> None:
        """A phase begins: what was taken before does not count."""
        self.before = self._counts()

    def _fires(self, alert: str) -> str:
        found = self.prometheus.json("/api/v1/alerts")["data"]["alerts"]
        own = {"alertname": alert, "tense": "drill", "country": self.country}
        firing = [one for one in found if own.items() <= one["labels"].items() and one["state"] == "firing"]
        return f"{alert} fires" if firing else ""

    def _holds(self, alert: str) -> str:
        labels = [f'alertname="{alert}"', 'tense="drill"', f'country="{self.country}"']
        found = self.alertmanager.json("/api/v2/alerts", {"filter": labels})
        if not found:
            raise NoAnswerError("the alert has not come to it; does Prometheus send it alerts?")
        active = [one for one in found if one["status"]["state"] != "suppressed"]
        if not active:
            raise NoAnswerError("the alert is muted: look at the silences")
        names = sorted({receiver["name"] for one in active for receiver in one["receivers"]})
        self.wanted = self._integrations(names)
        if not self.wanted:
            raise UserError(f"the receiver {' and '.join(names)} tells nobody")
        return f"it goes to {' and '.join(names)}"

    def _integrations(self, names: list[str]) -> Counter[str]:
        """How many of each kind, as ``email``, the receivers have."""
        settings = yaml.safe_load(self.alertmanager.json("/api/v2/status")["config"]["original"])
        return Counter(
            key.removesuffix("_configs")
            for receiver in settings["receivers"]
            if receiver["name"] in names
            for key, configs in receiver.items()
            if key.endswith("_configs")
            for _ in configs
        )

    def _taken(self) -> str:
        taken, refused = (now - before for now, before in zip(self._counts(), self.before, strict=True))
        left = [kind for kind, n in self.wanted.items() if taken[kind] < n]
        if left and all(not taken[kind] and refused[kind] >= REFUSED for kind in left):
            raise UserError(f"{' and '.join(left)}: refused {REFUSED} times; the log of Alertmanager says why")
        if left:
            raise NoAnswerError(f"{' and '.join(left)}: not taken")
        return f"taken by {', '.join(f'{n} {kind}' if n > 1 else kind for kind, n in self.wanted.items())}"

    def _counts(self) -> tuple[Counter[str], Counter[str]]:
        """By kind of receiver, how many messages were taken, and how many refused."""
        sums: dict[str, Counter[str]] = defaultdict(Counter)
        for family in text_string_to_metric_families(self.alertmanager.text("/metrics")):
            for sample in family.samples:
                sums[sample.name][sample.labels.get("integration", "")] += int(sample.value)
        failed = sums["alertmanager_notification_requests_failed_total"]
        return sums["alertmanager_notification_requests_total"] - failed, failed


class Marked(Sending):
    """Sends the notices of a watch, each marked as a drill."""

    def __init__(self, to: dict[str, apprise.Apprise], folder: Path) -> None:
        super().__init__(to, folder / "told.json")
        self.made: list[Notice] = []

    def new(self, view: View) -> list[Notice]:
        said = "This is a DRILL. Nothing is out."
        made = [Notice(f"DRILL: {one.title}", (said, *one.lines)) for one in super().new(view)]
        self.made += made
        return made

    def steps(self, phase: int, patience: float) -> Iterator[Step]:
        yield Step(phase, "receivers", patience, lambda: self._taken(phase))

    def _taken(self, phase: int) -> str:
        words = {OUT: "DRILL: ", GROWN: ", more: ", OVER: ": over "}[phase]
        if not any(words in one.title for one in self.made):
            return ""
        if self.note or any(self.kept.waiting.values()):
            raise NoAnswerError(self.note or "they have not taken it")
        return f"taken by {', '.join(self.to)}"
