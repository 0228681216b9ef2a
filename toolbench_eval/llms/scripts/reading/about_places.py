"""What the scripted reader understands of places: towns, rivers, bridges, counties."""

from __future__ import annotations

from toolbench_eval.llms.scripts.reading.phrases import COUNTY
from toolbench_eval.llms.scripts.reading.relations import Relation, Side

PLACES = (
    Relation(
        says=(
            r"{x}(?:'s)?…(county town|capital|seat) (is|was) {y}",
            r"{y} (is|was|has been)…(county town|capital|seat) of {x}",
            r"{y} (is|was|has been) {x}'s (county town|capital|seat)",
            r"{x} is (administered|governed) from {y}",
        ),
        y=Side(
            ("What is the county town of {}?", r"(What|Which <kind>) is the (county town|capital|seat) of {}?"),
            (r"the (county town|capital|seat) of {}", r"{}'s (county town|capital)\b"),
        ),
    ),
    Relation(
        says=(
            r"{x}…(flows|runs|passes) (through|past) (the (middle|centre|center) of )?{y}",
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
            (
                r"the <kind> (that|which) {} (flows into|empties into|joins)",
                r"the <kind> into which {} (flows|empties)",
            ),
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
            (
                r"the river (that|which) (rises|springs) (on|in|from|at) {}",
                r"the river (rising|springing) (on|in|from) {}",
            ),
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
            (
                r"the (county|province|district) (in which|where) {} (lies|is|is located|is situated)",
                r"the county of {}",
            ),
            form=COUNTY,
        ),
    ),
)
