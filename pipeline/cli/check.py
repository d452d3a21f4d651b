"""``netvigil check``: what is ready for election day, piece by piece, and what is not."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import yaml
from rich.table import Table
from rich.text import Text

from pipeline import topics
from pipeline.errors import UserError
from pipeline.explain.text import lasting
from pipeline.feeds import FEEDS
from pipeline.kafka.groups import at_work, partitions
from pipeline.kafka.security import PLAIN, Security, parse

READY, NOT_READY, NOT_CHECKED = "ready", "not ready", "not checked"

PATIENCE = 10.0
"""How long a broker may take to answer [s]."""

OLD = 3 * 3600
"""Age of a feed's newest event from which it is not ready [s]: slow feeds are 90 minutes late on a good day."""

RECEIVERS = ("replay",)
"""Receivers that Alertmanager must have, beside those that people are told through."""

WATCHDOG, UNHEARD = "watchdog", ("replay", "board")
"""The receiver that rings when it hears nothing; and those that need not reach anybody."""

NAMING = ("to", "channel", "chat_id", "topic_arn", "room_id", "url")
"""Settings that name whom an integration tells, as far as Alertmanager shows them."""

TWICE = ": each group judges and tells everything; stop those of all but one"
"""What workers of two groups do."""

BOARD = "netvigil"
"""Tag of the boards in Grafana."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: ``state`` is one of `READY`, `NOT_READY`, `NOT_CHECKED`."""

    what: str
    state: str
    detail: str

    @classmethod
    def of(cls, what: str, good: bool, detail: str) -> "Finding":
        """Ready or not."""
        return cls(what, READY if good else NOT_READY, detail)


class NoAnswerError(Exception):
    """A server did not answer, or answered with an error: one sentence for a person."""


