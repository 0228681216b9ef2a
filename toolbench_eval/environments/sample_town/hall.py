"""Saltmere's rooms for hire and its calendar of events."""

from __future__ import annotations

from toolbench_eval.environments.sample_town.data import Row, State, free_key, part, the, town, whole
from toolbench_eval.environments.toolbox import ToolError

HOURS = tuple(f"{hour:02}:00" for hour in range(9, 18))
"""Hours that a room can be booked for."""


def list_rooms(seats: int = 1) -> list[Row]:
    """List the rooms for hire, each with its room_id, number of seats and hourly rate in crowns.

    Args:
        seats: Smallest number of seats that is wanted.
    """
    return [dict(row) for row in town()["rooms"] if row["seats"] >= seats]


def free_slots(room_id: str, date: str, state: State) -> Row:
    """Tell at which times of a day a room is free; each slot is one hour.

    Args:
        room_id: Id of a room, from list_rooms.
        date: Day, YYYY-MM-DD.
        state: What calls may change; given by the environment.
    """
    the("rooms", "room_id", room_id)
    taken = {row["start"] for row in state["bookings"].values() if (row["room_id"], row["date"]) == (room_id, date)}
    return {"room_id": room_id, "date": date, "free": [hour for hour in HOURS if hour not in taken]}


def book_room(room_id: str, date: str, start: str, person_id: str, state: State) -> Row:
    """Book a room for one hour for a person.

    Args:
        room_id: Id of a room, from list_rooms.
        date: Day, YYYY-MM-DD.
        start: Time at which the hour begins, HH:MM; free_slots tells which are free.
        person_id: Id of the person who books it, from find_person.
        state: What calls may change; given by the environment.
    """
    the("people", "person_id", person_id)
    if start not in free_slots(room_id, date, state)["free"]:
        raise ToolError(f"the room '{room_id}' is not free on {date} at {start}")
    booking = f"{room_id}/{date}/{start}"
    state["bookings"][booking] = {"room_id": room_id, "date": date, "start": start, "person_id": person_id}
    return {"booking_id": booking, "room_id": room_id, "start": start}


def events_on(date: str) -> list[Row]:
    """List the events of one day, each with its event_id, title and the time at which it begins.

    Args:
        date: Day, YYYY-MM-DD.
    """
    return [part(row, "event_id", "title", "start") for row in town()["events"] if row["date"] == date]


def get_event(event_id: str, state: State) -> Row:
    """Tell everything about one event.

    Gives venue, price of a ticket in crowns, number of seats left, and the organiser_id, which is the person_id of the
    organiser.

    Args:
        event_id: Id of an event, from events_on.
        state: What calls may change; given by the environment.
    """
    return {**the("events", "event_id", event_id), "seats_left": state["seats_left"].get(event_id)}


def buy_tickets(event_id: str, number: int, person_id: str, state: State) -> Row:
    """Buy tickets for an event for a person.

    Args:
        event_id: Id of an event, from events_on.
        number: How many tickets.
        person_id: Id of the person who is to get them, from find_person.
        state: What calls may change; given by the environment.
    """
    event = the("events", "event_id", event_id)
    the("people", "person_id", person_id)
    left = state["seats_left"][event_id] - whole(number, "number")
    if left < 0:
        raise ToolError(f"'{event['title']}' has only {state['seats_left'][event_id]} seats left")
    state["seats_left"][event_id] = left
    ticket = free_key(state["tickets"], f"{event_id}/{person_id}")
    state["tickets"][ticket] = {"event_id": event_id, "person_id": person_id, "number": number}
    return {"ticket_id": ticket, "title": event["title"], "total": round(event["price"] * number, 2)}
