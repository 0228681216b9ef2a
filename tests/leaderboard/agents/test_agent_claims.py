"""`verify` finds forged claims of an agent's result, also where the forger made every hash fit again."""

from __future__ import annotations

import pytest
from support.forging_agents import TASK, is_found


def task(result: dict) -> dict:
    return result["tasks"][TASK]


CLAIMS = {
    "score": (lambda r: task(r)["scores"].update({"F1": 0.99}), f"tasks.{TASK}.scores.F1"),
    "lacking score": (lambda r: task(r)["scores"].pop("llm_calls"), f"tasks.{TASK}.scores.llm_calls"),
    "cost": (lambda r: task(r)["scores"].update({"prompt_tokens": 1.0}), f"tasks.{TASK}.scores.prompt_tokens"),
    "average cost": (
        lambda r: r["aggregates"]["task_macro"].update({"llm_calls": 0.5}),
        "aggregates.task_macro.llm_calls",
    ),
    "average": (lambda r: r["aggregates"]["micro"].update({"EM": 1.0}), "aggregates.micro.EM"),
    "headline": (lambda r: r["headline"].update({"value": 0.9}), "headline.value"),
    "headline's measure": (lambda r: r["headline"].update({"metric": "acc_token"}), "headline.metric"),
    "interval": (lambda r: r["headline"].update({"ci95": [0.3, 0.31]}), "headline.ci95"),
    "another interval": (lambda r: r["intervals"].update({"EM": [0.0, 1.0]}), "intervals.EM"),
    "failed": (lambda r: task(r).update({"failed": 3}), f"tasks.{TASK}.failed"),
    "failures": (lambda r: task(r)["solved"]["failures"].update({"chain-01": "x"}), "solved.failures.chain-01"),
    "stops": (lambda r: task(r)["solved"].update({"stop_reasons": {"answered": 15}}), "solved.stop_reasons"),
    "sources": (lambda r: task(r)["solved"].update({"sources": {"live": 1}}), "solved.sources.live"),
    "samples": (lambda r: task(r)["solved"].update({"samples_digest": "0" * 64}), "solved.samples_digest"),
    "profile": (lambda r: task(r)["solved"].update({"profile": "squad"}), "solved.profile"),
    "left out": (lambda r: task(r)["solved"].update({"left_out": ["title_recall@5"]}), "solved.left_out"),
    "agreement": (lambda r: task(r)["solved"].update({"agreement": {"share": 1.0}}), "solved.agreement"),
    "queries": (lambda r: task(r).update({"queries": 15}), f"tasks.{TASK}.queries"),
    "count": (lambda r: r["counts"][TASK].update({"expected": 15, "found": 15}), f"counts.{TASK}"),
    "run": (lambda r: task(r).update({"run_digest": "0" * 64}), f"tasks.{TASK}.run_digest"),
    "no run": (lambda r: task(r).update({"run_file": None, "documents_file": None}), f"tasks.{TASK}.run_file"),
    "data": (lambda r: task(r).update({"queries_fingerprint": "0" * 64}), "is not that of the board's data"),
    "gold passages": (lambda r: task(r).update({"qrels_fingerprint": "0" * 64}), "qrels_fingerprint: says"),
    "corpus": (lambda r: task(r).update({"corpus_fingerprint": "0" * 64}), "corpus_fingerprint: says"),
    "dropped task": (lambda r: r["tasks"].pop(TASK), f"tasks.{TASK}: is missing"),
    "kind": (lambda r: r.update({"kind": "tool-use"}), "kind: says 'tool-use'; the suite's is 'question-answering'"),
    "retrieval": (lambda r: r.update({"kind": "retrieval"}), "agent: says 'rag'"),
    "no agent": (lambda r: r.update({"agent": None}), "agent: says None"),
    "agent": (lambda r: r.update({"agent": "genground"}), "agent: says 'genground'; model_setting.agent.name is 'rag'"),
    "model": (lambda r: r.update({"llm": "openai/gpt-4o"}), "llm: says 'openai/gpt-4o'"),
    "model everywhere": (
        lambda r: (r.update({"llm": "mine"}), r["model_setting"]["llms"]["main"].update({"name": "mine"})),
        "'scripted' answered, and model_setting.llms names no such model",
    ),
    "unsolved": (lambda r: task(r).pop("solved"), f"tasks.{TASK}.solved: is missing"),
    "limit": (lambda r: r["task_setting"].update({"limit": 5}), "task_setting.limit"),
    "study": (lambda r: r["task_setting"].update({"perturbations": []}), "task_setting.perturbations"),
    "instruction": (lambda r: r["task_setting"].update({"instruction": "with"}), "task_setting.instruction"),
    "option": (lambda r: r["task_setting"].update({"retrieval": "mine"}), "task_setting.retrieval"),
    "other option": (lambda r: r["task_setting"].update({"retrieval": "distractor"}), f"tasks.{TASK}"),
    "seed": (lambda r: r["task_setting"].update({"seed": True}), "task_setting.seed"),
    "unknown measure": (lambda r: task(r)["scores"].update({"fame": 1.0}), "unknown measure 'fame'"),
    "measure of others": (lambda r: task(r)["scores"].update({"success": 1.0}), f"tasks.{TASK}"),
    "path": (lambda r: task(r)["solved"].update({"samples_file": "../../x"}), "solved.samples_file: says '../../x'"),
    "card": (lambda r: r["model_setting"]["retriever"].update({"card": "0" * 64}), "cards.json"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_forged_claims_are_found_by_field(board, forger, name):
    change, words = CLAIMS[name]
    forger.forge(change)
    assert is_found(board, forger, words)
