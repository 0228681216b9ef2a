"""True and false answers."""

from __future__ import annotations

import pytest

from toolbench_eval.metrics.answers.boolean import last_boolean, score_boolean


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("True", True),
        ("yes.", True),
        ("1", True),
        ("FALSE", False),
        ("No!", False),
        ("0", False),
        ("At first yes, but in the end no.", False),
        ("No wait - the answer is **Yes**", True),
        ("FINISH[True]", True),
        ("Answer:no", False),
        ("_true_", True),
        ("No, there is only 1", False),
        ("The answer is 1.", True),
        ("0 at first, then 1", True),
        ("Yes, no-one doubts it", True),
        ("Norway is untrue, and not 1.5 or 10 or 1,000", None),
        ("I do not know", None),
        ("", None),
    ],
)
def test_the_last_boolean(text, said):
    assert last_boolean(text) is said


def test_scores():
    assert score_boolean("So it is true.", True) == {"acc_bool": 1, "bool_unparsed": 0}
    assert score_boolean("So it is true.", False) == {"acc_bool": 0, "bool_unparsed": 0}
    assert score_boolean("Perhaps", False) == {"acc_bool": 0, "bool_unparsed": 1}
    assert [last_boolean(str(gold)) for gold in (True, False, "yes", "No", 1, 0)] == [True, False] * 3
