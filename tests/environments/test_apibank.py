"""API-Bank's local APIs, on tables of our own."""

from __future__ import annotations

from typing import Any

import pytest

from toolbench_eval.environments.apibank import IMPLEMENTED, MUTATING, apibank_environment
from toolbench_eval.environments.combined import CombinedEnvironment

TOKEN, OTHER = "t-ann", "t-bob"
NINE = "2024-01-01 09:00:00"


def tables() -> dict[str, Any]:
    return {
        "Account": {
            "ann": {"password": "p", "token": TOKEN, "email": "ann@x.example"},
            "bob": {"password": "q", "token": OTHER, "email": "bob@x.example"},
        },
        "Bank": {"ann": {"balance": 10}},
        "Reminder": {
            "1": {"content": "Call Eve", "time": NINE, "username": "ann"},
            "2": {"content": "Pay rent", "time": "2024-01-02 09:00:00", "username": "ann"},
            "3": {"content": "Call Eve", "time": NINE, "username": "bob"},
        },
        "Alarm": {"1": {"time": NINE, "username": "ann"}},
        "Agenda": {"1": {"content": "Swim", "time": "2024-01-01", "location": "Lake", "username": "ann"}},
        "Meeting": {},
        "Appointments": {"77": {"patient_name": "Ann", "date": "2024-01-05", "doctor_name": "Dr. X"}},
        "HealthData": {"u": [{"time": NINE, "weight": 70}, {"time": "2024-02-01 09:00:00", "weight": 71}]},
        "Symptom": {"cough": [{"name": "Cold", "description": "A cold.", "aid": "Rest."}]},
        "Stock": {"ABC": {"2024-01-01": 12}},
        "History": {"01-01": [{"Title": "New year", "Date": "1999-01-01", "Description": "It began."}]},
        "Wiki": {"tea": {"summary": "A drink."}},
        "SpeechRecognition": {"https://x.example/1.wav": "hello"},
        "Scenes": {"night": [{"name": "lamp"}]},
        "Hotel": {"9": {"hotel_name": "Inn"}},
    }


@pytest.fixture
def bank() -> CombinedEnvironment:
    return apibank_environment(tables())


def value(bank: CombinedEnvironment, api: str, /, **arguments: Any) -> Any:
    result = bank.call(api, arguments)
    assert result.status == "ok", result.text
    return result.value


def state(bank: CombinedEnvironment) -> Any:
    return bank.snapshot()[0]


def test_tokens_and_passwords(bank: CombinedEnvironment) -> None:
    assert value(bank, "GetUserToken", username="ann", password="p") == {"token": TOKEN}
    assert bank.call("GetUserToken", {"username": "ann", "password": "q"}).error == "unauthorized"
    assert value(bank, "ModifyPassword", token=TOKEN, old_password="p", new_password="n") == {"status": "success"}
    assert value(bank, "GetUserToken", username="ann", password="n") == {"token": TOKEN}
    assert bank.call("ModifyPassword", {"token": TOKEN, "old_password": "p", "new_password": ""}).failed
    value(bank, "DeleteAccount", token=TOKEN)
    assert bank.call("QueryBalance", {"token": TOKEN}).error == "unauthorized"


def test_a_record_is_added_with_the_next_number(bank: CombinedEnvironment) -> None:
    value(bank, "AddReminder", token=OTHER, content="Write", time=NINE)
    assert state(bank)["Reminder"]["4"] == {"content": "Write", "time": NINE, "username": "bob"}
    meeting = {"meeting_topic": "M", "start_time": NINE, "end_time": NINE, "location": "L", "attendees": ["Eve"]}
    value(bank, "AddMeeting", token=TOKEN, **meeting)
    assert state(bank)["Meeting"] == {"1": {**meeting, "username": "ann"}}
    assert value(bank, "QueryMeeting", token=TOKEN, **meeting)["username"] == "ann"
    value(bank, "ModifyMeeting", token=TOKEN, **{**meeting, "location": "M"})
    value(bank, "DeleteMeeting", token=TOKEN, **meeting)
    assert state(bank)["Meeting"] == {}


def test_the_users_record_that_agrees_most_is_meant(bank: CombinedEnvironment) -> None:
    assert value(bank, "QueryReminder", token=TOKEN, content="call eve", time="2024-01-02 09:00:00") == {
        "content": "Call Eve",
        "time": NINE,
        "username": "ann",
    }
    value(bank, "ModifyReminder", token=TOKEN, content="Pay rent", time="2024-01-03 09:00:00")
    assert state(bank)["Reminder"]["2"]["time"] == "2024-01-03 09:00:00"
    value(bank, "DeleteReminder", token=OTHER, content="Call Eve", time=NINE)
    assert list(state(bank)["Reminder"]) == ["1", "2"]
    assert bank.call("DeleteReminder", {"token": OTHER, "content": "Call Eve", "time": NINE}).failed
    assert bank.call("QueryReminder", {"token": TOKEN, "content": "x", "time": "y"}).failed


