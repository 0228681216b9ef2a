"""API-Bank's local APIs on its tables (Li et al. 2023, arXiv 2304.08244), and recorded replies for the others.

The published calls tell the signatures, not the published list of APIs: of the 49 APIs that the dialogues call, the
list gives only a few as they were called. Implemented are those whose replies follow from the tables. Not implemented,
because the replies hold numbers or texts that come from elsewhere: RegisterUser, ForgotPassword, OpenBankAccount,
AppointmentRegistration, TimedSwitch, CancelTimedSwitch, SendEmail, GetToday, Dictionary, Translate, ImageCaption,
DocumentQA, PlayMusic, ToolSearcher.

A call that names a record by its fields means the user's record that agrees with most of them; of several, the oldest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Annotated, Any

from pydantic import Field

from toolbench_eval.environments.arithmetic import calculated
from toolbench_eval.environments.base import Json
from toolbench_eval.environments.combined import CombinedEnvironment
from toolbench_eval.environments.functions import FunctionEnvironment
from toolbench_eval.environments.recorded import RecordedEnvironment, Recording
from toolbench_eval.environments.recorded_sets import from_apibank, inferred_tools
from toolbench_eval.environments.toolbox import ToolError

Tables = dict[str, Any]
"""The initial databases by name: Account, Agenda, Alarm ..."""
Token = Annotated[str, Field(description="The user's token.")]
Moment = Annotated[str, Field(description="As YYYY-MM-DD HH:MM:SS.")]
Day = Annotated[str, Field(description="As YYYY-MM-DD.")]
SUCCESS = "success"


def apibank_environment(tables: Tables, dialogues: Iterable[Mapping[str, Any]] = ()) -> CombinedEnvironment:
    """The APIs on these tables; APIs that are not implemented reply as in the dialogues, and only to the same calls.

    Args:
        tables: The initial databases: the published files by name.
        dialogues: Dialogues whose recorded calls may be answered.
    """
    local = FunctionEnvironment(IMPLEMENTED, state=tables, mutating=MUTATING)
    others: list[Recording] = [
        one for one in chain.from_iterable(map(from_apibank, dialogues)) if one.tool not in IMPLEMENTED
    ]
    return CombinedEnvironment([local, RecordedEnvironment(inferred_tools(others), others)])


# Accounts


def get_user_token(state: Tables, username: str, password: str) -> dict[str, str]:
    """Get the token of a user, which other calls ask for."""
    account = state["Account"].get(username)
    if account is None or account["password"] != password:
        raise ToolError("the username or the password is wrong", "unauthorized")
    return {"token": account["token"]}


def delete_account(state: Tables, token: Token) -> dict[str, str]:
    """Delete a user's account."""
    del state["Account"][_user(state, token)]
    return {"status": SUCCESS}


def modify_password(state: Tables, token: Token, old_password: str, new_password: str) -> dict[str, str]:
    """Change a user's password."""
    account = state["Account"][_user(state, token)]
    if account["password"] != old_password:
        raise ToolError("the old password is wrong", "unauthorized")
    account["password"] = new_password
    return {"status": SUCCESS}


def query_balance(state: Tables, token: Token) -> float:
    """Get the balance of a user's bank account."""
    return float(_entry(state, "Bank", _user(state, token))["balance"])


# Reminders, alarms, agendas, meetings


def add_reminder(state: Tables, token: Token, content: str, time: Moment) -> str:
    """Add a reminder."""
    return _add(state, "Reminder", token, content=content, time=time)


def delete_reminder(state: Tables, token: Token, content: str, time: Moment) -> str:
    """Delete a reminder."""
    return _delete(state, "Reminder", token, content=content, time=time)


def modify_reminder(state: Tables, token: Token, content: str, time: Moment) -> str:
    """Change the content or the time of a reminder."""
    return _modify(state, "Reminder", token, content=content, time=time)


def query_reminder(state: Tables, token: Token, content: str, time: Moment) -> dict[str, Json]:
    """Get a reminder."""
    return _query(state, "Reminder", token, content=content, time=time)


def add_alarm(state: Tables, token: Token, time: Moment) -> str:
    """Set an alarm."""
    return _add(state, "Alarm", token, time=time)


def delete_alarm(state: Tables, token: Token, time: Moment) -> str:
    """Delete an alarm."""
    return _delete(state, "Alarm", token, time=time)


def modify_alarm(state: Tables, token: Token, from_time: Moment, to_time: Moment) -> str:
    """Move an alarm to another time."""
    _found(state, "Alarm", token, {"time": from_time})[1]["time"] = to_time
    return SUCCESS


def query_alarm(state: Tables, token: Token, time: Moment) -> dict[str, Json]:
    """Get an alarm."""
    return _query(state, "Alarm", token, time=time)


