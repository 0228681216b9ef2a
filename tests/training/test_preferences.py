"""Preference pairs: five scripted outputs, turns with their history, branches of a tiny model, the command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import ROOT, environment, evalharness
from support.tiny_chat import chat_model

from toolbench_eval.data.qa.record import Record
from toolbench_eval.data.tool_problems import GoldCall, ToolProblem
from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.environments.declared import DeclaredEnvironment
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.toolbox import ToolError
from toolbench_eval.errors import DataError, EvalHarnessError, UsageError
from toolbench_eval.llms.base import GREEDY, Message, Reply, Sampling
from toolbench_eval.metrics.tools.calls import Call
from toolbench_eval.metrics.tools.error_oriented import esm_corrected
from toolbench_eval.training.pairing import PairRequest, pair
from toolbench_eval.training.preferences import completions, judge, reply_of
from toolbench_eval.training.turns import Turn, call_text, turns_of_problem, turns_of_record

FLIGHT = ToolSpec(
    "flight",
    "Book a flight.",
    {"type": "object", "properties": {"to": {"type": "string"}, "day": {"type": "string"}}, "required": ["to", "day"]},
)
HOTEL = replace(FLIGHT, name="hotel", description="Book a hotel.")
GOLD = Call("flight", {"to": "Rome", "day": "Monday"})
TURN = Turn("trip/0", (Message("system", "s"), Message("user", "u")), (FLIGHT, HOTEL), GOLD)

RIGHT = call_text(GOLD)
OTHER_DAY = 'Action: flight[{"to": "Rome", "day": "Friday"}]'  # 10/11
NO_DAY = 'Action: flight[{"to": "Rome"}]'  # released 8.5/11, corrected 7/11
WRONG_TOOL = 'Action: hotel[{"to": "Rome", "day": "Monday"}]'  # 8/11
INVENTED = 'Action: train[{"to": "Rome", "day": "Monday"}]'  # corrected 2/11, released none
TEXT = "Where do you want to go?"


def five(*texts: str, turn: Turn = TURN, **how: object) -> tuple[list[tuple[str, str]], object]:
    """Chosen and rejected texts of each pair, and what was judged."""
    names = [tool.name for tool in turn.tools]
    judged = judge(turn, [reply_of(text, names) for text in texts], **how)  # type: ignore[arg-type]
    pairs = [(line["chosen"][0]["content"], line["rejected"][0]["content"]) for line in judged.lines]
    return pairs, judged


def test_all_right_gives_no_pair() -> None:
    pairs, judged = five(*[RIGHT] * 5)
    assert (pairs, judged.outcome, judged.scores) == ([], "nothing rejected", (1.0,))


def test_all_equal_and_bad_rejects_the_one_for_the_gold_call() -> None:
    pairs, judged = five(*[WRONG_TOOL] * 5)
    assert pairs == [(RIGHT, WRONG_TOOL)]
    assert judged.gold_chosen


def test_all_bad_rejects_each_for_the_gold_call() -> None:
    pairs, judged = five(WRONG_TOOL, NO_DAY, TEXT, INVENTED, NO_DAY)
    assert pairs == [(RIGHT, text) for text in (WRONG_TOOL, NO_DAY, TEXT, INVENTED)]
    assert judged.gold_chosen
    assert judged.scores == pytest.approx((8 / 11, 7 / 11, 0, 2 / 11))
    assert [line["chosen_from"] for line in judged.lines] == ["gold"] * 4
    assert [line["errors"] for line in judged.lines] == [
        ["wrong_tool"],
        ["missing_required"],
        ["no_call"],
        ["hallucinated_tool"],
    ]


def test_a_mix_chooses_the_last_of_the_best() -> None:
    thursday = OTHER_DAY.replace("Friday", "Thursday")
    pairs, judged = five(TEXT, OTHER_DAY, WRONG_TOOL, thursday, OTHER_DAY)
    assert pairs == [(thursday, TEXT), (thursday, WRONG_TOOL)]
    assert not judged.gold_chosen
    assert [line["scores"] for line in judged.lines] == [
        {"chosen": pytest.approx(10 / 11), "rejected": 0},
        {"chosen": pytest.approx(10 / 11), "rejected": pytest.approx(8 / 11)},
    ]


def test_the_threshold_decides_between_gold_and_model() -> None:
    assert five(OTHER_DAY, WRONG_TOOL)[0] == [(OTHER_DAY, WRONG_TOOL)]
    assert five(OTHER_DAY, WRONG_TOOL, threshold=0.95)[0] == [(RIGHT, OTHER_DAY), (RIGHT, WRONG_TOOL)]


def test_the_released_score_lets_a_missing_argument_pass_more_easily_and_fails_on_invented_tools() -> None:
    # Required arguments are looked for in the gold call: 8.5/11 = 0.773, which a threshold of 0.75 takes.
    assert five(NO_DAY, TEXT, threshold=0.75, score="released")[0] == [(NO_DAY, TEXT)]
    assert five(NO_DAY, TEXT, threshold=0.75)[0] == [(RIGHT, NO_DAY), (RIGHT, TEXT)]
    pairs, judged = five(OTHER_DAY, INVENTED, score="released")
    assert (pairs, judged.outcome) == ([], "unscorable")
    with pytest.raises(UsageError, match="corrected, released"):
        five(RIGHT, score="mine")


def test_a_gold_call_that_breaks_its_schema_is_left_out() -> None:
    broken = replace(TURN, gold=Call("flight", {"to": "Rome", "when": "Monday"}))  # (3 + 1.5 + 0.5 + 1 + 2) / 11
    pairs, judged = five(RIGHT, TEXT, turn=broken)
    assert (pairs, judged.outcome) == ([], "gold breaks its schema")


def test_replies_are_read_as_agents_read_them() -> None:
    names = ["flight", "hotel"]
    assert reply_of("Thought: x\nAction: flight\nAction Input: {}", names).call == Call("flight", {})
    assert reply_of('<think>Action: hotel[{}]</think>flight[{"to": "x"}]', names).call == Call("flight", {"to": "x"})
    for text in ("Action: Finish[Rome]", "Action: flight[Rome]", "Action: flight[[1]]", "", "flight"):
        assert reply_of(text, names).call is None


def test_what_differs_in_a_pair_is_the_call_alone() -> None:
    pairs, _ = five('Thought: long\nAction: flight({"day": "Monday", "to": "Rome"})', f"Thought: hm\n{WRONG_TOOL}")
    assert pairs == [('Action: flight[{"day": "Monday", "to": "Rome"}]', WRONG_TOOL)]


TEXTS = st.sampled_from([RIGHT, OTHER_DAY, NO_DAY, WRONG_TOOL, INVENTED, TEXT, "", 'Action: flight[{"to": 3}]'])


@given(st.lists(TEXTS, min_size=1, max_size=5), st.sampled_from([0.0, 0.5, 0.8, 0.95, 1.0]))
def test_what_always_holds(texts: list[str], threshold: float) -> None:
    _, judged = five(*texts, threshold=threshold)
    tools = TURN.described
    for line in judged.lines:
        chosen = Call(**line["chosen_call"])
        score = esm_corrected(chosen, GOLD, tools).score
        assert score >= threshold or chosen == GOLD
        assert line["scores"]["chosen"] == pytest.approx(score)
        rejected = line["rejected_call"]
        if rejected is None:
            assert line["errors"] == ["no_call"]
        else:
            assert line["scores"]["rejected"] < line["scores"]["chosen"]
            assert Call(**rejected) != chosen
    assert len({json.dumps(line["rejected"]) for line in judged.lines}) == len(judged.lines)


class Draws:
    """Says its lines in order, and keeps how it was asked."""

    name = "draws"

    def __init__(self, *lines: str) -> None:
        self.identity: dict[str, str] = {}
        self.left = list(lines)
        self.asked: list[tuple[Sampling, int]] = []

    def complete(self, messages: Sequence[Message], sampling: Sampling = GREEDY, attempt: int = 0) -> Reply:
        assert list(messages) == list(TURN.messages)
        self.asked.append((sampling, attempt))
        return Reply(self.left.pop(0))


def test_each_draw_has_a_seed_of_its_own() -> None:
    llm = Draws(RIGHT, TEXT, WRONG_TOOL)
    found = completions(llm, TURN, 3, 0.7, seed=5)
    assert [reply.call and reply.call.name for reply in found] == ["flight", None, "hotel"]
    assert [attempt for _, attempt in llm.asked] == [0, 1, 2]
    seeds = [sampling.seed for sampling, _ in llm.asked]
    assert len(set(seeds)) == 3
    assert {(sampling.temperature, sampling.stop) for sampling, _ in llm.asked} == {(0.7, ("\nObservation",))}
    again = Draws(RIGHT, TEXT, WRONG_TOOL)
    completions(again, TURN, 3, 0.7, seed=5)
    assert again.asked == llm.asked
    other = Draws(RIGHT)
    completions(other, TURN, 1, 0.7, seed=6)
    assert other.asked[0] != llm.asked[0]


# turns --------------------------------------------------------------------------------------------


def find(name: str) -> dict[str, str]:
    """Find a person."""
    if name != "Ada":
        raise ToolError("nobody")
    return {"person_id": "p-1"}


def phone(person_id: str) -> str:
    """Tell the number."""
    return f"555-{person_id}"


PEOPLE = FunctionEnvironment([find, phone])


def problem(*gold: GoldCall) -> ToolProblem:
    return ToolProblem("q1", "What is Ada's number?", gold_calls=gold)


def test_the_history_of_a_problem_are_its_gold_calls_and_their_results() -> None:
    gold = GoldCall("find", {"name": "Ada"}, times=2), GoldCall("phone", {"person_id": "p-1"})
    turns = list(turns_of_problem(problem(*gold), PEOPLE, PEOPLE.tools()))
    assert [(turn.id, turn.gold.name) for turn in turns] == [("q1/0", "find"), ("q1/1", "find"), ("q1/2", "phone")]
    assert [len(turn.messages) for turn in turns] == [2, 4, 6]
    last = turns[2].messages
    assert "What is Ada's number?" in last[1].text
    assert '{"name": "phone"' in last[1].text
    assert last[2] == last[4] == Message("assistant", 'Action: find[{"name": "Ada"}]')
    assert last[3].text == 'Observation (ok):\n<result>\n{"person_id": "p-1"}\n</result>'
    assert last[-1].role == "user"


def test_a_history_ends_where_it_cannot_go_on() -> None:
    failing = problem(GoldCall("find", {"name": "Bob"}), GoldCall("phone", {"person_id": "p-1"}))
    assert [turn.id for turn in turns_of_problem(failing, PEOPLE, PEOPLE.tools())] == ["q1/0"]
    open_ended = problem(GoldCall("find", {"name": "Ada"}), GoldCall("phone"))
    assert [turn.id for turn in turns_of_problem(open_ended, PEOPLE, PEOPLE.tools())] == ["q1/0"]
    declared = DeclaredEnvironment(PEOPLE.tools())  # nobody executes: there is no result to show
    both = problem(GoldCall("find", {"name": "Ada"}), GoldCall("phone", {"person_id": "p-1"}))
    assert [turn.id for turn in turns_of_problem(both, declared, declared.tools())] == ["q1/0"]


def record(*turns: dict[str, object], **more: object) -> Record:
    tools = [{"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}]
    values = {"id": "c1", "system": "Be brief.", "conversations": list(turns), "tools": json.dumps(tools), **more}
    return Record(values, "f.json", 3)


def made(*calls: tuple[str, object]) -> dict[str, object]:
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"function": {"name": name, "arguments": arguments}} for name, arguments in calls],
    }


ASKED = {"role": "user", "content": "Who is Ada?"}
HEARD = {"role": "tool", "content": "a person"}


def test_the_turns_of_a_conversation_in_the_samplers_format() -> None:
    turns = list(
        turns_of_record(
            record(
                ASKED,
                made(("find", '{"name": "Ada"}')),
                HEARD,
                made(("find", {"name": "a"}), ("find", {"name": "b"})),
                HEARD,
                HEARD,
                {"role": "assistant", "content": "Shall I go on?"},
                {"role": "user", "content": "Yes."},
                made(("find", {"name": "c"})),
            )
        )
    )
    assert [(turn.id, turn.gold.arguments) for turn in turns] == [("c1/0", {"name": "Ada"}), ("c1/2", {"name": "c"})]
    assert turns[0].messages[0].text.endswith("\n\nBe brief.")
    assert "Request: Who is Ada?" in turns[0].messages[1].text
    roles = [message.role for message in turns[1].messages]
    assert roles == ["system", *["user", "assistant"] * 3, "user"]
    assert turns[1].messages[4].text == 'Action: find[{"name": "a"}]\nAction: find[{"name": "b"}]'
    assert turns[1].messages[5].text.count("Observation (ok)") == 2
    assert turns[1].messages[-1].text == "Yes."


@pytest.mark.parametrize(
    ("faulty", "told"),
    [
        (record(made(("find", {}))), "f.json, row 3, field 'conversations': nobody asks"),
        (record(ASKED, made(("find", "{broken"))), "field 'conversations\\[1\\].tool_calls\\[0\\].function.arguments'"),
        (record(ASKED, tools="{}"), "field 'tools': must be a list"),
        (record(ASKED, tools=[{"type": "function"}]), "a tool without a name"),
    ],
)
def test_what_is_no_such_conversation_is_refused_with_its_place(faulty: Record, told: str) -> None:
    with pytest.raises(DataError, match=told):
        list(turns_of_record(faulty))


# tokens -------------------------------------------------------------------------------------------


def test_the_spans_of_name_and_values() -> None:
    from toolbench_eval.training.branching import value_spans

    text = 'Thought: x\nAction: find_it[{"a": "b, \\"c\\"", "n": {"k": [1, 2]}, "t": true}]'
    assert [text[slice(*span)] for span in value_spans(text)] == ["find_it", '"b, \\"c\\""', '{"k": [1, 2]}', "true"]
    assert list(value_spans("no call")) == []
    broken = 'Action: x[{"a": 12, "b": }]'
    assert [broken[slice(*span)] for span in value_spans(broken)] == ["x", "12"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    return chat_model(tmp_path_factory.mktemp("tiny") / "model", spread=0.2)


def test_branches_stand_at_the_least_certain_tokens_of_name_and_values(tiny: Path) -> None:
    """Against the model itself, asked token by token."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from toolbench_eval.retrievers.base import Runtime
    from toolbench_eval.training.branching import Brancher, value_spans

    found = Brancher(str(tiny), Runtime(device="cpu"), longest=70).replies(TURN, k=3, alternatives=2)
    tokenizer, model = AutoTokenizer.from_pretrained(tiny), AutoModelForCausalLM.from_pretrained(tiny).eval()
    turns = [{"role": message.role, "content": message.text} for message in TURN.messages]
    prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)["input_ids"]
    ids = tokenizer(RIGHT, add_special_tokens=False)["input_ids"]
    assert len(ids) == len(RIGHT)  # a token a byte
    ranked = []
    spans = list(value_spans(RIGHT))
    with torch.inference_mode():
        for at, own in enumerate(ids):
            logprobs = torch.log_softmax(model(torch.tensor([[*prompt, *ids[:at]]])).logits[0, -1], dim=-1)
            if any(start <= at < end for start, end in spans):
                others = [one for one in logprobs.argsort(descending=True).tolist() if one != own][:2]
                ranked.append((float(logprobs[own]), at, others, [float(logprobs[one]) for one in others]))
    wanted = sorted(sorted(ranked)[:3], key=lambda one: one[1])
    assert found[0].drawn == {"trunk": "own"}
    assert found[0].call is None  # a model of random weights writes no call: the trunk is the gold call
    told = [(one.drawn["token"], one.drawn["other"]) for one in found[1:]]
    assert told == [(at, tokenizer.decode([other])) for _, at, others, _ in wanted for other in others]
    for reply in found[1:]:
        assert reply.drawn["trunk"] == "gold"
        at = reply.drawn["token"]
        value, _, _, likely = next(one for one in ranked if one[1] == at)
        assert reply.drawn["logprob"] == pytest.approx(value, abs=1e-4)
        assert any(reply.drawn["other_logprob"] == pytest.approx(one, abs=1e-4) for one in likely)
        if reply.drawn["other"].isascii():
            assert reply.text.startswith(RIGHT[:at])
            assert not reply.text.startswith(RIGHT[: at + 1])