def test_a_day_agrees_with_its_times(bank: CombinedEnvironment) -> None:
    asked = {"token": TOKEN, "content": "Swimming", "time": NINE, "location": "Sea"}
    assert value(bank, "QueryAgenda", **asked)["location"] == "Lake"
    value(bank, "ModifyAgenda", **asked)
    assert state(bank)["Agenda"]["1"] == {"content": "Swimming", "time": NINE, "location": "Sea", "username": "ann"}
    value(bank, "DeleteAgenda", **asked)
    value(bank, "AddAgenda", **asked)
    assert list(state(bank)["Agenda"]) == ["1"]


def test_alarms(bank: CombinedEnvironment) -> None:
    value(bank, "ModifyAlarm", token=TOKEN, from_time=NINE, to_time="2024-01-01 10:00:00")
    assert value(bank, "QueryAlarm", token=TOKEN, time="2024-01-01 10:00:00")["username"] == "ann"
    assert bank.call("DeleteAlarm", {"token": TOKEN, "time": NINE}).failed
    value(bank, "AddAlarm", token=OTHER, time=NINE)
    value(bank, "DeleteAlarm", token=OTHER, time=NINE)
    assert list(state(bank)["Alarm"]) == ["1"]


def test_appointments(bank: CombinedEnvironment) -> None:
    assert list(value(bank, "QueryRegistration", patient_name="ann", date="2024-01-05")) == ["77"]
    value(
        bank,
        "ModifyRegistration",
        appointment_id="77",
        new_appointment_date="2024-02-05",
        new_appointment_doctor="Dr. Y",
    )
    assert state(bank)["Appointments"]["77"]["doctor_name"] == "Dr. Y"
    assert bank.call("QueryRegistration", {"patient_name": "Ann", "date": "2024-01-05"}).failed
    value(bank, "CancelRegistration", appointment_id="77")
    assert bank.call("CancelRegistration", {"appointment_id": "77"}).failed


def test_health(bank: CombinedEnvironment) -> None:
    month = {"user_id": "u", "start_time": "2024-01-01 00:00:00", "end_time": "2024-01-31 23:59:59"}
    assert value(bank, "QueryHealthData", **month) == [{"time": NINE, "weight": 70}]
    value(bank, "RecordHealthData", user_id="new", time=NINE, health_data=[{"name": "pulse", "value": 60}])
    assert value(bank, "QueryHealthData", **{**month, "user_id": "new"}) == [{"time": NINE, "pulse": 60}]
    assert (
        bank.call("RecordHealthData", {"user_id": "u", "time": NINE, "health_data": [{}]}).error == "invalid_arguments"
    )
    assert value(bank, "SymptomSearch", symptom="Cough") == [{"name": "Cold", "description": "A cold."}]
    assert value(bank, "EmergencyKnowledge", symptom="cough") == [{"name": "Cold", "aid": "Rest."}]


def test_knowledge_home_and_travel(bank: CombinedEnvironment) -> None:
    assert value(bank, "QueryStock", stock_code="ABC", date="2024-01-01") == 12.0
    assert bank.call("QueryStock", {"stock_code": "ABC", "date": "2024-01-02"}).failed
    assert value(bank, "QueryHistoryToday", date="01-01") == [
        "Title: New year, Date: 1999-01-01, Description: It began."
    ]
    assert value(bank, "Wiki", keyword="Tea") == {"summary": "A drink."}
    assert value(bank, "SpeechRecognition", url="https://x.example/1.wav") == "hello"
    assert value(bank, "QueryScene", name="Night") == [{"name": "lamp"}]
    value(bank, "DeleteScene", name="night")
    assert bank.call("QueryScene", {"name": "night"}).failed
    assert value(bank, "QueryBalance", token=TOKEN) == 10.0
    booking = {"hotel_name": "H", "check_in_time": "a", "check_out_time": "b"}
    counts = {"room_count": 1, "adult_count": 2, "child_count": 0}
    assert value(bank, "BookHotel", **booking, **counts) == "10"
    assert state(bank)["Hotel"]["10"] == booking | counts


def test_a_reset_brings_back_the_first_tables(bank: CombinedEnvironment) -> None:
    value(bank, "DeleteAccount", token=TOKEN)
    bank.reset()
    assert state(bank) == tables()


def test_other_apis_reply_as_recorded_and_to_nothing_else() -> None:
    recorded = {"input": {"text": "hi"}, "output": "salut", "exception": None}
    own = {"input": {"username": "ann", "password": "p"}, "output": {"token": "recorded"}, "exception": None}
    turns = [
        {"role": "API", "api_name": "Translate", "result": recorded},
        {"role": "API", "api_name": "GetUserToken", "result": own},
    ]
    bank = apibank_environment(tables(), [{"turns": turns}])
    result = bank.call("Translate", {"text": "hi"})
    assert (result.value, result.source) == ("salut", "recorded")
    assert bank.call("Translate", {"text": "ho"}).error == "miss"
    assert value(bank, "GetUserToken", username="ann", password="p") == {"token": TOKEN}


def test_what_changes_something_is_marked() -> None:
    assert len(IMPLEMENTED) == 35
    assert {tool.name for tool in apibank_environment(tables()).tools() if tool.mutating} == MUTATING
    assert not any(name.startswith(("Get", "Query")) for name in MUTATING)