def add_agenda(state: Tables, token: Token, content: str, time: Moment, location: str) -> str:
    """Add an entry to the agenda."""
    return _add(state, "Agenda", token, content=content, time=time, location=location)


def delete_agenda(state: Tables, token: Token, content: str, time: Moment, location: str) -> str:
    """Delete an entry of the agenda."""
    return _delete(state, "Agenda", token, content=content, time=time, location=location)


def modify_agenda(state: Tables, token: Token, content: str, time: Moment, location: str) -> str:
    """Change an entry of the agenda."""
    return _modify(state, "Agenda", token, content=content, time=time, location=location)


def query_agenda(state: Tables, token: Token, content: str, time: Moment, location: str) -> dict[str, Json]:
    """Get an entry of the agenda."""
    return _query(state, "Agenda", token, content=content, time=time, location=location)


def _meeting(act: Callable[..., Any], task: str) -> Callable[..., Any]:
    """The four calls for meetings have the same arguments."""

    def call(
        state: Tables,
        token: Token,
        meeting_topic: str,
        start_time: Moment,
        end_time: Moment,
        location: str,
        attendees: list[str],
    ) -> Json:
        fields = {"start_time": start_time, "end_time": end_time, "location": location, "attendees": attendees}
        return act(state, "Meeting", token, meeting_topic=meeting_topic, **fields)

    call.__doc__ = task
    return call


# Health


def query_registration(state: Tables, patient_name: str, date: Day) -> dict[str, Json]:
    """Find appointments of a patient on a day, by their ids."""
    asked = {"patient_name": patient_name, "date": date}
    found = {key: one for key, one in state["Appointments"].items() if _agreement(one, asked) == len(asked)}
    if not found:
        raise ToolError("there is no such appointment")
    return found


def cancel_registration(state: Tables, appointment_id: str) -> str:
    """Cancel an appointment."""
    _entry(state, "Appointments", appointment_id)
    del state["Appointments"][appointment_id]
    return SUCCESS


def modify_registration(
    state: Tables, appointment_id: str, new_appointment_date: Day, new_appointment_doctor: str
) -> str:
    """Move an appointment to another day or doctor."""
    appointment = _entry(state, "Appointments", appointment_id)
    appointment |= {"date": new_appointment_date, "doctor_name": new_appointment_doctor}
    return SUCCESS


def record_health_data(state: Tables, user_id: str, time: Moment, health_data: list[dict[str, Any]]) -> str:
    """Record measurements, each an object with `name` and `value`."""
    try:
        entry = {"time": time} | {str(one["name"]): one["value"] for one in health_data}
    except KeyError as error:
        raise ToolError(f"a measurement lacks {error}", "invalid_arguments") from error
    state["HealthData"].setdefault(user_id, []).append(entry)
    return SUCCESS


def query_health_data(state: Tables, user_id: str, start_time: Moment, end_time: Moment) -> list[Json]:
    """Get a user's measurements of a time."""
    return [one for one in _entry(state, "HealthData", user_id) if start_time <= one["time"] <= end_time]


def symptom_search(state: Tables, symptom: str) -> list[Json]:
    """Find diseases by a symptom."""
    return [{key: one[key] for key in ("name", "description")} for one in _entry(state, "Symptom", symptom.lower())]


def emergency_knowledge(state: Tables, symptom: str) -> list[Json]:
    """Find first aid for a symptom."""
    return [{key: one[key] for key in ("name", "aid")} for one in _entry(state, "Symptom", symptom.lower())]


# Knowledge, home, travel


def query_stock(state: Tables, stock_code: str, date: Day) -> float:
    """Get the price of a stock on a day."""
    prices = _entry(state, "Stock", stock_code)
    if date not in prices:
        raise ToolError(f"there is no price of {stock_code} on {date}")
    return float(prices[date])


def query_history_today(state: Tables, date: Annotated[str, Field(description="As MM-DD.")]) -> list[str]:
    """Get what happened on a day of the year."""
    return [", ".join(f"{key}: {value}" for key, value in one.items()) for one in _entry(state, "History", date)]


def wiki(state: Tables, keyword: str) -> dict[str, Json]:
    """Look a keyword up in an encyclopedia."""
    found: dict[str, Json] = _entry(state, "Wiki", keyword.lower())
    return found


def speech_recognition(state: Tables, url: str) -> str:
    """Get the text of a recording."""
    return str(_entry(state, "SpeechRecognition", url))


def query_scene(state: Tables, name: str) -> list[Json]:
    """Get the devices of a scene of the smart home."""
    found: list[Json] = _entry(state, "Scenes", name.lower())
    return found


def delete_scene(state: Tables, name: str) -> str:
    """Delete a scene of the smart home."""
    _entry(state, "Scenes", name.lower())
    del state["Scenes"][name.lower()]
    return SUCCESS


