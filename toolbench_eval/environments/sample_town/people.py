"""Saltmere's register of people and businesses."""

from __future__ import annotations

from toolbench_eval.environments.sample_town.data import Row, by_words, part, the, town
from toolbench_eval.environments.toolbox import ToolError


def find_person(name: str) -> list[Row]:
    """Find the people of the town who have a name; gives the person_id and the occupation of each.

    Args:
        name: Name of a person, or a part of it.
    """
    wanted = set(name.casefold().split())
    found = [row for row in town()["people"] if wanted and wanted <= set(row["name"].casefold().split())]
    return [part(row, "person_id", "name", "occupation") for row in found]


def get_person(person_id: str) -> Row:
    """Tell what the register holds of one person.

    Gives occupation, employer, street of the home, phone number, year of birth, number of the library card.

    Args:
        person_id: Id of a person, from find_person or from any entry that names a person by id.
    """
    return the("people", "person_id", person_id)


def old_phone_book(name: str) -> Row:
    """Look a person up in the printed phone book of 2019, which is out of date.

    Args:
        name: Full name of a person.
    """
    number = town()["old_phone_book"].get(name)
    if number is None:
        raise ToolError(f"'{name}' is not in the book")
    return {"name": name, "phone": number, "edition": 2019}


def find_business(name: str) -> list[Row]:
    """Find shops and other businesses.

    Gives kind, street, opening and closing time, phone number, and the owner_id, which is the person_id of the owner.

    Args:
        name: Name or kind of a business.
    """
    return by_words("businesses", name, "name", "kind")
