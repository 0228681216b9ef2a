"""The key of the cache: no part of it may be missed."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path

import pytest

from toolbench_eval.cards import Encoding, ModelCard
from toolbench_eval.encoding.devices import Devices, find_devices
from toolbench_eval.encoding.space import Space, space_of
from toolbench_eval.encoding.weights import Weights, find_weights, folder_digest
from toolbench_eval.errors import MissingDataError, UsageError

CARD = ModelCard(name="m", family="dense", hub="owner/m", revision="0" * 40)
CPU = Devices("cpu", ("cpu",))
GPU = Devices("cuda", ("cuda:0", "cuda:1"))

SPACE = Space(
    weights="owner/m@1",
    pooling="mean",
    normalize=True,
    max_length=512,
    add_eos=False,
    dtype="float32",
    device="cpu",
    libraries="torch 2.13.0",
)
OTHERS = {
    "weights": "owner/m@2",
    "pooling": "cls",
    "normalize": "model",
    "max_length": 256,
    "add_eos": True,
    "dtype": "float16",
    "device": "cuda",
    "libraries": "torch 2.14.0",
    "engine": 2,
    "variant": "x",
}


@pytest.mark.parametrize("part", [field.name for field in fields(Space)])
def test_each_part_changes_the_key(part: str) -> None:
    other = replace(SPACE, **{part: OTHERS[part]})
    assert other.key != SPACE.key
    assert other.folder_name("m") != SPACE.folder_name("m")


def test_folder_name_is_a_name() -> None:
    assert SPACE.folder_name("../a b/c") == f".._a_b_c-{SPACE.key}"


@pytest.mark.parametrize(
    "encoding",
    [
        Encoding(pooling="cls"),
        Encoding(normalize=True),
        Encoding(normalize=False),
        Encoding(max_length=8),
        Encoding(add_eos=True),
    ],
)
def test_each_part_of_a_card_is_in_it(encoding: Encoding) -> None:
    weights = Weights("owner/m", "0" * 40, "owner/m@0")
    plain = space_of(CARD, weights, CPU, None)
    assert space_of(CARD.model_copy(update={"encoding": encoding}), weights, CPU, None) != plain
    assert space_of(CARD, replace(weights, identity="owner/m@1"), CPU, None) != plain


def test_options_and_sides_are_in_it() -> None:
    weights = Weights("owner/m", "0" * 40, "owner/m@0")
    with_option = CARD.model_copy(update={"options": {"attention": "bidirectional"}})
    sides = [
        space_of(card, weights, CPU, None, side) for card in (CARD, with_option) for side in ("", "query", "document")
    ]
    assert len({space.key for space in sides}) == 6


def test_half_precision_is_for_devices_that_have_it() -> None:
    half = CARD.model_copy(update={"encoding": Encoding(dtype="float16")})
    weights = Weights("owner/m", "0" * 40, "owner/m@0")
    assert space_of(half, weights, CPU, None).dtype == "float32"
    assert space_of(half, weights, CPU, "float16").dtype == "float16"
    assert space_of(half, weights, GPU, None).dtype == "float16"
    assert space_of(half, weights, GPU, "bfloat16").dtype == "bfloat16"
    assert space_of(half, weights, GPU, None).device == "cuda"


def test_revision_is_the_identity() -> None:
    first = find_weights(CARD, offline=True)
    assert (first.place, first.commit, first.identity) == ("owner/m", "0" * 40, f"owner/m@{'0' * 40}")
    second = find_weights(CARD.model_copy(update={"revision": "1" * 40}), offline=True)
    assert second.identity != first.identity


def test_unpinned_and_never_fetched() -> None:
    with pytest.raises(MissingDataError, match="offline"):
        find_weights(CARD.model_copy(update={"revision": None, "hub": "no-such-owner/no-such-model"}), offline=True)


def test_no_weights_named() -> None:
    with pytest.raises(UsageError, match="neither"):
        find_weights(ModelCard(name="m", family="dense"), offline=True)
    with pytest.raises(UsageError, match=r"toolbench-eval\[dense\]"):
        find_weights(ModelCard(name="m", family="dense", package="no_such_package_of_weights"), offline=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode": "mean"}')
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 1000)
    return tmp_path


def test_content_of_a_folder_counts_not_its_dates(folder: Path) -> None:
    weights, before = folder / "model.safetensors", folder_digest(folder)
    stat = weights.stat()
    weights.write_bytes(b"\0" * 999 + b"\1")
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert weights.stat().st_size == stat.st_size
    assert weights.stat().st_mtime_ns == stat.st_mtime_ns
    changed = folder_digest(folder)
    assert changed != before
    weights.write_bytes(b"\0" * 1000)
    assert folder_digest(folder) == before


def test_every_file_of_a_folder_counts_but_documentation(folder: Path) -> None:
    before = folder_digest(folder)
    (folder / "README.md").write_text("words")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("words")
    assert folder_digest(folder) == before
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "cls"}')
    other_pooling = folder_digest(folder)
    (folder / "1_Pooling" / "config.json").rename(folder / "config.json")
    assert len({before, other_pooling, folder_digest(folder)}) == 3


def test_a_folder_is_found_by_content_wherever_it_lies(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (folder / "config.json").write_text("{}")
    moved = folder.rename(tmp_path_factory.mktemp("other") / "m")
    first = find_weights(CARD.model_copy(update={"hub": str(moved)}), offline=True)
    assert first.identity == f"files:{folder_digest(moved)}"
    assert first.commit is None


def test_devices() -> None:
    assert find_devices("cpu") == CPU
    assert find_devices("cpu,cpu") == Devices("cpu", ("cpu", "cpu"))
    with pytest.raises(UsageError, match="one kind"):
        find_devices("cpu,cuda:0")
    with pytest.raises(UsageError, match="nonsense"):
        find_devices("nonsense")


def test_a_gpu_that_is_not_there() -> None:
    torch = pytest.importorskip("torch", reason="the extra 'dense' is not installed")
    if torch.cuda.is_available():
        pytest.skip("this machine has one")
    assert find_devices("auto").kind in {"cpu", "mps"}
    with pytest.raises(UsageError, match="--device cpu"):
        find_devices("cuda")
    with pytest.raises(UsageError, match="cuda:1"):
        find_devices("cuda:1")
