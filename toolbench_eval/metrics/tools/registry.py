"""Names of the measures of tool use that results may hold, one line each. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Measure:
    """A measure as it is listed.

    Attributes:
        name: As it is stored in results.
        description: One line.
        level: What has a value of its own: ``call``, ``turn``, ``task``, ``run``, ``model``, ``condition``.
        better: Whether more or less of it is better, None where neither is.
        unbounded: Whether values may leave [0, 1].
    """

    name: str
    description: str
    level: str = "task"
    better: Literal["higher", "lower"] | None = "higher"
    unbounded: bool = False


_MEASURES = (
    Measure("success", "the task is done, as the way of scoring of its task says"),
    Measure("answer_right", "the final answer is an accepted one"),
    Measure("state_right", "the environment ends in the gold state"),
    Measure("sql", "the committed values, or the changed tables, are the gold ones (DBBench)"),
    Measure("sql_released", "the same with what is missing or infinite as 0, texts with case and as sets"),
    Measure("candidate_recall", "share of the gold tools that are on offer"),
    Measure("cpr_task", "the gold path is a subsequence of the called one (RestBench)"),
    Measure("cpr_set", "share of gold tools that were called (ATC, Correct Path Rate)"),
    Measure("cpr_multiset", "share of gold calls that were made, each as often as in the gold path"),
    Measure("path_precision", "share of calls whose tool is a gold one (ATC)"),
    Measure("path_precision_multiset", "share of calls that the gold path has, each as often"),
    Measure("path_lcs", "longest common subsequence of called and gold path over the gold length (ConAgents, Path%)"),
    Measure("path_lcs_released", "the same with a finish token at the end of both, as ConAgents' code has it"),
    Measure("path_exact", "the gold path was called and nothing else"),
    Measure("delta_length", "mean number of calls beyond the gold path, over successes", "run", "lower", True),
    Measure("finished", "the run ended by itself with an answer"),
    Measure("covered", "every gold tool was called, in any order"),
    Measure("finished_covered", "the run finished and called every gold tool (ConAgents, success)"),
    Measure(
        "conagents_success_released", "the same with the released precedence fault: unfinished and no overlap passes"
    ),
    Measure("judged", "a judge says that the answer does what the task asked"),
    Measure("esm", "error-oriented score of a call, required arguments read from the prediction (TTPA)", "turn"),
    Measure("esm_released", "the same, required arguments read from the gold call", "turn"),
    Measure("esm_pass", "share of turns whose error-oriented score is at least 0.8", "turn"),
    Measure("esm_name", "share of turns with a wrong tool", "run", "lower"),
    Measure("esm_required", "share of turns that miss a required argument", "run", "lower"),
    Measure("esm_key", "share of turns whose arguments are not all known", "run", "lower"),
    Measure("esm_type", "share of turns with an argument of the wrong type", "run", "lower"),
    Measure("esm_value", "share of turns whose values are not all the gold ones", "run", "lower"),
    Measure("pass_rate", "ToolBench's pass rate; unsure is half a pass, the majority of judgements decides"),
    Measure("pass_rate_released", "the same with coin flips for unsure and ties as passes"),
    Measure("pass_unsure", "share of tasks whose pass is left undecided", "run", None),
    Measure("win_rate", "share of wins against a reference run, both orders judged, a tie is half a win"),
    Measure("win_rate_released", "the same, the reference run always judged first"),
    Measure("sopr", "solvable pass rate: 1 solved, 0.5 unsure, 0 unsolved, mean over judge runs (StableToolBench)"),
    Measure("sowr", "win rate on solvable tasks (StableToolBench)"),
    Measure("fac", "share of final answers that solve the query by a judge of answers only (MirrorAPI)"),
    Measure("hallucinated_tool_rate", "calls of names not exactly on offer over all calls", "run", "lower"),
    Measure("hallucinating_run_rate", "share of runs with a hallucinated call", "run", "lower"),
    Measure("incorrect_tool_rate", "calls of tools on offer that are not relevant over all calls", "run", "lower"),
    Measure("invalid_argument_rate", "calls that break their schema over calls of tools on offer", "run", "lower"),
    Measure("execution_error_rate", "valid calls whose result is an error over valid calls", "run", "lower"),
    Measure("wasted_call_rate", "exact repeats of an earlier call over all calls", "run", "lower"),
    Measure("prompt_tokens", "tokens read by models", "run", "lower", True),
    Measure("completion_tokens", "tokens written by models", "run", "lower", True),
    Measure("model_calls", "requests to models, failed ones too", "run", "lower", True),
    Measure("tool_calls", "calls of tools", "run", "lower", True),
    Measure("seconds", "time spent in models and tools", "run", "lower", True),
    Measure("ast", "BFCL's AST accuracy; samples that no right call can pass are mended"),
    Measure("ast_released", "BFCL's AST accuracy as its checker has it"),
    Measure("bfcl_overall", "BFCL v4: 10% non-live, 10% live, 10% irrelevance, 30% multi-turn, 40% agentic", "model"),
    Measure("bfcl_multi_turn", "state equals the gold's and holds the gold's results after every turn"),
    Measure("bfcl_agentic", "a gold answer is a whole word of the final answer"),
    Measure("api_call", "right API and a result that passes its check (API-Bank, levels 1 and 2)", "call"),
    Measure("api_level3", "share of samples with all gold calls right (API-Bank, level 3)"),
    Measure("api_level3_released", "the same over a constant 50; samples without a wrong call count as right"),
    Measure("rouge_l", "F1 of the longest common subsequence of words, without the speaker's name (API-Bank)", "turn"),
    Measure("rouge_l_released", "the same over sets of words, as API-Bank's package has it", "turn"),
    Measure("teval_plan", "F1 of matched steps in the order of the gold plan (T-Eval)"),
    Measure("teval_plan_released", "the same, at least one step matched"),
    Measure("teval_plan_parsed", "share of plans that could be read (T-Eval)"),
    Measure("teval_instruct", "share of gold arguments and name given exactly (T-Eval)", "call"),
    Measure("teval_review", "right class of a tool's response (T-Eval)", "turn"),
    Measure("teval_retrieve", "right tool (T-Eval)", "turn"),
    Measure("teval_understand", "share of right arguments (T-Eval)", "turn"),
    Measure("teval_reason", "likeness of thoughts (T-Eval)", "turn"),
    Measure("tooltalk_success", "all recorded calls matched and no bad action (ToolTalk)"),
    Measure("tooltalk_recall", "recorded calls that were matched (ToolTalk)"),
    Measure("tooltalk_precision", "predicted calls that match (ToolTalk)"),
    Measure("tooltalk_bad_actions", "carried out actions that match nothing over predicted actions", "task", "lower"),
    Measure("trivia", "share of questions whose answer is part of the story (SPP)"),
    Measure("trivia_words", "share of questions whose answer is in the story as words of its own"),
    Measure("logic_grid", "the right house number and no other (SPP)"),
    Measure(
        "criterion",
        "mean of a judge's marks from 1 to 20, times five; missing ones counted apart",
        "task",
        "higher",
        True,
    ),
    Measure("criterion_missing", "share of a judge's criteria without a mark that can be read", "task", "lower"),
    Measure("criterion_released", "the same, marks above 20 counted as 0", "task", "higher", True),
    Measure("final_number", "the final number is the gold one (GSM8K, TabMWP)"),
    Measure("success_rate", "mean outcome over tasks and repeats", "condition"),
    Measure("run_spread", "standard deviation of the success rate over repeats", "condition", "lower"),
    Measure("factor_range", "greatest minus least success rate over the conditions of a factor", "condition", "lower"),
    Measure("max_drop", "success rate of the base condition minus the least of all", "condition", "lower"),
    Measure("relative_drop", "the same as a share of the base's", "condition", "lower"),
    Measure("flip_rate", "share of tasks whose outcome differs from the base's", "condition", "lower"),
    Measure("flip_up", "share of tasks that rose above the base's outcome", "condition", None),
    Measure("flip_down", "share of tasks that fell below the base's outcome", "condition", "lower"),
    Measure("all_conditions", "share of tasks solved under every condition", "condition"),
    Measure("any_condition", "share of tasks solved under at least one condition", "condition"),
    Measure("pass_hat_k", "chance that k repeats of a task all succeed (pass^k, tau-bench)", "condition"),
    Measure("trajectory_consistency", "mean likeness of call sequences over pairs of runs", "condition"),
    Measure("first_position_bias", "first calls of the tool listed first, beyond chance", "condition", "lower", True),
)

MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _MEASURES}
"""All measures by name."""