@dataclass(frozen=True)
class Site:
    """An HTTP server at ``address``, its patience [s] and the longest answer that is read from it [bytes].

    Examples
    --------
    >>> Site.at("http://localhost:9090/", "--prometheus").address
    'http://localhost:9090'
    """

    address: str
    patience: float = 5.0
    largest: int = 16 * 2**20

    @classmethod
    def at(cls, address: str, option: str) -> "Site":
        """The site at the address that a person gave as ``option``; `UserError` where it is not an address."""
        try:
            parts = urlsplit(address)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            good = False
        if not good:
            raise UserError(
                f"{option} {address!r} is no address: it begins with http:// or https://, as http://HOST:PORT"
            )
        return cls(address.rstrip("/"))

    def text(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """The page at a path; `NoAnswerError` where none comes in time, or an error comes."""
        try:
            with requests.get(self.address + path, query, timeout=self.patience, stream=True) as answer:
                if answer.status_code >= 400:
                    raise NoAnswerError(f"{path} on {self.address} answers {answer.status_code} {answer.reason}")
                body = b""
                for part in answer.iter_content(2**16):
                    body += part
                    if len(body) >= self.largest:
                        break
        except requests.RequestException as error:
            reason = str(error).rpartition(": ")[2].rstrip("\"')")
            raise NoAnswerError(f"nobody answers at {self.address}: {reason}") from error
        return body[: self.largest].decode("utf-8", errors="replace")

    def json(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The same, read as JSON."""
        text = self.text(path, query)
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise NoAnswerError(f"{path} on {self.address} answers with {text[:40]!r}, which is no JSON") from error


def check(
    broker: str = "", prometheus: str = "", alertmanager: str = "", grafana: str = "", security: Security = PLAIN
) -> list[Finding]:
    """Look at everything that an address is given for; what has none is not checked, and the findings say so.

    Raises
    ------
    UserError
        An address is none.

    Examples
    --------
    >>> [(finding.what, finding.state) for finding in check()][:2]
    [('broker', 'not checked'), ('prometheus', 'not checked')]
    """
    address = parse(broker) if broker else ""
    looks: dict[str, Callable[[], Iterable[Finding]] | None] = {
        "broker": (lambda: look_at_broker(address, security)) if broker else None,
        "prometheus": _at(prometheus, "--prometheus", look_at_prometheus),
        "alertmanager": _at(alertmanager, "--alertmanager", look_at_alertmanager),
        "grafana": _at(grafana, "--grafana", look_at_grafana),
    }
    return [finding for name, look in looks.items() for finding in _looked(name, look)]


def _at(address: str, option: str, look: Callable[[Site], Iterable[Finding]]) -> Callable[[], Iterable[Finding]] | None:
    if not address:
        return None
    site = Site.at(address, option)
    return lambda: look(site)


def _looked(name: str, look: Callable[[], Iterable[Finding]] | None) -> Iterator[Finding]:
    """What a look gives; where it breaks off, that is the last finding."""
    if look is None:
        yield Finding(name, NOT_CHECKED, f"--{name} was not given")
        return
    try:
        yield from look()
    except (NoAnswerError, UserError) as error:
        yield Finding(name, NOT_READY, re.sub(r"\[Errno -?\d+\] ", "", str(error)))
    except (KeyError, TypeError, IndexError, AttributeError, ValueError):
        yield Finding(name, NOT_READY, f"it answers, but not as {name} does")


def look_at_broker(broker: str, security: Security = PLAIN) -> Iterator[Finding]:
    """Topics with the right partitions, and who is at work."""
    found = partitions(broker, security, PATIENCE)
    yield Finding.of("broker", True, f"Kafka answers at {broker}")
    wanted = {topic.name: topic.partitions for topic in topics.every(FEEDS)}
    missing = sorted(wanted.keys() - found.keys())
    wrong = [f"{name} has {found[name]} partitions, not {n}" for name, n in wanted.items() if found.get(name, n) != n]
    trouble = ([f"missing: {', '.join(missing)}"] if missing else []) + wrong
    yield Finding.of("topics", not trouble, "; ".join(trouble) or f"all {len(wanted)} are there")
    groups = at_work(broker, security)
    told = " and ".join(f"{count} of group {group}" for group, count in groups.items())
    yield Finding.of("workers", len(groups) == 1, f"{told or 'nobody'} at work" + TWICE * (len(groups) > 1))


def look_at_prometheus(site: Site) -> Iterator[Finding]:
    """It is up, scrapes workers, has our rules and an Alertmanager; and what the feeds last said."""
    version = site.json("/api/v1/status/buildinfo")["data"]["version"]
    yield Finding.of("prometheus", True, f"{version} answers at {site.address}")
    up = [value for _, value in _asked(site, 'up{job="netvigil"}', "instance")]
    count = sum(value == 1 for value in up)
    told = f"{count} of {len(up)} workers answer it" if up else "it knows of no job netvigil"
    yield Finding.of("scraping", count > 0, told)
    yield _rules(site)
    alertmanagers = [one["url"] for one in site.json("/api/v1/alertmanagers")["data"]["activeAlertmanagers"]]
    told = f"alerts go to {', '.join(alertmanagers)}" if alertmanagers else "alerts go to nobody"
    yield Finding.of("alerting", bool(alertmanagers), told)
    yield from _feeds(site)
    yield _watches(site)


def _asked(site: Site, expr: str, label: str) -> list[tuple[str, float]]:
    """A label and the value of every series of an instant query, by label."""
    found = site.json("/api/v1/query", {"query": expr})["data"]["result"]
    return sorted((str(series["metric"].get(label, "")), float(series["value"][1])) for series in found)


def _rules(site: Site) -> Finding:
    groups = [g for g in site.json("/api/v1/rules")["data"]["groups"] if g["name"].startswith("netvigil-")]
    rules = [rule for group in groups for rule in group["rules"]]
    broken = sorted(rule["name"] for rule in rules if rule["health"] == "err")
    alerts = sum(rule["type"] == "alerting" for rule in rules)
    told = f"in error: {', '.join(broken)}" if broken else f"{alerts} alerts" if alerts else "no rules of netvigil"
    return Finding.of("rules", alerts > 0 and not broken, told)


def _feeds(site: Site) -> Iterator[Finding]:
    """Each feed: alive or dead, and how old its newest event is by Prometheus' own clock."""
    is_up = dict(_asked(site, "min by (feed) (netvigil_feed_up)", "feed"))
    ages = dict(_asked(site, "time() - max by (feed) (netvigil_feed_last_event_timestamp_seconds)", "feed"))
    if not is_up:
        yield Finding.of("feeds", False, "no feed has said anything")
    for feed, up in is_up.items():
        age = ages.get(feed)
        told = "no event yet" if age is None else f"newest event {lasting(int(age))} old"
        yield Finding.of(f"feed {feed}", up == 1 and age is not None and age < OLD, ("" if up else "dead, ") + told)


def _watches(site: Site) -> Finding:
    watches = site.json("/api/v1/query", {"query": "max by (country, name) (netvigil_watch_active)"})["data"]["result"]
    told = [
        f"{w['metric']['name']} ({w['metric']['country']}) {'on' if w['value'][1] == '1' else 'to come'}"
        for w in watches
    ]
    return Finding("watches", READY if told else NOT_CHECKED, ", ".join(sorted(told)) or "no watch is set")


def look_at_alertmanager(site: Site) -> Iterator[Finding]:
    """It is up, has its receivers, hears Prometheus, and nothing is silenced."""
    status = site.json("/api/v2/status")
    yield Finding.of("alertmanager", True, f"{status['versionInfo']['version']} answers at {site.address}")
    names = sorted(receiver["name"] for receiver in site.json("/api/v2/receivers"))
    missing = [name for name in RECEIVERS if name not in names]
    told = f"missing: {', '.join(missing)}" if missing else ", ".join(names)
    yield Finding.of("receivers", not missing and len(names) > len(RECEIVERS), told)
    yield from _reached(status["config"]["original"])
    yield _delivery(site)
    heard = site.json("/api/v2/alerts", {"filter": 'alertname="NetvigilWatchdog"'})
    told = "the watchdog comes through" if heard else "the watchdog does not come through from Prometheus"
    yield Finding.of("watchdog", bool(heard), told)
    active = [s for s in site.json("/api/v2/silences") if s["status"]["state"] == "active"]
    told = "; ".join(f"{s['createdBy']} until {s['endsAt'][:16]}: {s['comment']}" for s in active)
    yield Finding.of("silences", not active, told or "none")


def _reached(settings: str) -> Iterator[Finding]:
    """Whom each receiver tells, by Alertmanager's own settings."""
    try:
        receivers = yaml.safe_load(settings)["receivers"]
    except yaml.YAMLError as error:
        raise ValueError("its settings are no YAML") from error
    for receiver in receivers:
        name, targets = receiver["name"], list(_targets(receiver))
        if name not in UNHEARD:
            yield Finding(f"receiver {name}", *_reach(name, targets))


def _reach(name: str, targets: list[str]) -> tuple[str, str]:
    told = ", ".join(targets)
    if name == WATCHDOG:
        none = "tells nobody: no dead man's switch would ring if alerting broke"
        return (READY, told) if targets else (NOT_CHECKED, none)
    if not targets:
        return NOT_READY, "tells nobody"
    if all(target.startswith("webhook") for target in targets):
        return NOT_CHECKED, f"{told}: whether a person reads it is not known; the one of compose only prints"
    return READY, told


def _targets(receiver: dict[str, Any]) -> Iterator[str]:
    """Whom a receiver tells; of an address only its host, the rest of it may be a secret.

    Examples
    --------
    >>> list(_targets({"name": "desk", "email_configs": [{"to": "desk@example.org"}], "webhook_configs": [
    ...     {"url": "http://webhook:9095/desk"}, {"url": "<secret>"}]}))
    ['email desk@example.org', 'webhook webhook:9095', 'webhook']
    """
    for key, integrations in receiver.items():
        kind = key.removesuffix("_configs")
        for integration in integrations if kind != key else ():
            named = next((str(integration[name]) for name in NAMING if name in integration), "")
            named = urlsplit(named).netloc.rpartition("@")[2] if "://" in named else named.replace("<secret>", "")
            yield f"{kind} {named}".strip()


def _delivery(site: Site) -> Finding:
    """Whether notifications arrive: those since Alertmanager started."""
    sent, failed = (
        _total(site.text("/metrics"), f"alertmanager_notifications_{name}") for name in ("total", "failed_total")
    )
    told = (
        f"{sent:.0f} notifications sent, {failed:.0f} of them failed" if sent else "nobody has been told anything yet"
    )
    return Finding.of("delivery", failed == 0, told)


def _total(exposition: str, name: str) -> float:
    """Sum of all samples of a metric.

    Examples
    --------
    >>> _total('# TYPE a counter' + chr(10) + 'a{b="c d"} 2' + chr(10) + 'a{b="e"} 3.0' + chr(10) + 'ab 7', "a")
    5.0
    """
    lines = (line for line in exposition.splitlines() if line.startswith((f"{name} ", f"{name}{{")))
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def look_at_grafana(site: Site) -> Iterator[Finding]:
    """It is up, has our boards, and its Prometheus answers it."""
    health: dict[str, Any] = site.json("/api/health")
    yield Finding.of("grafana", health["database"] == "ok", f"{health.get('version', '')} answers at {site.address}")
    boards = sorted(board["title"] for board in site.json("/api/search", {"tag": BOARD, "type": "dash-db"}))
    yield Finding.of("boards", bool(boards), ", ".join(boards) or f"no board has the tag {BOARD}")
    source = site.json("/api/datasources/uid/prometheus/health")
    yield Finding.of("datasource", source["status"] == "OK", source["message"])


def is_ready(findings: Iterable[Finding]) -> bool:
    """Whether nothing that was looked at is not ready, and something was looked at."""
    states = {finding.state for finding in findings}
    return NOT_READY not in states and READY in states


STYLES = {READY: "green", NOT_READY: "bold red", NOT_CHECKED: "dim"}


def render(findings: Iterable[Finding]) -> Table:
    """The findings as a table for the terminal."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        table.add_row(finding.what, Text(finding.state, STYLES[finding.state]), Text(finding.detail))
    return table
