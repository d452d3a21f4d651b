"""The page and the API of a watch: the same content, true to its description, whatever is asked."""

import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from pipeline.codec import iso
from pipeline.records import DEAD
from pipeline.settings.watching import Watch
from pipeline.watch.page import HEADERS, Page, feed_of_outages, openapi
from pipeline.watch.picture import Picture
from tests.watch.pictures import NOW, ZONG, outage, picture, status, verdicts

SEEN = (
    verdicts(value=20), verdicts("bgp.ris"), verdicts(value=10, entity=ZONG), outage(), outage(entity=ZONG),
    outage("ended", id="old", start=NOW - 80000, end=NOW - 70000), status("rislive", DEAD, "no <b>connection</b>"),
)  # fmt: skip


def client(made: Picture | None = None, late: int = 0, *watches: Watch) -> TestClient:
    view = (made or picture(*SEEN)).view(NOW)
    page = Page(lambda: view, lambda: NOW + late, ["127.0.0.1"], watches)
    return TestClient(page.application(), "http://127.0.0.1:8080", raise_server_exceptions=False)


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_the_page_says_what_is_out_since_when_and_what_cannot_be_seen() -> None:
    with client() as asked:
        said = text(asked.get("/").text)
        assert text(asked.get("/now").text) in said
    assert "Pakistan out: mobile networks down" in said
    assert "since Thu 8 Feb 2024, 06:30 (UTC+5) for 1 hour lost now 60% lost at worst 80% sure 97%" in said
    assert "Zong, AS59257 out: mobile networks down" in said
    assert "routes (bgp.ris): no &lt;b&gt;connection&lt;/b&gt;; nothing since" in said
    assert "stopped" not in said
    assert said.startswith("Pakistan: out – netvigil")


def test_a_page_says_what_the_watch_is_for() -> None:
    with client(None, 0, Watch("PK", "Vote", receiver="desk"), Watch("PK"), Watch("IN", "Elsewhere")) as asked:
        said = text(asked.get("/").text)
    assert "Vote; receiver: desk" in said
    assert "Elsewhere" not in said


def test_a_page_of_a_watch_that_has_stopped_says_so() -> None:
    with client(late=600) as asked:
        assert "The watch behind this page has stopped. What you read is 10 minutes old." in text(asked.get("/").text)
        assert asked.get("/api/health").json()["is_current"] is False


def test_nothing_is_loaded_from_elsewhere_and_other_hosts_are_refused() -> None:
    with client() as asked:
        answer = asked.get("/")
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        for address in re.findall(r'(?:src|href)="([^"]*)"', answer.text):
            assert asked.get(address).status_code == 200
        assert "://" not in answer.text
        assert asked.get("/", headers={"host": "elsewhere.example"}).status_code == 400
        assert asked.post("/api/health").status_code == 405


def test_outages_and_signals_are_narrowed_by_parameters() -> None:
    with client() as asked:
        assert [one["id"] for one in asked.get("/api/outages").json()] == ["pk-1", "as59257-1", "old"]
        assert [one["id"] for one in asked.get("/api/outages?state=open&entity_type=asn").json()] == ["as59257-1"]
        assert asked.get("/api/outages").headers["Netvigil-Cannot-See"] == ""
        for path in ("outages", "signals", "countries"):
            answer = asked.get(f"/api/{path}?country=IN")
            assert (answer.status_code, answer.json()) == (404, {"error": "IN is not watched, only PK"})
        (pakistan,) = asked.get("/api/countries?country=PK").json()
        assert pakistan["place"]["words"] == "out: mobile networks down"
        assert [part["entity"] for part in pakistan["parts"]] == ["AS59257"]
        networks = asked.get("/api/signals?entity_type=asn").json()
        assert [(one["signal"], one["entity"], one["share"]) for one in networks] == [("traffic.radar", "AS59257", 0.1)]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("/api/outages?state=shut", "state = 'shut' is none of open, all"),
        ("/api/outages?country=pk", "country = 'pk' is no code of a country, as PK"),
        ("/api/signals?state=open", "there is no parameter 'state', only country, entity_type"),
        ("/api/health?x=1", "there is no parameter 'x', only none"),
        ("/api/signals?country=PK&country=IN", "a parameter is there twice"),
    ],
)
def test_a_wrong_parameter_is_refused_in_a_sentence(query: str, said: str) -> None:
    with client() as asked:
        answer = asked.get(query)
        assert (answer.status_code, answer.json()) == (400, {"error": said})


API = openapi()
VALUES = st.text(max_size=5) | st.sampled_from(["PK", "IN", "open", "all", "asn", "country"])
NAMES = st.sampled_from(["country", "state", "entity_type"]) | st.text(max_size=4)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(API["paths"])), st.lists(st.tuples(NAMES, VALUES), max_size=3))
def test_whatever_is_asked_the_answer_is_as_described(path: str, query: list[tuple[str, str]]) -> None:
    described = API["paths"][path]["get"]
    allowed = {one["name"]: Draft202012Validator(one["schema"]) for one in described["parameters"]}
    answer = ASKED.get(path, params=query)
    fits = all(name in allowed and allowed[name].is_valid(value) for name, value in query)
    status = 200 if fits and len(dict(query)) == len(query) else 400
    assert answer.status_code == (404 if status == 200 and dict(query).get("country", "PK") != "PK" else status)
    schema = described["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": API["components"]}).validate(answer.json())


ASKED = client()


def test_the_description_is_served() -> None:
    with client() as asked:
        assert asked.get("/api/openapi.json").json() == json.loads(json.dumps(API))
    assert API["openapi"].startswith("3.1.")


def test_an_empty_watch_has_a_page_too() -> None:
    with client(picture()) as asked:
        said = text(asked.get("/").text)
        assert "Pakistan cannot see" in said
        assert "traffic.radar: nothing has come yet." in said
        assert asked.get("/api/outages").json() == []


def test_confirmed_outages_are_an_atom_feed() -> None:
    with client(picture(*SEEN, outage("suspected", id="s", confirmed_at=None))) as asked:
        answer = asked.get("/outages.atom")
    feed, name = ElementTree.fromstring(answer.text), "{http://www.w3.org/2005/Atom}"
    titles = [entry.findtext(f"{name}title") for entry in feed.iter(f"{name}entry")]
    assert titles == [
        "Pakistan: mobile networks down, since Thu 8 Feb 2024, 06:30 (UTC+5)",
        "Zong, AS59257 (Pakistan): mobile networks down, since Thu 8 Feb 2024, 06:30 (UTC+5)",
        "Pakistan: mobile networks down, since Wed 7 Feb 2024, 09:16 (UTC+5); restored after 2 hours 46 minutes",
    ]
    assert answer.headers["content-type"].startswith("application/atom+xml")


def test_an_entry_of_the_atom_feed_is_updated_by_each_revision_and_by_nothing_else() -> None:
    made, times = picture(outage()), []
    for late, revised in ((0, {}), (60, {}), (120, {"severity": 0.2}), (180, {}), (240, {"state": "recovering"})):
        made.take_now(outage(**{"revision": 2 + late} | revised) if revised else outage(), "")
        feed = feed_of_outages(made.view(NOW + late), "http://127.0.0.1:8080/")
        times.append(re.findall(r'<updated>([^<]*)</updated><link href="http://127.0.0.1:8080/"/><content', feed)[0])
    confirmed = NOW - 2700
    assert times == [iso(time) for time in (confirmed, confirmed, NOW + 120, NOW + 120, NOW + 240)]
