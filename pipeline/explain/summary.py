"""What a person or a program gets at the end of a replay: the answer, ``--why``, ``--json`` and the exit code."""

import json
import re
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.bins import NEVER
from pipeline.codec import iso
from pipeline.errors import FEW, gave_up, printable, refuses
from pipeline.explain import no_all_clear
from pipeline.explain.feed_incidents import blind, moves, plain
from pipeline.explain.no_all_clear import ANY, days_elsewhere, mute, not_judged, of_no_country
from pipeline.explain.terminal import MARK, ROWS, marks, most_important, outages_table
from pipeline.explain.text import chance_text, counted, damage, given_up, place_name, refused, utc
from pipeline.explain.why import HOW_TO_READ, explained, likenesses, stayed_up, suspicions
from pipeline.feeds import strangers
from pipeline.fusion.life import CONFIRMED, OPEN, RECOVERING, RETRACTED, SUSPECTED
from pipeline.records import Left, Outage
from pipeline.replay.report import BROKEN, FEW_SOURCES, MOVED, ReplayReport, by_country, confirmed
from pipeline.topics import DEADLETTERS

BELOW = 6
"""Lines below the table: with it they fit into a terminal of 24 lines [-]."""

SHORTLY = 2
"""So many names stand in a line that has to be short, the others are counted [-]."""


def tell(
    console: Console, report: ReplayReport, days: Collection[str] = (), as_json: bool = False, why: bool = False,
    closing: Sequence[str] = (), reserved: int = 0,
) -> int:  # fmt: skip
    """Show a replay as tables or JSON and return its exit code.

    ``days`` that matter by the settings, as ``PK 2024-02-08``; ``reserved``: lines printed after it.
    """
    if as_json:
        sys.stdout.write(_as_json(report))
        return exit_code(report)
    if why:
        for heading, told in reasons(report, days):
            shown = (Text(printable(one)) if isinstance(one, str) else one for one in told)
            console.print(Text(heading, "bold"), *shown, "", sep="\n")
    sure = by_country(confirmed(report.sorted()), report.places)
    listed = sure if why else most_important(sure, ROWS)
    if sure:
        console.print(outages_table(listed, report.places, console.width))
    if len(listed) < len(sure):
        going_on = sum(outage.state in OPEN for outage in sure) - sum(outage.state in OPEN for outage in listed)
        more = f"and {len(sure) - len(listed):,} more, {f'{going_on:,} of them not over' if going_on else 'all over'}"
        console.print(Text(f"{more}: --why or --outages FILE has all", "dim"))
    if sure:
        console.print()
    lines = [_state(report, sure), _how_many(report, sure)]
    if not closing:
        marked = any(any(marks(outage)) for outage in listed)
        hint = "--why adds reasons, doubts and what was not observed."
        closing = [] if why else [f"{MARK} not exactly known. {hint}" if marked else hint]
    used = sum(len(textwrap.wrap(line, console.width)) for line in (*lines, *closing)) + reserved
    limits = _fitted("No all-clear: ", list(in_short(report, days)), console.width, max(1, BELOW - used))
    for style, line in (("bold", lines[0]), ("", lines[1]), ("yellow", limits), *(("dim", line) for line in closing)):
        if line:
            console.print(Text(printable(line), style))
    return exit_code(report)


