"""What a run of an agent is told, and that it is recorded: options, protocols, roles, retrieval, the judge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.agent_stage import LLM, Done, Stage, samples, stage
from support.command import ROOT
from support.endpoint import EndpointServer, scripted_reader

TASK = "sample-mhqa/bridge"
RAG = ("--task", TASK, "--agent", "rag", "--llm", "scripted", "--model", "bm25")
GENGROUND = ("--task", TASK, "--agent", "genground", "--llm", "scripted", "--model", "bm25")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as made:
        yield made


def fine(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.err
    return done.result


# --set and --protocol -------------------------------------------------------------------------


def test_each_setting_goes_to_whom_it_is_for(run: Stage) -> None:
    settings = {"retrieval": "oracle", "k": "3", "query_format": "model_card"}
    given = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    result = fine(run(*RAG, *given, "--limit", "2"))
    assert result["task_setting"]["retrieval"] == "oracle"
    assert result["model_setting"]["agent"]["options"]["k"] == 3
    assert result["model_setting"]["retriever"]["query_format"] == "model_card"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--set", "retrival=open"), "unknown option 'retrival'. Did you mean retrieval"),
        (("--set", "retrieval=opn"), "'retrieval' takes one of own, open, distractor, oracle; found 'opn'"),
        (("--set", "max_hop=3"), "unknown option 'max_hop'. Did you mean max_hops"),
        (("--set", "n=many"), "the option 'n' takes a whole number; found 'many'"),
        (("--set", "ground_final=maybe"), "takes true or false; found 'maybe'"),
        (("--set", "ground_mode=queue"), "takes one of paper_early_stop, queue_tournament, no_batch; found 'queue'"),
        (("--set", "max_hops=0"), "refuses these options: max_hops is at least 1; found 0"),
        (("--set", "query_format=poem"), "the switch 'query_format' takes one of"),
        (("--set", "k"), "--set takes KEY=VALUE, found 'k'"),
        (("--metrics", "gold_recal@5"), "Did you mean gold_recall@5"),
        (("--agent", "gengrond"), "unknown agent 'gengrond'. Did you mean genground"),
        (("--llm", "main=scriptd"), "is no language model"),
        (("--model", "bm52"), "unknown model 'bm52'. Did you mean bm25"),
        (("--task", "sample-mhqa/brigde"), "Did you mean sample-mhqa/bridge"),
        (("--task", "sample"), "'sample' is a retrieval suite, not one for agents"),
        (("--source", "nowhere.json"), "nowhere.json: no such file"),
    ],
)
def test_slips_are_named_with_what_is_near(run: Stage, options: tuple[str, ...], said: str) -> None:
    kept = {name: value for name, value in zip(GENGROUND[::2], GENGROUND[1::2], strict=True) if name != options[0]}
    done = run(*[part for pair in kept.items() for part in pair], *options)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_options_that_are_no_numbers_are_refused(run: Stage) -> None:
    done = run("--task", TASK, "--agent", "dro", "--llm", "scripted", "--model", "bm25", "--set", "temperature=nan")
    assert (done.code, "the option 'temperature' takes a number; found 'nan'" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("protocol", "mode", "stops"),
    [
        ("default", "paper_early_stop", True),
        ("paper", "paper_early_stop", False),
        ("released", "queue_tournament", False),
    ],
)
def test_protocols_set_options_and_are_recorded(run: Stage, protocol: str, mode: str, stops: bool) -> None:
    result = fine(run(*GENGROUND, "--protocol", protocol, "--limit", "3"))
    options = result["model_setting"]["agent"]["options"]
    assert result["task_setting"]["protocol"] == protocol
    assert (options["ground_mode"], options["stop_on_repeat"]) == (mode, stops)
    steps = [step for one in samples(run.folder / _only(run)).values() for step in one["trajectory"]["steps"]]
    assert ("filter" in {step.get("action") for step in steps}) == (protocol == "released")


def _only(run: Stage) -> Path:
    [path] = run.folder.rglob("result.json")
    return path.parent


def test_a_limit_makes_it_partial(run: Stage) -> None:
    result = fine(run(*RAG, "--limit", "5"))
    assert result["partial"] is True
    assert result["counts"] == {TASK: {"expected": 26, "found": 5}}
    assert (result["task_setting"]["limit"], result["tasks"][TASK]["queries"]) == (5, 5)


# roles ----------------------------------------------------------------------------------------


def test_roles_have_models_of_their_own(tmp_path: Path) -> None:
    with EndpointServer(scripted_reader) as server, stage(tmp_path, server) as run:
        dro = ("--task", TASK, "--agent", "dro", "--model", "bm25", "--limit", "4")
        done = run(*dro, "--llm", "scripted", "--llm", f"selector={LLM}")
        result = fine(done)
        assert len(server.requests) == 4
        assert all("[1]" in body["messages"][-1]["content"] for body in server.requests)
    assert result["llm"] == "scripted"
    assert {role: llm["name"] for role, llm in result["model_setting"]["llms"].items()} == {
        "main": "scripted",
        "selector": LLM,
    }
    calls = [
        step for one in samples(done.folder).values() for step in one["trajectory"]["steps"] if step["step"] == "llm"
    ]
    assert {(call["action"], call["role"], call["model"]) for call in calls} == {
        ("select", "selector", LLM),
        ("answer", "generator", "scripted"),
    }


def test_roles_that_nobody_plays(run: Stage) -> None:
    dro = ("--task", TASK, "--agent", "dro", "--model", "bm25", "--limit", "1", "--llm", "scripted")
    done = run(*dro, "--llm", "selektor=scripted")
    assert (done.code, "Did you mean selector" in done.err) == (2, True)
    idle = run(*RAG, "--limit", "1", "--llm", "selector=scripted")
    assert idle.code == 0
    assert "warning: rag never asked the model of the role 'selector'" in idle.err
    alone = run(*dro[:-2], "--llm", "selector=scripted")
    assert (alone.code, "name one for all others, too" in alone.err) == (2, True)


# where agents search --------------------------------------------------------------------------


def test_open_distractor_and_oracle_are_kept_apart(run: Stage) -> None:
    results = {
        search: fine(run(*RAG, "--set", f"retrieval={search}", "--set", "k=10"))
        for search in ("open", "distractor", "oracle")
    }
    assert [result["task_setting"]["retrieval"] for result in results.values()] == list(results)
    assert len({result["identity"] for result in results.values()}) == 3
    assert len({result["tasks"][TASK]["corpus_fingerprint"] for result in results.values()}) == 3
    score = {search: result["tasks"][TASK]["scores"] for search, result in results.items()}
    assert score["open"]["F1"] < score["distractor"]["F1"] <= score["oracle"]["F1"]
    assert score["oracle"]["gold_recall@5"] == score["oracle"]["all_gold@5"] == 1
    assert score["oracle"]["passages_returned"] == 2
    folders = sorted(path.parent for path in run.folder.rglob("result.json"))
    refused = run.command("compare", *map(str, folders[:2]))
    assert refused.code == 2
    assert "these results are not comparable" in refused.err
    assert "retrieval" in refused.err
    assert run.command("compare", *map(str, folders[:2]), "--force").code == 0


# the judge ------------------------------------------------------------------------------------


def test_a_judge_gives_verdicts_of_its_own(run: Stage) -> None:
    result = fine(run(*RAG, "--judge", "scripted", "--metrics", "gold_recall@3"))
    task = result["tasks"][TASK]
    assert result["task_setting"]["judge"] == "scripted"
    assert task["scores"]["acc_judged"] == task["scores"]["EM"] > 0
    assert task["scores"]["judge_unparsed"] == 0
    assert task["solved"]["agreement"] == {"share": 1.0, "kappa": 1.0}
    assert "gold_recall@3" in task["scores"]
    assert "acc_judged" not in fine(run(*RAG))["tasks"][TASK]["scores"]


def test_a_judge_that_is_gone_costs_no_answer(tmp_path: Path) -> None:
    """Nothing is asked for again when the judge is back; what it refuses to judge is counted."""
    judged = (*RAG, "--judge", LLM, "--limit", "4")
    with EndpointServer(lambda body: "Yes, it is.") as server, stage(tmp_path, server) as run:
        server.fail(503)
        away = run(*judged)
        assert away.code == 3
        assert "503" in away.err
        assert not list(tmp_path.rglob("result.json"))
        server.heal()
        server.fail(400, times=1, text="maximum context length")
        back = run(*judged)
    scores = fine(back)["tasks"][TASK]["scores"]
    assert len(server.requests) == 4
    assert (scores["acc_judged"], scores["judge_unparsed"]) == (0.75, 0.25)


# what is printed ------------------------------------------------------------------------------


def test_the_plan_asks_no_model_and_writes_nothing(tmp_path: Path) -> None:
    with EndpointServer(scripted_reader) as server, stage(tmp_path, server) as run:
        asked = ("--task", "sample-mhqa", "--agent", "dro", "--llm", LLM, "--model", "bm25", "--dry-run")
        rows = run(*asked, "--json").json["plan"]
        assert [(row["task"], row["samples"], row["solved"], row["data"]) for row in rows] == [
            ("sample-mhqa/bridge", 26, 0, "files"),
            ("sample-mhqa/comparison", 18, 0, "files"),
            ("sample-mhqa/chain", 16, 0, "files"),
        ]
        table = run(*asked)
        assert table.code == 0
        assert all(row["folder"] in table.out for row in rows)
        assert not server.requests
        assert not list(tmp_path.rglob("*.*"))


def test_the_plan_leaves_a_journal_alone_that_somebody_is_writing(run: Stage) -> None:
    fine(run(*RAG, "--limit", "3"))
    folder = _only(run)
    partial = folder.with_name(f"{folder.name}.partial")
    lines = [json.dumps(one["trajectory"]) for one in samples(folder).values()]
    written = f"{lines[0]}\n{lines[1]}\n{lines[2][:50]}"
    (partial / "journal").mkdir(parents=True)
    (partial / "journal/bridge.jsonl").write_text(written)
    (folder / "result.json").unlink()
    assert run(*RAG, "--limit", "3", "--dry-run", "--json").json["plan"][0]["solved"] == 2
    assert (partial / "journal/bridge.jsonl").read_text() == written


def test_the_result_in_json(run: Stage) -> None:
    done = run(*RAG, "--limit", "3", "--json")
    assert done.json["schema_version"] == 1
    [result] = done.json["results"]
    assert result == done.result
    assert (result["kind"], result["agent"], result["llm"], result["model"]) == (
        "question-answering",
        "rag",
        "scripted",
        "bm25",
    )
    task = result["tasks"][TASK]
    for name in (task["trajectories_file"], task["solved"]["samples_file"], task["per_query_file"], task["run_file"]):
        assert (done.folder / name).is_file()
    assert task["solved"].keys() == {
        "samples_file",
        "samples_digest",
        "profile",
        "stop_reasons",
        "failures",
        "left_out",
        "agreement",
    }
    schema = json.loads((ROOT / "toolbench_eval/results/result.schema.json").read_text())
    assert schema["properties"].keys() >= result.keys()


def test_the_table_ends_with_headline_and_interval(run: Stage) -> None:
    done = run(*RAG)
    result = fine(done)
    low, high = result["headline"]["ci95"]
    first = done.out.splitlines()[0]
    assert first == (
        f"F1 {result['headline']['value']:.4f} [{low:.4f}, {high:.4f}] · sample-mhqa task_macro · "
        "rag · scripted · bm25 · PARTIAL"
    )


def test_one_file_of_records_is_for_one_task(run: Stage) -> None:
    source = str(ROOT / "tasks/sample-mhqa/questions/bridge.jsonl")
    done = run("--task", "sample-mhqa", *RAG[2:], "--source", source)
    assert done.code == 2
    assert "name the task that it is for, e.g. --task sample-mhqa/bridge" in done.err
    assert run(*RAG, "--source", source, "--limit", "2").code == 0


def test_an_agent_that_searches_gets_bm25_unless_another_retriever_is_named(run: Stage) -> None:
    unnamed, named = run(*RAG[:-2]), run(*RAG)
    assert fine(unnamed)["model"] == "bm25"
    assert unnamed.folder == named.folder
    assert fine(run(*RAG[:-1], "random"))["model"] == "random"


def test_an_agent_that_does_not_search_gets_no_retriever(run: Stage) -> None:
    result = fine(run("--task", TASK, "--agent", "direct", "--llm", "scripted"))
    assert (result["model"], result["model_setting"]["retriever"]) == ("none", None)


def test_an_agent_that_searches_and_does_not_say_so_needs_a_retriever(run: Stage) -> None:
    secret = ("--task", TASK, "--agent", "support.agents:SilentSearcher", "--llm", "scripted")
    done = run(*secret)
    assert (done.code, done.err) == (
        2,
        "error: this agent searches: name its retriever with --model, e.g. --model bm25\n",
    )
    assert run(*secret, "--model", "bm25").code == 0


def test_a_suite_for_agents_is_not_for_a_retriever_alone(run: Stage) -> None:
    done = run("--task", "sample-mhqa", "--model", "bm25")
    assert done.code == 2
    assert "'sample-mhqa' is a question-answering suite, for agents" in done.err


# what is done with results --------------------------------------------------------------------


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, str, str]]:
    """Results of two agents that differ."""
    with stage(tmp_path_factory.mktemp("two")) as run:
        folders = []
        for agent in ("rag", "genground"):
            done = run("--task", TASK, "--agent", agent, "--llm", "scripted", "--model", "bm25")
            fine(done)
            folders.append(str(done.folder))
        yield run, folders[0], folders[1]


def test_agents_are_compared_in_pairs(two: tuple[Stage, str, str]) -> None:
    run, rag, genground = two
    told = run.command("compare", rag, genground)
    assert told.code == 0, told.err
    assert told.out.startswith("F1 on sample-mhqa, sample-mhqa/bridge\n")
    assert "genground · scripted · bm25 is better than rag · scripted · bm25" in told.out
    found = run.command("compare", rag, genground, "--json", "--metric", "EM", "--test", "t").json
    assert "EM" in json.dumps(found)


def test_a_gate_on_an_agents_answers(two: tuple[Stage, str, str]) -> None:
    run, rag, genground = two
    better = run.command("check", "--candidate", genground, "--baseline", rag, "--metric", "F1")
    assert (better.code, "passed" in better.out) == (0, True)
    worse = run.command("check", "--candidate", rag, "--baseline", genground, "--metric", "F1")
    assert worse.code == 1
    assert "a drop of 0." in worse.out


def test_answers_are_scored_again(two: tuple[Stage, str, str]) -> None:
    run, rag, _ = two
    stored = json.loads((Path(rag) / "result.json").read_text())
    same = run.command("rescore", rag, "--json").json
    assert same["identity"] == stored["identity"]
    kilt = run.command("rescore", rag, "--profile", "kilt", "--json").json
    assert kilt["identity"] != stored["identity"]
    assert kilt["task_setting"]["profile"] == "kilt"
    assert {task["solved"]["profile"] for task in kilt["tasks"].values()} == {"kilt"}
    wrong = run.command("rescore", rag, "--profile", "klit")
    assert (wrong.code, "Did you mean kilt" in wrong.err) == (2, True)


def test_trajectories_are_shown(two: tuple[Stage, str, str]) -> None:
    run, _, genground = two
    shown = run.command("trajectories", "show", genground, "--sample", "bridge-01")
    assert shown.code == 0, shown.err
    assert shown.out.startswith("sample-mhqa/bridge  bridge-01  answered  'Grayle'  EM 1.00, F1 1.00\n")
    assert "note: ground" in shown.out
    wrong = run.command("trajectories", "show", genground, "--wrong", "--json", "--limit", "3").json
    assert len(wrong) == 3
    assert all(record["scores"]["EM"] == 0 for record in wrong)
    lost = run.command("trajectories", "show", genground, "--sample", "bridge-99")
    assert (lost.code, "no sample 'bridge-99' here" in lost.err) == (2, True)


def test_a_replay_finds_another_prompt(two: tuple[Stage, str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    run, rag, _ = two
    same = run.command("trajectories", "replay", rag)
    assert (same.code, same.out) == (
        0,
        "26 trajectories replayed: the same; 0 ended in an error or a limit: skipped\n",
    )
    lost = run.command("trajectories", "replay", rag, "--sample", "bridge-99")
    assert (lost.code, "no sample 'bridge-99' here" in lost.err) == (2, True)
    # As if a later version of the harness quoted passages in another way.
    monkeypatch.setattr("toolbench_eval.agents.rag.quoted", lambda passages: "(left out)")
    other = run.command("trajectories", "replay", rag)
    assert other.code == 1
    assert "26 of 26 trajectories came out differently" in other.err
    assert "sample 'bridge-01', dealing 2: the prompt of 'answer' is another one than then" in other.err


def test_what_others_take_of_an_agents_result(two: tuple[Stage, str, str], tmp_path: Path) -> None:
    run, rag, _ = two
    trec = run.command("export", rag, "--to", "trec", "--out", str(tmp_path))
    assert trec.code == 0, trec.err
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == [f"bridge.{ending}" for ending in ("qrels", "run")]
    for target in ("mteb", "model-index"):
        refused = run.command("export", rag, "--to", target, "--out", str(tmp_path))
        assert refused.code == 2
        assert f"{target} has no place for the answers of agents" in refused.err
    alone = run("--task", TASK, "--agent", "direct", "--llm", "scripted", "--limit", "2")
    empty = run.command("export", str(alone.folder), "--to", "trec", "--out", str(tmp_path))
    assert (empty.code, "direct · scripted searched nothing" in empty.err) == (2, True)
