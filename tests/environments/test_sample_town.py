"""The town of `sample-tools`: what its tools tell, refuse and change."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.environments.sample_town import FUNCTIONS, MUTATING, sample_town
from toolbench_eval.environments.sample_town.data import town
from toolbench_eval.errors import DataError


@pytest.fixture
def place():
    return sample_town()


def told(place, name, /, **arguments):
    result = place.call(name, arguments)
    assert result.status == "ok", result.text
    return result.value


def refused(place, name, /, **arguments):
    result = place.call(name, arguments)
    assert result.status == "error"
    return result.text


def test_the_tools():
    tools = sample_town().tools()
    assert len(tools) == len(FUNCTIONS) == 27
    assert {tool.name for tool in tools if tool.mutating} == set(MUTATING)
    for tool in tools:
        assert tool.description
        assert "state" not in tool.properties
        assert all(schema["description"] for schema in tool.properties.values()), tool.name


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        (
            "find_person",
            {"name": "ida brandt"},
            [{"person_id": "p-101", "name": "Ida Brandt", "occupation": "carpenter"}],
        ),
        ("find_person", {"name": "Nobody"}, []),
        ("find_person", {"name": ""}, []),
        ("old_phone_book", {"name": "Ida Brandt"}, {"name": "Ida Brandt", "phone": "555-0207", "edition": 2019}),
        ("find_stop", {"street": "Mill Road"}, {"stop_id": "s-3", "name": "Mill", "street": "Mill Road"}),
        ("list_lines", {"stop_id": "s-6"}, [{"line_id": "l-4", "line": "4", "towards": "Hospital"}]),
        # Line 4 begins at 06:18, comes every 35 minutes, and needs 6 minutes to its second stop.
        (
            "next_departures",
            {"stop_id": "s-3", "line_id": "l-4", "after": "09:19"},
            {"stop_id": "s-3", "line": "4", "departures": ["09:19", "09:54", "10:29"]},
        ),
        (
            "next_departures",
            {"stop_id": "s-5", "line_id": "l-9", "after": "23:58"},
            {"stop_id": "s-5", "line": "9", "departures": []},
        ),
        # 1.8 crowns, 0.7 for each further zone, half of it for a child.
        ("bus_fare", {"from_stop_id": "s-6", "to_stop_id": "s-1"}, {"fare": 3.2, "zones": 3, "age_group": "adult"}),
        (
            "bus_fare",
            {"from_stop_id": "s-3", "to_stop_id": "s-1", "age_group": "child"},
            {"fare": 1.25, "zones": 2, "age_group": "child"},
        ),
        (
            "convert_currency",
            {"amount": 10, "from_currency": "euro", "to_currency": "pound"},
            {"amount": 8.75, "currency": "pound"},
        ),
        (
            "past_weather",
            {"date": "2031-05-07"},
            {"date": "2031-05-07", "sky": "rain", "high": 12, "low": 7, "wind": 38, "rain_fallen": 14.8},
        ),
    ],
)
def test_what_is_told(place, name, arguments, value):
    before = place.snapshot()
    assert told(place, name, **arguments) == value
    assert place.snapshot() == before


def test_a_search_puts_the_best_first(place):
    assert [row["name"] for row in told(place, "search_products", words="blue paints")] == [
        "blue boat paint, 1 litre",
        "white wall paint, 5 litres",
        "wide paint brush",
    ]
    assert [row["book_id"] for row in told(place, "search_books", words="tom garrick")] == ["bk-12", "bk-20"]
    assert told(place, "search_books", words="quantum") == []


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("get_person", {"person_id": "Ida Brandt"}, "no entry with person_id 'Ida Brandt'"),
        ("find_stop", {"street": "Wall Street"}, "no entry with street"),
        ("weather_forecast", {"date": "2031-05-11"}, "no entry with date"),
        ("past_weather", {"date": "2031-05-12"}, "no entry with date"),
        ("next_departures", {"stop_id": "s-1", "line_id": "l-4", "after": "09:00"}, "does not serve"),
        ("next_departures", {"stop_id": "s-3", "line_id": "l-4", "after": "noon"}, "no time of the form HH:MM"),
        ("next_departures", {"stop_id": "s-3", "line_id": "l-4", "after": "25:00"}, "no time of the form HH:MM"),
        ("library_account", {"card_number": "LC-1"}, "no library card"),
        ("old_phone_book", {"name": "Petra Lund"}, "not in the book"),
        ("convert_currency", {"amount": 1, "from_currency": "yen", "to_currency": "euro"}, "is not one of"),
        ("place_order", {"product_id": "pr-36", "quantity": 3, "person_id": "p-101"}, "only 2 of 'storm lantern'"),
        ("place_order", {"product_id": "pr-36", "quantity": 0, "person_id": "p-101"}, "at least 1"),
        ("place_order", {"product_id": "pr-36", "quantity": 1, "person_id": "p-999"}, "no entry with person_id"),
        ("cancel_order", {"order_id": "p-101/pr-36-1"}, "no open order"),
        ("book_room", {"room_id": "r-2", "date": "2031-05-15", "start": "10:00", "person_id": "p-101"}, "not free"),
        ("book_room", {"room_id": "r-2", "date": "2031-05-15", "start": "20:00", "person_id": "p-101"}, "not free"),
        ("buy_tickets", {"event_id": "e-54", "number": 1, "person_id": "p-101"}, "only 0 seats left"),
        ("reserve_book", {"book_id": "bk-99", "card_number": "LC-2041"}, "no entry with book_id"),
        ("rent_boat", {}, "no tool 'rent_boat'"),
    ],
)
def test_what_is_refused_changes_nothing(place, name, arguments, message):
    before = place.snapshot()
    assert message in refused(place, name, **arguments)
    assert place.snapshot() == before


def test_an_order_and_its_cancellation(place):
    first = place.snapshot()
    order = told(place, "place_order", product_id="pr-36", quantity=2, person_id="p-105")
    assert order == {"order_id": "p-105/pr-36-1", "name": "storm lantern", "total": 65.2}
    assert told(place, "check_stock", product_id="pr-36")["in_stock"] == 0
    assert told(place, "list_orders", person_id="p-105") == [
        {"order_id": "p-105/pr-36-1", "name": "storm lantern", "quantity": 2}
    ]
    assert told(place, "cancel_order", order_id="p-105/pr-36-1") == {"order_id": "p-105/pr-36-1", "cancelled": True}
    assert place.snapshot() == first


def test_a_room_a_book_and_tickets(place):
    assert told(place, "free_slots", room_id="r-2", date="2031-05-15")["free"][0] == "12:00"
    told(place, "book_room", room_id="r-2", date="2031-05-15", start="12:00", person_id="p-101")
    assert told(place, "free_slots", room_id="r-2", date="2031-05-15")["free"][0] == "13:00"
    told(place, "reserve_book", book_id="bk-11", card_number="LC-2090")
    assert "already reserved" in refused(place, "reserve_book", book_id="bk-11", card_number="LC-2090")
    assert told(place, "library_account", card_number="LC-2090")["reservations"] == ["bk-11"]
    told(place, "buy_tickets", event_id="e-52", number=20, person_id="p-101")
    assert told(place, "get_event", event_id="e-52")["seats_left"] == 3
    place.reset()
    assert place.snapshot() == sample_town().snapshot()


def test_towns_share_nothing():
    one, other = sample_town(), sample_town()
    told(one, "place_order", product_id="pr-36", quantity=2, person_id="p-105")
    told(one, "library_account", card_number="LC-2041")["loans"].clear()
    assert other.snapshot() == sample_town().snapshot() != one.snapshot()
    assert len(told(other, "library_account", card_number="LC-2041")["loans"]) == 2


def test_a_setup_goes_before_the_town():
    placed = {"p-110/pr-37-1": {"person_id": "p-110", "product_id": "pr-37", "quantity": 6}}
    place = sample_town({"orders": placed, "stock": {"pr-36": 9}})
    assert told(place, "list_orders", person_id="p-110")[0]["quantity"] == 6
    assert told(place, "check_stock", product_id="pr-36")["in_stock"] == 9
    assert told(place, "check_stock", product_id="pr-35")["in_stock"] == 27
    told(place, "cancel_order", order_id="p-110/pr-37-1")
    place.reset()
    assert place.snapshot()["orders"] == placed
    with pytest.raises(DataError, match="'oders'"):
        sample_town({"oders": {}})


def test_the_tables_hang_together():
    tables = town()
    people = {row["person_id"] for row in tables["people"]}
    assert {row["owner_id"] for row in tables["businesses"]} <= people
    assert {row["seller_id"] for row in tables["second_hand"]} <= people
    assert {row["organiser_id"] for row in tables["events"]} <= people
    streets = {row["street"] for row in tables["stops"]}
    assert {row["street"] for row in [*tables["people"], *tables["businesses"]]} <= streets
    cards = [row["library_card"] for row in tables["people"] if row["library_card"]]
    assert set(tables["accounts"]) <= set(cards)
    assert max(Counter(cards).values()) == 1
    assert set(tables["state"]["stock"]) == {row["product_id"] for row in tables["products"]}
    assert set(tables["state"]["seats_left"]) == {row["event_id"] for row in tables["events"]}
    ids = [next(iter(row.items())) for rows in tables.values() if isinstance(rows, list) for row in rows]
    assert max(Counter(ids).values()) == 1
    assert all(re.fullmatch(r"[a-z]{1,2}-\d+", one) for key, one in ids if key.endswith("_id"))


STEPS = st.lists(
    st.tuples(st.sampled_from(["pr-36", "pr-40"]), st.integers(-1, 4), st.sampled_from(["p-101", "p-105"])), max_size=12
)


@given(STEPS, st.data())
def test_nothing_is_lost_between_shelf_and_orders(steps, data):
    place = sample_town()
    whole = place.snapshot()["stock"]
    for product, quantity, person in steps:
        place.call("place_order", {"product_id": product, "quantity": quantity, "person_id": person})
        if orders := sorted(place.snapshot()["orders"]):
            drawn = data.draw(st.sampled_from([*orders, "none"]))
            place.call("cancel_order", {"order_id": drawn})
    now = place.snapshot()
    ordered = Counter[str]()
    for order in now["orders"].values():
        ordered[order["product_id"]] += order["quantity"]
    assert {product: count + ordered[product] for product, count in now["stock"].items()} == whole
    assert min(now["stock"].values()) >= 0


@given(st.permutations([("pr-36", "p-101"), ("pr-36", "p-105"), ("pr-40", "p-101")]))
def test_the_order_of_calls_leaves_no_trace(calls):
    place = sample_town()
    for product, person in calls:
        told(place, "place_order", product_id=product, quantity=1, person_id=person)
    assert set(place.snapshot()["orders"]) == {"p-101/pr-36-1", "p-105/pr-36-1", "p-101/pr-40-1"}