def test_a_reply_with_a_call_is_its_own_trunk(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from toolbench_eval.retrievers.base import Runtime
    from toolbench_eval.training import branching

    brancher = branching.Brancher(str(tiny), Runtime(device="cpu"))
    own = brancher.read([1, 2], OTHER_DAY, 2)
    monkeypatch.setattr(brancher, "likeliest", lambda prompt, begun, others: own)
    found = brancher.replies(TURN, 2, 1)
    assert [one.drawn["trunk"] for one in found] == ["own"] * 3
    assert found[0].call == Call("flight", {"to": "Rome", "day": "Friday"})
    places = list(branching.value_spans(OTHER_DAY))
    assert all(any(first <= one.drawn["token"] < last for first, last in places) for one in found[1:])


def test_a_branch_that_ends_the_turn_is_not_continued(tiny: Path) -> None:
    from toolbench_eval.retrievers.base import Runtime
    from toolbench_eval.training.branching import Brancher

    brancher = Brancher(str(tiny), Runtime(device="cpu"))
    begun = brancher._tokenizer("Action: fl", add_special_tokens=False)["input_ids"]
    end = brancher._tokenizer.eos_token_id
    assert brancher.likeliest([1, 2, 3], [*begun, end], 0).text == "Action: fl"


# the command --------------------------------------------------------------------------------------

SUITE = """
name = "phone-book"
version = "1"
kind = "tool-use"
metrics = ["success"]
headline = { metric = "success", aggregate = "micro" }

[[tasks]]
task = "numbers"
file = "numbers.jsonl"
environment = "my_people:people"
scoring = "path"
"""
MODULE = '''
from toolbench_eval.environments.functions import FunctionEnvironment


def find(name: str) -> dict:
    """Find a person by name."""
    return {"person_id": "p-1"}


def phone(person_id: str) -> str:
    """Tell the phone number of a person.

    Args:
        person_id: Id of a person, from find.
    """
    return "555-0100"


def people(setup):
    return FunctionEnvironment([find, phone])


def always_find(messages):
    return 'Action: find[{"name": "Ada"}]'
'''
PROBLEMS = [
    {
        "id": f"q{number}",
        "text": "What is the phone number of Ada?",
        "gold_calls": [
            {"name": "find", "arguments": {"name": name}},
            {"name": "phone", "arguments": {"person_id": "p-1"}},
        ],
    }
    for number, name in enumerate(["Ada", "Bob"])
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "suite.toml").write_text(SUITE)
    (tmp_path / "suite" / "numbers.jsonl").write_text("".join(json.dumps(one) + "\n" for one in PROBLEMS))
    (tmp_path / "my_people.py").write_text(MODULE)
    return tmp_path


def run(*arguments: str, cwd: Path) -> object:
    env = environment(HF_HOME=str(cwd / ".hf"), PYTHONPATH=f"{cwd}:{ROOT / 'tests'}")
    return evalharness("trajectories", "preferences", *arguments, cwd=cwd, env=env)


def test_pairs_of_a_task(place: Path) -> None:
    asked = ["--task", "phone-book", "--tasks-dir", "suite", "--llm", "scripted/my_people:always_find", "--json"]
    done = run(*asked, "--out", "pairs.jsonl", cwd=place)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    # In turn 0 the call of q0 is right and that of q1 has another value (9/11), which passes; turn 1 wants `phone`.
    assert summary["turns"] == 4
    assert summary["outcomes"] == {"nothing rejected": 2, "paired": 2}
    assert (summary["pairs"], summary["gold_chosen"], summary["failed"]) == (2, 2, 0)
    lines = [json.loads(line) for line in (place / "pairs.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["phone-book/numbers/q0/1", "phone-book/numbers/q1/1"]
    assert set(lines[0]) >= {"prompt", "tools", "chosen", "rejected", "scores", "meta"}
    assert lines[0]["chosen"] == [{"role": "assistant", "content": 'Action: phone[{"person_id": "p-1"}]'}]
    assert lines[0]["rejected"] == [{"role": "assistant", "content": 'Action: find[{"name": "Ada"}]'}]
    assert lines[0]["prompt"][3]["content"].startswith("Observation (ok)")
    assert sorted(tool["function"]["name"] for tool in lines[0]["tools"]) == ["find", "phone"]
    assert lines[0]["meta"]["variant"] == "completions"
    again = run(*asked, "--out", "pairs.jsonl", cwd=place)
    assert "already there" in again.stderr
    assert json.loads(again.stdout) == summary
    other = run(*asked, "--threshold", "0.9", "--out", "pairs.jsonl", cwd=place)
    assert (other.returncode, "threshold differ" in other.stderr) == (2, True)


def test_token_branches_of_a_local_model(place: Path, tiny: Path) -> None:
    options = ["--variant", "tokens", "--branches", "2", "--alternatives", "1", "--limit", "1", "--device", "cpu"]
    options += ["--max-tokens", "45"]
    done = run(
        *[
            "--task",
            "phone-book",
            "--tasks-dir",
            "suite",
            "--llm",
            f"hf/{tiny}",
            "--out",
            "t.jsonl",
            *options,
            "--json",
        ],
        cwd=place,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (place / "t.jsonl").read_text().splitlines()]
    assert json.loads(done.stdout)["pairs"] == len(lines) >= 4
    assert all(line["chosen_from"] == "gold" for line in lines)
    assert lines[0]["meta"]["design"] == "our own"
    assert {line["drawn"].get("trunk") for line in lines} == {"own", "gold"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "name tasks with --task or conversations with --records"),
        ({"tasks": ("phone-book",), "records": Path("x.jsonl")}, "name tasks with --task or conversations"),
        ({"tasks": ("phone-book",), "variant": "tokens"}, "needs the tokens of a local model"),
        ({"tasks": ("phone-book",), "temperature": 0.0}, "every draw is the same"),
        ({"tasks": ("phone-book",), "threshold": 8.0}, "a score from 0 to 1"),
        ({"tasks": ("sample/trips",)}, "no suite of tool use"),
        ({"records": Path("nothing.jsonl")}, "no such file"),
    ],
)
def test_what_cannot_be_sampled_is_refused(tmp_path: Path, asked: dict[str, object], told: str) -> None:
    with pytest.raises(EvalHarnessError, match=told):
        pair(PairRequest("scripted", tmp_path / "x.jsonl", **asked))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_conversations_of_one_id_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps(dict(record(ASKED, made(("find", {"name": "a"}))).values)) + "\n")
    assert pair(PairRequest("scripted", tmp_path / "x.jsonl", records=path))["turns"] == 1
    path.write_text(path.read_text() * 2)
    with pytest.raises(DataError, match="the id 'c1' stands twice"):
        pair(PairRequest("scripted", tmp_path / "y.jsonl", records=path))
