"""The scripted model's reader: what it understands, and where it says that it does not know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolbench_eval.llms.scripts.reading.quantities import quantity
from toolbench_eval.llms.scripts.reading.reader import Finding, conclude, guess, next_question, read
from toolbench_eval.llms.scripts.reading.sentences import sentences

BRIDGE = (
    "Wenlow Bridge\nThe Wenlow Bridge crosses the River Arrin. It was designed by Ida Storm and is 210 metres long."
)
STORM = "Ida Storm\nIda Storm was an engineer. She was born in Port Callow in 1851 and died in 1920."
CALLOW = "Port Callow\nPort Callow is a town in Merrin County. The River Tove flows through the town."
TOVE = "River Tove\nThe River Tove rises on Mount Hask. It empties into Lake Ennor after 77 kilometres."
WORLD = (BRIDGE, STORM, CALLOW, TOVE)


def worked_out(question: str, passages: tuple[str, ...]) -> str | None:
    """The answer that comes of asking, reading and concluding; None where a step fails."""
    facts: list[tuple[str, str]] = []
    while (asked := next_question(question, facts)) is not None:
        found = read(asked, passages)
        if found is None:
            return None
        facts.append((asked, found.answer))
    return conclude(question, facts)


SAID = [
    ("Where was Ida Storm born?", "Ida Storm", "Ida Storm, an engineer, was born in Port Callow.", "Port Callow"),
    ("In which town was Ida Storm born?", "Ida Storm", "A native of Port Callow, she built dams.", "Port Callow"),
    ("What is the birthplace of Ida Storm?", "Ida Storm", "Her birthplace was Port Callow.", "Port Callow"),
    ("Where was Ida Storm born?", "Ida Storm", "Storm hailed from Port Callow.", "Port Callow"),
    ("Where was Ida Storm born?", "Ida Storm", "Port Callow was the birthplace of Ida Storm.", "Port Callow"),
    ("When was Ida Storm born?", "Ida Storm", "Ida Storm (1851-1920) was an engineer.", "1851"),
    ("When was Ida Storm born?", "Ida Storm", "Born in 1851 in Port Callow, she built dams.", "1851"),
    ("In which year did Ida Storm die?", "Ida Storm", "She was born in 1851 and died in 1920.", "1920"),
    ("Who was married to Ida Storm?", "Ida Storm", "In 1880 she married Otis Park, a baker.", "Otis Park"),
    ("Who was the husband of Ida Storm?", "Ida Storm", "Her husband was Otis Park.", "Otis Park"),
    ("Who taught Ida Storm?", "Ida Storm", "She studied under Otis Park.", "Otis Park"),
    ("Who wrote The Tin Orchid?", "The Tin Orchid", "The Tin Orchid is a novel by Otis Park.", "Otis Park"),
    ("Who wrote The Tin Orchid?", "The Tin Orchid", "Its author was Otis Park.", "Otis Park"),
    ("By whom was The Tin Orchid written?", "The Tin Orchid", "Otis Park wrote it in a barn.", "Otis Park"),
    ("Who is the author of The Tin Orchid?", "The Tin Orchid", "It is from the pen of Otis Park.", "Otis Park"),
    ("Who designed Wenlow Bridge?", "Wenlow Bridge", "The bridge is the work of Ida Storm.", "Ida Storm"),
    ("Who designed Wenlow Bridge?", "Wenlow Bridge", "Designed by Ida Storm, it has three arches.", "Ida Storm"),
    ("Who designed Wenlow Bridge?", "Ida Storm", "She designed Wenlow Bridge.", "Ida Storm"),
    ("When was Wenlow Bridge opened?", "Wenlow Bridge", "Work began in 1870; it was opened in 1874.", "1874"),
    ("Who founded Park Mills?", "Park Mills", "Otis Park founded it in 1866.", "Otis Park"),
    ("Who founded Park Mills?", "Park Mills", "It was established in 1866 by Otis Park.", "Otis Park"),
    ("When was Park Mills founded?", "Park Mills", "It was founded by Otis Park in 1866.", "1866"),
    ("Where is Park Mills based?", "Park Mills", "The company has its head office in Port Callow.", "Port Callow"),
    ("Where is Park Mills based?", "Park Mills", "It is headquartered in Port Callow.", "Port Callow"),
    ("Who was the captain of the Dawn?", "Dawn", "Otis Park commanded the Dawn.", "Otis Park"),
    ("Who was the captain of the Dawn?", "Dawn", "Her captain was Otis Park.", "Otis Park"),
    ("What is the capital of Merrin County?", "Merrin County", "Its capital is Port Callow.", "Port Callow"),
    ("In which county is Port Callow?", "Port Callow", "Port Callow belongs to Merrin County.", "Merrin County"),
    ("Which river flows through Port Callow?", "Port Callow", "The town lies on the River Tove.", "River Tove"),
    ("Which river flows through Port Callow?", "River Tove", "The river flows past Port Callow.", "River Tove"),
    ("Into which lake does the River Tove flow?", "River Tove", "It empties into Lake Ennor.", "Lake Ennor"),
    ("Which river does the River Tove join?", "River Tove", "The Tove joins the River Arrin.", "River Arrin"),
    ("On which mountain does the River Tove rise?", "River Tove", "It rises on Mount Hask.", "Mount Hask"),
    ("How long is the River Tove?", "River Tove", "The Tove is 77 kilometres long.", "77 kilometres"),
    ("How high is Mount Hask?", "Mount Hask", "It has a height of 1,302 metres.", "1,302 metres"),
    ("How many people live in Port Callow?", "Port Callow", "Its population is 4,120.", "4,120"),
    ("How many inhabitants does Port Callow have?", "Port Callow", "There are 4,120 residents.", "4,120"),
]


@pytest.mark.parametrize(("question", "title", "text", "answer"), SAID)
def test_one_relation_has_many_phrasings(question, title, text, answer):
    found = read(question, [f"{title}\n{text}"])
    assert found is not None
    assert found.answer == answer
    assert found.evidence == text


def test_a_finding_names_its_sentence_and_passage():
    assert read("Where was Ida Storm born?", WORLD) == Finding(
        "Port Callow", "She was born in Port Callow in 1851 and died in 1920.", 2
    )


@pytest.mark.parametrize(
    "question",
    [
        "Who painted Wenlow Bridge?",
        "Where was Otis Park born?",
        "Where was Ida Stormont born?",
        "How high is the River Tove?",
        "Who is the mayor of Port Callow?",
        "Why is the sea salty?",
        "",
    ],
)
def test_it_does_not_say_what_the_passages_do_not_say(question):
    assert read(question, WORLD) is None


def test_a_longer_name_is_another_thing():
    run = "Wenlow Bridge Run\nThe Wenlow Bridge Run is a race. It was founded by Otis Park."
    assert read("Who founded Wenlow Bridge?", [run]) is None
    assert read("Who founded the Wenlow Bridge Run?", [run]) is not None


def test_passages_about_the_thing_itself_go_first():
    rumour = "Tall tales\nSome say that the Wenlow Bridge was designed by Otis Park."
    found = read("Who designed the Wenlow Bridge?", [rumour, BRIDGE])
    assert found is not None
    assert (found.answer, found.passage) == ("Ida Storm", 2)


def test_it_cannot_tell_two_people_of_one_name():
    painter = "Ida Storm (painter)\nIda Storm was a painter. She was born in Lower Pike."
    assert read("Where was Ida Storm born?", [painter, STORM]).answer == "Lower Pike"
    assert read("Where was Ida Storm born?", [STORM, painter]).answer == "Port Callow"


def test_a_passage_without_a_title_is_read_as_it_stands():
    assert read("Who wrote The Tin Orchid?", ["The Tin Orchid was written by Otis Park."]).answer == "Otis Park"


def test_pronouns_and_kinds_mean_the_title():
    resolved = [one.resolved for one in sentences(CALLOW + " Its mayor is Otis Park.")]
    assert resolved == [
        "Port Callow is a town in Merrin County.",
        "Port Callow: The River Tove flows through Port Callow.",
        "Port Callow's mayor is Otis Park.",
    ]


def test_a_nested_question_is_taken_apart_from_inside():
    question = "Into which lake does the river that flows through the birthplace of the designer of Wenlow Bridge flow?"
    steps = [
        ("Who designed Wenlow Bridge?", "Ida Storm"),
        ("Where was Ida Storm born?", "Port Callow"),
        ("Which river flows through Port Callow?", "River Tove"),
        ("Into which lake does River Tove flow?", "Lake Ennor"),
    ]
    for done, (asked, _) in enumerate(steps):
        assert next_question(question, steps[:done]) == asked
        assert conclude(question, steps[:done]) is None
    assert next_question(question, steps) is None
    assert conclude(question, steps) == "Lake Ennor"
    assert worked_out(question, WORLD) == "Lake Ennor"
    assert all(worked_out(question, WORLD[:at] + WORLD[at + 1 :]) is None for at in range(len(WORLD)))


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("How long is the river that the Wenlow Bridge spans?", "Which river does the Wenlow Bridge cross?"),
        ("Where was the person who wrote The Tin Orchid born?", "Who wrote The Tin Orchid?"),
        ("In which county is the birthplace of Ida Storm's husband?", "Who was married to Ida Storm?"),
        ("Who founded the company that built the Dawn?", "Who built the Dawn?"),
        ("Where was Ida Storm born?", "Where was Ida Storm born?"),
        ("What did the captain of the Dawn eat?", "Who is the captain of the Dawn?"),
    ],
)
def test_what_is_asked_first(question, first):
    assert next_question(question, []) == first


def test_what_cannot_be_taken_apart():
    question = "Why do cats purr?"
    assert next_question(question, []) is None
    assert conclude(question, []) is None


def test_facts_are_known_by_their_words():
    question = "Where was the designer of Wenlow Bridge born?"
    assert next_question(question, [("who designed  wenlow bridge", "Ida Storm")]) == "Where was Ida Storm born?"
    assert next_question(question, [("Who designed Wenlow Bridge?", " ")]) == "Who designed Wenlow Bridge?"


def test_an_answer_that_is_a_question_again_comes_to_an_end():
    facts = [("Who designed Wenlow Bridge?", "the designer of Wenlow Bridge")]
    assert next_question("Where was the designer of Wenlow Bridge born?", facts) is None


COMPARED = [
    ("Which river is longer, the River Tove or the River Arrin?", "How long is {}?", ("77 km", "90 km"), "River Arrin"),
    ("Which is shorter, the River Tove or the River Arrin?", "How long is {}?", ("800 m", "1.2 km"), "River Tove"),
    ("Is the River Tove longer than the River Arrin?", "How long is {}?", ("77 km", "90 km"), "no"),
    ("Who was born first, the River Tove or the River Arrin?", "When was {} born?", ("1851", "1840"), "River Arrin"),
    ("Was the River Tove opened before the River Arrin?", "When was {} opened?", ("1851", "1852"), "yes"),
    ("Which town has more people, the River Tove or the River Arrin?", "How many inhabitants does {} have?",
     ("9,000", "12,000"), "River Arrin"),
    ("Do the River Tove and the River Arrin flow into the same lake?", "Into what does {} flow?",
     ("Lake Ennor", "the Lake Ennor"), "yes"),
    ("Were the River Tove and the River Arrin born in the same town?", "Where was {} born?", ("Pike", "Lund"), "no"),
    ("Did the same engineer design the River Tove and the River Arrin?", "Who designed {}?",
     ("Ida Storm", "Ida Storm"), "yes"),
    ("Did the same person write the River Tove and the River Arrin?", "Who wrote {}?", ("Ida", "Otis"), "no"),
    ("Are both the River Tove and the River Arrin based in Lower Pike?", "Where is {} based?",
     ("Lower Pike", "Port Callow"), "no"),
    ("Were both the River Tove and the River Arrin born in Lower Pike?", "Where was {} born?",
     ("Lower Pike", "Lower Pike"), "yes"),
    ("Which is longer, the River Tove or the River Arrin?", "How long is {}?", ("77 km", "77 km"), None),
    ("Which is longer, the River Tove or the River Arrin?", "How long is {}?", ("77 km", "long"), None),
]  # fmt: skip


@pytest.mark.parametrize(("question", "asked", "answers", "result"), COMPARED)
def test_comparisons_ask_for_each_side_in_turn(question, asked, answers, result):
    sides = [asked.replace("{}", name) for name in ("the River Tove", "the River Arrin")]
    facts = list(zip(sides, answers, strict=True))
    assert next_question(question, []) == sides[0]
    assert next_question(question, facts[:1]) == sides[1]
    assert next_question(question, facts) is None
    assert conclude(question, facts[:1]) is None
    assert conclude(question, facts) == result


def test_sides_of_a_comparison_may_be_nested():
    question = "Who was born earlier, the author of The Tin Orchid or the author of Low Fires?"
    facts = [
        ("Who wrote The Tin Orchid?", "Otis Park"),
        ("Who wrote Low Fires?", "Ida Storm"),
        ("When was Otis Park born?", "1860"),
        ("When was Ida Storm born?", "1851"),
    ]
    assert [next_question(question, facts[:done]) for done in range(5)] == [*(asked for asked, _ in facts), None]
    assert conclude(question, facts) == "Ida Storm"


def test_a_guess_knows_the_question_alone():
    assert guess("Were Ida Storm and Otis Park born in the same town?") == "yes"
    assert guess("Which is longer, the River Tove or the River Arrin?") == "River Tove"
    assert guess("Where was the designer of Wenlow Bridge born?") == "Wenlow Bridge"
    assert guess("why?") == "unknown"


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,302 metres", 1302.0), ("1.1 kilometres", 1100.0), ("in 1874", 1874.0), ("2 miles", 3218.688), ("none", None)],
)
def test_quantities(text, value):
    assert quantity(text) == value


@given(st.lists(st.text(alphabet="abIS .,'\n(){}\\[]", max_size=40), max_size=3), st.sampled_from(SAID))
def test_whatever_it_reads_stands_there(noise, said):
    question, title, text, _ = said
    passages = [*noise, f"{title}\n{text}"]
    found = read(question, passages)
    assert found is not None
    assert found.answer.casefold() in passages[found.passage - 1].casefold()


@given(st.text(max_size=80), st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=3))
def test_nothing_breaks_it(question, facts):
    asked = next_question(question, facts)
    assert asked is None or asked not in dict(facts) or not dict(facts)[asked].strip()
    conclude(question, facts)
    assert isinstance(guess(question), str)
