"""Ablations of the instruction."""

from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.data.instructions import GENERIC, all_the_same, instructed
from toolbench_eval.data.queries import Queries


def queries(n):
    names = [f"q{at}" for at in range(n)]
    return Queries.of(names, names, [f"instruction of {name}" for name in names])


def test_own_instructions_stay():
    given_queries = queries(3)
    assert instructed(given_queries, "own", 0) is given_queries


@given(st.integers(2, 40), st.integers(0, 5))
def test_shuffled_instructions_are_all_there_and_nobody_keeps_its_own(n, seed):
    before = queries(n)
    after = instructed(before, "shuffled", seed)
    assert sorted(after.instructions.to_pylist()) == sorted(before.instructions.to_pylist())
    assert all(a != b for a, b in zip(after.instructions.to_pylist(), before.instructions.to_pylist(), strict=True))
    assert after.texts.equals(before.texts)
    assert after.instructions.equals(instructed(before, "shuffled", seed).instructions)


def test_generic_instruction_is_one_for_all_and_gives_none_to_who_had_none():
    mixed = Queries.of(["a", "b"], ["x", "y"], ["own", None])
    assert instructed(mixed, "generic", 0).instructions.to_pylist() == [GENERIC, None]


def test_queries_without_instructions_stay_without():
    bare = Queries.of(["a"], ["x"])
    assert instructed(bare, "shuffled", 0).instructions is None


def test_only_one_and_the_same_instruction_cannot_be_exchanged():
    def same(*instructions):
        return all_the_same(Queries.of("abc"[: len(instructions)], "xyz"[: len(instructions)], instructions))

    assert same("i", "i", "i")
    assert same("i")
    assert not same("i", "j")
    assert not same("i", None)
    assert not same(None, None)
    assert not all_the_same(Queries.of(["a"], ["x"]))
