"""Saltmere's general store, and its board of second-hand offers."""

from __future__ import annotations

from toolbench_eval.environments.sample_town.data import Row, State, by_words, free_key, part, the, whole
from toolbench_eval.environments.toolbox import ToolError


def search_products(words: str) -> list[Row]:
    """Search what the general store sells; gives product_id, name and price in crowns.

    Args:
        words: Name of a product, or words of it.
    """
    return [part(row, "product_id", "name", "price") for row in by_words("products", words, "name")]


def second_hand_offers(words: str) -> list[Row]:
    """Search the board of used, second-hand things that people of the town sell.

    Gives the price in crowns, and the seller_id, which is the person_id of the seller.

    Args:
        words: Name of a thing, or words of it.
    """
    return by_words("second_hand", words, "name")


def check_stock(product_id: str, state: State) -> Row:
    """Tell how many pieces of a product the general store has in stock, and the day of the next delivery.

    Args:
        product_id: Id of a product, from search_products.
        state: What calls may change; given by the environment.
    """
    product = the("products", "product_id", product_id)
    return {
        **part(product, "product_id", "name"),
        "in_stock": state["stock"][product_id],
        **part(product, "next_delivery"),
    }


def place_order(product_id: str, quantity: int, person_id: str, state: State) -> Row:
    """Order a product of the general store for a person.

    Args:
        product_id: Id of a product, from search_products.
        quantity: How many pieces.
        person_id: Id of the person who is to get it, from find_person.
        state: What calls may change; given by the environment.
    """
    product = the("products", "product_id", product_id)
    the("people", "person_id", person_id)
    left = state["stock"][product_id] - whole(quantity, "quantity")
    if left < 0:
        raise ToolError(f"only {state['stock'][product_id]} of '{product['name']}' in stock, {quantity} were asked for")
    state["stock"][product_id] = left
    order = free_key(state["orders"], f"{person_id}/{product_id}")
    state["orders"][order] = {"person_id": person_id, "product_id": product_id, "quantity": quantity}
    return {"order_id": order, "name": product["name"], "total": round(product["price"] * quantity, 2)}


def list_orders(person_id: str, state: State) -> list[Row]:
    """List the open orders of a person at the general store, each with its order_id.

    Args:
        person_id: Id of a person, from find_person.
        state: What calls may change; given by the environment.
    """
    the("people", "person_id", person_id)
    return [
        {
            "order_id": order,
            "name": the("products", "product_id", row["product_id"])["name"],
            "quantity": row["quantity"],
        }
        for order, row in state["orders"].items()
        if row["person_id"] == person_id
    ]


def cancel_order(order_id: str, state: State) -> Row:
    """Cancel an open order at the general store; what was ordered goes back on the shelf.

    Args:
        order_id: Id of an order, from list_orders.
        state: What calls may change; given by the environment.
    """
    order = state["orders"].pop(order_id, None)
    if order is None:
        raise ToolError(f"there is no open order '{order_id}'")
    state["stock"][order["product_id"]] += order["quantity"]
    return {"order_id": order_id, "cancelled": True}