def book_hotel(
    state: Tables,
    hotel_name: str,
    check_in_time: Day,
    check_out_time: Day,
    room_count: int,
    adult_count: int,
    child_count: int,
) -> str:
    """Book rooms of a hotel; the reply is the number of the booking."""
    number = _next(state["Hotel"])
    state["Hotel"][number] = {
        "hotel_name": hotel_name,
        "check_in_time": check_in_time,
        "check_out_time": check_out_time,
        "room_count": room_count,
        "adult_count": adult_count,
        "child_count": child_count,
    }
    return number


def calculator(formula: str) -> float:
    """Calculate with numbers, + - * / and parentheses."""
    return calculated(formula)


# What they share


def _user(state: Tables, token: str) -> str:
    for name, account in state["Account"].items():
        if account["token"] == token:
            return str(name)
    raise ToolError("the token is wrong", "unauthorized")


def _entry(state: Tables, table: str, key: str) -> Any:
    if key not in state[table]:
        raise ToolError(f"there is no '{key}' in {table}")
    return state[table][key]


def _add(state: Tables, table: str, token: str, **fields: Json) -> str:
    record = fields | {"username": _user(state, token)}
    state[table][_next(state[table])] = record
    return SUCCESS


def _delete(state: Tables, table: str, token: str, **fields: Json) -> str:
    del state[table][_found(state, table, token, fields)[0]]
    return SUCCESS


def _modify(state: Tables, table: str, token: str, **fields: Json) -> str:
    record = _found(state, table, token, fields)[1]
    record |= fields
    return SUCCESS


def _query(state: Tables, table: str, token: str, **fields: Json) -> dict[str, Json]:
    return _found(state, table, token, fields)[1]


def _found(state: Tables, table: str, token: str, fields: Mapping[str, Json]) -> tuple[str, dict[str, Json]]:
    user = _user(state, token)
    own = [(key, one) for key, one in state[table].items() if one["username"] == user]
    key, record = max(own, key=lambda entry: _agreement(entry[1], fields), default=("", {}))
    if _agreement(record, fields) == 0:
        raise ToolError(f"there is no such record in {table}")
    return key, record


def _agreement(record: Mapping[str, Json], fields: Mapping[str, Json]) -> int:
    """How many fields are equal; a day agrees with every time of that day, and texts agree without case."""
    return sum(name in record and _same(record[name], value) for name, value in fields.items())


def _same(left: Json, right: Json) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        left, right = left.casefold(), right.casefold()
        return left == right or (len(left) == len("2023-03-18") and left[:4].isdigit() and right.startswith(f"{left} "))
    return bool(left == right)


def _next(table: Mapping[str, Any]) -> str:
    return str(max((int(key) for key in table), default=0) + 1)


IMPLEMENTED: dict[str, Callable[..., Any]] = {
    "GetUserToken": get_user_token,
    "DeleteAccount": delete_account,
    "ModifyPassword": modify_password,
    "QueryBalance": query_balance,
    "AddReminder": add_reminder,
    "DeleteReminder": delete_reminder,
    "ModifyReminder": modify_reminder,
    "QueryReminder": query_reminder,
    "AddAlarm": add_alarm,
    "DeleteAlarm": delete_alarm,
    "ModifyAlarm": modify_alarm,
    "QueryAlarm": query_alarm,
    "AddAgenda": add_agenda,
    "DeleteAgenda": delete_agenda,
    "ModifyAgenda": modify_agenda,
    "QueryAgenda": query_agenda,
    "AddMeeting": _meeting(_add, "Add a meeting."),
    "DeleteMeeting": _meeting(_delete, "Delete a meeting."),
    "ModifyMeeting": _meeting(_modify, "Change a meeting."),
    "QueryMeeting": _meeting(_query, "Get a meeting."),
    "QueryRegistration": query_registration,
    "CancelRegistration": cancel_registration,
    "ModifyRegistration": modify_registration,
    "RecordHealthData": record_health_data,
    "QueryHealthData": query_health_data,
    "SymptomSearch": symptom_search,
    "EmergencyKnowledge": emergency_knowledge,
    "QueryStock": query_stock,
    "QueryHistoryToday": query_history_today,
    "Wiki": wiki,
    "SpeechRecognition": speech_recognition,
    "QueryScene": query_scene,
    "DeleteScene": delete_scene,
    "BookHotel": book_hotel,
    "Calculator": calculator,
}
"""The APIs that answer from the tables; Calculator, which needs none, is with them."""

MUTATING = frozenset(
    name
    for name in IMPLEMENTED
    if name.startswith(("Add", "Delete", "Modify", "Cancel", "Book")) or name == "RecordHealthData"
)
