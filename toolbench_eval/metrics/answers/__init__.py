"""Measures of answers to questions, as pure functions of strings, sets and ranked lists.

Nothing here imports anything heavy. `profiles` says which rules an evaluator has, `score` applies them.
"""