def _state(report: ReplayReport, sure: list[Outage]) -> str:
    """How it was when the recording ended."""
    seen, places = report.observed, report.places
    end = f"{utc(seen.last)} UTC"
    if not report.read:
        return "Nothing was read: the recording has no records."
    if not sum(report.judged.values()):
        return "Nothing was judged, for want of past or of values: no outage found means nothing here."
    suspected = sorted((o for o in report.outages.values() if o.state == SUSPECTED), key=lambda o: -o.severity)
    doubt = "".join(
        f" Still suspected: {place_name(o.entity_type, o.entity, places)} since {utc(o.start)} UTC, "
        f"{o.depth:.0%} lost now, {chance_text(o.probability)} sure" for o in suspected[:1]
    ) + (f", and {len(suspected) - 1:,} more." if suspected[1:] else "." if suspected else "")  # fmt: skip
    if not sure:
        return f"No outages confirmed from {utc(seen.first)} to {end}.{doubt}"
    going_on: dict[str, list[str]] = {}
    for outage in sure:
        if outage.state in (CONFIRMED, RECOVERING):
            word = "Still out" if outage.state == CONFIRMED else "Recovering"
            last = report.last_seen(outage)
            what = f"{word} at the end, {end}" if last is None else f"Out when last seen, {utc(last)} UTC"
            going_on.setdefault(what, []).append(place_name(outage.entity_type, outage.entity, places))
    if not going_on:
        return f"{'All of these were' if sure[1:] else 'It was'} over when the recording ended, {end}.{doubt}"
    said = (f"{what}: {_names(names, 1)} ({len(names):,} of {len(sure):,})." for what, names in going_on.items())
    return " ".join(said) + doubt


def _how_many(report: ReplayReport, sure: list[Outage]) -> str:
    counts = _counts(report)
    states = [outage.state for outage in report.outages.values() if outage.confirmed_at is None]
    retracted = states.count(RETRACTED)
    more = f", {retracted:,} retracted" if retracted else ""
    return (
        f"{counts['read']:,} records: {counts['used']:,} used, {counts['late']:,} late, {counts['dead']:,} unusable; "
        f"{len(sure):,} confirmed, {len(states) - retracted:,} suspected{more}"
    )


def _fitted(head: str, phrases: list[str], width: int, lines: int) -> str:
    """As many phrases as fit into so many lines, and how many more there are."""
    if not phrases:
        return ""
    for n in range(len(phrases), 0, -1):
        rest = f"; {len(phrases) - n} more (--why)" if n < len(phrases) else ""
        if len(textwrap.wrap(made := f"{head}{'; '.join(phrases[:n])}{rest}.", width)) <= lines:
            return made
    return textwrap.shorten(made, width * lines - 9, placeholder=" ... (--why)")


def in_short(report: ReplayReport, days: Collection[str]) -> Iterator[str]:
    """Why there is no all-clear, a few words for each kind of reason; the gravest first."""
    yield from (f"gave up at {letter.place}" for letter in report.dead if gave_up(letter.reason))
    if any(_unanswered(report)):
        yield "some records have no answer"
    for words, by_name in (("refused by name", True), ("not usable", False)):
        if rows := [one for one in report.dead if refuses(one.reason) == by_name and not gave_up(one.reason)]:
            wanted = "".join(re.findall(r" \(wanted (?!time,)[^()]*\)$", rows[0].detail))
            yield f"{counted(len(rows), 'record')} {words}, the first at {rows[0].place}{wanted}"
    for what, words in ((BROKEN, "feed broken or stuck"), (FEW_SOURCES, "too few healthy sources")):
        if signals := [one.signal for one in report.incidents() if one.what == what]:
            yield f"{words}: {_names(signals)}"
    if missed := sum(report.missed.values()):
        yield f"{counted(missed, 'bin')} too late to judge"
    if report.crowded:
        yield f"{counted(report.crowded, 'late record')} found no room"
    by_reason: dict[str, list[str]] = {}
    for one in report.silences():
        called = f"{place_name(one.entity_type, one.entity, report.places) or ANY} by {one.signal}"
        by_reason.setdefault(one.why, []).append(called)
    yield from (f"{why}: {_names(names)}" for why, names in by_reason.items())
    if any(of_no_country(report.sorted(), report.places)):
        yield "networks of no known country"
    if lost := report.unmatched:
        yield f"no row is about {_names(line[2] for line in lost)} of entities.csv"
    if any(days_elsewhere(days, report.observed)):
        yield "no day that matters was read"


def _names(names: Iterable[str], most: int = SHORTLY) -> str:
    """The first names, and how many more there are."""
    own = list(dict.fromkeys(names))
    more = f" and {len(own) - most} more" if len(own) > most else ""
    return ", ".join(own[:most]) + more


