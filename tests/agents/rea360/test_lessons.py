"""360°REA's experience: the local pool of a run, the global pool, and the lessons that fill it."""

from __future__ import annotations

from itertools import count

import pytest
from support.rea360_stage import SAMPLE, TASK, Play

from toolbench_eval.agents.catalogue import agent_class
from toolbench_eval.agents.options import build, restore, setting_of
from toolbench_eval.agents.rea360.agent import Rea360
from toolbench_eval.agents.rea360.experience import Experience, Pool, write_pool
from toolbench_eval.agents.rea360.lessons import write_lessons
from toolbench_eval.agents.session import Session
from toolbench_eval.agents.trajectory import LLMCall, Trajectory
from toolbench_eval.errors import DataError, MissingDataError, UsageError
from toolbench_eval.llms.scripted import Scripted

# Within a run


def test_the_local_pool_is_overwritten_in_each_round():
    play = Play(Rea360(rounds=2, history="lessons"))
    first, second = play.notes("experience")[:2], play.notes("experience")[2:]
    before, after = play.prompts("work", "Ann")[1:]
    assert all(note["text"] in before for note in first)
    assert all(note["text"] in after for note in second)
    assert not any(note["text"] in after for note in first)
    learning = play.prompts("local_experience", "Ann")
    assert not any(note["text"] in learning[0] for note in first)
    assert all(note["text"] in learning[1] for note in first)


def test_without_local_pool_there_are_remarks_and_no_lessons():
    play = Play(Rea360(rounds=1, local_pool=False))
    assert play.notes("experience") == []
    assert "Bob on Ann: Good" in play.prompts("work", "Ann")[1]
    assert "lesson of" not in play.prompts("work", "Ann")[1]


def test_history_is_seen_everywhere_or_in_lessons_only():
    play = Play(Rea360(rounds=1))
    assert "work of Ann 2" in play.prompts("work", "Ann")[1]
    assert "result 4" in play.prompts("merge")[1]
    released = Play(Rea360(rounds=1, history="lessons"))
    assert "work of Ann 2" not in released.prompts("work", "Ann")[1]
    assert "result 4" not in released.prompts("merge")[1]
    assert "work of Ann 2" in released.prompts("local_experience", "Ann")[0]
    assert released.prompts("local_experience", "Ann")[0].count("Do your part now") == 0
    full = Play(Rea360(rounds=1, remembered="all"))
    assert full.prompts("local_experience", "Ann")[0].count("Do your part now") == 1


def test_memory_grows_by_one_entry_a_call():
    play = Play(Rea360(rounds=2, remembered="all"))
    first, second = play.prompts("local_experience", "Ann")
    assert (first.count("Do your part now"), second.count("Do your part now")) == (1, 2)
    assert first.count("work of Ann") < second.count("work of Ann")
    assert len(second) < 3 * len(first)


# The global pool


def test_the_global_pool_is_condensed_for_leader_and_members(pool):
    play = Play(Rea360(rounds=0, pool=pool))
    assert "POOL-LEADER" in play.prompts("sum_leader")[0]
    assert "OTHER" in play.prompts("sum_leader")[0]
    assert "POOL-MEMBER" not in play.prompts("sum_leader")[0]
    assert "POOL-MEMBER" in play.prompts("sum_member", "Bob")[0]
    assert "sum_leader Leader 1" in play.prompts("decompose")[0]
    assert "sum_member Bob" in play.prompts("work", "Bob")[0]
    assert play.notes("pool") == [{"split": "other tasks", "entries": 2, "used": 2, "leak": False}]
    near = Play(Rea360(rounds=0, pool=pool, select="similar", pool_k=1))
    assert "POOL-LEADER" in near.prompts("sum_leader")[0]
    assert "OTHER" not in near.prompts("sum_leader")[0]
    off = Play(Rea360(rounds=0, pool=pool, select="none"))
    assert off.actions == ["decompose", "work", "work", "merge"]


def test_a_pool_with_the_very_task_is_refused(tmp_path):
    path = tmp_path / "pool.json"
    write_pool(path, Pool("test", (Experience(f" {TASK.upper()}\n", "LEAK"),)))
    with pytest.raises(UsageError, match="holds experience with 1 of the tasks"):
        Play(Rea360(pool=str(path)))
    for how in ("none", "recent"):
        with pytest.raises(UsageError, match="holds experience with 1 of the tasks"):
            Play(Rea360(pool=str(path), select=how))
    play = Play(Rea360(rounds=0, pool=str(path), allow_leak=True))
    assert "LEAK" in play.prompts("sum_leader")[0]
    assert play.notes("pool")[0]["leak"] is True


def test_the_content_of_the_pool_is_part_of_the_setting(pool, tmp_path):
    kind = agent_class("rea360")
    agent = build(kind, given={"pool": pool})
    setting = setting_of(agent)
    assert len(setting["options"]["pool_digest"]) == 64
    assert restore(kind, setting) == agent
    write_pool(tmp_path / "pool.json", Pool("other tasks"))
    with pytest.raises(ValueError, match="another one today"):
        restore(kind, setting)
    with pytest.raises(MissingDataError, match="a pool of experience"):
        build(kind, given={"pool": str(tmp_path / "none.json")})


def test_lessons_are_written_from_a_trajectory():
    play = Play(Rea360(rounds=1))
    later = Play.__new__(Play)
    later.told, later.roles, later.numbers = [], play.roles, count(1)
    later.says = {
        "guidance": "Ann: GUIDE-ANN\nBob: GUIDE-BOB",
        "lesson_member": lambda who, number: f"Lesson: of {who}",
    }
    later.session = Session({"main": Scripted(later.speak)})
    entry = write_lessons(SAMPLE, play.trajectory, "JUDGED 3 of 5", later.session, rubric="RUBRIC")
    assert entry == Experience(TASK, "lesson_leader Leader 1.", ("of Ann", "of Bob"))
    assert later.actions == ["lesson_leader", "guidance", "lesson_member", "lesson_member"]  # 2 + k
    leader = later.prompts("lesson_leader")[0]
    assert all(part in leader for part in ("JUDGED 3 of 5", "RUBRIC", "work of Ann 2", "work of Bob 3", "result 4"))
    ann = later.prompts("lesson_member", "Ann")[0]
    assert "GUIDE-ANN" in ann
    assert "GUIDE-BOB" not in ann
    assert "work of Ann 2" in ann
    assert "work of Bob 3" not in ann
    assert [step.role for step in later.session.steps if isinstance(step, LLMCall)] == ["leader"] * 2 + ["crew"] * 2
    with pytest.raises(DataError, match="no crew"):
        write_lessons(SAMPLE, Trajectory("s1", "x", "answered"), "", later.session)
