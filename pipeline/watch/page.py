"""The page of a watch and its API: everything from one `View`, nothing from elsewhere, nothing to change."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.bins import DAY
from pipeline.codec import SPANS, TIMES, iso, outage_json
from pipeline.explain.terms import DAYS, because
from pipeline.explain.text import (
    KIND_WORDS,
    chance_text,
    country_time,
    entity_name,
    lasted,
    lasting,
    local_text,
    utc_text,
)
from pipeline.fusion.life import CONFIRMED, OPEN, RECOVERING
from pipeline.records import Outage
from pipeline.settings.bounded import ENTITY_TYPES
from pipeline.settings.watching import Watch
from pipeline.watch.chart import HIGH, WIDE, drawn
from pipeline.watch.picture import PAST, UNSEEN, Country, FeedHealth, Reading, View

REFRESH = 15
"""How often the page is brought up to date [s]."""

STOPPED = 60
"""A view that is older than this is not of now [s]: the watch behind the page has stopped."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

STATES = ("open", "all")
COUNTRY = {"type": "string", "pattern": "^[A-Z]{2}$", "description": "code of a watched country"}
OUTAGES: dict[str, dict[str, Any]] = {
    "country": COUNTRY,
    "state": {"type": "string", "enum": list(STATES), "description": "only what is open, or all; all without"},
    "entity_type": {"type": "string", "enum": list(ENTITY_TYPES)},
}
SIGNALS: dict[str, dict[str, Any]] = {"country": COUNTRY, "entity_type": {"type": "string", "enum": list(ENTITY_TYPES)}}
"""Query parameters and what they may be: both the checks and the description are made of these."""


class Health(msgspec.Struct, frozen=True):
    """Whether the watch is at work, the countries that it cannot see, and its feeds."""

    time: str
    countries: tuple[str, ...]
    cannot_see: tuple[str, ...]
    is_current: bool
    feeds: tuple[FeedHealth, ...]


class Mistake(msgspec.Struct, frozen=True):
    """Why a request was refused, in a sentence."""

    error: str