def reasons(report: ReplayReport, days: Collection[str]) -> Iterator[tuple[str, list[str | Table]]]:
    """What ``--why`` adds: headings, each with its sentences and tables."""
    found, places, incidents = report.sorted(), report.places, report.incidents()
    sure = by_country(confirmed(found), places)
    last, seen = report.now(sure), report.observed
    parts: dict[str, Iterable[str | Table]] = {
        "Why": (
            *chain.from_iterable(explained(outage, places, last.get(outage.id, ())) for outage in sure),
            *stayed_up(found, places),
        ),
        "What was only suspected": suspicions(found, places),
        "What it looks like": likenesses(found, places),
        "What was not read, observed or judged": (
            *given_up(report.dead), *_unanswered(report), *refused(report.dead), *damage(report.dead, FEW),
            *strangers(report.unmatched), *blind(incidents), *_missed(report), *mute(report.mute()),
            *not_judged(report.silences(), places), *of_no_country(found, places), *days_elsewhere(days, seen),
        ),
        "What feeds did by themselves": moves(incidents),
        "How to read this": (
            *([HOW_TO_READ] if sure else []),
            *([f"The recording goes from {utc(seen.first)} to {utc(seen.last)} UTC."] if report.read else []),
            *(["Nothing is said of a series on its first day, of routes and Atlas in their first hour. "
               f"The first bin that is judged here is of {utc(report.judged_from)} UTC."]
              if report.judged_from is not None else []),
        ),
    }  # fmt: skip
    for heading, told in parts.items():
        if some := list(told):
            yield heading, some


def plain_left(left: Iterable[Left]) -> list[dict[str, object]]:
    """For a program: a row for each outage and signal."""
    return [
        {"id": one.id, "signal": one.signal, "start": iso(one.start), "end": iso(one.end), "ratio": one.ratio}
        for one in left
    ]


def exit_code(report: ReplayReport) -> int:
    """1 where nothing could be judged, or an outage may hide in what was not read, observed or judged; else 0."""
    dead = [letter.reason for letter in report.dead]
    lost = any(_unanswered(report)) or any(gave_up(reason) or refuses(reason) for reason in dead)
    blinded = any(one.what != MOVED for one in report.incidents())
    return int(lost or blinded or not sum(report.judged.values()) or bool(report.silences()))


def _counts(report: ReplayReport) -> dict[str, int]:
    return {"read": report.read, "used": report.used, "late": report.late, "dead": len(report.dead)}


def _as_json(report: ReplayReport) -> str:
    """The outages in it as ``--outages`` writes them."""
    judged_from = report.judged_from
    told = {
        "watermark": iso(report.watermark) if report.watermark > NEVER else None,
        "judged": sum(report.judged.values()),
        "missed": sum(report.missed.values()),
        "judged_from": None if judged_from is None else iso(judged_from),
        "records": _counts(report),
        "now": plain_left(chain.from_iterable(report.now(confirmed(report.sorted())).values())),
        "given_up": [
            {"feed": letter.feed, "reason": letter.reason, "place": letter.place, "detail": letter.detail}
            for letter in report.dead if gave_up(letter.reason)
        ],
        "refused": sum(refuses(letter.reason) for letter in report.dead),
        "unmatched": [dict(zip(("folder", "entity_type", "entity"), line, strict=True)) for line in report.unmatched],
        "not_judged": no_all_clear.plain(report.silences()),
        **plain(report.incidents()),
    }  # fmt: skip
    outages = b",".join(report.lines().splitlines()).decode()
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)[:-1] + f',"outages":[{outages}]}}\n'


def _unanswered(report: ReplayReport) -> Iterator[str]:
    """Workers count for themselves."""
    counts = _counts(report)
    if counts["read"] != counts["used"] + counts["late"] + counts["dead"]:
        yield (
            "This does not add up. What the workers did not answer for may hold an outage: no all-clear. Their log, or "
            f"the topic {DEADLETTERS.name}, says why."
        )


def _missed(report: ReplayReport) -> Iterator[str]:
    if missed := sum(report.missed.values()):
        yield f"{missed:,} bins came after their time was judged without them, because their feed was dead: not judged."
    if report.crowded:
        yield f"{report.crowded:,} of the late records found no room (max_prefixes, max_sessions): not counted."
