"""A mirror folder: which files hold which config and split, and that nothing else is served."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolbench_eval.data.layout import repository_layout
from toolbench_eval.data.sources import Access, HubSplit, available, load_split
from toolbench_eval.errors import DataError, MissingDataError

REPO = "owner/Tools"
SHARDED = """---
license: mit
configs:
- config_name: web
  default: true
  data_files:
  - split: tools
    path: web/tools-*.parquet
  - split: queries
    path:
    - web/q1.jsonl
    - web/q0.jsonl
- config_name: code
  data_files: code/**/*.jsonl
- config_name: plain
  data_files: [plain/b.csv, plain/a.csv]
- config_name: folder
  data_dir: some/folder
- config_name: gone
  data_files:
  - {split: tools, path: gone/tools.parquet}
---

# Tools
"""


def put(mirror: Path, name: str, *ids: str) -> Path:
    path = mirror / REPO / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".parquet"):
        pq.write_table(pa.table({"id": pa.array(ids, pa.string())}), path)
    elif name.endswith(".csv"):
        path.write_text("id\n" + "".join(f"{one}\n" for one in ids), encoding="utf-8")
    else:
        path.write_text("".join(f'{{"id": "{one}"}}\n' for one in ids), encoding="utf-8")
    return path


def readme(mirror: Path, text: str) -> None:
    (mirror / REPO).mkdir(parents=True, exist_ok=True)
    (mirror / REPO / "README.md").write_text(text, encoding="utf-8")


def ids(mirror: Path, config: str | None, split: str) -> list[str]:
    loaded = load_split(HubSplit(REPO, config, split, "ignored"), Access(mirror, offline=True))
    assert (loaded.origin, loaded.revision, loaded.location) == ("mirror", None, str(mirror / REPO))
    column: list[str] = loaded.table["id"].to_pylist()
    return column


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    """A mirror whose README names its configs in every way the hub allows."""
    readme(tmp_path, SHARDED)
    put(tmp_path, "web/tools-00001-of-00002-9f.parquet", "second")
    put(tmp_path, "web/tools-00000-of-00002-aa.parquet", "first")
    put(tmp_path, "web/q0.jsonl", "q0")
    put(tmp_path, "web/q1.jsonl", "q1")
    put(tmp_path, "code/x.jsonl", "x")
    put(tmp_path, "code/deep/down/y.jsonl", "y")
    put(tmp_path, "plain/a.csv", "a")
    put(tmp_path, "plain/b.csv", "b")
    put(tmp_path, "some/folder/tools-00000-of-00001.parquet", "t")
    put(tmp_path, "not-in-the-readme/tools.jsonl", "no")
    return tmp_path


def test_the_readme_decides(declared: Path) -> None:
    assert available(REPO, None, Access(declared)) == {
        "web": ["tools", "queries"],
        "code": ["train"],
        "plain": ["train"],
        "folder": ["tools"],
    }
    assert ids(declared, "web", "tools") == ["first", "second"]
    assert ids(declared, None, "tools") == ["first", "second"]
    assert ids(declared, "web", "queries") == ["q1", "q0"]  # listed paths keep the README's order
    assert ids(declared, "code", "train") == ["y", "x"]  # files of one pattern are sorted by path
    assert ids(declared, "plain", "train") == ["b", "a"]
    assert ids(declared, "folder", "tools") == ["t"]


@pytest.mark.parametrize(
    ("config", "split", "said"),
    [
        ("wep", "tools", "no config 'wep'; the nearest: web"),
        ("zzz", "tools", "no config 'zzz'; known: web, code, plain, folder"),
        ("web", "tool", "config 'web' has no split 'tool'; the nearest: tools"),
        ("gone", "tools", "config 'gone', split 'tools': there is no file gone/tools.parquet"),
    ],
)
def test_what_the_mirror_lacks_is_named(declared: Path, config: str, split: str, said: str) -> None:
    with pytest.raises(MissingDataError) as caught:
        ids(declared, config, split)
    assert str(caught.value) == f"{declared / REPO}: {said}"


def test_one_absent_path_of_several_is_not_skipped(declared: Path) -> None:
    (declared / REPO / "web/q1.jsonl").unlink()
    assert available(REPO, None, Access(declared))["web"] == ["tools"]
    with pytest.raises(MissingDataError, match=r"config 'web', split 'queries': there is no file web/q1\.jsonl"):
        ids(declared, "web", "queries")


def test_an_absent_shard_is_not_skipped(declared: Path) -> None:
    (declared / REPO / "web/tools-00000-of-00002-aa.parquet").unlink()
    with pytest.raises(MissingDataError, match=r"part 00000 of web/tools is absent \(1 of 2 parts are there\)"):
        ids(declared, "web", "tools")


def test_a_shard_that_is_there_twice_is_not_read_twice(declared: Path) -> None:
    put(declared, "web/tools-00000-of-00002-bb.parquet", "stale")
    with pytest.raises(DataError, match="several files claim to be part 00000 of web/tools"):
        ids(declared, "web", "tools")


def test_names_decide_where_the_readme_does_not(tmp_path: Path) -> None:
    readme(tmp_path, "---\nlicense: mit\n---\nNo configs here.\n")
    put(tmp_path, "web/tools-00001-of-00002.parquet", "2")
    put(tmp_path, "web/tools-00000-of-00002.parquet", "1")
    put(tmp_path, "web/tools.jsonl", "the same again")
    put(tmp_path, "web/queries.v2.jsonl", "q")
    put(tmp_path, "deep/web/data/test.csv", "t")
    put(tmp_path, "data/train.jsonl", "r")
    put(tmp_path, "dev.jsonl", "d")
    put(tmp_path, ".cache/hidden.jsonl", "h")
    assert available(REPO, None, Access(tmp_path)) == {
        "default": ["train", "dev"],
        "deep/web": ["test"],
        "web": ["queries.v2", "tools"],
    }
    assert ids(tmp_path, "web", "tools") == ["1", "2"]
    assert ids(tmp_path, None, "train") == ["r"]
    assert ids(tmp_path, "deep/web", "test") == ["t"]


def test_several_configs_and_none_named(tmp_path: Path) -> None:
    put(tmp_path, "a/tools.jsonl", "a")
    assert ids(tmp_path, None, "tools") == ["a"]
    put(tmp_path, "b/tools.jsonl", "b")
    with pytest.raises(MissingDataError, match="name one of a, b"):
        ids(tmp_path, None, "tools")


def test_an_empty_folder_has_no_config(tmp_path: Path) -> None:
    (tmp_path / REPO).mkdir(parents=True)
    assert available(REPO, None, Access(tmp_path)) == {}
    with pytest.raises(MissingDataError, match="no config 'web'; known: none"):
        ids(tmp_path, "web", "tools")


def test_a_mirror_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="the mirror folder does not exist; check --data"):
        ids(tmp_path / "nowhere", "web", "tools")


# Nothing from outside the folder


@pytest.mark.parametrize(
    "path",
    [
        "../Other/tools.jsonl",
        "/etc/tools.jsonl",
        "a/../../tools.jsonl",
        "hf://datasets/x/y.jsonl",
        "~/tools.jsonl",
        "..\\x.jsonl",
    ],
)
@pytest.mark.parametrize("form", ["data_files: '%s'", "data_files: [{split: tools, path: '%s'}]", "data_dir: '%s'"])
def test_the_readme_must_stay_inside(tmp_path: Path, path: str, form: str) -> None:
    readme(tmp_path, f"---\nconfigs:\n- config_name: web\n  {form % path}\n---\n")
    with pytest.raises(DataError, match="leaves the repository"):
        ids(tmp_path, "web", "tools")


def test_links_must_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text('{"id": "secret"}\n', encoding="utf-8")
    put(tmp_path, "web/real.jsonl", "real")
    (tmp_path / REPO / "web" / "tools.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (tmp_path / REPO / "web" / "linked.jsonl").symlink_to("real.jsonl")
    with pytest.raises(DataError, match=r"'web/tools\.jsonl' is a link that leaves the folder"):
        ids(tmp_path, "web", "tools")
    assert ids(tmp_path, "web", "linked") == ["real"]


def test_a_mirror_may_itself_be_a_link(tmp_path: Path) -> None:
    put(tmp_path / "disk", "web/tools.jsonl", "a")
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    assert ids(tmp_path / "link", "web", "tools") == ["a"]


@pytest.mark.parametrize("repo", ["../Tools", "owner/..", "/etc", "a/b/c", "owner\\Tools", ""])
def test_a_data_set_has_a_plain_name(tmp_path: Path, repo: str) -> None:
    with pytest.raises(DataError, match="it must be owner/name"):
        load_split(HubSplit(repo, "web", "tools", None), Access(tmp_path, offline=True))


# READMEs that are not as they should be


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("configs: [", "is not YAML"),
        ("configs: web", "must be a list of objects with a config_name"),
        ("configs:\n- data_files: x.jsonl", "must be a list of objects with a config_name"),
        ("configs:\n- config_name: web\n  data_files:\n  - path: x.jsonl", "a split and its path"),
        ("configs:\n- config_name: web\n  data_files:\n  - {split: tools, path: [x.jsonl, 3]}", "a split and its path"),
    ],
)
def test_a_broken_readme_is_named(tmp_path: Path, block: str, said: str) -> None:
    readme(tmp_path, f"---\n{block}\n---\n")
    with pytest.raises(DataError) as caught:
        ids(tmp_path, "web", "tools")
    assert str(caught.value).startswith(str(tmp_path / REPO / "README.md"))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("*.jsonl", ["a.jsonl", "b[1].jsonl"]),
        ("**/*.jsonl", ["a.jsonl", "b[1].jsonl", "web/c.jsonl", "web/deep/d.jsonl"]),
        ("**", ["a.jsonl", "b[1].jsonl", "web/c.jsonl", "web/deep/d.jsonl"]),
        ("web/*", ["web/c.jsonl"]),
        ("web/**", ["web/c.jsonl", "web/deep/d.jsonl"]),
        ("?.jsonl", ["a.jsonl"]),
        ("[!b]*.jsonl", ["a.jsonl"]),
        ("[ab].jsonl", ["a.jsonl"]),
        ("./a.jsonl", ["a.jsonl"]),
        ("a+jsonl", []),
    ],
)
def test_patterns(pattern: str, matching: list[str]) -> None:
    files = ["a.jsonl", "b[1].jsonl", "web/c.jsonl", "web/deep/d.jsonl"]
    block = f"---\nconfigs:\n- config_name: x\n  data_files: '{pattern}'\n---\n"
    layout = repository_layout(files, block, "here")
    assert list(layout.configs["x"]["train"].found) == matching


# Two mirrors


def test_two_mirrors_with_the_same_names_and_readme(tmp_path: Path) -> None:
    """Each folder gives its own rows; `datasets` gives the rows of the first for both, which is why we read files."""
    for mirror in ("one", "two"):
        readme(tmp_path / mirror, "---\nconfigs:\n- config_name: web\n  data_files: web/tools.parquet\n---\n")
        put(tmp_path / mirror, "web/tools.parquet", f"of {mirror}")
    assert ids(tmp_path / "one", "web", "train") == ["of one"]
    assert ids(tmp_path / "two", "web", "train") == ["of two"]
    served = [served_by_datasets(tmp_path / mirror / REPO, tmp_path / "home") for mirror in ("one", "two")]
    if served == ["of one", "of two"]:
        pytest.skip("this version of datasets tells the folders apart")
    assert served == ["of one", "of one"]


def served_by_datasets(folder: Path, home: Path) -> str:
    code = "import datasets, sys; print(datasets.load_dataset(sys.argv[1], 'web', split='train')[0]['id'])"
    env = {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code, folder], env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_mirror_needs_no_hub_library(tmp_path: Path) -> None:
    put(tmp_path, "web/tools.jsonl", "a")
    code = """
import sys
from pathlib import Path
from toolbench_eval.data.sources import Access, HubSplit, load_split
load_split(HubSplit("owner/Tools", "web", "tools", None), Access(Path(sys.argv[1])))
print(sorted({"datasets", "huggingface_hub", "yaml"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_splits_of_one_data_set_are_of_one_state(tmp_path: Path) -> None:
    """What was found is kept as long as the access that found it; what was not may come later."""
    access = Access(tmp_path, offline=True)
    with pytest.raises(MissingDataError):
        load_split(HubSplit(REPO, "web", "a", None), access)
    put(tmp_path, "web/a.jsonl", "1")
    assert available(REPO, None, access) == {"web": ["a"]}
    put(tmp_path, "web/b.jsonl", "2")
    assert available(REPO, None, access) == {"web": ["a"]}
    assert available(REPO, None, Access(tmp_path, offline=True)) == {"web": ["a", "b"]}
