"""Requests in other words: names, quotations and numbers stay, and the same seed says the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbench_eval.data.questions import Sample
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.study.entities import lost, names, numbers, quotations
from toolbench_eval.study.query_styles import STYLES, QueryStyle, read_paraphrases

TEXT = 'Which books did Ada Lovelace order on 2031-05-16 for 3.50 crowns, and is "The Tin Lantern" of them?'


def reworded(style: str, text: str = TEXT, seed: int = 0) -> str:
    return QueryStyle(style, seed).sample(Sample("s", text)).text


def test_what_is_to_be_kept() -> None:
    assert names(TEXT) == {"Ada", "Lovelace", "Tin", "Lantern"}
    assert dict(numbers(TEXT)) == {"2031-05-16": 1, "3.50": 1}
    assert quotations(TEXT) == {"The Tin Lantern"}
    assert names("Order two lamps. Ada Byron pays. Then call Bob") == {"Ada", "Byron", "Bob"}
    assert quotations("the 'Red Fox' isn't Bob's") == {"Red Fox"}


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        (TEXT.replace("Lovelace", "L."), ["the name Lovelace"]),
        (TEXT.replace("3.50", "3.60"), ["the number 3.50", "no number 3.60"]),
        (TEXT.replace("on 2031-05-16 ", ""), ["the number 2031-05-16"]),
        (TEXT.replace('"The Tin Lantern"', "the Lantern of Tin"), ["the quotation 'The Tin Lantern'"]),
        (TEXT + " 7", ["no number 7"]),
        (TEXT.lower(), []),
    ],
)
def test_what_was_lost_is_named(changed: str, missing: list[str]) -> None:
    assert lost(TEXT, changed) == missing


def test_styles_by_example() -> None:
    assert (
        reworded("terse") == 'Which books Ada Lovelace order on 2031-05-16 for 3.50 crowns, and "The Tin Lantern" them'
    )
    assert reworded("imperative") == f"Take care of this now and give me the result: {TEXT}"
    assert reworded("polite").count(TEXT) == 1
    assert len(reworded("polite")) > 3 * len(TEXT)
    one, other = reworded("irrelevant"), reworded("irrelevant", seed=1)
    assert TEXT in one
    assert TEXT in other
    assert len({reworded("irrelevant", seed=seed) for seed in range(20)}) > 5
    misspelt = reworded("typos")
    assert misspelt != TEXT
    words = [(a, b) for a, b in zip(TEXT.split(), misspelt.split(), strict=True) if a != b]
    assert len(words) == 1  # 15 % of four words (books, order, crowns, them), at least one
    assert words[0][0] in {"books", "order", "crowns,", "them?"}


@settings(deadline=None)
@given(st.sampled_from(sorted(STYLES)), st.integers(0, 99), st.data())
def test_every_style_keeps_what_must_be_kept(style: str, seed: int, data: st.DataObject) -> None:
    word = st.sampled_from(
        ["please", "find", "the", "books", "of", "cheapest", "not", "under", "and", "Ada", "Sam", "café"]
    )
    number = st.integers(0, 10**6).map(str) | st.sampled_from(["12:30", "2031-05-16", "3.5"])
    quotation = st.sampled_from(['"The Red Fox"', '"a of the"'])
    text = " ".join(data.draw(st.lists(word | number | quotation, min_size=1, max_size=20)))
    found = reworded(style, text, seed)
    assert lost(text, found) == []
    assert found == reworded(style, text, seed)


def test_different_samples_get_different_slips() -> None:
    style = QueryStyle("typos", 0)
    text = "several people wonder whether anything happens without another reason"
    assert len({style.sample(Sample(str(at), text)).text for at in range(20)}) > 5
    assert style.setting == {"factor": "query-style", "level": "typos", "seed": 0}


def paraphrases(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_stored_paraphrases(tmp_path: Path) -> None:
    other = TEXT.replace("Which books did", "Tell me which books").replace("order on", "ordered on")
    rows = [{"id": "s", "style": "chatty", "text": other}, {"id": "s", "style": "blunt", "text": TEXT}]
    found = read_paraphrases(paraphrases(tmp_path / "p.jsonl", *rows))
    assert list(found) == ["chatty", "blunt"]
    assert found["chatty"].sample(Sample("s", TEXT)).text == other
    assert found["chatty"].setting["paraphrases"] != found["blunt"].setting["paraphrases"]
    with pytest.raises(DataError, match=r"p\.jsonl: no paraphrase of 't' in the style 'chatty'"):
        found["chatty"].sample(Sample("t", TEXT))
    with pytest.raises(DataError, match="changes what 's' asks: it must keep the number 4"):
        found["chatty"].sample(Sample("s", "4 books?"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "row 1: a paraphrase is a JSON object"),
        ([], "row 1: a paraphrase is a JSON object"),
        ({"id": "s", "style": "x"}, "row 1: a paraphrase is a JSON object"),
        ({"id": "s", "style": "x", "text": " "}, "row 1: id, style and text are texts"),
        ({"id": 3, "style": "x", "text": "y"}, "row 1: id, style and text are texts"),
    ],
)
def test_a_broken_file_of_paraphrases_is_refused(tmp_path: Path, row: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_paraphrases(paraphrases(tmp_path / "p.jsonl", row))


def test_paraphrases_stand_once_in_a_file_that_is_there(tmp_path: Path) -> None:
    row = {"id": "s", "style": "x", "text": "y"}
    with pytest.raises(DataError, match="row 2: 's' stands twice in the style 'x'"):
        read_paraphrases(paraphrases(tmp_path / "p.jsonl", row, row))
    with pytest.raises(MissingDataError, match="no such file of paraphrases"):
        read_paraphrases(tmp_path / "q.jsonl")
