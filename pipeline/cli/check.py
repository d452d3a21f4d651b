"""``netvigil check``: which parts are ready for election day, and which are not."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import yaml
from prometheus_client.parser import text_string_to_metric_families
from rich.table import Table
from rich.text import Text

from pipeline import topics
from pipeline.errors import UserError
from pipeline.explain.text import lasting
from pipeline.feeds import FEEDS
from pipeline.ingest.checking import ask, heard
from pipeline.ingest.command import Options
from pipeline.kafka.groups import at_work, partitions
from pipeline.kafka.security import PLAIN, Security, parse
from pipeline.site import NoAnswerError, Site
from pipeline.watch.sending import TEST, receivers, send

READY, NOT_READY, NOT_CHECKED = "ready", "not ready", "not checked"
STYLES = {READY: "green", NOT_READY: "bold red", NOT_CHECKED: "dim"}

LIVE_FEEDS = "live feeds"

PATIENCE = 10.0
"""How long a broker may take to answer [s]."""

OLD = 3 * 3600
"""Age of a feed's newest event from which it is not ready [s]: slow feeds are 90 minutes late on a good day."""

NAMING = ("to", "channel", "chat_id", "topic_arn", "room_id", "url")
"""Settings of Alertmanager that name the recipient of an integration."""


@dataclass(frozen=True)
class Finding:
    """The state of one part: one of `READY`, `NOT_READY`, `NOT_CHECKED`."""

    what: str
    state: str
    detail: str

    @classmethod
    def of(cls, what: str, good: bool, detail: str) -> "Finding":
        return cls(what, READY if good else NOT_READY, detail)


def check(
    broker: str = "", prometheus: str = "", alertmanager: str = "", grafana: str = "", security: Security = PLAIN,
    live: Options | None = None, notify: Sequence[str] = (),
) -> list[Finding]:  # fmt: skip
    """Check every part whose address is given, the ``live`` feeds, and whom to ``notify``: they get a test message."""
    looks: dict[str, Callable[[], Iterable[Finding]] | None] = {
        "broker": partial(look_at_broker, parse(broker), security) if broker else None,
    }
    for name, address in (("prometheus", prometheus), ("alertmanager", alertmanager), ("grafana", grafana)):
        looks[name] = partial(LOOKS[name], Site.at(address, f"--{name}")) if address else None
    if notify:
        looks["notify"] = partial(look_at_receivers, receivers(notify))
    looks[LIVE_FEEDS] = partial(look_at_feeds, live) if live else None
    return [finding for name, look in looks.items() for finding in _looked(name, look)]


def _looked(name: str, look: Callable[[], Iterable[Finding]] | None) -> Iterator[Finding]:
    if look is None:
        yield Finding(name, NOT_CHECKED, f"--{'feed' if name == LIVE_FEEDS else name} was not given")
        return
    try:
        yield from look()
    except (NoAnswerError, UserError) as error:
        yield Finding(name, NOT_READY, re.sub(r"\[Errno -?\d+\] ", "", str(error)))
    except (KeyError, TypeError, IndexError, AttributeError, ValueError):
        yield Finding(name, NOT_READY, f"it answers, but not as {name} does")


def look_at_broker(broker: str, security: Security = PLAIN) -> Iterator[Finding]:
    """Topics with the right partitions, and the workers."""
    found = partitions(broker, security, PATIENCE)
    yield Finding.of("broker", True, f"Kafka answers at {broker}")
    wanted = {topic.name: topic.partitions for topic in topics.every(FEEDS)}
    missing = sorted(wanted.keys() - found.keys())
    wrong = [f"{name} has {found[name]} partitions, not {n}" for name, n in wanted.items() if found.get(name, n) != n]
    trouble = ([f"missing: {', '.join(missing)}"] if missing else []) + wrong
    yield Finding.of("topics", not trouble, "; ".join(trouble) or f"all {len(wanted)} are there")
    groups = at_work(broker, security)
    detail = " and ".join(f"{count} of group {group}" for group, count in groups.items()) or "none"
    twice = ": each group judges and notifies on its own, so everything comes twice; stop all but one"
    yield Finding.of("workers", len(groups) == 1, f"{detail} at work{twice if len(groups) > 1 else ''}")

    for feed, told in heard(broker, security).items():
        yield Finding.of(f"ingest of {feed}", *told)


