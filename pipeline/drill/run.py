"""Runs a drill: through the broker, Prometheus and Alertmanager that are there, or by itself as a watch does."""

import os
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from pipeline import topics
from pipeline.drill.hops import PHASES, Course, Marked, Stack, Step, judged
from pipeline.drill.made import PAST, SIGNALS, WIDTH, Made
from pipeline.errors import UserError
from pipeline.feeds import FEEDS, TABLE, Recording
from pipeline.feeds.live.base import Clock
from pipeline.geo.countries import country_name, is_country, not_a_country
from pipeline.geo.networks import networks as known_networks
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from pipeline.kafka.groups import judges
from pipeline.kafka.reader import Reader
from pipeline.kafka.security import PLAIN, Security, from_environment, parse
from pipeline.records import Entity, Run
from pipeline.replay.playback import Pace, Playback
from pipeline.replay.through_kafka import through_kafka, workers
from pipeline.settings.watching import Watch, networks, read_watches
from pipeline.site import Site
from pipeline.watch.picture import Picture
from pipeline.watch.run import READ, take
from pipeline.watch.sending import receivers

SPEED = 60.0  # seconds of event time to one of the clock: a bin in five seconds [-]
JUDGING = 120.0  # how long workers may take to find it, and a receiver to take a message [s]
ALERTING = 480.0  # how long Prometheus and Alertmanager may: growth is told once it has been still for five minutes [s]
EVERY = 1.0  # how often is looked [s]


@dataclass(frozen=True)
class Asked:
    """What a person asks of a drill; see `pipeline.cli.arguments`."""

    place: str = ""
    watch: Path | None = None
    notify: tuple[str, ...] = ()
    broker: str = ""
    prometheus: str = ""
    alertmanager: str = ""

    def watched(self, now: float) -> Watch:
        """The watch of the place, or the first of the file; UserError where there is none."""
        if self.place and not is_country(self.place.upper()):
            raise UserError(f"{self.place!r}: {not_a_country(self.place)}")
        listed = read_watches(self.watch, now)[0] if self.watch else [Watch(self.place.upper())] if self.place else []
        own = [one for one in listed if self.place.upper() in ("", one.country)]
        if not own:
            raise UserError(
                f"{self.place.upper()} is not watched in {self.watch}"
                if listed
                else "drill needs a country, or --watch"
            )
        return own[0]


def drill(asked: Asked, patience: float = 1.0, speed: float = SPEED) -> int:
    """Run it; 1 where a hop has failed.  ``patience``: how much of the usual patience there is [-]."""
    clock, console = Clock(), Console()
    watch = asked.watched(clock.now())
    stack = _stack(asked, watch.country)
    to = receivers(asked.notify) | receivers(watch.notify, "notify") if not stack or asked.notify else {}
    if not to and not stack:
        raise UserError("nobody would be told: give --notify, or --broker with --prometheus and --alertmanager")
    onset = int(clock.now()) // WIDTH * WIDTH
    whole = Entity("country", watch.country, watch.country)
    made = Made(whole, networks([watch], known_networks([watch.country]))[:2], onset)
    run = Run(f"drill-{uuid.uuid4().hex[:12]}", "drill", tuple(sorted(SIGNALS)), onset, (watch.country,))
    playback = Playback([Recording(TABLE, SIGNALS, made.items())], run, Pace(speed, onset, PAST))
    with ExitStack() as held:
        broker, security, checks = _broker(asked, held)
        console.print(
            f"Drill: an outage of {country_name(watch.country)} that there is not. Each message is marked DRILL.\n"
            f"It takes about {'ten' if stack else 'two'} minutes.", markup=False, soft_wrap=True,
        )  # fmt: skip
        picture = Picture((watch.country,), {TABLE: SIGNALS}, made.networks)
        reader = held.enter_context(Reader(broker, READ, security, run.id))
        sending = Marked(to, Path(held.enter_context(TemporaryDirectory(prefix="netvigil-drill-")))) if to else None
        if sending is not None:
            held.enter_context(sending)

        def begin(phase: int) -> None:
            if stack:
                stack.begin()
            made.phase = phase

        course = Course(
            list(_steps(watch.country, picture, made, stack, sending, patience)), begin, time.monotonic,
            lambda at, step, passed, seen: console.print(_line(at, step, passed, seen), markup=False, soft_wrap=True),
        )  # fmt: skip
        due = 0.0

        def look() -> None:
            nonlocal due
            for topic, value in reader.poll(0.0, float("inf")):
                take(picture, topic, value)
            if time.monotonic() >= due:
                due = time.monotonic() + EVERY
                if sending is not None and not course.over:
                    sending.see(picture.view(made.time))
                course.look()
            made.ended = course.over

        through_kafka(playback, broker, security, lambda _: None, (*checks, look))
    console.print(
        "Failed: mend that hop, and drill again." if course.failed else "Passed: all messages have come through.",
        markup=False,
    )  # fmt: skip
    return int(course.failed)


def _stack(asked: Asked, country: str) -> Stack | None:
    given = {"broker": asked.broker, "prometheus": asked.prometheus, "alertmanager": asked.alertmanager}
    missing = [f"--{name}" for name, address in given.items() if not address]
    if len(missing) == len(given):
        return None
    if missing:
        raise UserError(f"a drill through Alertmanager needs {' and '.join(missing)} too")
    parse(asked.broker)
    return Stack(Site.at(asked.prometheus, "--prometheus"), Site.at(asked.alertmanager, "--alertmanager"), country)


def _broker(asked: Asked, held: ExitStack) -> tuple[str, Security, Sequence[Callable[[], None]]]:
    """The broker, its security, and checks that raise once the workers are gone."""
    if not asked.broker:
        broker = held.enter_context(embedded())
        create(broker, topics.every(FEEDS))
        return broker, PLAIN, [held.enter_context(workers(1, broker, "--tense", "drill", "--feed", TABLE))]
    broker, security = parse(asked.broker), from_environment(os.environ)
    if not judges(broker, security, "", -1):
        raise UserError(f"no worker is at {broker}: nothing would be told")
    return broker, security, []


def _steps(
    country: str, picture: Picture, made: Made, stack: Stack | None, sending: Marked | None, patience: float
) -> Sequence[Step]:
    steps: list[Step] = []
    for phase in PHASES:
        found = partial(judged, country, lambda: picture.view(made.time), phase)
        steps.append(Step(phase, "workers", JUDGING * patience, found))
        steps += stack.steps(phase, ALERTING * patience) if stack else ()
        steps += sending.steps(phase, JUDGING * patience) if sending else ()
    return steps


def _line(at: float, step: Step, passed: bool, seen: str) -> str:
    minutes, seconds = divmod(int(at), 60)
    state = "passed" if passed else "FAILED"
    return f"{minutes:2d}:{seconds:02d}  {state}  {PHASES[step.phase]:12s}  {step.hop:12s}  {seen}"
