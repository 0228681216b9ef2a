"""Whole studies of models whose results are known beforehand: what comes out is exactly that."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from support.agent_stage import Done
from support.study_stage import POLICY, Coin, problems, small_suite, study_stage, write_study

ORDERS = '["released", "reversed", "gold-first", "gold-last", "shuffle-1", "shuffle-2"]'


def study(
    folder: Path, factors: str, llm: str, *, rows: list[dict[str, Any]], more: str = "", coin: Coin | None = None
) -> tuple[dict[str, Any], Done]:
    """Make a study of some problems; what `--json` says, and how the command ended."""
    tiny = small_suite(folder / "tiny", rows)
    path = write_study(folder / "s.toml", factors, more, llm=llm)
    with study_stage(folder, coin) as run:
        done = run.command("study", str(path), "--tasks-dir", str(tiny), "--out", str(folder / "made"), "--json")
    assert done.code == 0, done.err
    return done.json, done


def by_level(values: dict[str, Any], factor: int = 0) -> dict[str, dict[str, Any]]:
    return {one["level"]: one for one in values["factors"][factor]["levels"]}


def test_a_model_that_calls_what_is_listed_first_moves_exactly_with_the_order(tmp_path: Path) -> None:
    rows = problems(12)
    made, _ = study(tmp_path, f"tool-order = {ORDERS}", POLICY + "first_listed", rows=rows)
    factor, levels = made["factors"][0], by_level(made)
    released = sum(row["candidates"][0] == row["gold_calls"][0] for row in rows) / 12
    reversed_ = sum(row["candidates"][-1] == row["gold_calls"][0] for row in rows) / 12
    assert (released, reversed_) == (2 / 12, 2 / 12)  # p000 and p006 of each six; 2i - 1 = i (mod 6) for i = 1
    assert levels["released"]["success"]["value"] == released
    assert levels["reversed"]["success"]["value"] == reversed_
    assert levels["gold-first"]["success"]["value"] == 1
    assert levels["gold-last"]["success"]["value"] == 0
    assert factor["range"]["value"] == 1
    assert factor["max_drop"] == released
    assert factor["relative_drop"] == 1
    assert (levels["gold-first"]["flips_up"], levels["gold-first"]["flips_down"]) == (10 / 12, 0)
    assert (levels["gold-last"]["flips_up"], levels["gold-last"]["flips_down"]) == (0, 2 / 12)
    assert (factor["all_conditions"], factor["any_condition"]) == (0, 1)
    # 2 * 0.5 ** 10, of ten that rose and none that fell
    assert levels["gold-first"]["mcnemar_p"] == pytest.approx(2 * 0.5**10)
    for level in levels.values():
        assert level["first_position_bias"] == pytest.approx(1 - 1 / 6)
    wrong = 1 - levels["released"]["success"]["value"]
    assert levels["released"]["rates"]["incorrect_tool_rate"] == pytest.approx(wrong)
    assert factor["anova"]["p_permutation"] <= 2 / 1001


def test_a_model_blind_to_order_does_not_move(tmp_path: Path) -> None:
    made, done = study(tmp_path, f"tool-order = {ORDERS}", POLICY + "oracle", rows=problems(6), more="repeats = 2")
    factor = made["factors"][0]
    assert factor["range"] == {"value": 0, "low": 0, "high": 0}
    assert {(one["flips_up"], one["flips_down"]) for one in factor["levels"][1:]} == {(0, 0)}
    assert factor["consistency"] == 1
    assert {one["consistency"] for one in factor["levels"]} == {1}
    assert (factor["all_conditions"], factor["any_condition"], factor["spread"]) == (1, 1, 0)
    assert factor["anova"]["f"] is None
    assert factor["verdict"] == "no difference"
    assert "repeats gave identical replies under every condition" in done.err


def test_a_coin_spreads_as_coins_do(tmp_path: Path) -> None:
    samples, repeats = 40, 6
    more = f"repeats = {repeats}"
    made, done = study(
        tmp_path, "temperature = [0, 1.0]", "coin", rows=problems(samples), more=more, coin=Coin(share=0.5)
    )
    cold, warm = by_level(made)["0"], by_level(made)["1.0"]
    assert cold["spread"] == 0
    expected = math.sqrt(0.25 / samples)
    assert 0.6 * expected < warm["spread"] < 1.5 * expected
    assert abs(warm["success"]["value"] - 0.5) < 4 * math.sqrt(0.25 / samples / repeats)
    assert warm["pass_hat"][0] == pytest.approx(warm["success"]["value"])
    assert warm["pass_hat"] == sorted(warm["pass_hat"], reverse=True)
    assert abs(warm["pass_hat"][1] - 0.25) < 0.1
    assert warm["pass_hat"][-1] < 0.05
    assert warm["consistency"] < 1 == cold["consistency"]
    assert "warning" not in done.err
    verdict = made["factors"][0]["verdict"]
    moved = abs(warm["success"]["value"] - cold["success"]["value"])
    if moved < 2 * made["factors"][0]["spread"]:
        assert verdict == "no evidence: the range is below twice the run spread"


def test_a_model_that_ignores_the_temperature_is_found_out(tmp_path: Path) -> None:
    coin = Coin(deaf=True)
    made, done = study(tmp_path, "temperature = [0, 0.6, 1.2]", "coin", rows=problems(6), more="repeats = 2", coin=coin)
    assert "warning: replies at temperature 0.6, 1.2 are identical for all seeds" in done.err
    assert "warning: replies are identical at all temperatures (0, 0.6, 1.2)" in done.err
    assert any("ignore the temperature" in note for note in made["notes"])


def test_hallucinated_calls_are_counted_exactly(tmp_path: Path) -> None:
    made, _ = study(tmp_path, 'tool-order = ["released", "reversed"]', POLICY + "hallucinating", rows=problems(20))
    for level in by_level(made).values():
        # Of 20 runs 6 begin with a tool that is not there; they say that they are done, and have called nothing.
        assert level["rates"]["hallucinated_tool_rate"] == pytest.approx(6 / 20)
        assert level["rates"]["hallucinating_run_rate"] == pytest.approx(0.3)
        assert level["success"]["value"] == pytest.approx(0.7)
        assert level["calls"] == 20


def test_success_jumps_where_the_steps_are_enough(tmp_path: Path) -> None:
    rows = problems(6)[2:]
    for row in rows:
        row |= {"text": row["text"].replace("use ", "use amber, beryl, "), "gold_calls": ["amber", "beryl"]}
        row["gold_calls"].append(row["text"].rpartition(", ")[2].split()[0])
    made, _ = study(tmp_path, "steps = [4, 1, 2, 3, 5]", POLICY + "oracle", rows=rows)
    # three calls and the end of the work are four steps
    success = {level: one["success"]["value"] for level, one in by_level(made).items()}
    assert success == {"4": 1, "1": 0, "2": 0, "3": 0, "5": 1}
    assert by_level(made)["3"]["endings"] == {"max_hops": 1}


def test_the_released_order_with_no_tool_more_is_the_base_run_bit_for_bit(tmp_path: Path) -> None:
    made, _ = study(
        tmp_path,
        'tool-order = ["released", "reversed"]\ntoolset-size = ["released", "+0", "+2"]',
        POLICY + "first_listed",
        rows=problems(6),
    )
    tiny = tmp_path / "tiny"
    plain = ("--task", "tiny", "--tasks-dir", str(tiny), "--agent", "react", "--set", "order=released")
    with study_stage(tmp_path) as run:
        done = run(*plain, "--llm", POLICY + "first_listed")
    files = {run["condition"]: tmp_path / "made" / run["file"] for run in made["runs"]}
    digest = {name: _digest(path.parent) for name, path in files.items()}
    assert digest["base"] == digest["toolset-size=+0"] == _digest(done.folder)
    assert digest["tool-order=reversed"] != digest["base"]
    assert len({run["identity"] for run in made["runs"]} | {done.result["identity"]}) == 5


def _digest(folder: Path) -> str:
    from toolbench_eval.results.store import read_result

    solved = read_result(folder / "result.json").tasks["tiny/one"].solved
    assert solved is not None
    return solved.samples_digest


def test_a_full_design_tells_two_factors_and_their_interaction_apart(tmp_path: Path) -> None:
    made, _ = study(
        tmp_path,
        'tool-order = ["gold-first", "gold-last"]\nset.max_actions = [3, 1]',
        POLICY + "first_listed",
        rows=problems(6),
        more='design = "full"',
    )
    assert [one["label"] for one in made["conditions"]] == [
        "base",
        "set.max_actions=1",
        "tool-order=gold-last",
        "tool-order=gold-last, set.max_actions=1",
    ]
    order, steps = made["factors"]
    # solved only with the gold tool first and two steps: cells 1, 0, 0, 0
    assert [one["success"]["value"] for one in order["levels"]] == [0.5, 0]
    assert [one["success"]["value"] for one in steps["levels"]] == [0.5, 0]
    assert (order["levels"][1]["flips_down"], order["all_conditions"], order["any_condition"]) == (0.5, 0, 0.5)
    pair = made["interactions"][0]
    assert pair["factors"] == ["tool-order", "set.max_actions"]
    assert pair["anova"]["ss_factor"] == pytest.approx(6 * 4 * 0.25**2)
    assert pair["anova"]["ss_error"] == 0


def test_a_fraction_finds_main_effects(tmp_path: Path) -> None:
    made, _ = study(
        tmp_path,
        'tool-order = ["gold-first", "gold-last"]\nquery-style = ["original", "polite"]\nbest-of = [1, 2]',
        POLICY + "first_listed",
        rows=problems(6),
        more='design = "fractional"\nresolution = 3',
    )
    assert len(made["conditions"]) == 4
    assert made["relation"] == [["tool-order", "query-style", "best-of"]]
    effects = {one["factor"]: one["range"]["value"] for one in made["factors"]}
    assert effects == {"tool-order": 1, "query-style": 0, "best-of": 0}
    assert made["factors"][0]["all_conditions"] is None
    assert made["factors"][0]["levels"][1]["flips_up"] is None
