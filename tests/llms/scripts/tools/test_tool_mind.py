"""The scripted model's mind for tools, on tools that no sample has."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench_eval.llms.base import Message
from toolbench_eval.llms.scripts.tools.answers import focus
from toolbench_eval.llms.scripts.tools.mind import DoneCall, Move, ToolView, conclusion, next_move, planned
from toolbench_eval.llms.scripts.tools.talk import call_step, calls_in, calls_in_rows, tools_in
from toolbench_eval.llms.scripts.tools.words import Vocabulary, clauses, stem, stems
from toolbench_eval.llms.scripts.voices import tool_steps


def tool(name: str, description: str, /, *optional: str, **parameters: Any) -> ToolView:
    """A tool; a parameter is a description, or a schema."""
    properties = {
        key: {"type": "string", "description": value} if isinstance(value, str) else value
        for key, value in parameters.items()
    }
    required = [key for key in properties if key not in optional]
    return ToolView(name, description, {"type": "object", "properties": properties, "required": required})


CINEMA = (
    tool("search_movie", "Search films by title; gives the movie_id.", query="Words of the title."),
    tool("movie_credits", "The cast and the director_id of a film.", movie_id="Id of a film, from search_movie."),
    tool("person_details", "Birthday, birthplace and name of a person.", person_id="Id of a person."),
    tool(
        "showtimes",
        "Times at which a cinema shows a film on a day.",
        movie_id="Id of a film.",
        date="Day, YYYY-MM-DD.",
        language={"enum": ["English", "French"], "description": "Spoken language."},
    ),
    tool(
        "reserve_seats",
        "Reserve seats for a film.",
        movie_id="Id of a film.",
        seats={"type": "integer", "description": "How many seats."},
    ),
    tool("old_showtimes", "Showtimes of an outdated system.", date="Day, YYYY-MM-DD."),
)
FILMS: Mapping[str, Callable[..., Any]] = {
    "search_movie": lambda query: [
        {"movie_id": 7, "title": "Dune", "year": 1984},
        {"movie_id": 8, "title": "The Grey Heron", "year": 2003},
    ],
    "movie_credits": lambda movie_id: {"movie_id": movie_id, "director_id": 40 + movie_id},
    "person_details": lambda person_id: {"person_id": person_id, "name": "Mara Holt", "birthplace": "Tenby"},
    "showtimes": lambda movie_id, date, language: {"date": date, "times": ["18:10", "20:45"], "language": language},
    "reserve_seats": lambda movie_id, seats: {"reservation": f"{movie_id}x{seats}", "seats": seats},
    "old_showtimes": lambda date: {"times": ["00:00"]},
}


def play(request: str, tools=CINEMA, world=FILMS, most: int = 12) -> tuple[Move, list[DoneCall]]:
    """Let the mind work until it ends."""
    done: list[DoneCall] = []
    for _ in range(most):
        move = next_move(request, tools, done)
        if move.tool is None:
            return move, done
        try:
            result, ok = world[move.tool](**move.arguments), True
        except LookupError as error:
            result, ok = {"error": str(error)}, False
        done.append(DoneCall(move.tool, move.arguments, json.dumps(result), ok))
    raise AssertionError(f"no end: {done}")


def called(done: list[DoneCall]) -> list[tuple[str, dict[str, Any]]]:
    return [(one.tool, dict(one.arguments)) for one in done]


def test_an_id_is_looked_up_first_and_the_named_record_is_taken():
    move, done = play('Reserve 3 seats for "The Grey Heron".')
    assert called(done) == [
        ("search_movie", {"query": "The Grey Heron"}),
        ("reserve_seats", {"movie_id": 8, "seats": 3}),
    ]
    assert move.answer == "reservation: 8x3; seats: 3"


def test_dates_choices_and_what_is_asked_for():
    move, done = play('When is "The Grey Heron" shown in French on 2031-01-02?')
    assert called(done)[-1] == ("showtimes", {"movie_id": 8, "date": "2031-01-02", "language": "French"})
    assert move.answer == "18:10"


def test_a_description_that_links_names_is_believed():
    said = "The cast, and the director_id, which is the person_id of the director."
    linked = [replace(one, description=said) if one.name == "movie_credits" else one for one in CINEMA]
    move, done = play('What is the birthplace of the director of "The Grey Heron"?', linked)
    assert [name for name, _ in called(done)] == ["search_movie", "movie_credits", "person_details"]
    assert called(done)[-1][1] == {"person_id": 48}
    assert move.answer == "Tenby"


def test_other_results_other_moves():
    def reply(movie: int) -> Move:
        found = DoneCall("search_movie", {"query": "x"}, json.dumps([{"movie_id": movie, "title": "The Grey Heron"}]))
        return next_move('Reserve 3 seats for "The Grey Heron".', CINEMA, [found])

    assert reply(8).arguments == {"movie_id": 8, "seats": 3}
    assert reply(9).arguments == {"movie_id": 9, "seats": 3}
    failed = DoneCall("search_movie", {"query": "The Grey Heron"}, '{"error": "down"}', ok=False)
    assert next_move('Reserve 3 seats for "The Grey Heron".', CINEMA, [failed]).tool != "reserve_seats"


def test_an_error_leads_to_another_tool():
    def closed(**_: Any) -> Any:
        raise LookupError("closed")

    move, done = play(
        "When does the cinema show films on 2031-01-02?", CINEMA, {**FILMS, "search_movie": closed, "showtimes": closed}
    )
    assert move.answer in {None, "00:00"}
    assert len({(name, json.dumps(arguments)) for name, arguments in called(done)}) == len(done)


def test_it_gives_up_where_no_tool_helps():
    move, done = play("Sing a song.", ())
    assert (move.tool, move.answer, done) == (None, None, [])


def test_a_plan_is_a_guess_in_order():
    assert planned('Reserve 3 seats for "The Grey Heron".', CINEMA) == ["search_movie", "reserve_seats"]
    found = DoneCall(
        "search_movie", {"query": "The Grey Heron"}, json.dumps([{"movie_id": 8, "title": "The Grey Heron"}])
    )
    assert planned('Reserve 3 seats for "The Grey Heron".', CINEMA, [found]) == ["reserve_seats"]
    failed = DoneCall("search_movie", {"query": "The Grey Heron"}, "[]")
    assert planned('Reserve 3 seats for "The Grey Heron".', CINEMA, [failed]) == []


def test_a_conclusion_needs_no_tools():
    done = [DoneCall("a", {}, '{"movie_id": 8, "director": "Mara Holt"}')]
    assert conclusion("Who is the director?", done) == "Mara Holt"
    assert conclusion("Who is the director?", []) is None
    assert conclusion("Who is the director?", [DoneCall("a", {}, "not JSON")]) is None


def test_clauses():
    tools = [tool("order_tea", "Order tea."), tool("book_room", "Book a room.")]
    assert clauses("Book a room and order tea for Ada and Bob. Then rest.", tools) == [
        "Book a room",
        "order tea for Ada and Bob.",
        "Then rest.",
    ]


def test_words():
    assert {stem(word) for word in ("open", "opens", "opening", "opened")} == {"open"}
    assert stem("employer") == stem("employs")
    assert stem("cost") == stem("price")
    assert stems("the find_personId of a URL") == ["find", "person", "id", "url"]
    assert focus("What is the phone number of Ada?") == stems("phone number")
    words = Vocabulary(CINEMA)
    assert words.explains(stem("movie"))
    assert not words.explains(stem("heron"))


SCHEMAS = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer"},
        {"type": ["integer", "null"]},
        {"type": ["null", "string"]},
        {"type": []},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "string", "description": "Id of a thing, from one."},
        {"type": "string", "description": "YYYY-MM-DD"},
        {"type": "boolean"},
        {},
    ]
)
TOOLS = st.lists(
    st.builds(
        lambda name, description, properties: ToolView(
            name, description, {"properties": properties, "required": sorted(properties)[:1]}
        ),
        st.sampled_from(["one", "two", "get_three", "book_four"]),
        st.text(max_size=20) | st.just("Get the name of one, which is the two_id."),
        st.dictionaries(st.sampled_from(["two_id", "name", "count", "when"]), SCHEMAS, max_size=2),
    ),
    max_size=4,
    unique_by=lambda one: one.name,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(["two_id", "name", "x"]), inside, max_size=2)
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(st.text(max_size=40) | st.just('Get the name of one "x" and book 3 four on 2031-01-02?'), TOOLS, st.data())
def test_it_never_raises_never_repeats_a_call_and_ends(request, tools, data):
    done: list[DoneCall] = []
    for _ in range(60):
        move = next_move(request, tools, done)
        planned(request, tools, done)
        if move.tool is None:
            return
        assert move.tool in {one.name for one in tools}
        assert (move.tool, move.arguments) not in [(one.tool, one.arguments) for one in done]
        done.append(DoneCall(move.tool, move.arguments, json.dumps(data.draw(JSON)), data.draw(st.booleans())))
    raise AssertionError("no end")


def test_calls_are_read_back_from_a_conversation():
    move = Move("search_movie", {"query": "x"}, None, "so")
    messages = [
        Message("system", "s"),
        Message("user", 'Use these:\n<tools>\n{"name": "t", "description": "d", "parameters": {}}\nno JSON\n</tools>'),
        Message("assistant", call_step(move)),
        Message("user", "Observation (error):\n<result>\nno\nsuch film\n</result>"),
        Message("assistant", "Thought: hm"),
        Message("user", "Observation (ok):\n<result>\n1\n</result>"),
    ]
    assert tools_in(messages[1].text) == [ToolView("t", "d", {})]
    assert calls_in(messages) == [DoneCall("search_movie", {"query": "x"}, "no\nsuch film", ok=False)]
    assert calls_in_rows([{"tool": "t", "arguments": "?", "status": "cut", "result": "r"}, {"step": "s"}]) == [
        DoneCall("t", {}, "r")
    ]


def test_other_prompts_are_not_theirs():
    for messages in ([], [Message("user", "hi")], [Message("system", "x"), Message("user", "y")]):
        assert tool_steps.reply(messages) is None
