"""NV-Embed without code from the hub, against its definition computed by hand from a checkpoint's tensors.

The computation here takes the tensors by their published names and one text at a time, token by token and head by head:
it shares nothing with the harness but the files, and knows neither padding nor batches.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tiny_models

from toolbench_eval.cards import Encoding, ModelCard
from toolbench_eval.data.corpus import Corpus
from toolbench_eval.data.queries import Queries
from toolbench_eval.encoding.boundary import BOUNDARY
from toolbench_eval.errors import UsageError
from toolbench_eval.registry import Registry
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.retrievers.dense import Dense
from toolbench_eval.retrievers.load import load_model

pytest.importorskip("sentence_transformers", reason="the extra 'dense' is not installed")

LENGTH = 40
DOCUMENTS = [*tiny_models.texts(9, longest=8), "weather " * 60]
QUERIES = ["city flight", "song price table", "mail"]
INSTRUCTIONS = ["Find the right tool.", "find", None]
CARDS = ("nv-embed", "nv-embed-v2")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Go on with an empty cache."""
    return lambda: monkeypatch.setenv("EVALHARNESS_CACHE", str(tmp_path / "another"))


@pytest.fixture(scope="module", params=["right", "left"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.nv_embed(tmp_path_factory.mktemp(request.param), padding_side=request.param)


# --- the definition ------------------------------------------------------------------------------------------


class ByHand:
    """Lee et al., arXiv 2405.17428, sections 3.1 and 3.2, and the norms and residuals of the published code."""

    def __init__(self, folder: Path) -> None:
        import torch
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        stored: dict[str, Any] = {}
        for part in sorted(folder.glob("*.safetensors")):
            stored |= load_file(part)
        self.weights = {name: values.to(torch.float64) for name, values in stored.items()}
        self.settings = json.loads((folder / "config.json").read_text())
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        array = self.weights["latent_attention_model.latents"]
        self.latents = [self.layer_norm(latent, "0.norm_context") for latent in array]

    def vector(self, before: str, text: str, *, masked: bool = True, **changed: bool) -> np.ndarray:
        """Of `before + text`; its first tokens, as many as `before` has without opening token, are not averaged."""
        ids = self.tokenizer.encode(before + text).ids[:LENGTH]
        skipped = len(self.tokenizer.encode(before, add_special_tokens=False).ids) if masked and before else 0
        states = self.states(tuple(ids), **changed)
        mean = sum(states[skipped:]) / len(states[skipped:])
        return (mean / math.sqrt(float(mean @ mean))).numpy()

    @cache  # noqa: B019
    def states(self, ids: tuple[int, ...], *, causal: bool = False) -> list[Any]:
        return self.latent(self.decoder(ids, causal=causal))

    def decoder(self, ids: tuple[int, ...], *, causal: bool) -> list[Any]:
        config = self.settings["text_config"]
        states = [self.weights["embedding_model.embed_tokens.weight"][token] for token in ids]
        for layer in range(config["num_hidden_layers"]):
            place = f"embedding_model.layers.{layer}"
            normed = [self.rms(state, f"{place}.input_layernorm.weight") for state in states]
            attended = self.self_attention(normed, place, causal=causal)
            states = [state + found for state, found in zip(states, attended, strict=True)]
            normed = [self.rms(state, f"{place}.post_attention_layernorm.weight") for state in states]
            states = [state + self.swiglu(one, f"{place}.mlp") for state, one in zip(states, normed, strict=True)]
        return [self.rms(state, "embedding_model.norm.weight") for state in states]

    def self_attention(self, states: list[Any], place: str, *, causal: bool) -> list[Any]:
        import torch

        config = self.settings["text_config"]
        heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
        size = config["hidden_size"] // heads
        project = {name: self.weights[f"{place}.self_attn.{name}_proj.weight"] for name in "qkvo"}
        found: list[list[Any]] = [[] for _ in states]
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            group = head * groups // heads
            shared = slice(group * size, (group + 1) * size)
            asked = [self.rotated(project["q"][own] @ state, at) for at, state in enumerate(states)]
            keys = [self.rotated(project["k"][shared] @ state, at) for at, state in enumerate(states)]
            values = [project["v"][shared] @ state for state in states]
            for at, query in enumerate(asked):
                seen = at + 1 if causal else len(states)
                weights = softmax([float(query @ key) / math.sqrt(size) for key in keys[:seen]])
                found[at].append(sum(w * value for w, value in zip(weights, values[:seen], strict=True)))
        return [project["o"] @ torch.cat(parts) for parts in found]

    def rotated(self, vector: Any, position: int) -> Any:
        """Rotary positions: dimension i turns with dimension i + half."""
        import torch

        half = len(vector) // 2
        base = self.settings["text_config"]["rope_theta"]
        angles = torch.tensor([position * base ** (-i / half) for i in range(half)], dtype=torch.float64)
        first, second = vector[:half], vector[half:]
        cos, sin = angles.cos(), angles.sin()
        return torch.cat([first * cos - second * sin, second * cos + first * sin])

    def rms(self, state: Any, name: str) -> Any:
        mean = float(state @ state) / len(state)
        return self.weights[name] * state / math.sqrt(mean + self.settings["text_config"]["rms_norm_eps"])

    def swiglu(self, state: Any, place: str) -> Any:
        gate = self.weights[f"{place}.gate_proj.weight"] @ state
        gate = gate / (1 + (-gate).exp())
        return self.weights[f"{place}.down_proj.weight"] @ (gate * (self.weights[f"{place}.up_proj.weight"] @ state))

    def latent(self, states: list[Any]) -> list[Any]:
        """Each state asks the latent array, then goes through the feed-forward block; both with a residual."""
        looked = [state + self.look_up(self.layer_norm(state, "0.norm")) for state in states]
        return [state + self.feed_forward(self.layer_norm(state, "1.norm")) for state in looked]

    def look_up(self, asking: Any) -> Any:
        import torch

        config = self.settings["latent_attention_config"]
        heads, size = config["num_cross_heads"], config["cross_dim_head"]
        to_q, to_kv = self.block("0.fn.to_q.weight"), self.block("0.fn.to_kv.weight")
        to_k, to_v = to_kv[: heads * size], to_kv[heads * size :]
        parts = []
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            query = to_q[own] @ asking
            weights = softmax([float(query @ (to_k[own] @ latent)) / math.sqrt(size) for latent in self.latents])
            parts.append(sum(w * (to_v[own] @ latent) for w, latent in zip(weights, self.latents, strict=True)))
        return self.block("0.fn.to_out.weight") @ torch.cat(parts)

    def feed_forward(self, state: Any) -> Any:
        wide = self.block("1.fn.net.0.weight") @ state + self.block("1.fn.net.0.bias")
        kept, gate = wide[: len(wide) // 2], wide[len(wide) // 2 :]
        gelu = gate * (1 + (gate / math.sqrt(2)).erf()) / 2
        return self.block("1.fn.net.2.weight") @ (kept * gelu) + self.block("1.fn.net.2.bias")

    def layer_norm(self, state: Any, name: str) -> Any:
        centred = state - state.sum() / len(state)
        normed = centred / math.sqrt(float(centred @ centred) / len(centred) + 1e-5)
        return normed * self.block(f"{name}.weight") + self.block(f"{name}.bias")

    def block(self, name: str) -> Any:
        return self.weights[f"latent_attention_model.cross_attend_blocks.{name}"]


@cache
def by_hand_of(folder: Path) -> ByHand:
    return ByHand(folder)


def softmax(values: list[float]) -> list[float]:
    powers = [math.exp(value - max(values)) for value in values]
    return [power / sum(powers) for power in powers]


# --- the harness ---------------------------------------------------------------------------------------------


def run_of(name: str, folder: Path, root: Path, protocol: Any = "default") -> np.ndarray:
    """Scores of all queries and documents by a shipped card, but for its weights and length, through the front door."""
    shipped = Registry().card(name).model_dump()
    shipped |= {"hub": str(folder), "name": "tiny", "revision": None}
    shipped["encoding"]["max_length"] = LENGTH
    (root / "own" / "models").mkdir(parents=True)
    (root / "own" / "models" / "tiny.toml").write_text(toml(shipped))
    registry = Registry((root / "own",))
    suite, runtime = registry.suite("toolret"), Runtime(device="cpu", batch_tokens=100)
    model = load_model("tiny", registry, protocol=protocol, suite=suite, runtime=runtime)
    model.index(Corpus.of([f"d{number:02}" for number in range(len(DOCUMENTS))], DOCUMENTS))
    run = model.search(Queries.of(["a", "b", "c"], QUERIES, INSTRUCTIONS), len(DOCUMENTS))
    found = np.empty(run.scores.shape)
    np.put_along_axis(found, run.documents, run.scores, axis=1)
    return found


def toml(values: dict[str, Any], table: str = "") -> str:
    """A card's values as TOML; JSON writes strings, numbers and lists the same way."""
    plain = {name: value for name, value in values.items() if value is not None and not isinstance(value, dict)}
    tables = {name: value for name, value in values.items() if isinstance(value, dict) and value}
    lines = [f"{name} = {json.dumps(value)}" for name, value in plain.items()]
    parts = [toml(value, f"{table}.{name}" if table else name) for name, value in tables.items()]
    return "\n".join([f"[{table}]" if table else "", *lines, *parts])


def vectors(folder: Path, texts: list[str], *, pooling: Any = "mean_text", **runtime: Any) -> np.ndarray:
    encoding = Encoding(pooling=pooling, normalize=True, max_length=LENGTH)
    card = ModelCard(name="tiny", family="dense", hub=str(folder), encoding=encoding)
    dense = Dense(card, Runtime(**{"device": "cpu", **runtime}))
    dense.index(Corpus.of([f"{999 - number}" for number in range(len(texts))], texts))
    return np.array(dense._vectors)


def expected(folder: Path, *, close: bool = True, **changed: bool) -> np.ndarray:
    by_hand = by_hand_of(folder)
    befores = [f"Instruct: {one}\nQuery: " if one else "" for one in INSTRUCTIONS]
    queries = [by_hand.vector(one, f"{text}</s>", **changed) for one, text in zip(befores, QUERIES, strict=True)]
    documents = [by_hand.vector("", text + "</s>" * close, **changed) for text in DOCUMENTS]
    return np.stack(queries) @ np.stack(documents).T


@pytest.mark.parametrize("name", CARDS)
def test_the_vectors_are_those_of_the_definition(name: str, folder: Path, tmp_path: Path) -> None:
    """Templates, closing token, masked instruction, both ways, latent attention, a text that is cut, padding."""
    found = run_of(name, folder, tmp_path)
    np.testing.assert_allclose(found, expected(folder), atol=1e-5)
    for changed in ({"masked": False}, {"causal": True}, {"close": False}):
        assert not np.allclose(found, expected(folder, **changed), atol=1e-3), changed


@pytest.mark.parametrize("protocol", ["paper", "released"])
def test_toolret_averages_over_the_instruction_and_closes_queries_only(
    folder: Path, tmp_path: Path, protocol: str
) -> None:
    """Without instruction its code puts in the card's: with the scaffold, all three queries have one."""
    found = run_of("nv-embed", folder, tmp_path, protocol)
    np.testing.assert_allclose(found[:2], expected(folder, masked=False, close=False)[:2], atol=1e-5)


def test_the_count_of_the_instructions_tokens_is_that_of_the_published_code(folder: Path) -> None:
    """Without the opening token; the space that ends the prompt belongs to the query's first word in the whole text."""
    by_hand = by_hand_of(folder)
    prompt = "Instruct: find\nQuery: "
    whole = by_hand.tokenizer.encode(f"{prompt}weather").tokens
    skipped = len(by_hand.tokenizer.encode(prompt, add_special_tokens=False).ids)
    assert whole[0] == "<s>"
    assert whole[skipped - 1 : skipped + 1] == [":", "\u2581weather"]
    found = vectors(folder, [f"{prompt}{BOUNDARY}weather"])
    np.testing.assert_allclose(found[0], by_hand.vector(prompt, "weather"), atol=1e-5)


def test_where_a_text_is_cut_its_closing_token_is_cut_off(folder: Path) -> None:
    by_hand = by_hand_of(folder)
    long, short = f"{BOUNDARY}{'weather ' * 60}</s>", f"{BOUNDARY}weather tool</s>"
    found = vectors(folder, [long, short], batch_tokens=1000)
    tokens = [by_hand.tokenizer.encode(text.replace(BOUNDARY, "")).tokens[:LENGTH] for text in (long, short)]
    assert tokens[0][-1] != "</s>" == tokens[1][-1]
    np.testing.assert_allclose(found[0], by_hand.vector("", "weather " * 60 + "</s>"), atol=1e-5)
    np.testing.assert_allclose(found[1], by_hand.vector("", "weather tool</s>"), atol=1e-5)


def test_where_only_the_instruction_is_left_its_last_token_stands_for_the_text(folder: Path) -> None:
    found = vectors(folder, [f"{'find ' * 100}{BOUNDARY}weather", f"find{BOUNDARY}", BOUNDARY, ""])
    assert np.isfinite(found).all()


def test_batches_and_neighbours_change_rounding_only(folder: Path, fresh: Any) -> None:
    alone = vectors(folder, DOCUMENTS, batch_tokens=1)
    fresh()
    assert np.abs(vectors(folder, DOCUMENTS, batch_tokens=400) - alone).max() < 1e-5


def test_half_precision(folder: Path) -> None:
    exact = vectors(folder, DOCUMENTS)
    for dtype in ("float16", "bfloat16"):
        half = vectors(folder, DOCUMENTS, dtype=dtype)
        assert half.dtype == np.float32
        assert 1e-5 < np.abs(half - exact).max() < 0.1


def test_two_replicas(folder: Path, fresh: Any) -> None:
    one = vectors(folder, DOCUMENTS, batch_tokens=100)
    fresh()
    np.testing.assert_array_equal(one, vectors(folder, DOCUMENTS, batch_tokens=100, device="cpu,cpu"))


def test_no_code_of_the_checkpoint_is_run_even_where_it_is_allowed(folder: Path) -> None:
    np.testing.assert_allclose(
        vectors(folder, [f"{BOUNDARY}weather"], trust_remote_code=True)[0],
        by_hand_of(folder).vector("", "weather"),
        atol=1e-5,
    )


@pytest.mark.parametrize(
    "missing",
    [
        "latent_attention_model.latents",
        "latent_attention_model.cross_attend_blocks.0.fn.to_kv.weight",
        "latent_attention_model.cross_attend_blocks.1.norm.bias",
        "embedding_model.layers.1.self_attn.k_proj.weight",
        "embedding_model.norm.weight",
    ],
)
def test_weights_that_a_checkpoint_lacks_are_not_made_up(tmp_path: Path, missing: str) -> None:
    broken = tiny_models.nv_embed(tmp_path / "broken", without=missing)
    with pytest.raises(UsageError, match=r"cannot be loaded as a model: .*has no weights for"):
        vectors(broken, ["weather"])


def test_settings_without_a_decoder(tmp_path: Path) -> None:
    broken = tiny_models.nv_embed(tmp_path / "broken")
    settings = json.loads((broken / "config.json").read_text())
    del settings["text_config"]
    (broken / "config.json").write_text(json.dumps(settings))
    with pytest.raises(UsageError, match="text_config"):
        vectors(broken, ["weather"])


def test_sizes_that_are_not_stated_are_the_published_ones() -> None:
    """They and the Mistral of another card, which is the same, make the 7.85 thousand million that are published."""
    import torch

    from toolbench_eval.encoding.nv_embed import LATENTS, LatentAttention

    with torch.device("meta"):
        latent = sum(part.numel() for part in LatentAttention(**LATENTS).parameters())
    decoder = Registry().card("e5-mistral").parameters
    assert decoder is not None
    for name in CARDS:
        assert round(decoder + latent, -7) == Registry().card(name).parameters
