"""How often `evalharness check` fails a candidate that is worse by a given drop: its power, and its false alarms.

    python benchmarks/power.py [--simulations 10000] [--draws 2000] [--sd 0.25] [--seed 0]

Differences of queries are drawn from a normal distribution around the drop. The row of drop 0 has the false alarms:
at most alpha, within Monte Carlo error. The rule is that of the defaults: one-sided permutation test, alpha 0.05.
"""

from __future__ import annotations

import argparse

import numpy as np
from processes import table

from toolbench_eval.comparison.gate import Evidence, Rule, detectable, judge
from toolbench_eval.comparison.significance import Method, Paired, compare_pairs, differences

SIZES = (100, 250, 500, 1000, 2000)
DROPS = (0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08)
CHUNK = 500


def failures(rule: Rule, queries: int, drop: float, args: argparse.Namespace) -> float:
    """Share of simulations that fail; each chunk has flips of its own."""
    rng = np.random.default_rng([args.seed, queries, round(1000 * drop)])
    pairs = np.stack([np.arange(CHUNK), np.full(CHUNK, CHUNK)], axis=1)
    weights, failed, done = np.ones((1, 1)), 0, 0
    while done < args.simulations:
        values = np.concatenate([rng.normal(-drop, args.sd, (CHUNK, queries)), np.zeros((1, queries))])
        paired = Paired(values, np.array([queries]))
        method = Method(draws=args.draws, seed=int(rng.integers(2**32)), side="lower", level=1 - 2 * rule.alpha)
        found, outcome = differences(paired, weights, pairs), compare_pairs(paired, weights, pairs, method)
        cases = zip(found.delta[0], found.error[0], outcome.low[0], outcome.high[0], outcome.p[0], strict=True)
        failed += sum(judge(rule, Evidence(*map(float, case)))[1] for case in cases)
        done += CHUNK
    return failed / done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=10_000)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--sd", type=float, default=0.25, help="standard deviation of the queries' differences")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rule = Rule()
    rows: list[list[object]] = [["drop", *(f"{size:,} queries" for size in SIZES)]]
    for drop in DROPS:
        shares = [failures(rule, size, drop, args) for size in SIZES]
        rows.append([f"{drop:g}", *(f"{100 * share:.1f} %" for share in shares)])
    rows.append(["found 4 in 5", *(f"{detectable(rule, args.sd / size**0.5):.4f}" for size in SIZES)])
    print(f"{args.simulations:,} simulations each, SD {args.sd:g}, {args.draws:,} flips, alpha {rule.alpha:g}\n")
    table(rows)


if __name__ == "__main__":
    main()