def look_at_feeds(live: Options) -> Iterator[Finding]:
    """What each feed answers when it is asked from here."""
    for feed, told in ask(live).items():
        yield Finding.of(f"server of {feed}", *told)


def look_at_receivers(to: dict[str, Any]) -> Iterator[Finding]:
    """Whether each receiver takes a test message."""
    for name, receiver in to.items():
        is_told = send(receiver, TEST)
        yield Finding.of(name, is_told, "it has taken a test message" if is_told else "it does not take a test message")


def look_at_prometheus(site: Site) -> Iterator[Finding]:
    """It runs, scrapes workers, has our rules and an Alertmanager; and the state of feeds and watches."""
    version = site.json("/api/v1/status/buildinfo")["data"]["version"]
    yield Finding.of("prometheus", True, f"{version} answers at {site.address}")
    up = [value for _, value in _asked(site, 'up{job="netvigil"}')]
    detail = f"{up.count(1)} of {len(up)} workers answer it" if up else "it knows of no job netvigil"
    yield Finding.of("scraping", 1 in up, detail)
    groups = [g for g in site.json("/api/v1/rules")["data"]["groups"] if g["name"].startswith("netvigil-")]
    rules = [rule for group in groups for rule in group["rules"]]
    broken = sorted(rule["name"] for rule in rules if rule["health"] == "err")
    alerts = sum(rule["type"] == "alerting" for rule in rules)
    detail = f"in error: {', '.join(broken)}" if broken else f"{alerts} alerts" if alerts else "no rules of netvigil"
    yield Finding.of("rules", alerts > 0 and not broken, detail)
    urls = [one["url"] for one in site.json("/api/v1/alertmanagers")["data"]["activeAlertmanagers"]]
    yield Finding.of(
        "alerting", bool(urls), f"alerts go to {', '.join(urls)}" if urls else "it sends alerts to no Alertmanager"
    )
    yield from _feeds(site)
    watches = _asked(site, "max by (country, name) (netvigil_watch_active)")
    named = sorted(f"{_watch(labels)} {'on' if value == 1 else 'to come'}" for labels, value in watches)
    yield Finding("watches", READY if named else NOT_CHECKED, ", ".join(named) or "no watch is set")


def _watch(labels: dict[str, str]) -> str:
    """A watch by its name and country; one without a name has no such label in Prometheus."""
    return f"{labels['name']} ({labels['country']})" if "name" in labels else labels["country"]


def _asked(site: Site, expr: str) -> list[tuple[dict[str, str], float]]:
    found = site.json("/api/v1/query", {"query": expr})["data"]["result"]
    return [(series["metric"], float(series["value"][1])) for series in found]


def _feeds(site: Site) -> Iterator[Finding]:
    """Each feed: alive or dead, and how old its newest event is by Prometheus' clock."""
    newest = "time() - max by (feed) (netvigil_feed_last_event_timestamp_seconds)"
    ages = {labels["feed"]: age for labels, age in _asked(site, newest)}
    alive = {labels["feed"]: up == 1 for labels, up in _asked(site, "min by (feed) (netvigil_feed_up)")}
    if not alive:
        yield Finding.of("feeds", False, "no feed has reported yet")
    for feed in sorted(alive):
        age = ages.get(feed)
        detail = "no event yet" if age is None else f"newest event {lasting(int(age))} old"
        good = alive[feed] and age is not None and age < OLD
        yield Finding.of(f"feed {feed}", good, detail if alive[feed] else f"dead, {detail}")


