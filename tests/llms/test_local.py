"""A tiny random Llama behind the door: against transformers' own computation, token by token."""

from __future__ import annotations

import pytest

from toolbench_eval.llms.base import Message, Sampling
from toolbench_eval.llms.load import load_llm
from toolbench_eval.retrievers.base import Runtime

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
ASK = [Message("system", "find the tool"), Message("user", "weather in the city")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    from support.tiny_rerankers import llama_decoder

    root = tmp_path_factory.mktemp("llms")
    return {chat: llama_decoder(root / f"chat-{chat}", chat=chat) for chat in (True, False)}


@pytest.fixture
def load(folders):
    def loaded(chat=True):
        return load_llm(f"hf/{folders[chat]}", runtime=Runtime(device="cpu"))

    return loaded


def step_by_step(folder, prompt, steps):
    """Greedy tokens and their log-probabilities, the whole prefix computed anew for each."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    made = []
    for _ in range(steps):
        with torch.no_grad():
            logprobs = torch.log_softmax(model(torch.tensor([ids])).logits[0, -1], -1)
        best = int(logprobs.argmax())
        ids.append(best)
        made.append((tokenizer.decode([best]), float(logprobs[best])))
        if best == tokenizer.eos_token_id:
            break
    return made


@pytest.mark.parametrize("chat", [True, False])
def test_greedy_answers_and_log_probabilities(folders, load, chat):
    prompt = (
        "system : find the tool\nuser : weather in the city\nA :" if chat else "find the tool\n\nweather in the city"
    )
    expected = step_by_step(folders[chat], prompt, 6)
    reply = load(chat).complete(ASK, Sampling(max_tokens=6, logprobs=True))
    assert [token.text for token in reply.tokens] == [text for text, _ in expected]
    assert [token.logprob for token in reply.tokens] == pytest.approx([value for _, value in expected], abs=1e-4)
    assert reply.text == "".join(text for text, _ in expected)
    assert reply.usage.output_tokens == 6
    assert reply.finish == "length"


def test_without_asking_for_tokens_there_are_none(load):
    assert load().complete(ASK, Sampling(max_tokens=2)).tokens is None


def test_drawn_answers_depend_on_seed_and_attempt_alone(folders):
    from toolbench_eval.llms.local import LocalLLM

    drawn = Sampling(temperature=1.5, max_tokens=8, seed=1)
    one, other = (LocalLLM(str(folders[True]), Runtime(device="cpu")) for _ in range(2))
    torch.manual_seed(0)
    first = one.complete(ASK, drawn)
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    assert other.complete(ASK, drawn) == first
    assert torch.equal(torch.random.get_rng_state(), before)  # the caller's own numbers go on as they would have
    again = one.complete(ASK, drawn, attempt=1)
    seeded = one.complete(ASK, Sampling(temperature=1.5, max_tokens=8, seed=2))
    assert len({first.text, again.text, seeded.text}) == 3


def test_stop_strings_end_the_answer_and_are_no_part_of_it(load):
    whole = load().complete(ASK, Sampling(max_tokens=6, logprobs=True))
    stop = whole.tokens[3].text
    reply = load().complete(ASK, Sampling(max_tokens=6, stop=(stop,)))
    assert reply.text == whole.text[: whole.text.index(stop)]
    assert reply.finish == "stop"


def test_answers_are_kept_by_the_content_of_the_weights(folders, load, tmp_path):
    import shutil

    first = load().complete(ASK, Sampling(max_tokens=3))
    shutil.copytree(folders[True], tmp_path / "copy")
    copy = load_llm(f"hf/{tmp_path / 'copy'}", runtime=Runtime(device="cpu"))
    reply = copy.complete(ASK, Sampling(max_tokens=3))
    assert (reply.text, reply.cached) == (first.text, True)
    assert not load(chat=False).complete(ASK, Sampling(max_tokens=3)).cached
