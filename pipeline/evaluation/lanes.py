"""The lines of bars below a picture: what is labelled, who called it out, who only suspected it, and who could not
judge."""

from collections.abc import Iterable
from typing import NamedTuple

from pipeline.evaluation.judged import ANY, FUSED, OURS, WARNING, Judged, Read
from pipeline.evaluation.lines import who
from pipeline.evaluation.looks import LABEL, OTHER_BAR, OURS_BAR, UNCOUNTED
from pipeline.evaluation.parts import judged_spans
from pipeline.evaluation.spans import Span, clipped, joined, touch, without
from pipeline.evaluation.story import Story
from pipeline.records import placed


class Bar(NamedTuple):
    """A line of bars below the panels: its name, its stretches [s], its colour.

    ``known``: the time from which on each of them was known [s], if that was not from its begin.  ``suspected``: what
    was suspected and never confirmed.  ``refused``: when it could not judge; ``mute``: it never could in the window.
    """

    name: str
    spans: tuple[Span, ...]
    colour: str
    known: tuple[int, ...] = ()
    suspected: tuple[Span, ...] = ()
    refused: tuple[Span, ...] = ()
    mute: bool = False

    def word(self, window: Span) -> str:
        """What is written where no bar is drawn in a window: ``refused`` where it could never judge, else ``none``.

        Examples
        --------
        >>> quiet = Bar("median", (), "red")
        >>> quiet.word(Span(0, 9)), quiet._replace(refused=(Span(0, 4),), mute=True).word(Span(0, 9))
        ('none', 'refused')
        >>> quiet._replace(suspected=(Span(0, 4),)).word(Span(0, 9))
        ''
        """
        if any(touch(span, window) for span in (*self.spans, *self.suspected)):
            return ""
        return "refused" if self.refused and self.mute else "none"


def bars_of(story: Story, judged: Iterable[Judged]) -> list[Bar]:
    """Below a story's panels: its entity's labels, when each detector called it out, and from when on
    that was known."""
    judged = list(judged)
    own = [label for label in judged[0].case.labels if (label.entity_type, label.entity) == story.entity[:2]]
    bars = [Bar("label", tuple(Span(label.start, label.end) for label in own), LABEL)]
    if ignored := tuple(span for span, _ in judged[0].tolerance.ignored if touch(span, story.window)):
        bars.append(Bar("not counted", ignored, UNCOUNTED))
    return bars + [_bar(story, one) for one in judged]


def _bar(story: Story, one: Judged) -> Bar:
    is_ours = one.detector == OURS
    ways = [read for read in one.readings if is_ours or read.reading in (ANY, FUSED)]
    read = max(reversed(ways), key=lambda read: read.account.hits)  # for a rival the better one speaks
    called = [called for called in read.called if called.entity[:2] == story.entity[:2]]
    end = read.account.observed.end
    spans = tuple(Span(called.start, end if called.end is None else called.end) for called in called)
    silent, said = refused(story, one, read)
    return Bar(
        who(one.detector, read.reading), spans, OURS_BAR if is_ours else OTHER_BAR,
        tuple(called.confirmed for called in called), tuple(without(_suspected(story, one, read), spans)),
        tuple(silent), not said,
    )  # fmt: skip


def _suspected(story: Story, one: Judged, read: Read) -> list[Span]:
    """What was suspected: outages of fusion that were never confirmed, or what looked low without it."""
    end = read.account.observed.end
    if read.reading == FUSED:
        own = [o for o in one.outages if (o.entity_type, o.entity) == story.entity[:2] and o.confirmed_at is None]
        return [Span(outage.start, end if outage.end is None else outage.end) for outage in own]
    warned = [c for way in one.readings if way.reading == WARNING for c in way.called]
    return [
        Span(called.start, end if called.end is None else called.end)
        for called in warned if called.entity[:2] == story.entity[:2]
    ]  # fmt: skip


def refused(story: Story, one: Judged, read: Read) -> tuple[list[Span], list[Span]]:
    """When the story's entity, or a part of a country without a series of its own, was observed and a detector could
    not judge it; and when it could."""
    first = [trace for trace in one.traces if trace.detector == one.first]
    own = [trace for trace in first if trace.entity[:2] == story.entity[:2]]
    if own:
        said = joined(span for trace in own for span in trace.judged)
    else:  # a country is judged from its parts, and by fusion alone
        own = [trace for trace in first if placed(*trace.entity[:2], one.places).country == story.entity.name]
        said = judged_spans(own, story.entity.name, one.settings.fusing) if read.reading == FUSED else []
    seen = joined(span for trace in own for span in trace.observed)
    return clipped(without(seen, said), story.window), clipped(said, story.window)
