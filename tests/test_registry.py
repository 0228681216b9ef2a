"""Finding suites, corpora and cards: what ships, the user's folders, installed packages."""

from __future__ import annotations

import sys
from importlib import invalidate_caches
from pathlib import Path

import pytest

from toolbench_eval.errors import DataError, MissingDataError, UnknownNameError, UsageError
from toolbench_eval.registry import Registry

SUITE = 'name = "{name}"\nversion = "1"\ntitle = "{title}"\ncorpus = "tools"\n[files]\nqueries = "q.jsonl"\n'


def write_suite(folder: Path, name: str, title: str = "", tasks: str = "task\none\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "suite.toml").write_text(SUITE.format(name=name, title=title))
    (folder / "tasks.csv").write_text(tasks)
    return folder


def write_card(folder: Path, name: str, family: str = "bm25", more: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(f'name = "{name}"\nfamily = "{family}"\n{more}')


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a distribution with entry points: a folder with modules and real metadata on `sys.path`."""

    def install(entry_points: str, module: str = "") -> Path:
        site = tmp_path / "site"
        info = site / "own_tools-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-tools\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entry_points)
        (site / "own_tools").mkdir()
        (site / "own_tools" / "__init__.py").write_text(module)
        monkeypatch.syspath_prepend(site)
        invalidate_caches()
        return site / "own_tools"

    yield install
    sys.modules.pop("own_tools", None)


def test_what_ships_is_found():
    registry = Registry()
    assert {"sample", "toolret"} <= set(registry.suite_files)
    assert registry.suite("sample").name == "sample"
    assert registry.corpus("toolret").spec.documents == 44453
    assert registry.card("bm25").options == {"k1": 1.5, "b": 0.75, "method": "lucene", "stopwords": "en"}


def test_every_shipped_suite_corpus_and_card_is_valid():
    registry = Registry()
    for name in registry.suite_files:
        suite = registry.suite(name)
        assert suite.name == name
        if suite.spec.corpus is not None:
            assert registry.corpus(suite.spec.corpus, suite).spec.name == suite.spec.corpus
    for name in registry.card_files:
        assert registry.card(name).name == name


def test_listing_agrees_with_the_declarations():
    registry = Registry()
    for row in registry.listed_suites():
        assert row["tasks"] == len(registry.suite(row["suite"]).rows)
    assert [row["model"] for row in registry.listed_models()] == sorted(registry.card_files)


def test_the_users_suite_shadows_the_shipped_one(tmp_path: Path):
    write_suite(tmp_path / "mine", "sample", "my own")
    registry = Registry((tmp_path,))
    assert registry.suite("sample").spec.title == "my own"
    assert len(registry.suite("toolret").rows) == 35
    assert Registry().suite("sample").spec.title != "my own"


def test_the_first_of_two_folders_counts(tmp_path: Path):
    for name in ("one", "two"):
        write_suite(tmp_path / name, "sample", name)
    assert Registry((tmp_path / "two", tmp_path / "one")).suite("sample").spec.title == "two"


def test_a_folder_may_be_the_suite_itself(tmp_path: Path):
    write_suite(tmp_path / "mine", "tiny")
    assert Registry((tmp_path / "mine",)).suite("tiny").rows[0].task == "one"


def test_own_corpora_and_cards(tmp_path: Path):
    write_card(tmp_path / "models", "bm25", more="[options]\nk1 = 9.0\n")
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora" / "sample.toml").write_text('name = "sample"\ntitle = "mine"\nfiles = ["a.jsonl"]\n')
    registry = Registry((tmp_path,))
    assert registry.card("bm25").options == {"k1": 9.0}
    assert registry.corpus("sample").spec.title == "mine"


def test_a_suites_own_corpus_counts_only_under_its_name(tmp_path: Path):
    folder = write_suite(tmp_path / "mine", "tiny")
    (folder / "corpus.toml").write_text('name = "tools"\nfiles = ["a.jsonl"]\n')
    registry = Registry((tmp_path,))
    suite = registry.suite("tiny")
    assert registry.corpus("tools", suite).folder == folder
    assert registry.corpus("sample", suite).folder != folder
    with pytest.raises(UnknownNameError, match=r"unknown corpus 'tool'\. Did you mean tools"):
        registry.corpus("tool", suite)


def test_unknown_names_get_the_nearest():
    registry = Registry()
    with pytest.raises(UnknownNameError, match=r"unknown suite 'toolrte'\. Did you mean toolret"):
        registry.suite("toolrte")
    with pytest.raises(UnknownNameError, match=r"unknown model 'bm52'\. Did you mean .*bm25"):
        registry.card("bm52")
    with pytest.raises(UnknownNameError, match=r"unknown corpus 'smaple'\. Did you mean sample"):
        registry.corpus("smaple")


def test_a_folder_that_is_not_there(tmp_path: Path):
    with pytest.raises(MissingDataError, match="no such folder"):
        Registry((tmp_path / "nowhere",))


# declarations ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[files]", "[flies]"), r"suite\.toml, field 'flies': there is no such key"),
        (('version = "1"\n', ""), r"field 'version': is missing"),
        (('name = "tiny"', 'name = "ti ny"'), r"field 'name'.*found 'ti ny'"),
        (("[files]", "[files"), "not a TOML file"),
        (('[files]\nqueries = "q.jsonl"\n', ""), r"exactly one of \[hub\] and \[files\]"),
        (('corpus = "tools"\n', ""), r"field 'corpus': name the corpus"),
        (("[files]", 'metrics = ["nDCK@10"]\n[files]'), r"field 'metrics': unknown measure 'nDCK'"),
        (("[files]", 'metrics = ["P@5"]\n[files]'), r"field 'headline.metric': must be one of the suite's metrics"),
        (("[files]", '[switches.tie]\ndefault = "x"\n[files]'), r"field 'switches.tie': unknown switch 'tie'"),
        (("[files]", '[switches.ties]\ndefault = "x"\n[files]'), r"field 'switches.ties'.*takes one of trec, stable"),
        (("[files]", 'citation = "c.bib"\n[files]'), r"field 'citation': there is no file 'c.bib'"),
        (
            ("[files]", '[headline]\nmetric = "nDCG@10"\naggregate = "best"\n[files]'),
            r"field 'headline.aggregate': must be one of category_macro, subset_macro, micro",
        ),
    ],
)
def test_a_wrong_suite_is_refused(change: tuple[str, str], message: str, tmp_path: Path):
    folder = write_suite(tmp_path, "tiny")
    text = (folder / "suite.toml").read_text()
    assert change[0] in text
    (folder / "suite.toml").write_text(text.replace(*change))
    with pytest.raises(DataError, match=message):
        registry = Registry((tmp_path,))
        registry.suite(next(iter(registry.suite_files)))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("task\n", r"tasks\.csv: a suite needs at least one task"),
        ("task\na\na\n", r"tasks\.csv, row 3, field 'task': the task 'a' stands twice"),
        ("task,queries\na,ten\n", r"row 2, field 'queries'.*found 'ten'"),
        ("task,queries\na,1,2\n", r"row 2: the row has not as many cells as the header"),
        ("task,colour\na,red\n", r"row 2, field 'colour': there is no such key"),
        ("task,category\na,web\nb,\n", r"field 'category': give every task a category, or none"),
        ("task\n../a\n", r"row 2, field 'task'"),
    ],
)
def test_a_wrong_table_is_refused(table: str, message: str, tmp_path: Path):
    write_suite(tmp_path, "tiny", tasks=table)
    with pytest.raises(DataError, match=message):
        Registry((tmp_path,)).suite("tiny")


def test_tasks_may_stand_in_the_suite_itself(tmp_path: Path):
    folder = write_suite(tmp_path, "tiny")
    with (folder / "suite.toml").open("a") as toml:
        toml.write('[[tasks]]\ntask = "x"\nqueries = 3\n[[tasks]]\ntask = "y"\n')
    registry = Registry((tmp_path,))
    assert [(row.task, row.queries) for row in registry.suite("tiny").rows] == [("x", 3), ("y", None)]
    assert registry.listed_suites()[0]["tasks"] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "tools"\n', "exactly one of"),
        ('name = "tools"\nfiles = []\n', "field 'files': name at least one file"),
        ('name = "tools"\n[hub]\nrepo = "a/b"\nconfigs = []\n', "field 'hub.configs': name at least one config"),
        ('name = "other"\nfiles = ["a"]\n', "field 'name': must be 'tools'"),
    ],
)
def test_a_wrong_corpus_is_refused(text: str, message: str, tmp_path: Path):
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora" / "tools.toml").write_text(text)
    with pytest.raises(DataError, match=message):
        Registry((tmp_path,)).corpus("tools")


@pytest.mark.parametrize(
    ("family", "more", "message"),
    [
        ("bm52", "", r"field 'family': unknown model family 'bm52'\. Did you mean bm25"),
        ("bm25", "colour = 1\n", "field 'colour': there is no such key"),
        ("bm25", '[switches]\nties = "never"\n', r"field 'switches.ties'"),
        ("bm25", '[templates]\nwith_instruction = "{instruction}"\n', r"'templates.with_instruction': lacks \{query\}"),
        ("bm25", '[own_prompts]\ndocument = "passage"\n', r"field 'own_prompts.document': lacks \{text\}"),
        ("bm25", "[protocols.paper.encoding]\ndepth = 1\n", r"field 'encoding.depth': under 'paper'"),
        ("bm25", "[protocols.mine.options]\nk1 = 1\n", "field 'protocols.mine"),
    ],
)
def test_a_wrong_card_is_refused(family: str, more: str, message: str, tmp_path: Path):
    write_card(tmp_path / "models", "mine", family, more)
    with pytest.raises(DataError, match=message):
        Registry((tmp_path,)).card("mine")


def test_a_card_is_named_like_its_file(tmp_path: Path):
    write_card(tmp_path / "models", "mine")
    (tmp_path / "models" / "mine.toml").rename(tmp_path / "models" / "yours.toml")
    with pytest.raises(DataError, match="field 'name': must be 'yours'"):
        Registry((tmp_path,)).card("yours")


# BEIR folders ---------------------------------------------------------------------------------


def write_beir(folder: Path, splits: tuple[str, ...] = ("test.tsv",)) -> Path:
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text('{"_id": "d", "title": "t", "text": "x"}\n')
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "x"}\n')
    for name in splits:
        (folder / "qrels" / name).write_text("query-id\tcorpus-id\tscore\nq\td\t1\n")
    return folder


def test_a_beir_folder_is_a_suite_with_a_task_for_each_split(tmp_path: Path):
    write_beir(tmp_path / "nf", ("train.tsv", "test.tsv"))
    registry = Registry((tmp_path,))
    suite = registry.suite("nf")
    assert [row.task for row in suite.rows] == ["test", "train"]
    assert suite.spec.headline.aggregate == "subset_macro"
    corpus = registry.corpus("nf", suite)
    assert (corpus.folder, corpus.spec.files) == (tmp_path / "nf", ["corpus.jsonl"])
    assert registry.listed_suites()[0] == {"suite": "nf", "kind": "retrieval", "title": "BEIR folder", "tasks": 2}


def test_a_beir_folder_may_be_the_folder_itself(tmp_path: Path):
    assert len(Registry((write_beir(tmp_path / "nf"),)).suite("nf").rows) == 1


@pytest.mark.parametrize("splits", [(), ("a.tsv", "b.tsv.gz")])
def test_a_beir_folder_needs_judgments_of_one_kind(splits: tuple[str, ...], tmp_path: Path):
    registry = Registry((write_beir(tmp_path / "nf", splits),))
    with pytest.raises(DataError, match=r"qrels: expected \.tsv files, all plain or all packed alike"):
        registry.suite("nf")


def test_a_beir_folder_whose_name_is_no_name(tmp_path: Path):
    registry = Registry((write_beir(tmp_path / "n f"),))
    with pytest.raises(DataError, match=r"field 'name'.*found 'n f'"):
        registry.suite("n f")


# packages -------------------------------------------------------------------------------------


def test_a_package_brings_suites_corpora_and_cards(package):
    folder = package("[toolbench_eval.tasks]\nown = own_tools\n[toolbench_eval.models]\nown = own_tools:cards\n")
    (folder / "__init__.py").write_text(
        "from pathlib import Path\n\ndef cards():\n    return Path(__file__).parent / 'cards'\n"
    )
    write_suite(folder / "tiny", "tiny", "from a package")
    (folder / "corpora").mkdir()
    (folder / "corpora" / "tools.toml").write_text('name = "tools"\nfiles = ["a.jsonl"]\n')
    write_card(folder / "cards", "mine")
    registry = Registry()
    assert registry.suite("tiny").spec.title == "from a package"
    assert registry.corpus("tools").folder == folder / "corpora"
    assert registry.card("mine").family == "bm25"


def test_a_package_may_name_a_path(package, tmp_path: Path):
    write_suite(tmp_path / "elsewhere" / "tiny", "tiny")
    package("[toolbench_eval.tasks]\nown = own_tools:FOLDER\n", f"FOLDER = {str(tmp_path / 'elsewhere')!r}\n")
    assert Registry().suite("tiny").name == "tiny"


def test_the_users_folder_shadows_a_package_and_a_package_what_ships(package, tmp_path: Path):
    folder = package("[toolbench_eval.tasks]\nown = own_tools\n")
    write_suite(folder / "sample", "sample", "from a package")
    assert Registry().suite("sample").spec.title == "from a package"
    write_suite(tmp_path / "mine" / "sample", "sample", "mine")
    assert Registry((tmp_path / "mine",)).suite("sample").spec.title == "mine"


@pytest.mark.parametrize(
    ("entry", "module", "message"),
    [
        ("own_tools:absent", "", r"entry point 'own' \(own_tools:absent\).*cannot be loaded"),
        ("own_tools", "raise RuntimeError('broken')", "cannot be loaded: broken"),
        ("own_tools:FOLDER", "FOLDER = '/nowhere/at/all'", "names no folder: /nowhere/at/all"),
    ],
)
def test_a_broken_package_is_named(entry: str, module: str, message: str, package):
    package(f"[toolbench_eval.tasks]\nown = {entry}\n", module)
    with pytest.raises(UsageError, match=message):
        Registry().suite("sample")
