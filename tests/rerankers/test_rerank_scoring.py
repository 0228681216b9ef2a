"""Batches, the cache of scores, memory that is too small, a kill in the middle."""

from __future__ import annotations

import contextlib
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.memo import Memo
from toolbench_eval.rerankers.replicas import Replicas
from toolbench_eval.rerankers.scoring import Encoded, PairScorer, batches, halved

TEXTS = [("q", "word " * n) for n in range(1, 41)]


class Lengths:
    """Scores that depend, as real ones do in the last bits, on the longest text of the batch."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.batches: list[tuple[int, ...]] = []
        self.stop_after = stop_after

    def encode(self, pairs):
        return [Encoded([len(query)] * len(document.split())) for query, document in pairs]

    def score(self, batch):
        if self.stop_after is not None and len(self.batches) == self.stop_after:
            raise KeyboardInterrupt
        lengths = tuple(len(one.ids) for one in batch)
        self.batches.append(lengths)
        return np.array([sum(one.ids) + max(lengths) * 1e-9 for one in batch])


def scorer(loaded, memo, **identity):
    return PairScorer({"model": "m"} | identity, lambda: loaded, memo, batch_tokens=64)


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 200))
def test_batches_hold_each_text_once_and_keep_the_budget(lengths, budget):
    found = list(batches(lengths, budget))
    assert sorted(at for batch in found for at in batch) == list(range(len(lengths)))
    for batch in found:
        sizes = [lengths[at] for at in batch]
        assert sizes == sorted(sizes, reverse=True)
        assert len(batch) == 1 or sizes[0] * len(batch) <= budget
    firsts = [lengths[batch[0]] for batch in found]
    assert firsts == sorted(firsts, reverse=True)


def test_scores_stand_where_their_pairs_stand():
    model = Lengths()
    shuffled = [TEXTS[at] for at in np.random.default_rng(0).permutation(40)]
    scores = scorer(model, None).scores(shuffled)
    assert [round(score) for score in scores] == [len(document.split()) for _, document in shuffled]
    assert len(model.batches) > 5


def test_equal_pairs_are_scored_once():
    model = Lengths()
    found = scorer(model, None)
    assert len(set(found.scores([TEXTS[3], TEXTS[5], TEXTS[3]]))) == 2
    assert model.batches == [(6, 4)]
    assert found.counts == {"pairs_scored": 2, "pairs_cached": 0}


def test_a_second_run_loads_no_model(tmp_path):
    memo = Memo(tmp_path / "s.sqlite")
    first = scorer(Lengths(), memo).scores(TEXTS)

    def load():
        raise AssertionError("loaded")

    again = PairScorer({"model": "m"}, load, Memo(memo.path), 64)
    np.testing.assert_array_equal(again.scores(TEXTS), first)
    assert again.counts == {"pairs_scored": 0, "pairs_cached": 40}


@pytest.mark.parametrize("killed_after", range(12))
def test_a_run_that_was_stopped_ends_with_the_same_bits(tmp_path, killed_after):
    whole = Lengths()
    expected = scorer(whole, Memo(tmp_path / "whole.sqlite")).scores(TEXTS)
    killed, memo = Lengths(stop_after=killed_after), Memo(tmp_path / "s.sqlite")
    with pytest.raises(KeyboardInterrupt):
        scorer(killed, memo).scores(TEXTS)
    rest = Lengths()
    np.testing.assert_array_equal(scorer(rest, Memo(memo.path)).scores(TEXTS), expected)
    assert killed.batches + rest.batches == whole.batches  # nothing twice, nothing in another batch


class Together(Lengths):
    """Its first batch returns when another copy is at work too, else after a while."""

    def __init__(self, both: threading.Barrier) -> None:
        super().__init__()
        self.both = both

    def score(self, batch):
        if not self.batches:
            with contextlib.suppress(threading.BrokenBarrierError):
                self.both.wait(20)
        return super().score(batch)


def test_copies_work_at_the_same_time_and_give_the_same_bits(tmp_path):
    whole = Lengths()
    expected = scorer(whole, None).scores(TEXTS)
    both = threading.Barrier(2)
    copies = [Together(both), Together(both)]
    memo = Memo(tmp_path / "s.sqlite")
    found = PairScorer({"model": "m"}, lambda: Replicas(copies), memo, 64, workers=2).scores(TEXTS)
    assert not both.broken, "the copies did not work at the same time"
    np.testing.assert_array_equal(found, expected)
    assert sorted(copies[0].batches + copies[1].batches) == sorted(whole.batches)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("rerank")]


def test_a_copy_that_fails_stops_the_others(tmp_path):
    copies = [Lengths(stop_after=1), Lengths(stop_after=1)]
    memo = Memo(tmp_path / "s.sqlite")
    with pytest.raises(KeyboardInterrupt):
        PairScorer({"model": "m"}, lambda: Replicas(copies), memo, 64, workers=2).scores(TEXTS)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("rerank")]
    np.testing.assert_array_equal(scorer(Lengths(), memo).scores(TEXTS), scorer(Lengths(), None).scores(TEXTS))


def test_every_part_of_the_key_counts(tmp_path):
    memo = Memo(tmp_path / "s.sqlite")
    scorer(Lengths(), memo).scores([("ab", "c d")])
    for identity, pair in [
        ({}, ("a", "bc d")),
        ({}, ("ab", "c d ")),
        ({}, ("c d", "ab")),
        ({"dtype": "float16"}, ("ab", "c d")),
        ({"model": "n"}, ("ab", "c d")),
    ]:
        other = scorer(Lengths(), memo, **identity)
        other.scores([pair])
        assert other.counts == {"pairs_scored": 1, "pairs_cached": 0}
    same = scorer(Lengths(), memo)
    same.scores([("ab", "c d")])
    assert same.counts == {"pairs_scored": 0, "pairs_cached": 1}


def test_a_damaged_value_is_computed_again(tmp_path):
    memo = Memo(tmp_path / "s.sqlite")
    found = scorer(Lengths(), memo)
    memo.put({found._keys([("a", "b")])[0]: b"half"})
    assert found.scores([("a", "b")])[0] == pytest.approx(1)


def test_batches_that_do_not_fit_are_halved():
    class OutOfMemoryError(RuntimeError):
        """As torch names it."""

    sizes = []

    def score(batch):
        sizes.append(len(batch))
        if len(batch) > 2:
            raise OutOfMemoryError("CUDA out of memory")
        return np.array([float(one.ids[0]) for one in batch])

    batch = [Encoded([n]) for n in range(7)]
    np.testing.assert_array_equal(halved(score, batch), np.arange(7.0))
    assert sizes == [7, 3, 1, 2, 4, 2, 2]


def test_one_pair_that_does_not_fit_is_an_error_and_other_errors_stay():
    def too_small(batch):
        raise MemoryError

    def broken(batch):
        raise RuntimeError("shapes differ")

    with pytest.raises(MemoryError, match="3 tokens"):
        halved(too_small, [Encoded([1, 2, 3])])
    with pytest.raises(RuntimeError, match="shapes differ"):
        halved(broken, [Encoded([1]), Encoded([2])])


class Fixed:
    """Gives every pair the same score."""

    def __init__(self, score: float) -> None:
        self.score_of_all, self.asked = score, 0

    def encode(self, pairs):
        return [Encoded([1]) for _ in pairs]

    def score(self, batch):
        self.asked += len(batch)
        return np.full(len(batch), self.score_of_all)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_never_kept(tmp_path, odd):
    memo = Memo(tmp_path / "s.sqlite")
    assert not np.isfinite(scorer(Fixed(odd), memo).scores(TEXTS)).any()
    assert scorer(Fixed(2.0), memo).scores(TEXTS).tolist() == [2.0] * 40


def test_what_was_kept_and_is_no_number_makes_room(tmp_path):
    memo = Memo(tmp_path / "s.sqlite")
    first = scorer(Fixed(1.0), memo)
    keys = first._keys(TEXTS)
    memo.put({keys[0]: np.float64(np.nan).tobytes(), keys[1]: b"short"})
    assert first.scores(TEXTS).tolist() == [1.0] * 40
    again = Fixed(2.0)
    assert scorer(again, memo).scores(TEXTS).tolist() == [1.0] * 40
    assert again.asked == 0


def test_of_two_that_score_at_once_the_first_is_right_for_both(tmp_path):
    memo = Memo(tmp_path / "s.sqlite")

    class Late(Fixed):
        def score(self, batch):
            scorer(Fixed(1.0), memo).scores(TEXTS[:10])  # another process, meanwhile
            return super().score(batch)

    found = scorer(Late(2.0), memo).scores(TEXTS).tolist()
    assert found == [1.0] * 10 + [2.0] * 30
    assert scorer(Fixed(3.0), memo).scores(TEXTS).tolist() == found
