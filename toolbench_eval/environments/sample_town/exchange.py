"""Saltmere's exchange office."""

from __future__ import annotations

from typing import Literal

from toolbench_eval.environments.sample_town.data import Row, town

Currency = Literal["crown", "euro", "dollar", "pound"]


def convert_currency(amount: float, from_currency: Currency, to_currency: Currency) -> Row:
    """Convert an amount of money from one currency to another.

    Args:
        amount: How much.
        from_currency: Currency of the amount.
        to_currency: Currency that is wanted.
    """
    rates = town()["rates"]
    return {"amount": round(amount * rates[to_currency] / rates[from_currency], 2), "currency": to_currency}
