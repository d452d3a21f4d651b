"""What a person or a program gets at the end of a replay: the answer, ``--why``, ``--json`` and the exit code."""

import json
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from rich.console import Console
from rich.text import Text

from pipeline.bins import NEVER
from pipeline.codec import iso
from pipeline.errors import FEW, few, gave_up, printable, refuses
from pipeline.explain.feed_incidents import blind, moves, plain
from pipeline.explain.no_all_clear import (
    days_elsewhere,
    hardly_judged,
    never_judged,
    no_all_clear,
    of_no_country,
    of_no_signal,
    too_short,
    unobserved,
)  # fmt: skip
from pipeline.explain.terminal import MARK, ROWS, most_important, outages_table
from pipeline.explain.terms import signal_name
from pipeline.explain.text import chance_text, counted, damage, given_up, place_name, refused, utc
from pipeline.explain.why import (
    because_of,
    by_traffic_only,
    doubts,
    how_to_read,
    likenesses,
    suspicions,
    what_kinds,
    why_mobile,
)  # fmt: skip
from pipeline.feeds import strangers
from pipeline.fusion.life import BESIDE, CONFIRMED, OPEN, RECOVERING, RETRACTED, SUSPECTED, speaking
from pipeline.fusion.likeness import OF_DAY, OF_PARTS
from pipeline.records import Left, Outage, Places
from pipeline.replay.coverage import Past
from pipeline.replay.report import BROKEN, FEW_SOURCES, NEARLY_ALL, STUCK, ReplayReport, blinded, by_country, confirmed
from pipeline.settings import Settings
from pipeline.topics import DEADLETTERS

BELOW = 6
"""Lines below the table: with it they fit into a terminal of 24 lines [-]."""

SHORTLY = 2
"""So many names stand in a line that has to be short, the others are counted [-]."""


def tell(
    console: Console, report: ReplayReport, settings: Settings, as_json: bool = False, why: bool = False,
    closing: Sequence[str] = (), reserved: int = 0,
) -> int:  # fmt: skip
    """Show a replay as tables or JSON and return its exit code; ``reserved``: lines printed after it."""
    if as_json:
        sys.stdout.write(_as_json(report, settings))
        return exit_code(report)
    if why:
        for heading, sentences in reasons(report, settings):
            console.print(Text(heading, "bold"), *(Text(printable(one)) for one in sentences), "", sep="\n")
    sure, past = by_country(confirmed(report.sorted()), report.places), report.judged_past()
    shown = sure if why else most_important(sure, ROWS)
    if sure:
        console.print(outages_table(shown, report.places, console.width, past.marks))
    if len(shown) < len(sure):
        going_on = sum(outage.state in OPEN for outage in sure) - sum(outage.state in OPEN for outage in shown)
        more = f"and {len(sure) - len(shown):,} more, {f'{going_on:,} of them not over' if going_on else 'all over'}"
        console.print(Text(f"{more}: --why or --outages FILE has all", "dim"))
    if sure:
        console.print()
    lines = [_state(report, sure, past), _how_many(report, sure)]
    if not closing:
        marked = any(any(past.marks(outage)) for outage in shown)
        hint = "--why adds reasons, doubts and what was not observed."
        closing = [] if why else [f"{MARK} not exactly known. {hint}" if marked else hint]
    used = sum(len(textwrap.wrap(line, console.width)) for line in (*lines, *closing)) + reserved
    limits = _fitted("No all-clear: ", list(in_short(report, past, settings)), console.width, max(1, BELOW - used))
    for style, line in (("bold", lines[0]), ("", lines[1]), ("yellow", limits), *(("dim", line) for line in closing)):
        if line:
            console.print(Text(printable(line), style))
    return exit_code(report)


def _state(report: ReplayReport, sure: list[Outage], past: Past) -> str:
    """How it was when the recording ended."""
    seen, places = report.observed, report.places
    end = f"{utc(seen.last)} UTC"
    if not report.read:
        return "Nothing was read: the recording has no records."
    if not sum(report.judged.values()):
        return "Nothing was observed well enough to be judged: no outage found means nothing here."
    if not report.past.is_settled:
        return "Nothing could be confirmed: no series is longer than its first day, which only shows what is usual."
    suspected = sorted((o for o in report.outages.values() if o.state == SUSPECTED), key=lambda o: -o.severity)
    doubt = "".join(
        f" Still suspected: {place_name(o.entity_type, o.entity, places)} since {utc(o.start)} UTC, "
        f"{o.severity:.0%} lost, {chance_text(o.probability)} sure" for o in suspected[:1]
    ) + (f", and {len(suspected) - 1:,} more." if suspected[1:] else "." if suspected else "")  # fmt: skip
    if not sure:
        return f"No outages confirmed from {utc(seen.first)} to {end}.{doubt}"
    going_on: dict[str, list[str]] = {}
    for outage in sure:
        if outage.state in (CONFIRMED, RECOVERING):
            unseen, word = past.unseen(outage), "Still out" if outage.state == CONFIRMED else "Recovering"
            what = (
                f"Out when last seen, {utc(max(at for _, at in unseen))} UTC" if unseen else f"{word} at the end, {end}"
            )
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


