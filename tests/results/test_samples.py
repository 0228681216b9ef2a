"""The samples of an agent's task as a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import zstandard

from toolbench_eval.agents.session import MOST_WRITTEN
from toolbench_eval.errors import DataError, MissingDataError
from toolbench_eval.results import samples
from toolbench_eval.results.samples import LONGEST_LINE, ContentDigest, read_samples, write_samples

RECORDS = [
    {"trajectory": {"sample": f"s{at}", "text": "ü\0\n🙂\ud83d" * at}, "scores": {"F1": at / 3}} for at in range(40)
]


def packed(path: Path, content: bytes) -> Path:
    path.write_bytes(zstandard.compress(content))
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "below/samples.jsonl.zst"
    write_samples(path, iter(RECORDS))
    assert list(read_samples(path)) == RECORDS
    assert [one.name for one in path.parent.iterdir()] == ["samples.jsonl.zst"]
    write_samples(path, [])
    assert list(read_samples(path)) == []


def test_nothing_is_left_of_a_file_whose_samples_end_in_an_error(tmp_path: Path) -> None:
    def broken():
        yield RECORDS[0]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_samples(tmp_path / "s", broken())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}\n{"a": ', "the last line is cut off"),
        (b'{"a": 1}\n[2]\n', "row 2: not an object"),
        (b"{}\nnonsense\n", "row 2: not JSON"),
        (b"{}\n\xff\n", "row 2: not JSON"),
    ],
)
def test_lines_that_are_no_samples_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_samples(packed(tmp_path / "s", content)))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="there is no such file"):
        list(read_samples(tmp_path / "nowhere"))
    (tmp_path / "plain").write_text("{}\n")
    with pytest.raises(DataError, match="not a zstd file"):
        list(read_samples(tmp_path / "plain"))
    whole = zstandard.compress(b'{"a": 1}\n' * 10_000)
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="the file is cut off"):
        list(read_samples(tmp_path / "half"))
    (tmp_path / "more").write_bytes(whole + b"more")
    with pytest.raises(DataError, match="not a zstd file"):
        list(read_samples(tmp_path / "more"))
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(DataError, match="the file is cut off"):
        list(read_samples(tmp_path / "empty"))


def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "LONGEST_LINE", 1000)
    with pytest.raises(DataError, match="longer than 1000 bytes"):
        list(read_samples(packed(tmp_path / "s", b"x" * 5_000_000)))


def test_whatever_models_may_write_can_be_read_again() -> None:
    """A NUL takes six bytes; reply, query or note, final text and answer may all be the same text."""
    assert LONGEST_LINE >= 4 * 6 * MOST_WRITTEN


def test_the_digest_is_that_of_content_and_order() -> None:
    def digest(*values: dict[str, object]) -> str:
        made = ContentDigest()
        for value in values:
            made.add(value)
        return made.value

    assert digest({"a": 1, "b": "\ud83d"}) == digest({"b": "\ud83d", "a": 1})
    assert (
        len({digest(), digest({}), digest({}, {}), digest({"a": 1}), digest({"a": 1}, {}), digest({}, {"a": 1})}) == 6
    )
