"""ConAgents' choice of a tool: reading it, and which tool a name means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.conagents_stage import FINAL, FIND, PRINTS, Scene, choose, request

from toolbench_eval.agents.conagents.agent import ConAgents
from toolbench_eval.agents.conagents.tool_choice import (
    Choice,
    UnreadableError,
    bare_name,
    by_segments,
    named,
    read_choice,
)
from toolbench_eval.environments.base import ToolSpec

# Which tool a name means


TOOLS = [
    ToolSpec("search_movie", source="GET /search/movie", method="GET", url="https://api.example/3/search/movie"),
    ToolSpec(
        "movie_credits", source="GET /movie/{movie_id}/credits", url="https://api.example/3/movie/{movie_id}/credits"
    ),
    ToolSpec("findPerson"),
]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("search_movie", "search_movie"),
        ("[1] `Search_Movie`", "search_movie"),
        ("GET https://api.example/3/search/movie?query=x", "search_movie"),
        ("GET /movie/{movie_id}/credits", "movie_credits"),
        ("findPerson(name='x')", "findPerson"),
        ("movie_cast", None),
        ("", None),
    ],
)
def test_names_as_they_are_written(written, found):
    tool = named(written, TOOLS)
    assert (tool.name if tool else None) == found


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("/movie/7/credits", "movie_credits"),
        ("GET https://api.example/3/movie/{id}/credits", "movie_credits"),
        ("credits_of_movie", "movie_credits"),
        ("find_person", "findPerson"),
        ("person_find_all", "findPerson"),
        ("weather", None),
    ],
)
def test_names_by_shared_segments(written, found):
    tool = by_segments(written, TOOLS)
    assert (tool.name if tool else None) == found
    assert by_segments(written, TOOLS, always=True) is not None


def test_matching_by_segments_by_name_only_and_by_the_model():
    misnamed = choose("cast_of_film")
    by_default = Scene(ConAgents(), misnamed, request(film_id=7), PRINTS, FINAL)
    assert by_default.notes("match") == [{"written": "cast_of_film", "tool": "film_cast", "how": "segments"}]
    exact = Scene(ConAgents(matching="exact"), misnamed, FINAL)
    assert exact.notes("match") == [{"written": "cast_of_film", "tool": None, "how": None}]
    assert "there is no tool 'cast_of_film'" in exact.prompts("grounding")[1]
    asked = Scene(ConAgents(matching="llm"), misnamed, "film_cast", request(film_id=7), PRINTS, FINAL)
    assert asked.order[:3] == ["ground", "match", "execute"]
    assert asked.roles[1] == "execution"
    assert asked.notes("match")[0]["how"] == "llm"
    lost = Scene(ConAgents(matching="llm"), choose("weather"), "no idea", request(title="x"), "7", FINAL)
    assert lost.notes("match") == [{"written": "weather", "tool": "find_film", "how": "segments"}]


# Reading


@pytest.mark.parametrize(
    ("reply", "choice"),
    [
        (FIND, Choice("find the film", "find_film")),
        ("**Thought:** a\n**Tool:** `find_film`\n", Choice("a", "`find_film`")),
        ("a\nTOOL: x\nTool: y", Choice("a", "x")),
        (FINAL, Choice("done", answer="Ida Moss")),
        ("Final Answer:\nIda Moss", Choice("", answer="Ida Moss")),
        (f"{FIND}\nFinal Answer: invented", Choice("find the film", "find_film")),
        ("Thought: a\nFinal Answer: b\nTool: c", Choice("a", answer="b Tool: c")),
        ("<think>Tool: x</think>Thought: a\nTool: y", Choice("a", "y")),
        ("I do not know the tool: sorry", None),
        ("Thought: a\nTool:", None),
        ("Final Answer:", None),
        ("", None),
    ],
)
def test_choices(reply, choice):
    assert read_choice(reply) == choice


def test_choices_as_released():
    later = "Thought: a\nTool: x\nExpected: y\nFinal Answer: Ida MOSS"
    assert read_choice(later, "text", "released") == Choice("a Tool: x Expected: y", answer="ida moss")
    assert read_choice(later, "text") == Choice("a", "x")
    with pytest.raises(UnreadableError, match="chooses two tools"):
        read_choice("Tool: x\nTool: y", "text", "released")
    assert read_choice("hm", "text", "released") is None
    two = Scene(ConAgents(reading="released"), "Tool: x\nTool: y")
    assert (two.answer.text, two.answer.stop_reason) == (None, "parse_error")


@given(st.text() | st.lists(st.sampled_from(["Thought: ", "Tool: ", "Final Answer: ", "x", " ", "\n"])).map("".join))
def test_reading_never_fails(text):
    choice = read_choice(text)
    if choice is not None:
        assert bool(choice.tool) != bool(choice.answer)
        assert "\n" not in choice.thought + choice.tool
    assert "\n" not in bare_name(text)
    assert by_segments(text, TOOLS) in [None, *TOOLS]
    assert by_segments(text, TOOLS, always=True) in TOOLS
