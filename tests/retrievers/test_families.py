"""From a card to a retriever."""

import pytest

from toolbench_eval.cards import ModelCard
from toolbench_eval.errors import DataError, UnknownNameError, UsageError
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.families import factory


def made(**card):
    values = ModelCard(name="mine", **card)
    return factory(values.family)(values, Runtime())


def test_options_of_the_card_reach_the_retriever():
    assert (made(family="bm25", options={"k1": 0.9, "b": 0.4}).k1) == 0.9


@pytest.mark.parametrize("family", ["bm25", "okapi", "tfidf"])
def test_unknown_options_are_named_with_those_that_exist(family):
    with pytest.raises(DataError, match=r"card of 'mine', field 'options': the family .* has no option kk; it takes"):
        made(family=family, options={"kk": 1})


def test_families_misspelt_and_factories_that_do_not_import():
    with pytest.raises(UnknownNameError, match="bm25"):
        factory("bm52")
    with pytest.raises(UsageError, match="cannot be imported"):
        factory("no_such_module:make")
