"""Saltmere's library."""

from __future__ import annotations

from toolbench_eval.environments.sample_town.data import Row, State, by_words, part, the, town
from toolbench_eval.environments.toolbox import ToolError


def search_books(words: str) -> list[Row]:
    """Search the catalogue of the library; gives book_id, title, author and year.

    Args:
        words: Title of a book, its author, or words of these.
    """
    return [part(row, "book_id", "title", "author", "year") for row in by_words("books", words, "title", "author")]


def book_status(book_id: str) -> Row:
    """Tell how many copies of a book the library has, and how many of them are available.

    Also gives the shelf on which it stands, and the day on which the next copy is due back.

    Args:
        book_id: Id of a book, from search_books.
    """
    return part(the("books", "book_id", book_id), "book_id", "title", "copies", "available", "shelf", "due_back")


def library_account(card_number: str, state: State) -> Row:
    """Show the account of a library card: loans with the day on which each is due, reservations, fees that are owed.

    Args:
        card_number: Number of a library card, as get_person gives it.
        state: What calls may change; given by the environment.
    """
    _check_card(card_number)
    account = town()["accounts"].get(card_number, {"loans": [], "fees": 0.0})
    reserved = [row["book_id"] for row in state["reservations"].values() if row["card_number"] == card_number]
    return {"card_number": card_number, "loans": account["loans"], "reservations": reserved, "fees": account["fees"]}


def reserve_book(book_id: str, card_number: str, state: State) -> Row:
    """Reserve a book of the library for the holder of a library card.

    Args:
        book_id: Id of a book, from search_books.
        card_number: Number of a library card, as get_person gives it.
        state: What calls may change; given by the environment.
    """
    the("books", "book_id", book_id)
    _check_card(card_number)
    reservation = f"{book_id}/{card_number}"
    if reservation in state["reservations"]:
        raise ToolError(f"'{book_id}' is already reserved for '{card_number}'")
    state["reservations"][reservation] = {"book_id": book_id, "card_number": card_number}
    return {"reservation_id": reservation, "book_id": book_id}


def _check_card(card_number: str) -> None:
    if not any(row["library_card"] == card_number for row in town()["people"]):
        raise ToolError(f"there is no library card '{card_number}'")
