"""The relations that the scripted reader knows."""

from __future__ import annotations

from toolbench_eval.llms.scripts.phrases import COUNTY, LENGTH, NUMBER, YEAR
from toolbench_eval.llms.scripts.relations import Relation, Side, lookups

_ASIDE = r"(?:, [^,;]{1,60},)?"


def _made(base: str, past: str, done: str, maker: str, *says: str) -> Relation:
    """Somebody (y) makes something (x): the same phrases for each verb; the first of several forms is asked with."""
    plain, plainly = past.split("|")[0], done.split("|")[0]
    return Relation(
        says=(
            rf"{{x}}…({done})…by {{y}}",
            rf"\b({done})…by {{y}},? {{x}}",
            rf"{{y}}{_ASIDE} (who |had |first )?({past}) {{x}}",
            rf"{{y}}, who ({past}) {{x}}",
            rf"{{x}}…\b({maker}),? (was|is) {{y}}",
            rf"{{x}}'s ({maker}),? {{y}}",
            rf"{{y}}{_ASIDE} (was |is )?(the )?({maker}) of {{x}}",
            *says,
        ),
        y=Side(
            (
                f"Who {plain} {{}}?",
                rf"(Who|What|Which <kind>) ({past}) {{}}?",
                rf"By whom was {{}} ({done})?",
                rf"Who (was|is) the ({maker}) of {{}}?",
            ),
            (
                rf"the ({maker}) of {{}}",
                rf"the <kind> (that|which|who) ({past}) {{}}",
                rf"{{}}'s ({maker})\b",
            ),
        ),
        x=Side(
            (
                f"What was {plainly} by {{}}?",
                rf"(What|Which <kind>) did {{}} ({base})?",
                rf"(What|Which <kind>) was (first )?({done}) by {{}}?",
            ),
            (rf"the <kind> ((which|that) was )?({done}) by {{}}", rf"the <kind> (that |which )?{{}} ({past})\b"),
        ),
    )


def _when(done: str, *says: str) -> Relation:
    """Something (x) happens in a year (y)."""
    return Relation(
        says=(rf"{{x}}…({done})…(in|on|since)…{{y}}", rf"\b({done}) in {{y}},? {{x}}", rf"in {{y}},? {{x}}…({done})", *says),
        y=Side(
            (
                f"When was {{}} {done.split('|')[0]}?",
                rf"When was {{}} (first )?({done})?",
                rf"In (what|which) year was {{}} ({done})?",
            ),
            form=YEAR,
        ),
    )


def _role(noun: str, *says: str, asks: str = "is") -> Relation:
    """Somebody (y) has an office or a relation to something (x)."""
    return Relation(
        says=(
            rf"{{x}}(?:'s)?…\b({noun}),? (was |is |named |called )?(Captain )?{{y}}",
            rf"{{y}}{_ASIDE} (is|was|has been|became|served as|has served as)…({noun}) of {{x}}",
            rf"{{y}}, (the )?({noun}) of {{x}}",
            *says,
        ),
        y=Side(
            (f"Who {asks} the {noun.split('|')[0]} of {{}}?", rf"Who (is|was) (the ({noun}) of {{}}|{{}}'s ({noun}))?"),
            (rf"the ({noun}) of {{}}", rf"{{}}'s ({noun})\b"),
        ),
    )


_FOUNDED = "founded|set up|established|started"

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
            r"{x} was \w+ \w+ from {y}",
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
    ),
    _when("born", r"{x}…\({y}\s?[-–]\s?\d", r"{x}…\(born…{y}"),
    Relation(
        says=(r"{x}…\bdied…in…{y}", r"{x}…\(1\d\d\d\s?[-–]\s?{y}\)", r"{x}'s death in {y}"),
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
            ("Who was married to {}?", r"Who (is|was) (the|{}'s) (wife|husband|spouse)( of {})?", r"Who did {} marry?"),
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
    _made(
        "write",
        "wrote",
        "written",
        "author|writer|novelist|poet|playwright",
        r"{x}…(novel|play|book|poem|story|comedy|tragedy|essay)…by {y}",
        r"{x}…from the pen of {y}",
    ),
    _made("paint", "painted", "painted", "painter|artist", r"{x}…(painting|picture|portrait|mural|fresco)…by {y}"),
    _made("compose", "composed", "composed", "composer", r"{x}…(opera|symphony|song|songs|cycle|suite)…by {y}"),
    _made("carve", "carved", "carved|sculpted", "sculptor"),
    _made("direct", "directed", "directed", "director"),
    _made("publish", "published", "published", "publisher"),
    _made("discover", "discovered", "discovered|described", "discoverer"),
    _made("invent", "invented", "invented", "inventor"),
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
    _when("published", r"{x}…appeared…in {y}", r"{x}…(published|printed)…in {y}"),
)

