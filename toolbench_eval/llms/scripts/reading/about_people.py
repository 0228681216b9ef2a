"""What the scripted reader understands of people: where and when they were born, whom they married, what they made."""

from __future__ import annotations

from toolbench_eval.llms.scripts.reading.phrases import YEAR
from toolbench_eval.llms.scripts.reading.relations import Relation, Side, dated, made

PEOPLE = (
    Relation(
        says=(
            r"{x}…\bborn(?! and died)…in {y}",
            r"\bborn…in {y},? {x}",
            r"(a )?native of {y},? {x}",
            r"{x}…native of {y}",
            r"{x} (came|hails|hailed|comes) from {y}",
            r"{x}…(came into the world|first saw the light of day) in {y}",
            r"{y}…birthplace of {x}",
            r"{x}'s birthplace (was|is) {y}",
            r"{x}'s (birthplace|home town), {y}",
            r"{y} was {x}'s birthplace",
            r"{x} was an? \w+ from {y}",
        ),
        y=Side(
            ("Where was {} born?", r"In (what|which) <kind> was {} born?", r"What (is|was) the birthplace of {}?"),
            (
                r"the birthplace of {}",
                r"the <kind> (where|in which) {} was born",
                r"the <kind> of {}'s birth",
                r"{}'s birthplace",
            ),
        ),
        x=Side(("Who was born in {}?",), (r"the <kind> (who was )?born in {}",)),
    ),
    dated("born", r"{x}…\({y}\s?[-\u2013]\s?\d", r"{x}…\(born…{y}"),
    Relation(
        says=(r"{x}…\bdied…in…{y}", r"{x}…\(1\d\d\d\s?[-\u2013]\s?{y}\)", r"{x}'s death in {y}"),
        y=Side(
            ("When did {} die?", r"In (what|which) year did {} die?"),
            form=YEAR,
        ),
    ),
    Relation(
        says=(
            r"{x}…(?<!un)married…{y}",
            r"{y}…(?<!un)married {x}",
            r"{x}'s (wife|husband|spouse),? (was |is )?{y}",
            r"{y}, (the )?(wife|husband|widow|widower) of {x}",
        ),
        y=Side(
            (
                "Who was married to {}?",
                r"Who (is|was) the (wife|husband|spouse) of {}?",
                r"Who (is|was) {}'s (wife|husband|spouse)?",
                r"Who did {} marry?",
            ),
            (r"the (wife|husband|spouse|widow|widower) of {}", r"{}'s (wife|husband|spouse|widow|widower)\b"),
        ),
    ),
    Relation(
        says=(
            r"{x}'s (father|mother),? (was |is )?{y}",
            r"{x}…(son|daughter|child) of {y}",
            r"{y}…(father|mother) of {x}",
        ),
        y=Side(
            ("Who was a parent of {}?", r"Who (is|was) the (father|mother) of {}?"),
            (r"the (father|mother) of {}", r"{}'s (father|mother)\b"),
        ),
    ),
    Relation(
        says=(
            r"{x}…(pupil|student|disciple) of {y}",
            r"{x}…(studied|trained|learned \w+ \w+) (under|with|from) {y}",
            r"{x}…taught by {y}",
            r"{y} taught {x}",
            r"{y}…teacher of {x}",
        ),
        y=Side(
            ("Who taught {}?", r"Who (is|was) the teacher of {}?"),
            (r"the teacher of {}", r"{}'s teacher\b", r"the <kind> who taught {}"),
        ),
    ),
    Relation(
        says=(
            r"{y}…the first (to climb|person to climb|who climbed) {x}",
            r"{x}…first climbed by {y}",
            r"the first ascent of {x}…(made|achieved) by {y}",
        ),
        y=Side(
            ("Who was the first to climb {}?", r"Who (first climbed|made the first ascent of) {}?"),
            (r"the first (person|climber)? ?to climb {}", r"the <kind> who first climbed {}"),
        ),
    ),
)

WORKS = (
    made(
        "write",
        "wrote",
        "written",
        "author|writer|novelist|poet|playwright",
        r"{x}…(novel|play|book|poem|story|comedy|tragedy|essay)…by {y}",
        r"{x}…from the pen of {y}",
    ),
    made("paint", "painted", "painted", "painter|artist", r"{x}…(painting|picture|portrait|mural|fresco)…by {y}"),
    made("compose", "composed", "composed", "composer", r"{x}…(opera|symphony|song|songs|cycle|suite)…by {y}"),
    made("carve", "carved", "carved|sculpted", "sculptor"),
    made("direct", "directed", "directed", "director"),
    made("publish", "published", "published", "publisher"),
    made("discover", "discovered", "discovered|described", "discoverer"),
    made("invent", "invented", "invented", "inventor"),
    Relation(
        says=(
            r"{x}…(hangs|is kept|is on display|is on show|is shown|can be seen|is exhibited) in {y}",
            r"{x}…belongs to the collection of {y}",
        ),
        y=Side(
            ("Where can {} be seen?", r"In (what|which) <kind> (does|do|is|can) {} (hang|kept|be seen|shown)?"),
            (r"the <kind> (where|in which) {} (hangs|is kept|is on display|is shown|can be seen)",),
        ),
    ),
    dated("published", r"{x}…appeared…in {y}", r"{x}…(published|printed)…in {y}"),
)
