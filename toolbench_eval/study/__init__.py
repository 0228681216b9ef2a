"""Stability studies: how much results move when one thing is changed and everything else is held.

Source: Huang et al. 2024, *What Affects the Stability of Tool Learning? An Empirical Study on the Robustness of Tool
Learning Frameworks* (arXiv 2407.03007), for the factors and the findings; its levels, texts and formulas are not
published, and those here are our own.
"""