class Page:
    """Answers requests from the newest view.

    ``now`` gives the time of the watch [s]; ``hosts``: names by which the page may be asked; ``watches``: their names
    and windows are shown.
    """

    def __init__(
        self, look: Callable[[], View], now: Callable[[], float], hosts: Iterable[str], watches: Sequence[Watch] = ()
    ) -> None:
        self.look, self.now = look, now
        self.notes = [(watch.country, note) for watch in watches if (note := noted(watch))]
        environment = Environment(
            loader=PackageLoader("pipeline.watch"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        environment.filters |= {
            "chance": chance_text, "ago": ago, "lasting": lasting, "amount": amount, "share": share,
        }  # fmt: skip
        environment.globals |= {"refresh": REFRESH, "wide": WIDE, "high": HIGH}
        self.templates = environment
        self.hosts = list(hosts)

    def application(self) -> Starlette:
        """The ASGI application."""
        asked = {
            "/": self.whole, "/now": self.fragment, "/outages.atom": self.atom, "/api/outages": self.outages,
            "/api/countries": self.countries,
            "/api/signals": self.signals, "/api/health": self.health, "/api/openapi.json": self.description,
            "/watch.css": _packaged("watch.css", "text/css"), "/watch.js": _packaged("watch.js", "text/javascript"),
        }  # fmt: skip
        routes = [Route(path, answer, methods=["GET"]) for path, answer in asked.items()]
        return Starlette(
            routes=routes,
            middleware=[Middleware(_Headers), Middleware(TrustedHostMiddleware, allowed_hosts=self.hosts)],
            exception_handlers={HTTPException: _refused},
        )

    async def whole(self, request: Request) -> Response:
        return self._rendered("page.html")

    async def fragment(self, request: Request) -> Response:
        return self._rendered("now.html")

    def _rendered(self, name: str) -> Response:
        view = self.look()
        panels = {
            code: [(one.reading, drawn(one.points, _spans(view, code), view.at)) for one in charts]
            for code, charts in view.charts.items()
        }
        late = int(self.now()) - view.at
        times = {one.place.entity: country_time(view.at, one.place.entity) for one in view.countries}
        edges = {code: _hours(view.at, code) for code in times}
        text = self.templates.get_template(name).render(
            view=view, panels=panels, times=times, edges=edges, stopped=late if late > STOPPED else 0,
            asked=utc_text(view.at), feeds=view.health, notes=self.notes,
        )  # fmt: skip
        return Response(text, media_type="text/html")

    async def outages(self, request: Request) -> Response:
        view = self.look()
        asked = _watched(_query(request, OUTAGES), view)
        codes = {name: place.country or place.name for name, place in view.homes.items()}
        found = [
            msgspec.json.decode(outage_json(outage)) | {"country": codes[outage.id], "provisional": provisional}
            for outage, provisional in view.outages
            if asked.get("country", codes[outage.id]) == codes[outage.id]
            and asked.get("entity_type", outage.entity_type) == outage.entity_type
            and (asked.get("state") != "open" or outage.state in OPEN)
        ]
        answer = _json(found)
        answer.headers["Netvigil-Cannot-See"] = ", ".join(_blind(view))  # where an empty list is no all-clear
        return answer

    async def countries(self, request: Request) -> Response:
        view = self.look()
        asked = _watched(_query(request, {"country": COUNTRY}), view)
        return _json([one for one in view.countries if one.place.entity == asked.get("country", one.place.entity)])

    async def signals(self, request: Request) -> Response:
        view = self.look()
        asked = _watched(_query(request, SIGNALS), view)
        return _json([one for one in view.readings if all(getattr(one, k) == v for k, v in asked.items())])

    async def health(self, request: Request) -> Response:
        _query(request, {})
        view = self.look()
        is_current = self.now() - view.at <= STOPPED
        codes = tuple(one.place.entity for one in view.countries)
        return _json(Health(iso(view.at), codes, _blind(view), is_current, view.health))

    async def description(self, request: Request) -> Response:
        return _json(openapi())

    async def atom(self, request: Request) -> Response:
        return Response(feed_of_outages(self.look(), str(request.base_url)), media_type="application/atom+xml")


def noted(watch: Watch) -> str:
    """What a watch is for, in a line; '' where it is of a country alone.

    Examples
    --------
    >>> start, end = (datetime.fromisoformat(f"2024-02-08T{hour}:00") for hour in ("08", "17"))
    >>> noted(Watch("PK", "Vote", start, end, "Asia/Karachi", "election", receiver="desk"))
    'Vote: an election day, Thu 8 Feb 2024, 08:00 to 17:00 (UTC+5); receiver: desk'
    """
    when = ""
    if watch.window and watch.zone:
        start, end = (local_text(time, ZoneInfo(watch.zone)) for time in watch.window)
        end = end.rpartition(", ")[2] if start.partition(", ")[0] == end.partition(", ")[0] else end
        when = f"{DAYS.get(watch.day, watch.day)}, " if watch.day else ""
        when += f"{start.partition(' (')[0]} to {end}"
    named = ": ".join(filter(None, (watch.name, when)))
    return "; ".join(filter(None, (named, watch.receiver and f"receiver: {watch.receiver}")))


def amount(value: float | None) -> str:
    """A value for people: whole from ten on, a few digits below; a dash for none."""
    return "–" if value is None else f"{value:,.0f}" if abs(value) >= 10 else f"{value:.3g}"


def share(value: float | None) -> str:
    """A share of what is usual; a dash for none."""
    return "–" if value is None else f"{value:.0%}" if value < 9.995 else f"{value:,.0f} times"


def ago(age: int | None) -> str:
    """An age [s]; a dash for none."""
    return "–" if age is None else f"{lasted(age)} ago" if age >= 60 else "just now"


def _spans(view: View, country: str) -> list[tuple[int, int]]:
    """When a country was out [s]."""
    own = (o for o, _ in view.outages if (o.entity_type, o.entity) == ("country", country) and o.confirmed_at)
    return [(o.start, view.at if o.end is None or o.state in (CONFIRMED, RECOVERING) else o.end) for o in own]


def _hours(at: int, country: str) -> list[str]:
    """Local times along a chart of a day: its beginning, three between, its end."""
    return [country_time(at - DAY + n * DAY // 4, country).rpartition(", ")[2].split(" ")[0] for n in range(5)]


def _query(request: Request, known: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """The query's parameters; 400 with a sentence where one is unknown, twice there, or has a wrong value."""
    for name, value in (pairs := request.query_params.multi_items()):
        if name not in known:
            raise HTTPException(400, f"there is no parameter {name[:40]!r}, only {', '.join(known) or 'none'}")
        wanted = known[name].get("enum")
        if wanted and value not in wanted:
            raise HTTPException(400, f"{name} = {value[:40]!r} is none of {', '.join(wanted)}")
        if not wanted and not (len(value) == 2 and value.isascii() and value.isalpha() and value.isupper()):
            raise HTTPException(400, f"{name} = {value[:40]!r} is no code of a country, as PK")
    if len(pairs) > len(dict(pairs)):
        raise HTTPException(400, "a parameter is there twice")
    return dict(pairs)


def _watched(asked: dict[str, str], view: View) -> dict[str, str]:
    """The same; 404 where it is of a country that is not watched."""
    codes = [one.place.entity for one in view.countries]
    if asked.get("country", codes[0] if codes else "") not in codes:
        raise HTTPException(404, f"{asked['country']} is not watched, only {', '.join(codes)}")
    return asked


def _blind(view: View) -> tuple[str, ...]:
    """The countries that cannot be seen now."""
    return tuple(one.place.entity for one in view.countries if one.place.state in (UNSEEN, PAST))


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = _json(Mistake(error.detail), error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def _packaged(name: str, kind: str) -> Callable[[Request], Response]:
    content = files("pipeline.watch").joinpath("templates", name).read_bytes()

    def answer(_: Request) -> Response:
        return Response(content, media_type=kind)

    return answer


class _Headers:
    """Adds `HEADERS` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, sent)


def openapi() -> dict[str, Any]:
    """What the API answers, as OpenAPI 3.1."""
    _, parts = msgspec.json.schema_components(
        [Outage, Reading, Country, Health, Mistake], ref_template="#/components/schemas/{name}"
    )
    time = {"type": ["string", "null"], "description": "ISO, UTC"}
    told = parts["Outage"]
    span = {"type": ["array", "null"], "items": {"type": "string"}, "minItems": 2, "maxItems": 2}
    span |= {"description": "between which times, ISO, UTC"}
    told["properties"] |= dict.fromkeys(TIMES, time) | dict.fromkeys(SPANS, span) | {
        "country": {"type": "string"}, "provisional": {"type": "boolean", "description": "may still change"},
    }  # fmt: skip
    told["required"] = sorted({*told["required"], "country", "provisional"})
    asked = {
        "/api/outages": ("Outages of the watched countries and of their parts", "Outage", OUTAGES),
        "/api/countries": ("Each watched country: its state in words", "Country", {"country": COUNTRY}),
        "/api/signals": ("The newest bin of each signal", "Reading", SIGNALS),
        "/api/health": ("Whether the watch is at work, and its feeds", "Health", {}),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "netvigil watch", "version": "1", "description": "Reads only; times are ISO, UTC."},
        "paths": {path: {"get": _operation(*one)} for path, one in asked.items()},
        "components": {"schemas": parts},
    }


def _operation(summary: str, name: str, parameters: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    ref = {"$ref": f"#/components/schemas/{name}"}
    schema = ref if name == "Health" else {"type": "array", "items": ref}
    mistake = {"$ref": "#/components/schemas/Mistake"}
    return {
        "summary": summary,
        "parameters": [{"name": key, "in": "query", "schema": one} for key, one in parameters.items()],
        "responses": {
            "200": {"description": summary, "content": {"application/json": {"schema": schema}}},
            "400": {"description": "A wrong parameter", "content": {"application/json": {"schema": mistake}}},
            "404": {
                "description": "A country that is not watched",
                "content": {"application/json": {"schema": mistake}},
            },
        },
    }


def feed_of_outages(view: View, page: str) -> str:
    """The outages that were confirmed, as an Atom feed: an entry each, which changes with its revisions (RFC 4287).

    ``page``: the address to which the entries lead.
    """
    entries = []
    for outage, _ in view.outages:
        if outage.confirmed_at is None:
            continue
        place = view.homes[outage.id]
        what = KIND_WORDS.get(outage.kind, outage.kind)
        since = country_time(outage.start, place.country or place.name)
        over = (
            ""
            if outage.end is None or outage.state in OPEN
            else f"; restored after {lasting(outage.end - outage.start)}"
        )
        title = f"{entity_name(place)}: {what}, since {since}{over}"
        now = f"{outage.depth:.0%} lost now, " if outage.state in OPEN else ""
        body = f"{now}{outage.severity:.0%} at worst, {chance_text(outage.probability)} sure: {because(outage)}."
        entries.append(
            f"<entry><id>urn:netvigil:outage:{outage.id}</id><title>{escape(title)}</title>"
            f'<updated>{iso(view.changed[outage.id])}</updated><link href="{escape(page)}"/>'
            f'<content type="text">{escape(body)}</content></entry>'
        )
    at = datetime.fromtimestamp(view.at, UTC)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:netvigil:outages</id>'
        f"<title>netvigil: outages</title><author><name>netvigil</name></author><updated>{at:%Y-%m-%dT%H:%M:%SZ}"
        f"</updated>{''.join(entries)}</feed>\n"
    )