def in_short(report: ReplayReport, past: Past, settings: Settings) -> Iterator[str]:
    """Why there is no all-clear, a few words for each kind of reason; the gravest first."""
    places, observed = report.places, report.observed
    yield from (f"gave up at {letter.place}" for letter in report.dead if gave_up(letter.reason))
    if any(_unanswered(report)):
        yield "some records have no answer"
    for words, by_name in (("refused by name", True), ("not usable", False)):
        if rows := [one for one in report.dead if refuses(one.reason) == by_name and not gave_up(one.reason)]:
            wanted = "".join(re.findall(r" \(wanted (?!time,)[^()]*\)$", rows[0].detail))
            yield f"{counted(len(rows), 'record')} {words}, the first at {rows[0].place}{wanted}"
    if gaps := observed.gaps():
        place = min(gaps, key=lambda unseen: (unseen[1] != "country", unseen))
        by = f" by {', '.join(place[0])}" if place[0] and place[1] else ""
        start = gaps[place][-1].start
        since = f" from {utc(start)} UTC on" if start is not None and gaps[place][-1].end is None else " all the time"
        more = f", and {len(gaps) - 1} more" if len(gaps) > 1 else ""
        yield f"not observed{since}: {_called(', '.join(place[0]), *place[1:], report)}{by}{more}"
    for what, words in ((BROKEN, "feed broken"), (STUCK, "feed stuck"), (FEW_SOURCES, "too few healthy sources")):
        if signals := [one.signal for one in report.incidents() if one.what == what]:
            yield f"{words}: {_names(signals)}"
    if missed := sum(report.missed.values()):
        yield f"{counted(missed, 'bin')} too late to judge"
    if report.crowded:
        yield f"{counted(report.crowded, 'late record')} found no room"
    if series := sorted(past.too_short(), key=lambda one: (one[1] != "country", one)):
        yield f"less than two days of values: {_names(_called(*one, report) for one in series)}"
    unjudged = report.unjudged()
    if signals := [f"{_called(*one[:3], report)} by {one.signal}" for one in unjudged]:
        yield f"too noisy to judge: {_names(signals)}"
    if any(of_no_country(report.sorted(), places)):
        yield "networks of no known country"
    if lost := report.unmatched:
        yield f"no row is about {_names(line[2] for line in lost)} of entities.csv"
    if any(days_elsewhere(settings.calendar.days, observed, places)):
        yield "no day of calendar.days was read"


def _called(signal: str, entity_type: str, entity: str, report: ReplayReport) -> str:
    return place_name(entity_type, entity, report.places) if entity else signal


def _names(names: Iterable[str], most: int = SHORTLY) -> str:
    """The first names, and how many more there are."""
    own = list(dict.fromkeys(names))
    more = f" and {len(own) - most} more" if len(own) > most else ""
    return ", ".join(own[:most]) + more


def reasons(report: ReplayReport, settings: Settings) -> Iterator[tuple[str, list[str]]]:
    """What ``--why`` adds: headings, each with its sentences."""
    found, places, observed, past = report.sorted(), report.places, report.observed, report.judged_past()
    sure, incidents, unjudged = by_country(confirmed(found), places), report.incidents(), report.unjudged()
    last = report.now(sure)
    parts = {
        "Why": (
            *because_of(sure, places), *by_traffic_only(found, places), *why_mobile(found, places),
            *what_kinds(found, places),
        ),
        "How much is back": (
            *(
                f"Still out: {place_name(o.entity_type, o.entity, places)}{back}."
                for o in sure if (back := back_again(o, last.get(o.id, ())))
            ),
            *remaining(sure, chain.from_iterable(last.values()), places, "Now in", "now"),
            *remaining(sure, report.lacking(settings), places, "Over, and not all back in", "lacking"),
        ),
        "What was only suspected": suspicions(found, places),
        "What it looks like": likenesses(found, places),
        "Which times are in doubt": (f"{MARK} {doubt}" for doubt in doubts(sure, past, places)),
        "What was not read, observed or judged": (
            *given_up(report.dead), *_unanswered(report), *refused(report.dead), *damage(report.dead, FEW),
            *strangers(report.unmatched), *blind(incidents), *_missed(report), *too_short(past, places),
            *unobserved(observed, places), *of_no_signal(unjudged, observed), *hardly_judged(unjudged, places),
            *of_no_country(found, places),
            *days_elsewhere(settings.calendar.days, observed, places),
        ),
        "What feeds did by themselves": moves(incidents),
        "How to read this": (
            *([how_to_read(report.past, sure)] if sure else []),
            *_first_day(report, past),
        ),
    }  # fmt: skip
    for heading, sentences in parts.items():
        if some := list(sentences):
            yield heading, some


