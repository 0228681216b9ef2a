"""The likelihood of a given answer: against transformers' own computation, through the cache, and from an endpoint."""

from __future__ import annotations

import math
import zlib

import pytest
from support.tiny_chat import CHATML, WITH_DEFAULT, chat_model

from toolbench_eval.errors import EndpointError, UsageError
from toolbench_eval.llms.base import Message, Sampling
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.llms.load import load_llm
from toolbench_eval.llms.meter import Meter
from toolbench_eval.llms.scoring import Likelihood, ScoresAnswers
from toolbench_eval.llms.scripted import Scripted
from toolbench_eval.memo import Memo
from toolbench_eval.retrievers.base import Runtime

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
ASK = [Message("user", "capital of France?"), Message("assistant", "hm"), Message("user", "well?")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("scoring")
    templates = {"chatml": CHATML, "default": WITH_DEFAULT, "plain": None}
    return {name: chat_model(root / name, template=template, spread=0.3) for name, template in templates.items()}


def load(folder):
    return load_llm(f"hf/{folder}", runtime=Runtime(device="cpu"))


def by_hand(folder, before, answer):
    """Sum of log-probabilities of an answer's bytes after a text, one forward pass for each."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    ids, total = tokenizer(before, add_special_tokens=False)["input_ids"], 0.0
    own = tokenizer(answer, add_special_tokens=False)["input_ids"]
    for token in own:
        with torch.no_grad():
            total += float(torch.log_softmax(model(torch.tensor([ids])).logits[0, -1].double(), -1)[token])
        ids.append(token)
    return total, len(own)


SYSTEM = "<|im_start|>system\nBe good.<|im_end|>\n"
TALK = (
    "<|im_start|>user\ncapital of France?<|im_end|>\n<|im_start|>assistant\nhm<|im_end|>\n"
    "<|im_start|>user\nwell?<|im_end|>\n<|im_start|>assistant\n"
)


@pytest.mark.parametrize(
    ("name", "before"),
    [("chatml", TALK), ("default", SYSTEM + TALK), ("plain", "capital of France?\n\nhm\n\nwell?\n\n")],
)
def test_a_score_is_the_plain_computation(folders, name, before):
    expected, tokens = by_hand(folders[name], before, "Paris, of course")
    found = load(folders[name]).score(ASK, "Paris, of course")
    assert found.logprob == pytest.approx(expected, abs=1e-3)
    assert found.tokens == tokens == 16
    assert found.mean == pytest.approx(expected / 16, abs=1e-4)


def test_what_was_drawn_scores_what_it_was_drawn_with(folders):
    llm = load(folders["chatml"])
    drawn = (llm.complete(ASK, Sampling(1.0, max_tokens=2, seed=seed, logprobs=True)) for seed in range(80))
    # Half a character, or a special token, does not come back as the tokens that it was drawn as.
    whole = [reply for reply in drawn if len(reply.text) == 2 and reply.text.isascii() and reply.text.isprintable()]
    solid = [reply for reply in whole if " " not in reply.text]
    assert solid
    for reply in solid:
        logprob = sum(token.logprob for token in reply.tokens)
        assert llm.score(ASK, reply.text) == Likelihood(pytest.approx(logprob, abs=1e-3), 2)


def test_probabilities_of_all_answers_of_one_byte_sum_to_at_most_one(folders):
    llm = load(folders["chatml"])
    total = sum(math.exp(llm.score(ASK, chr(code)).logprob) for code in range(33, 127))
    assert 0 < total < 1


def test_an_answer_without_text_is_refused(folders):
    with pytest.raises(UsageError, match="empty"):
        load(folders["chatml"]).score(ASK, " ")


def test_scores_are_kept_by_everything_they_depend_on(tmp_path):
    class Scoring(Scripted):
        asked = 0

        def score(self, messages, answer):
            self.asked += 1
            return Likelihood(-1.5 * self.asked, 3)

    inner = Scoring(name="s")
    assert isinstance(inner, ScoresAnswers)
    llm = CachedLLM(inner, Memo(tmp_path / "memo.sqlite"), Meter())
    assert llm.scores
    first = llm.score(ASK, "Paris")
    assert first == Likelihood(-1.5, 3)
    assert CachedLLM(inner, Memo(tmp_path / "memo.sqlite"), Meter()).score(list(ASK), "Paris") == first
    assert llm.score(ASK, "Paris.") != first
    assert llm.score(ASK[:1], "Paris") != first
    assert llm.score([Message("system", ASK[0].text), *ASK[1:]], "Paris") != first
    assert inner.asked == 4
    assert dict(llm.meter.counts) == {"scored": 4}
    llm.score(ASK, "Paris")
    assert llm.meter.counts["scored_cached"] == 1


def test_a_model_that_cannot_score_says_what_can():
    llm = load_llm("scripted")
    assert not llm.scores
    with pytest.raises(UsageError, match=r"'scripted' cannot tell.*hf/<id or folder>.*--weight reward"):
        llm.score(ASK, "Paris")


# Endpoints ----------------------------------------------------------------------------------------------------------


def tokens_of(text):
    """A stand-in for a tokenizer: words, with the blanks before them."""
    return [zlib.crc32(word.encode()) for word in text.split()]


def vllm(body, *, many=False):
    """What vLLM answers: a position for each token of the prompt, the first without a value."""
    said = " ".join(f"<{turn['role']}> {turn['content']}" + " <end>" for turn in body["messages"])
    if body["continue_final_message"]:
        said = said.removesuffix(" <end>")
    elif body["add_generation_prompt"]:
        said += " <assistant>"
    ids = tokens_of(said)
    positions = [{str(token): {"logprob": -0.25 * at, "rank": 1, "decoded_token": "x"}} for at, token in enumerate(ids)]
    if many:
        positions[-1]["7"] = {"logprob": -0.1, "rank": 1, "decoded_token": "y"}
    message = {"role": "assistant", "content": "z"}
    return {"choices": [{"index": 0, "message": message}], "prompt_logprobs": [None, *positions[1:]]}


def hosted(server, quick):
    return load_llm("openai-api/local/m", patience=quick, environment=server.env())


def test_an_endpoint_with_log_probabilities_of_the_prompt(server, quick):
    server.reply = vllm
    found = hosted(server, quick).score([Message("user", "capital of France?")], "Paris of course")
    # <user> capital of France? <end> <assistant> | Paris of course: tokens 6, 7 and 8
    assert found == Likelihood(-0.25 * (6 + 7 + 8), 3)
    whole, before = server.requests
    assert whole["messages"][-1] == {"role": "assistant", "content": "Paris of course"}
    assert (whole["continue_final_message"], whole["add_generation_prompt"]) == (True, False)
    assert (before["continue_final_message"], before["add_generation_prompt"]) == (False, True)
    assert {body["prompt_logprobs"] for body in server.requests} == {0}
    assert {body["max_tokens"] for body in server.requests} == {1}


def test_minus_infinity_comes_back(server, quick):
    def impossible(body):
        answer = vllm(body)
        for position in answer["prompt_logprobs"][1:]:
            next(iter(position.values()))["logprob"] = -9999.0
        return answer

    server.reply = impossible
    assert hosted(server, quick).score([Message("user", "x")], "Paris").logprob == -math.inf


def test_an_endpoint_without_them(server, quick):
    with pytest.raises(UsageError, match=r"openai-api/local/m' cannot tell.*--weight reward"):
        hosted(server, quick).score([Message("user", "x")], "Paris")
    with pytest.raises(UsageError, match="cannot tell"):
        load_llm("openai/gpt-x", environment={"OPENAI_API_KEY": "k"}).score([Message("user", "x")], "Paris")


def test_nothing_is_guessed(server, quick):
    server.reply = lambda body: vllm(body, many=True)
    with pytest.raises(EndpointError, match="cannot be read"):  # which of two tokens stands there
        hosted(server, quick).score([Message("user", "x")], "Paris")

    def thinking(body):
        answer = vllm(body)
        if body["add_generation_prompt"]:
            answer["prompt_logprobs"].insert(2, {"99999": {"logprob": -1.0}})
        return answer

    server.reply = thinking
    with pytest.raises(UsageError, match="begins a turn"):
        hosted(server, quick).score([Message("user", "x")], "Paris is it")
