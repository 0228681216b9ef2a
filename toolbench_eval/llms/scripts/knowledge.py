"""All that the scripted reader can look up."""

from __future__ import annotations

from toolbench_eval.llms.scripts.about_people import PEOPLE, WORKS
from toolbench_eval.llms.scripts.about_places import PLACES
from toolbench_eval.llms.scripts.about_things import NUMBERS, THINGS
from toolbench_eval.llms.scripts.relations import lookups

LOOKUPS = lookups((*PEOPLE, *WORKS, *THINGS, *PLACES, *NUMBERS))