def look_at_alertmanager(site: Site) -> Iterator[Finding]:
    """It runs, has receivers that reach people, gets alerts from Prometheus, and nothing is silenced."""
    status = site.json("/api/v2/status")
    yield Finding.of("alertmanager", True, f"{status['versionInfo']['version']} answers at {site.address}")
    names = sorted(receiver["name"] for receiver in site.json("/api/v2/receivers"))
    has_replay = "replay" in names
    yield Finding.of("receivers", has_replay and len(names) > 1, ", ".join(names) if has_replay else "missing: replay")
    yield from _receivers(status["config"]["original"])
    exposition = site.text("/metrics")
    sent, failed = (_total(exposition, f"alertmanager_notifications{name}_total") for name in ("", "_failed"))
    detail = f"{sent:.0f} notifications sent, {failed:.0f} of them failed" if sent else "no notification was sent yet"
    yield Finding.of("delivery", failed == 0, detail)
    heard = bool(site.json("/api/v2/alerts", {"filter": 'alertname="NetvigilWatchdog"'}))
    detail = f"the watchdog {'comes' if heard else 'does not come'} through from Prometheus"
    yield Finding.of("watchdog", heard, detail)
    active = [s for s in site.json("/api/v2/silences") if s["status"]["state"] == "active"]
    detail = "; ".join(f"{s['createdBy']} until {s['endsAt'][:16]}: {s['comment']}" for s in active)
    yield Finding.of("silences", not active, detail or "none")


def _receivers(settings: str) -> Iterator[Finding]:
    """``replay`` and ``board`` need no recipients."""
    try:
        receivers = yaml.safe_load(settings)["receivers"]
    except yaml.YAMLError as error:
        raise ValueError("its settings are no YAML") from error
    for receiver in receivers:
        targets = list(_targets(receiver))
        state, detail = READY, ", ".join(targets)
        if receiver["name"] == "watchdog":
            if not targets:
                state, detail = NOT_CHECKED, "tells nobody: no dead man's switch would ring if alerting broke"
        elif not targets:
            state, detail = NOT_READY, "tells nobody"
        elif all(target.startswith("webhook") for target in targets):
            state, detail = NOT_CHECKED, f"{detail}: does a person read it? The webhook of compose only prints"
        if receiver["name"] not in ("replay", "board"):
            yield Finding(f"receiver {receiver['name']}", state, detail)


def _targets(receiver: dict[str, Any]) -> Iterator[str]:
    """Of an address only its host: the rest may be a secret."""
    for key, integrations in receiver.items():
        kind = key.removesuffix("_configs")
        for integration in integrations if kind != key else ():
            named = next((str(integration[name]) for name in NAMING if name in integration), "")
            named = urlsplit(named).netloc.rpartition("@")[2] if "://" in named else named.replace("<secret>", "")
            yield f"{kind} {named}".strip()


def _total(exposition: str, name: str) -> float:
    families = text_string_to_metric_families(exposition)
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)


def look_at_grafana(site: Site) -> Iterator[Finding]:
    """It runs, has our boards, and reaches Prometheus."""
    health: dict[str, Any] = site.json("/api/health")
    yield Finding.of("grafana", health["database"] == "ok", f"{health.get('version', '')} answers at {site.address}")
    boards = sorted(board["title"] for board in site.json("/api/search", {"tag": "netvigil", "type": "dash-db"}))
    yield Finding.of("boards", bool(boards), ", ".join(boards) or "no board has the tag netvigil")
    source = site.json("/api/datasources/uid/prometheus/health")
    yield Finding.of("datasource", source["status"] == "OK", source["message"])


LOOKS = {"prometheus": look_at_prometheus, "alertmanager": look_at_alertmanager, "grafana": look_at_grafana}


def is_ready(findings: Iterable[Finding]) -> bool:
    """Whether some part was checked, and none is not ready."""
    states = {finding.state for finding in findings}
    return NOT_READY not in states and READY in states


def render(findings: Iterable[Finding]) -> Table:
    """The findings as a table for the terminal."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        table.add_row(finding.what, Text(finding.state, STYLES[finding.state]), Text(finding.detail))
    return table
