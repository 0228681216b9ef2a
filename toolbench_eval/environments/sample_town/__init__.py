"""The tools of `sample-tools`: the services of Saltmere, an invented town, as Python functions.

Ids have to be looked up, some tools look like others and are not what is wanted, some change the town. The week is
that of Monday, 2031-05-12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.sample_town.buses import bus_fare, find_stop, list_lines, next_departures
from toolbench_eval.environments.sample_town.data import first_state
from toolbench_eval.environments.sample_town.exchange import convert_currency
from toolbench_eval.environments.sample_town.hall import (
    book_room,
    buy_tickets,
    events_on,
    free_slots,
    get_event,
    list_rooms,
)
from toolbench_eval.environments.sample_town.library import book_status, library_account, reserve_book, search_books
from toolbench_eval.environments.sample_town.people import find_business, find_person, get_person, old_phone_book
from toolbench_eval.environments.sample_town.shop import (
    cancel_order,
    check_stock,
    list_orders,
    place_order,
    search_products,
    second_hand_offers,
)
from toolbench_eval.environments.sample_town.weather import past_weather, weather_forecast
from toolbench_eval.errors import DataError

FUNCTIONS = (
    *(find_person, get_person, old_phone_book, find_business),
    *(find_stop, list_lines, next_departures, bus_fare),
    *(search_books, book_status, library_account, reserve_book),
    *(search_products, second_hand_offers, check_stock, place_order, list_orders, cancel_order),
    *(list_rooms, free_slots, book_room, events_on, get_event, buy_tickets),
    *(weather_forecast, past_weather, convert_currency),
)
MUTATING = ("reserve_book", "place_order", "cancel_order", "book_room", "buy_tickets")


def sample_town(setup: Mapping[str, Any] | None = None) -> FunctionEnvironment:
    """The town.

    Args:
        setup: Tables of the state that start otherwise; an entry of a table goes before the town's own.

    Raises:
        DataError: There is no such table.
    """
    state, given = first_state(), setup or {}
    if unknown := sorted(set(given) - set(state)):
        raise DataError(f"the sample's town has no state '{', '.join(unknown)}'", field="setup")
    return FunctionEnvironment(
        FUNCTIONS, {table: {**rows, **given.get(table, {})} for table, rows in state.items()}, MUTATING
    )