THINGS = (
    _made(
        "design",
        "designed",
        "designed",
        "designer|architect|engineer",
        r"{x}…the work of {y}",
        r"{x}…to the plans of {y}",
        r"{y}…drew the plans (for|of) {x}",
    ),
    _made("build", "built", "built", "builder|shipyard", r"{x}…constructed by {y}"),
    _made("found|establish", _FOUNDED, _FOUNDED, "founder"),
    _role("mayor", r"{y}…mayor of {x}", r"{x}…{y} has (been|served as)…mayor"),
    _role("captain", r"{y} commanded {x}", r"{x}…(under the command of|commanded by|captained by) {y}", asks="was"),
    _role("county town|capital|seat", r"{x} is administered from {y}", r"{y} has been {x}'s (seat|capital)"),
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
    _when("opened", r"{x}…(?:opened|built|completed)…in {y}", r"{x}…(crossed|spanned|linked)…since {y}"),
    _when("launched"),
    _when("built|completed"),
    _when("founded|established|set up", r"{x}…started…in {y}"),
)

PLACES = (
    Relation(
        says=(
            r"{x}…(flows|runs|passes) (through|past) {y}",
            r"{y}…(lies|stands|is situated|is located) on(?: both banks of)? {x}",
            r"{y} straddles {x}",
            r"{y}…through its cent(?:re|er) flows {x}",
            r"through {y}'s (?:centre|center|middle) (?:flows|runs) {x}",
        ),
        y=Side(
            ("Which town lies on {}?", r"Through (what|which) <kind> does {} flow?"),
            (r"the <kind> (through which {} flows|on {})",),
        ),
        x=Side(
            (
                "Which river flows through {}?",
                r"Which river (runs|passes) through {}?",
                r"On (what|which) river (does|is) {} (lie|stand|located|situated)?",
            ),
            (
                r"the river (that|which) (flows|runs|passes) through {}",
                r"the river (flowing|running) through {}",
                r"the river on which {} (lies|stands|is situated|is located)",
            ),
        ),
    ),
    Relation(
        says=(
            r"{x}…(flows|empties|drains|discharges|runs) into {y}",
            r"{x}(?:'s waters)? (joins|reach(?:es)? the sea in|meets) {y}",
            r"{x}…\bjoins {y}",
            r"{x} ends in {y}",
            r"{x}…tributary of {y}",
        ),
        y=Side(
            (
                "Into what does {} flow?",
                r"Into (what|which) <kind> does {} (flow|empty|drain|run)?",
                r"(What|Which) <kind> does {} (flow into|empty into|drain into|join)?",
                r"(Where|In (what|which) <kind>) does {} end?",
            ),
            (r"the <kind> (that|which) {} (flows into|empties into|joins)", r"the <kind> into which {} (flows|empties)"),
        ),
        x=Side(("Which river flows into {}?",), (r"the river (that|which) (flows|empties) into {}",)),
    ),
    Relation(
        says=(r"{x}…(rises|springs|has its source) (on|in|from|at) {y}", r"{x}'s source is (on|in) {y}"),
        y=Side(
            ("Where does {} rise?", r"(On|In) (what|which) <kind> does {} (rise|have its source)?"),
            (r"the <kind> (on which|where|in which) {} rises", r"the source of {}"),
        ),
        x=Side(
            ("Which river rises on {}?", r"Which river (rises|springs) (in|from|at) {}?"),
            (r"the river (that|which) (rises|springs) (on|in|from|at) {}", r"the river (rising|springing) (on|in|from) {}"),
        ),
    ),
    Relation(
        says=(
            r"{x}…\b(spans|crosses|crossed|spanned) {y}",
            r"{x}…(bridge|footbridge|viaduct|railway|road|line) over {y}",
        ),
        y=Side(
            ("Which river does {} cross?", r"(What|Which) river does {} (span|cross)?", r"What does {} (span|cross)?"),
            (
                r"the river (that|which) {} (spans|crosses)",
                r"the river (that|which)? ?(is )?(crossed|spanned) by {}",
                r"the river (that|which) is (crossed|spanned) by {}",
            ),
        ),
        x=Side(
            ("Which bridge crosses {}?", r"Which bridge (spans|leads over) {}?"),
            (r"the bridge (over|across) {}", r"the bridge (that|which) (crosses|spans) {}"),
        ),
    ),
    Relation(
        says=(r"{x}…\b(in|of|to) {y}",),
        y=Side(
            ("In which county is {}?", r"In (what|which) (county|province|district) (is|does|was) {}( lie| located)?"),
            (r"the (county|province|district) (in which|where) {} (lies|is|is located|is situated)", r"the county of {}"),
            form=COUNTY,
        ),
    ),
)

NUMBERS = (
    Relation(
        says=(r"{x}…{y} (long|in length)", r"{x}…length of {y}", r"{x}…measures {y}", r"{x}…course of {y}"),
        y=Side(("How long is {}?", r"What is the length of {}?"), (r"the length of {}",), LENGTH),
    ),
    Relation(
        says=(r"{x}…{y} (tall|high|in height)", r"{x}…height of {y}", r"{x}…hill of {y}"),
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

LOOKUPS = lookups((*PEOPLE, *WORKS, *THINGS, *PLACES, *NUMBERS))
