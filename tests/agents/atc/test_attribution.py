"""Blame: which names of tools stand in what a model wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.agents.atc.attribution import blamed_tools, names_in

NAMES = ["GET_movie", "GET_movie_credits", "GET_search"]


@pytest.mark.parametrize(
    ("reply", "exact", "substring"),
    [
        ("GET_movie_credits", ["GET_movie_credits"], ["GET_movie", "GET_movie_credits"]),
        ("Tool: GET_movie", ["GET_movie"], ["GET_movie"]),
        ("GET_search is fine.\n**Tool:** `GET_movie_credits`", ["GET_movie_credits"], NAMES),
        ("GET_search or GET_movie", [], ["GET_movie", "GET_search"]),
        ("GET_movies", [], ["GET_movie"]),
        ("Tool: GET_person\nnot GET_movie", [], ["GET_movie"]),
        ("get_movie", [], []),
    ],
)
def test_blame(reply, exact, substring):
    assert list(blamed_tools(reply, NAMES)) == exact
    assert list(blamed_tools(reply, NAMES, "substring")) == substring


@given(st.lists(st.text("ab_", min_size=1, max_size=4), unique=True, min_size=1), st.data())
def test_a_name_alone_is_found_as_itself_only(names, data):
    name = data.draw(st.sampled_from(names))
    assert names_in(f"it is {name}.", names) == (name,)


@given(st.text(max_size=200) | st.lists(st.sampled_from(["a ", "ab ", "\n", "Tool: ", "b"])).map("".join))
def test_reading_never_fails_and_blames_one_tool_that_is_named(text):
    blamed = blamed_tools(text, ["a", "ab"])
    assert len(blamed) <= 1
    assert set(blamed) <= set(names_in(text, ["a", "ab"]))
    assert blamed_tools(text, ["a", "ab"], "substring") == tuple(name for name in ("a", "ab") if name in text)
