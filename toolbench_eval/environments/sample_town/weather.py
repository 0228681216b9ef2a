"""Saltmere's weather station."""

from __future__ import annotations

from toolbench_eval.environments.sample_town.data import Row, the


def weather_forecast(date: str) -> Row:
    """Tell the weather of a day of this week that is to come.

    Gives the sky, highest and lowest temperature, wind in kilometres an hour, chance of rain in per cent.

    Args:
        date: Day from 2031-05-12 to 2031-05-18, YYYY-MM-DD.
    """
    return the("forecast", "date", date)


def past_weather(date: str) -> Row:
    """Tell what the weather was on a day of last week.

    Gives the sky, highest and lowest temperature, wind in kilometres an hour, rain that has fallen in millimetres.

    Args:
        date: Day from 2031-05-05 to 2031-05-11, YYYY-MM-DD.
    """
    return the("records", "date", date)
