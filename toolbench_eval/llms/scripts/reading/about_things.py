"""What the scripted reader understands of things that people make, found and run."""

from __future__ import annotations

from toolbench_eval.llms.scripts.reading.phrases import LENGTH, NUMBER
from toolbench_eval.llms.scripts.reading.relations import Relation, Side, dated, held, made

_FOUNDED = "founded|set up|established|started"

THINGS = (
    made(
        "design",
        "designed",
        "designed",
        "designer|architect|engineer",
        r"{x}…the work of {y}",
        r"{x}…to the plans of {y}",
        r"{y}…drew the plans (for|of) {x}",
    ),
    made("build", "built", "built", "builder|shipyard", r"{x}…constructed by {y}"),
    made("found|establish", _FOUNDED, _FOUNDED, "founder"),
    held("mayor", r"{y} (is|was|has been|became) {x}'s mayor", r"{x}…{y} has (been|served as)…mayor"),
    held(
        "captain|commander|skipper",
        r"{y} (commanded|captained) {x}",
        r"{x}…(under the command of|(commanded|captained) by) {y}",
        x=Side(
            ("What did {} command?", r"Which <kind> did {} (command|captain)?"),
            (r"the <kind> (that |which )?{} (commanded|captained)", r"the <kind> whose (captain|commander) was {}"),
        ),
    ),
    Relation(
        says=(
            r"{x}…(owned by|belonged to|belongs to) {y}",
            r"{x}(?:'s)?…owner,? (was |is )?{y}",
            r"{y} (owns|owned) {x}",
        ),
        y=Side(
            ("Who owned {}?", r"Who owns {}?", r"Who (is|was) the owner of {}?"),
            (r"the owner of {}", r"the <kind> (that|which|who) (owns|owned) {}"),
        ),
        x=Side(("What did {} own?",), (r"the <kind> owned by {}",)),
    ),
    Relation(
        says=(
            r"{x}…\b(based|headquartered|seated|printed) in {y}",
            r"{x}…(headquarters|head office|offices|office|seat|factory|yard|furnaces)…in {y}",
            r"{x}…operat(?:es|ed|ing) from {y}",
        ),
        y=Side(
            (
                "Where is {} based?",
                r"Where (is|are) the headquarters of {}?",
                r"In (what|which) <kind> (is|was) {} (based|headquartered)?",
                r"In (what|which) <kind> does {} have its (seat|headquarters|head office)?",
            ),
            (
                r"the <kind> (where|in which) {} (is|was) (based|headquartered)",
                r"the <kind> (where|in which) {} has its (seat|headquarters|head office|factory)",
                r"the seat of {}",
            ),
        ),
    ),
    Relation(
        says=(r"{x}…(is held|takes place|is celebrated)…(in|on the beach of) {y}", r"{x}…fills the \w+ of {y}"),
        y=Side(
            ("Where is {} held?", r"In (what|which) <kind> (is|does) {} (held|take place)?"),
            (r"the <kind> (where|in which) {} (is held|takes place)",),
        ),
        x=Side(("What is held in {}?", r"(What|Which) <kind> (is held|takes place) in {}?")),
    ),
    dated(
        "opened",
        r"{x}…(?:opened|built|completed)…in {y}",
        r"since {y},? {x} has (crossed|spanned|linked)",
        r"{x}…has (crossed|spanned|linked)…since {y}",
    ),
    dated("launched"),
    dated("built|completed"),
    dated("founded|established|set up", r"{x}…started…in {y}"),
)

NUMBERS = (
    Relation(
        says=(r"{x}…{y} (long|in length)", r"{x}…length of {y}", r"{x}…measures {y}", r"{x}…course of {y}"),
        y=Side(("How long is {}?", r"What is the length of {}?"), (r"the length of {}",), LENGTH),
    ),
    Relation(
        says=(r"{x}…{y} (tall|high|in height)", r"{x}…height of {y}", r"{x}…(hill|mountain|tower|peak) of {y}"),
        y=Side(("How high is {}?", r"How tall is {}?", r"What is the height of {}?"), (r"the height of {}",), LENGTH),
    ),
    Relation(
        says=(
            r"{x}…{y} (inhabitants|people|residents|citizens)",
            r"{x}…population…\b(is|of|stands at|was|to) {y}",
        ),
        y=Side(
            ("How many inhabitants does {} have?", r"How many (people|residents) (live in {}|does {} have)?"),
            (r"the population of {}",),
            NUMBER,
        ),
    ),
)
