"""All that the scripted reader can look up."""

from __future__ import annotations

from toolbench_eval.llms.scripts.reading.about_people import PEOPLE, WORKS
from toolbench_eval.llms.scripts.reading.about_places import PLACES
from toolbench_eval.llms.scripts.reading.about_things import NUMBERS, THINGS
from toolbench_eval.llms.scripts.reading.relations import lookups

LOOKUPS = lookups((*PEOPLE, *WORKS, *THINGS, *PLACES, *NUMBERS))
