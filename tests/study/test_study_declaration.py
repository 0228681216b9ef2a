"""Reading STUDY.toml: what is wrong is named with file and field, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from toolbench_eval.errors import DataError, EvalHarnessError, MissingDataError, UnknownNameError, UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.study.declaration import find_study, overridden, read_study, ready_studies
from toolbench_eval.study.runner import Place, Plan, plan_study

BASE = '[base]\ntask = "sample-tools"\nagent = "react"\nllm = "scripted"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "my.toml"
    path.write_text(text, encoding="utf-8")
    return path


def planned(folder: Path, factors: str, base: str = BASE, head: str = "") -> Plan:
    study = read_study(written(folder, f'name = "my"\n{head}\n{base}\n[factors]\n{factors}\n'))
    return plan_study(study, Place(folder / "out"), Registry())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nam = 1", "field 'name': is missing"),
        ('name = "x"\n[factors]\n', "field 'factors'"),
        ('name = "x"\nrepeat = 3\n[factors]\ntemperature = [0, 1]', "field 'repeat': there is no such key"),
        ('name = "x"\nrepeats = 0\n[factors]\ntemperature = [0, 1]', "field 'repeats': .*greater than or equal to 1"),
        ('name = "x"\nrepeats = 2\nseeds = [1]\n[factors]\ntemperature = [0, 1]', "give seeds or repeats, not both"),
        ('name = "x"\nseeds = [1, 1]\n[factors]\ntemperature = [0, 1]', "a seed stands twice"),
        ('name = "x"\ndesign = "some"\n[factors]\ntemperature = [0, 1]', "field 'design'"),
        ('name = "x"\n[factors]\ntemprature = [0, 1]', r"field 'factors\.temprature': .*Did you mean temperature"),
        (
            'name = "x"\n[factors]\ntemperature = [0]',
            r"field 'factors\.temperature': a factor needs at least two levels",
        ),
        ('name = "x"\n[factors]\ntemperature = [0, 0]', r"field 'factors\.temperature': a level stands twice"),
        ('name = "x"\n[factors]\ntemperature = 0.5', r"field 'factors\.temperature'"),
        (
            'name = "x"\n[base]\nagnt = "react"\n[factors]\ntemperature = [0, 1]',
            r"field 'base\.agnt': there is no such key",
        ),
        ('name = "x"\n[base]\nlimit = 0\n[factors]\ntemperature = [0, 1]', r"field 'base\.limit'"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_study(written(tmp_path, text))
    assert "my.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ('temperature = [0, "hot"]', "level 'hot': takes numbers"),
        ("temperature = [0, 3]", "level '3': a temperature is a number from 0 to 2"),
        ("top-p = [1, 0]", "level '0': top_p is a share above 0"),
        ("steps = [1, 1.5]", "level '1.5': takes whole numbers"),
        ('framework = ["react", "reakt"]', "level 'reakt': unknown agent 'reakt'. Did you mean react"),
        ('framework = ["react", "dfsdt wide=3"]', "the agent 'dfsdt' has no option 'wide'"),
        ('framework = ["react", "dfsdt width"]', "an agent's options are NAME=VALUE, found 'width'"),
        ('query-style = ["original", "ters"]', "level 'ters': unknown level 'ters'. Did you mean terse"),
        ('query-style = ["original", "terse-1"]', "'terse' draws nothing, so that it has no seed"),
        ('system-prompt = ["default", "rude"]', "unknown system prompt 'rude'"),
        ('tool-order = ["released", "upside-down"]', "unknown level 'upside-down'"),
        ('toolset-size = ["released", "10"]', "unknown level '10'. Did you mean"),
        ('description-noise = ["none", "typos:lots"]', "the amount of 'typos' is a number, found 'lots'"),
        ('observation-noise = ["none", "errors:1.5"]', "the rate of errors is a number from 0 to 1"),
        ("best-of = [1, 0]", "best-of is a number of chains from 1"),
    ],
)
def test_levels_are_looked_at_before_anything_runs(tmp_path: Path, factors: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        planned(tmp_path, factors)
    assert f"field 'factors.{factors.split(' ', maxsplit=1)[0]}'" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_what_a_study_needs(tmp_path: Path) -> None:
    factors = "temperature = [0, 1]"
    for name, base in (("task", ""), ("agent", '[base]\ntask = "sample-tools"'), ("llm", BASE.rpartition("llm")[0])):
        with pytest.raises(UsageError, match=f"has no {name}: give it as base.{name} or with --{name}"):
            planned(tmp_path, factors, base)
    with pytest.raises(UsageError, match="the tasks of one suite"):
        planned(tmp_path, factors, BASE.replace('"sample-tools"', '["sample-tools", "sample-mhqa"]'))
    with pytest.raises(EvalHarnessError, match="no language model"):
        planned(tmp_path, 'llm = ["scripted", "gpt"]')
    with pytest.raises(
        DataError, match=r"no bound of steps is known of the agent 'direct': use the factor set\.OPTION"
    ):
        planned(tmp_path, "steps = [1, 2]", BASE.replace("react", "direct"))
    with pytest.raises(MissingDataError, match="no such study"):
        read_study(tmp_path / "none.toml")
    with pytest.raises(UnknownNameError, match="Did you mean tool-order"):
        find_study("tool_order")


def requests(plan: Plan) -> dict[str, Any]:
    return {run.condition.label: run.request for run in plan.runs}


def test_levels_become_requests(tmp_path: Path) -> None:
    plan = planned(
        tmp_path,
        'framework = ["react", "dfsdt width=3", "react best-of=2"]\nsteps = [12, 4]\n'
        'set.order = ["released", "reversed"]\nllm = ["scripted", "scripted/os.path:join"]\nmodel = ["bm25", "random"]',
    )
    made = requests(plan)
    base = made["base"]
    assert (base.agent, base.model, base.llms) == ("react", "bm25", {"main": "scripted"})
    assert base.base.switches == {"max_actions": "12", "order": "released"}
    assert made["framework=dfsdt width=3"].base.switches == {"max_nodes": "12", "width": "3", "order": "released"}
    assert made["steps=4"].base.switches["max_actions"] == "4"
    assert made["set.order=reversed"].base.switches["order"] == "reversed"
    assert made["llm=scripted/os.path:join"].llms == {"main": "scripted/os.path:join"}
    assert made["model=random"].model == "random"
    recorded = [dict(one.setting) for one in made["framework=react best-of=2"].perturbations]
    assert recorded == [{"factor": "seed", "level": 0}, {"factor": "best-of", "level": 2}]


def test_levels_become_perturbations(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"id": "a", "style": "chatty", "text": "x"}\n')
    plan = planned(
        tmp_path,
        'temperature = ["own", 0.5]\ntool-order = ["released", "shuffle-3"]\n'
        'toolset-size = ["released", "+5:near-2", "+9"]\nseed = [1, 2]\ntop-p = ["own", 0.9]\n'
        'query-style = ["original", "typos-4", "chatty"]\nsystem-prompt = ["default", "mine+own"]\n'
        'observation-noise = ["none", "errors:0.2-7"]\ndescription-noise = ["none", "truncated:3"]',
        head='seeds = [4]\nparaphrases = "p.jsonl"\n[system-prompts]\nmine = "Be good."\n',
    )
    made = requests(plan)

    def settings(label: str) -> list[dict[str, Any]]:
        return [dict(one.setting) for one in made[label].perturbations]

    order, size = (
        {"factor": "tool-order", "level": "released", "seed": 0},
        {"factor": "toolset-size", "level": "released", "seed": 0},
    )
    seeds = [{"factor": "seed", "level": 4}, {"factor": "seed", "level": 1}]
    assert settings("base") == [*seeds, order, size]
    assert settings("temperature=0.5") == [seeds[0], {"factor": "temperature", "level": 0.5}, seeds[1], order, size]
    assert settings("tool-order=shuffle-3")[2] == {"factor": "tool-order", "level": "shuffle", "seed": 3}
    assert settings("toolset-size=+5:near-2")[3] == {"factor": "toolset-size", "level": "+5:near", "seed": 2}
    assert settings("toolset-size=+9")[3] == {"factor": "toolset-size", "level": "+9", "seed": 0}
    assert settings("query-style=typos-4")[2] == {"factor": "query-style", "level": "typos", "seed": 4}
    assert settings("query-style=chatty")[2]["level"] == "chatty"
    assert settings("system-prompt=mine+own")[2]["level"] == "mine+own"
    assert {"factor": "observation-noise", "level": "errors", "amount": 0.2, "seed": 7} in settings(
        "observation-noise=errors:0.2-7"
    )
    assert {"factor": "description-noise", "level": "truncated", "amount": 3.0, "seed": 0} in settings(
        "description-noise=truncated:3"
    )
    assert {"factor": "top-p", "level": 0.9} in settings("top-p=0.9")


def test_files_lie_beside_the_study(tmp_path: Path) -> None:
    text = 'name = "x"\nparaphrases = "p.jsonl"\n[base]\nsource = "a/b.jsonl"\n[factors]\ntemperature = [0, 1]'
    study = read_study(written(tmp_path, text))
    assert study.paraphrases == tmp_path / "p.jsonl"
    assert study.base.source == tmp_path / "a/b.jsonl"
    assert study.base.corpus is None


def test_the_command_line_goes_before_the_file(tmp_path: Path) -> None:
    text = f'name = "x"\nseeds = [5, 6]\n{BASE}set = {{ order = "released", k = 3 }}\n[factors]\ntemperature = [0, 1]'
    study = read_study(written(tmp_path, text))
    given = {"task": ["sample-tools/chain"], "agent": None, "llm": {}, "set": {"k": "4"}}
    changed = overridden(study, given, repeats=2, metric=None)
    assert changed.base.task == ["sample-tools/chain"]
    assert (changed.base.agent, changed.base.llm) == ("react", {"main": "scripted"})
    assert changed.base.set == {"order": "released", "k": "4"}
    assert changed.repeat_seeds == (0, 1)
    assert study.repeat_seeds == (5, 6)
    assert overridden(study, {}, repeats=None).repeat_seeds == (5, 6)


def test_the_studies_that_ship_can_be_made() -> None:
    ready = ready_studies()
    assert {"temperature", "steps", "framework", "query-style", "system-prompt", "tool-order", "toolset-size"} <= set(
        ready
    )
    for name, path in ready.items():
        study = read_study(path)
        assert study.name == name
        assert study.title
        plan = plan_study(study, Place(Path("nowhere")), Registry())
        assert len(plan.runs) == 3 * len(plan.design.conditions)
