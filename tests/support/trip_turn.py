"""A turn of a conversation about a trip, and what a model may say to it."""

from __future__ import annotations

from dataclasses import replace

from toolbench_eval.environments.base import ToolSpec
from toolbench_eval.llms.base import Message
from toolbench_eval.metrics.tools.calls import Call
from toolbench_eval.training.turns import Turn, call_text

FLIGHT = ToolSpec(
    "flight",
    "Book a flight.",
    {"type": "object", "properties": {"to": {"type": "string"}, "day": {"type": "string"}}, "required": ["to", "day"]},
)
HOTEL = replace(FLIGHT, name="hotel", description="Book a hotel.")
GOLD = Call("flight", {"to": "Rome", "day": "Monday"})
TURN = Turn("trip/0", (Message("system", "s"), Message("user", "u")), (FLIGHT, HOTEL), GOLD)

RIGHT = call_text(GOLD)
OTHER_DAY = 'Action: flight[{"to": "Rome", "day": "Friday"}]'  # 10/11
NO_DAY = 'Action: flight[{"to": "Rome"}]'  # released 8.5/11, corrected 7/11
WRONG_TOOL = 'Action: hotel[{"to": "Rome", "day": "Monday"}]'  # 8/11
INVENTED = 'Action: train[{"to": "Rome", "day": "Monday"}]'  # corrected 2/11, released none
TEXT = "Where do you want to go?"
