"""Whether a query gives a tool away."""

from __future__ import annotations

import pytest

from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.toolset.naming import Names

NAMES = Names(
    [
        ToolSpec("find_pet"),
        ToolSpec("getForecast"),
        ToolSpec("spotify.search_tracks"),
        ToolSpec("weather"),
        ToolSpec("base64"),
        ToolSpec("list_books", url="https://api.library.example/v1/books/{book_id}"),
        ToolSpec("ping", url="http://127.0.0.1:8080/ping"),
    ]
)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Please use find_pet for Rex", "find_pet"),
        ("Please use Find-Pet.", "find_pet"),
        ("findPet(Rex)", "find_pet"),
        ("Call get_forecast!", "getForecast"),
        ("with spotify.search_tracks, please", "spotify.search_tracks"),
        ("is search_tracks there?", None),
        ("Can you find a pet for me? Find pet food, too.", None),
        ("What is the weather like? I like weather.", None),
        ("Ask the weather tool", "weather"),
        ("Ask the Weather API", "weather"),
        ("call weather(Rome)", "weather"),
        ("use 'weather'", "weather"),
        ("encode this in base64", None),
        ("run `base64` on it", "base64"),
        ("look at https://API.library.example/x", "api.library.example"),
        ("from 127.0.0.1:8080", "127.0.0.1:8080"),
        ("GET /v1/books/{book_id}", "/v1/books/{book_id}"),
        ("yes and/or no", None),
        ("", None),
    ],
)
def test_what_gives_a_tool_away(text: str, named: str | None) -> None:
    assert NAMES.named(text) == named
