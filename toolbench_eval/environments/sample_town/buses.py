"""Saltmere's buses."""

from __future__ import annotations

from typing import Literal

from toolbench_eval.environments.sample_town.data import Row, part, the, town
from toolbench_eval.environments.toolbox import ToolError

SHOWN = 3
"""Departures that are told at a time."""
_LAST = 23 * 60 + 59
_FIRST_ZONE, _FURTHER_ZONE = 1.8, 0.7
_MINUTES_BETWEEN_STOPS = 6


def find_stop(street: str) -> Row:
    """Find the bus stop nearest to a street; gives its stop_id.

    Args:
        street: Name of a street or square.
    """
    return part(the("stops", "street", street), "stop_id", "name", "street")


def list_lines(stop_id: str) -> list[Row]:
    """List the bus lines that serve a stop, each with its line_id, its number and where it goes.

    Args:
        stop_id: Id of a bus stop, from find_stop.
    """
    the("stops", "stop_id", stop_id)
    return [part(row, "line_id", "line", "towards") for row in town()["lines"] if stop_id in row["stops"]]


def next_departures(stop_id: str, line_id: str, after: str) -> Row:
    """Tell when the next buses of a line leave from a stop.

    Args:
        stop_id: Id of a bus stop, from find_stop.
        line_id: Id of a bus line, from list_lines.
        after: Earliest time of departure, HH:MM.
    """
    line = the("lines", "line_id", line_id)
    if stop_id not in line["stops"]:
        raise ToolError(f"line {line['line']} does not serve the stop '{stop_id}'")
    first = _minutes(line["first"]) + _MINUTES_BETWEEN_STOPS * line["stops"].index(stop_id)
    times = [minute for minute in range(first, _LAST, line["every"]) if minute >= _minutes(after)]
    return {"stop_id": stop_id, "line": line["line"], "departures": [_clock(minute) for minute in times[:SHOWN]]}


def bus_fare(from_stop_id: str, to_stop_id: str, age_group: Literal["adult", "child"] = "adult") -> Row:
    """Tell what a bus ticket between two stops costs, in crowns.

    Args:
        from_stop_id: Id of the bus stop where the ride begins, a stop_id from find_stop.
        to_stop_id: Id of the bus stop where the ride ends, a stop_id from find_stop.
        age_group: Who rides; an adult unless said otherwise.
    """
    zones = abs(the("stops", "stop_id", from_stop_id)["zone"] - the("stops", "stop_id", to_stop_id)["zone"])
    fare = _FIRST_ZONE + _FURTHER_ZONE * zones
    return {"fare": round(fare / 2 if age_group == "child" else fare, 2), "zones": zones + 1, "age_group": age_group}


def _minutes(clock: str) -> int:
    hours, colon, minutes = clock.partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and int(hours) < 24 and int(minutes) < 60):
        raise ToolError(f"'{clock}' is no time of the form HH:MM", "invalid_arguments")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