def back_again(outage: Outage, now: Sequence[Left]) -> str:
    """That more than half is back of an outage that goes on; '' where a signal that fell is unseen or lacks more."""
    ratios = {one.signal: one.ratio for one in now}
    fell = [
        (ratios.get(term.signal.partition(BESIDE)[0]), term.ratio)
        for term in speaking(outage.signals) if not term.signal.startswith((OF_PARTS, OF_DAY))
    ]  # fmt: skip
    known = [(ratio, worst) for ratio, worst in fell if ratio is not None and worst is not None]
    are_back = all(ratio >= NEARLY_ALL or 1 - ratio < (1 - worst) / 2 for ratio, worst in known)
    if not fell or outage.state != CONFIRMED or len(known) < len(fell) or not are_back:
        return ""
    least = min(ratio for ratio, _ in known)
    return f" (more than half back: what fell is at {least:.0%} of usual or more)"


def remaining(found: Iterable[Outage], left: Iterable[Left], places: Places, words: str, key: str) -> Iterator[str]:
    """What is ``left`` of the first outages at the end, a sentence each that begins with these words."""
    own: dict[str, list[Left]] = {}
    for one in left:
        own.setdefault(one.id, []).append(one)
    known = [outage for outage in by_country(found, places) if outage.id in own]
    for outage in known[:FEW]:
        now = own[outage.id]
        shares = ", ".join(f"{signal_name(one.signal)} at {one.ratio:.0%}" for one in now)
        first, last = min(one.start for one in now), max(one.end for one in now)
        name = place_name(outage.entity_type, outage.entity, places)
        yield f"{words} {name}: {shares} of usual, {utc(first)} to {utc(last)} UTC."
    if len(known) > FEW:
        yield f"The same is known of {counted(len(known) - FEW, 'other outage')}: --json has them all ({key})."


def plain_left(left: Iterable[Left]) -> list[dict[str, object]]:
    """For a program: a row for each outage and signal."""
    return [
        {"id": one.id, "signal": one.signal, "start": iso(one.start), "end": iso(one.end), "ratio": one.ratio}
        for one in left
    ]


def exit_code(report: ReplayReport) -> int:
    """1 where nothing could be confirmed, or an outage may hide in what was not read, observed or judged; else 0."""
    unjudged, dead = report.unjudged(), [letter.reason for letter in report.dead]
    nothing_judged = not sum(report.judged.values()) or not report.past.is_settled
    nothing_judged |= bool(never_judged(unjudged, report.observed))
    lost = any(_unanswered(report)) or any(gave_up(reason) or refuses(reason) for reason in dead)
    return int(nothing_judged or lost or bool(blinded(report.incidents())) or bool(report.observed.gaps()))


def _counts(report: ReplayReport) -> dict[str, int]:
    return {"read": report.read, "used": report.used, "late": report.late, "dead": len(report.dead)}


def _as_json(report: ReplayReport, settings: Settings) -> str:
    """The outages in it as ``--outages`` writes them."""
    past, observed = report.judged_past(), report.observed
    told = _plain(report, past) | plain(report.incidents()) | no_all_clear(past, observed, report.unjudged())
    told["lacking"] = plain_left(report.lacking(settings))
    outages = b",".join(report.lines().splitlines()).decode()
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)[:-1] + f',"outages":[{outages}]}}\n'


def _plain(report: ReplayReport, past: Past) -> dict[str, Any]:
    sure = confirmed(report.sorted())
    return {
        "watermark": iso(report.watermark) if report.watermark > NEVER else None,
        "judged": sum(report.judged.values()),
        "missed": sum(report.missed.values()),
        "judged_from": None if past.judged_from is None else iso(past.judged_from),
        "records": _counts(report),
        "undated": [outage.id for outage in sure if past.inexact(outage)],
        "now": plain_left(chain.from_iterable(report.now(sure).values())),
        "last_observed": [
            {"id": outage.id, "signal": signal, "until": iso(until)}
            for outage in sure for signal, until in past.unseen(outage)
        ],
        "given_up": [
            {"feed": letter.feed, "reason": letter.reason, "place": letter.place, "detail": letter.detail}
            for letter in report.dead if gave_up(letter.reason)
        ],
        "refused": sum(refuses(letter.reason) for letter in report.dead),
        "unmatched": [dict(zip(("folder", "entity_type", "entity"), line, strict=True)) for line in report.unmatched],
    }  # fmt: skip


def _first_day(report: ReplayReport, past: Past) -> Iterator[str]:
    seen, begun = report.observed, report.past.judged_from
    if seen.first <= seen.last:
        yield f"The recording goes from {utc(seen.first)} to {utc(seen.last)} UTC."
    if begun is not None:
        days = [f"{utc(start)} to {utc(end)} UTC" for start, end in past.first_days()]
        again = f"; again after a hole of weeks, whatever it had before it: {few(days)}" if days else ""
        yield f"Nothing is confirmed in a series' first day: here before {utc(begun)} UTC{again}."


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
