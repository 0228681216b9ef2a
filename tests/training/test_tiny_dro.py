"""DRO with a random language model of two layers and three passages: the six selections of two are all of z.

The agent's own prompts, `score` as it stands, and gradients by automatic differentiation.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from support.studio import QUESTION, Dice, studio
from support.tiny_chat import chat_model

from toolbench_eval.agents.dro.agent import Dro
from toolbench_eval.agents.dro.selection import render_selection
from toolbench_eval.llms.base import Message
from toolbench_eval.llms.load import load_llm
from toolbench_eval.llms.turns import encode
from toolbench_eval.retrievers.base import Runtime
from toolbench_eval.training.dro import DroSampler
from toolbench_eval.training.evidence import elbo, format_mass, log_evidence, normalised, posterior
from toolbench_eval.training.weights import self_normalised

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
ORDERS = list(permutations((1, 2, 3), 2))
AGENT = Dro(n=3, k=2, temperature=0.8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return chat_model(tmp_path_factory.mktemp("dro") / "model", spread=0.15)


@pytest.fixture(scope="module")
def conversations():
    """For each selection what the selector and the generator learn, from the agent itself."""
    found = {}
    for order in ORDERS:
        place = studio(AGENT, {"main": Dice(lambda _, order=order: [render_selection(order)])})
        (one,) = DroSampler(AGENT).draw(place, QUESTION, 1).samples
        found[order] = [part.messages for part in one.conversations]
    return found


@pytest.fixture(scope="module")
def tables(folder, conversations):
    """log p(z | x) as it is, and log p(y | x, z)."""
    llm = load_llm(f"hf/{folder}", runtime=Runtime(device="cpu"))
    scores = [[llm.score(part[:-1], part[-1].text).logprob for part in conversations[order]] for order in ORDERS]
    return np.array(scores).T


def test_valid_selections_are_a_part_of_all_texts(tables):
    assert 0 < format_mass(tables[0]) <= 1
    assert np.exp(normalised(tables[0])).sum() == pytest.approx(1)


def test_exact_ratios_and_the_bound(tables):
    log_prior, logliks = normalised(tables[0]), tables[1]
    evidence, held = log_evidence(log_prior, logliks), posterior(log_prior, logliks)
    assert (np.exp(log_prior) * np.exp(logliks - evidence)).sum() == pytest.approx(1)  # E[w] under p(z | x)
    assert held == pytest.approx(np.exp(log_prior + logliks - evidence))
    assert elbo(log_prior, logliks, held) == pytest.approx(evidence)
    for q in (np.full(6, 1 / 6), np.exp(log_prior), self_normalised(logliks).values, np.eye(6)[2]):
        assert elbo(log_prior, logliks, q) <= evidence + 1e-9
    assert min(logliks) <= evidence <= max(logliks)


class Twin:
    """The same model with gradients; selector and generator are one, or two."""

    def __init__(self, folder, conversations):
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.selector, self.generator = (
            transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval() for _ in range(2)
        )
        self.conversations = conversations

    def tables(self):
        selector = [self.logprob(self.selector, parts[0]) for parts in self.conversations.values()]
        generator = [self.logprob(self.generator, parts[1]) for parts in self.conversations.values()]
        log_prior = torch.stack(selector)
        return log_prior - log_prior.logsumexp(0), torch.stack(generator)

    def logprob(self, model, messages):
        """Of the tokens that the mask says are the assistant's."""
        encoded = encode(self.tokenizer, messages)
        ids, mask = torch.tensor([encoded.ids]), torch.tensor(encoded.mask())
        logits = model(ids).logits[0, :-1]
        return torch.log_softmax(logits, -1).gather(1, ids[0, 1:, None])[:, 0][mask[1:]].sum()

    def parameters(self):
        return [*self.selector.parameters(), *self.generator.parameters()]

    def gradient(self, value):
        found = torch.autograd.grad(value, self.parameters(), allow_unused=True, retain_graph=True)
        return [None if one is None else one.clone() for one in found]


@pytest.fixture(scope="module")
def twin(folder, conversations):
    return Twin(folder, conversations)


def test_scores_are_the_log_probabilities_under_the_mask(twin, tables):
    with torch.no_grad():
        selector = [float(twin.logprob(twin.selector, parts[0])) for parts in twin.conversations.values()]
        generator = [float(twin.logprob(twin.generator, parts[1])) for parts in twin.conversations.values()]
    assert tables[0] == pytest.approx(selector, abs=1e-3)
    assert tables[1] == pytest.approx(generator, abs=1e-3)


@pytest.fixture(scope="module")
def e_step(twin):
    """log p(y | x), its gradient, and those of the two weighted losses; an exact E-step makes the weights."""
    log_prior, logliks = twin.tables()
    evidence, weights = (log_prior + logliks).logsumexp(0), torch.softmax(log_prior + logliks, 0).detach()
    losses = (evidence, (weights * log_prior).sum(), (weights * logliks).sum())
    return evidence.item(), *(twin.gradient(loss) for loss in losses)


def test_fisher_identity_and_what_each_loss_trains(e_step):
    _, exact, selector, generator = e_step
    half = len(exact) // 2
    for at, wanted in enumerate(exact):
        own, other = (selector, generator) if at < half else (generator, selector)
        assert other[at] is None  # neither loss has a gradient in the other's parameters
        assert torch.allclose(own[at], wanted, atol=1e-8)


def test_a_small_full_batch_m_step_raises_the_likelihood(folder, conversations, e_step):
    before, _, selector, generator = e_step
    values = []
    for size in (1e-3, -1e-3):
        moved, half = Twin(folder, conversations), len(selector) // 2
        with torch.no_grad():
            for parameter, step in zip(moved.parameters(), selector[:half] + generator[half:], strict=True):
                parameter.add_(step, alpha=size)
            values.append(sum(moved.tables()).logsumexp(0).item())
    assert values[1] < before < values[0] < 0


def test_all_selections_are_asked_for_by_one_prompt(conversations):
    assert len({parts[0][0] for parts in conversations.values()}) == 1
    assert len({parts[1][0] for parts in conversations.values()}) == 6
    assert {parts[1][-1] for parts in conversations.values()} == {Message("assistant", "London")}
