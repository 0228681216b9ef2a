"""`evalharness models check`: what a trial finds in good and in faulty models."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.command import environment, evalharness
from support.tiny_bert import save_colbert, save_plain, save_splade

from toolbench_eval.errors import MissingDataError, UnknownNameError, UsageError
from toolbench_eval.evaluation.trial import COPY, load_sample, try_model
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.load import load_model

CPU = Runtime(device="cpu", offline=True)
TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture
def odd(tmp_path: Path) -> Registry:
    """A registry that knows the faulty retrievers, each by its own name."""
    (tmp_path / "models").mkdir()
    for name in ("good", "constant", "nan", "infinite", "tied", "by_place", "by_batch", "broken"):
        card = f'name = "{name}"\nfamily = "support.odd_retrievers:{name}"\n'
        (tmp_path / "models" / f"{name}.toml").write_text(card)
    return Registry((tmp_path,))


def test_the_sample_has_all_that_is_labelled_and_a_copy() -> None:
    sample = load_sample(Registry())
    ids, texts = sample.corpus.ids.to_pylist(), sample.corpus.texts.to_pylist()
    assert len(ids) == len(set(ids)) == 100
    assert (ids[-1], texts[-1]) == (COPY, texts[-2])
    assert len(sample.queries) == 16
    labelled = {sample.qrels.doc_ids[at].as_py() for at in sample.qrels.documents.tolist()}
    assert labelled <= set(ids[:-2])


def test_a_good_model_passes(odd: Registry) -> None:
    trial = try_model("good", odd)
    assert trial.usable
    assert trial.warnings == []
    assert trial.scores["oracle"] == 1.0
    assert trial.scores["random"] < trial.scores["model"] < 1.0
    assert (trial.equal_texts, trial.batch_noise) == (0.0, 0.0)
    assert (trial.queries, trial.documents) == (16, 100)
    assert trial.seconds_to_load is not None
    assert trial.documents_per_second is not None
    assert trial.documents_per_second > 0


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("constant", "the scores are constant"),
        ("nan", "is NaN; check the embeddings"),
        ("infinite", "1% of the scores are missing, NaN or infinite"),
        ("tied", "ties everywhere: 100% of the neighbours in the first 10"),
        ("broken", "it does not load: RuntimeError: size mismatch for embeddings.weight"),
    ],
)
def test_faults_are_findings(odd: Registry, name: str, finding: str) -> None:
    trial = try_model(name, odd)
    assert not trial.usable
    assert len(trial.findings) == 1
    assert finding in trial.findings[0]


def test_equal_texts_with_different_scores_are_a_warning(odd: Registry) -> None:
    trial = try_model("by_place", odd)
    assert trial.usable
    assert trial.equal_texts is not None
    assert trial.equal_texts > 0
    assert any("two documents with one text differ in their scores" in warning for warning in trial.warnings)


def test_scores_that_depend_on_the_batch_are_a_warning(odd: Registry) -> None:
    """Every score is a tenth higher: the highest of a query whose lowest is near 0 moves by a tenth of its range."""
    trial = try_model("by_batch", odd)
    assert trial.usable
    assert trial.batch_noise == pytest.approx(0.1, abs=0.02)
    assert any("scores depend on the batch" in warning for warning in trial.warnings)


def test_bounds_and_pipelines() -> None:
    assert try_model("oracle").scores["model"] == 1.0
    assert try_model("random").warnings == []
    fused = try_model("bm25+tfidf")
    assert [part["name"] for part in fused.parts] == ["bm25", "tfidf"]
    assert fused.usable


def test_texts_are_shown_as_the_model_sees_them() -> None:
    first = load_sample(Registry())
    query, instruction = first.queries.texts[0].as_py(), first.queries.instructions[0].as_py()
    (part,) = try_model("bm25").parts
    assert part["query"] == query
    assert part["query_with_instruction"] == f"{instruction} {query}"
    assert part["document"] == first.corpus.texts[0].as_py()


def test_facts_of_neural_families(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    folder = save_splade(tmp_path / "weights")
    (tmp_path / "models" / "own.toml").write_text(f'name = "own"\nfamily = "splade"\nhub = "{folder}"\n')
    facts = try_model("own", Registry((tmp_path,)), CPU).parts[0]
    assert (facts["card"], facts["dimension"], facts["max_length"]) == ("own", 102, 64)
    late = try_model(str(save_colbert(tmp_path / "colbert")), runtime=CPU)
    assert late.usable
    facts = late.parts[0]
    assert facts["family"] == "late"
    assert (facts["dimension"], facts["max_length"], facts["query_length"]) == (8, 20, 12)
    assert (facts["dtype"], facts["device"]) == ("float32", "cpu")
    assert facts["prompts"] == {"query": "[unused0] ", "document": "[unused1] "}
    assert late.batch_noise is not None
    assert late.batch_noise < 1e-4


def test_prompts_of_the_models_own_files_are_named_when_unused(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    transformer = Transformer(str(save_plain(tmp_path / "bert")))
    modules = [transformer, Pooling(16, pooling_mode="cls")]
    folder = tmp_path / "bge"  # also the name of a card, which is another model's
    SentenceTransformer(modules=modules, device="cpu", prompts={"query": "query: "}).save(str(folder))
    trial = try_model(str(folder), runtime=CPU)
    facts = trial.parts[0]
    assert (facts["dimension"], facts["pooling"], facts["normalize"], facts["max_length"]) == (16, "cls", False, 64)
    assert facts["card"] is None
    assert facts["unused_prompts"] == {"query": "query: "}
    assert any("'bge' has prompts of its own that are not used here" in warning for warning in trial.warnings)


def test_prompts_of_a_card_are_named_when_unused(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    card = 'name = "asks"\nfamily = "support.odd_retrievers:good"\n[own_prompts]\nwithout_instruction = "q: {query}"\n'
    (tmp_path / "models" / "asks.toml").write_text(card)
    trial = try_model("asks", Registry((tmp_path,)))
    assert trial.parts[0]["unused_prompts"] == {"without_instruction": "q: {query}"}
    assert len(trial.warnings) == 1


def test_faults_of_the_user_are_raised() -> None:
    with pytest.raises(UnknownNameError):
        try_model("no-such-model")
    with pytest.raises(UsageError, match="names joined by"):
        try_model("bm25+")
    with pytest.raises(MissingDataError, match="--offline is set"):
        try_model("splade", runtime=CPU)


def test_nothing_is_left_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))
    assert try_model(str(save_plain(tmp_path / "bert")), runtime=CPU).usable
    assert not (tmp_path / "cache").exists()
    assert os.environ["EVALHARNESS_CACHE"] == str(tmp_path / "cache")


def test_a_reranker_alone_is_tried_behind_bm25() -> None:
    trial = try_model("rankgpt:scripted")
    assert trial.usable
    assert trial.model == "bm25>rankgpt:scripted"
    assert trial.notes == ["a reranker: tried as 'bm25>rankgpt:scripted'"]
    assert [part["family"] for part in trial.parts] == ["bm25", "listwise"]
    with pytest.raises(MissingDataError, match="--offline is set"):
        try_model("monot5", runtime=CPU)
    assert try_model("bm25").notes == []


def test_the_command(odd: Registry, tmp_path: Path) -> None:
    env = environment(PYTHONPATH=str(TESTS), HF_HUB_OFFLINE="1")
    cards = ("--tasks-dir", str(odd.tasks_dirs[0]))
    good = evalharness("models", "check", "good", *cards, "--json", cwd=tmp_path, env=env)
    assert good.returncode == 0, good.stderr
    told = json.loads(good.stdout)
    assert told["usable"] is True
    assert told["model"] == "good"
    assert set(told["scores"]) == {"model", "random", "oracle"}
    bad = evalharness("models", "check", "constant", *cards, cwd=tmp_path, env=env)
    assert bad.returncode == 1
    assert "the scores are constant" in bad.stdout
    assert bad.stdout.splitlines()[-1].split() == ["verdict", "not", "usable"]
    unknown = evalharness("models", "check", "no-such", cwd=tmp_path, env=env)
    assert (unknown.returncode, unknown.stdout) == (2, "")
    nothing = evalharness("models", "check", str(tmp_path), cwd=tmp_path, env=env)
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "it has neither config.json nor modules.json" in nothing.stderr
    alone = evalharness("models", "check", "rankgpt:scripted", cwd=tmp_path, env=env)
    assert (alone.returncode, alone.stderr) == (0, "")
    assert "tried as 'bm25>rankgpt:scripted'" in alone.stdout


def test_folders_say_what_they_are(tmp_path: Path) -> None:
    from support.tiny_bert import save_pylate

    for save in (save_colbert, save_pylate):
        folder = save(tmp_path / save.__name__)
        assert load_model(str(folder)).setting["family"] == "late"
    assert load_model(str(save_plain(tmp_path / "plain"))).setting["family"] == "dense"
