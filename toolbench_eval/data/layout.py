"""Which files of a data set repository hold which config and split.

Only names are looked at: the list of files of a repository and its README. So the same rules hold for a folder,
for the cache and for the hub.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from toolbench_eval.data.files import is_data_file, kind_of
from toolbench_eval.errors import DataError, MissingDataError

README = "README.md"
DEFAULT_CONFIG = "default"

_SHARD = re.compile(r"-(?P<number>\d{5,})-of-(?P<total>\d{5,})")
_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class SplitFiles:
    """The files of one split.

    Attributes:
        found: Paths inside the repository, in the order of their rows.
        absent: Paths and patterns that the README names and that no file matches.
    """

    found: tuple[str, ...]
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """The configs and splits of one repository.

    Attributes:
        configs: Config -> split -> files, in the order of the README (else alphabetical).
        default: The config meant where none is named, if there is one.
        place: Folder, or repository and revision: for messages.
    """

    configs: Mapping[str, Mapping[str, SplitFiles]]
    default: str | None
    place: str

    def available(self) -> dict[str, list[str]]:
        """The splits of each config whose files are all there; configs without any are left out."""
        there = {
            config: [split for split, files in splits.items() if files.found and not files.absent]
            for config, splits in self.configs.items()
        }
        return {config: splits for config, splits in there.items() if splits}

    def files_of(self, config: str | None, split: str) -> tuple[str, ...]:
        """The files of a split, in order.

        Raises:
            MissingDataError: There is no such config or split, or a file of it is absent.
            DataError: Two files claim to be the same shard.
        """
        name = config or self.default
        if name is None:
            raise MissingDataError(f"has several configs: name one of {', '.join(self.configs)}", file=self.place)
        if name not in self.configs:
            raise MissingDataError(_unknown("config", name, self.available()), file=self.place)
        splits = self.configs[name]
        if split not in splits:
            raise MissingDataError(f"config '{name}' has {_unknown('split', split, splits)}", file=self.place)
        files = splits[split]
        what = f"config '{name}', split '{split}'"
        if files.absent or not files.found:
            raise MissingDataError(f"{what}: there is no file {', '.join(files.absent) or 'at all'}", file=self.place)
        _check_shards(files.found, what, self.place)
        return files.found


def repository_layout(files: Iterable[str], readme: str | None, place: str) -> Layout:
    """The layout of a repository, as the hub understands it.

    The YAML block ``configs:`` of the README decides (https://huggingface.co/docs/hub/datasets-manual-configuration).
    A README without it, or none: a folder is a config and a file name, without the numbers of its shard, a split:
    ``web/tools-00000-of-00002.parquet`` is config ``web``, split ``tools``. Files at the top and in ``data`` are
    config ``default``. Where several formats hold one split, sharded Parquet comes first, then Parquet, then text.

    Args:
        files: Paths of all files, with ``/``, relative to the repository.
        readme: Text of its ``README.md``, or None.
        place: Folder, or repository and revision: for messages.

    Raises:
        DataError: The README's block is not as the hub defines it, or names a path outside the repository.
    """
    return _layout(tuple(sorted(files)), readme, place)


@lru_cache(maxsize=64)
def _layout(files: tuple[str, ...], readme: str | None, place: str) -> Layout:
    """As above; kept, because a task's splits all ask for the same README, and YAML is slow to read."""
    data_files = [name for name in files if is_data_file(name) and not _is_hidden(name)]
    declared = _declared_configs(readme, place)
    if declared is None:
        configs = _conventional(data_files)
        return Layout(configs, _default_of(configs), place)
    configs = {name: _declared_splits(entry, data_files, place) for name, entry in declared.items()}
    marked = [name for name, entry in declared.items() if entry.get("default") is True]
    return Layout(configs, marked[0] if marked else _default_of(configs), place)


def inside(name: str, place: str) -> str:
    """The path, if it stays inside its repository.

    Raises:
        DataError: It is absolute, a URL or climbs out with ``..``.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or name.startswith("~"):
        raise DataError(f"'{name}' leaves the repository; only relative paths inside it are read", file=place)
    return str(path)


def _default_of(configs: Mapping[str, object]) -> str | None:
    if DEFAULT_CONFIG in configs:
        return DEFAULT_CONFIG
    return next(iter(configs)) if len(configs) == 1 else None


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "_")) for part in PurePosixPath(name).parts)


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3)
    if near:
        return f"no {kind} '{name}'; the nearest: {', '.join(near)}"
    return f"no {kind} '{name}'; known: {', '.join(known) or 'none'}"


# The README's block


def _declared_configs(readme: str | None, place: str) -> dict[str, dict[str, object]] | None:
    block = _FRONT_MATTER.match(readme or "")
    if block is None:
        return None
    import yaml  # type: ignore[import-untyped]

    readme_file = f"{place}/{README}"
    try:
        head = yaml.load(block[1], getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError as error:
        raise DataError(f"the block between the --- lines is not YAML: {error}", file=readme_file) from error
    entries = head.get("configs") if isinstance(head, dict) else None
    if entries is None:
        return None
    if not isinstance(entries, list) or not all(isinstance(e, dict) and e.get("config_name") for e in entries):
        raise DataError("must be a list of objects with a config_name", file=readme_file, field="configs")
    return {str(entry["config_name"]): entry for entry in entries}


def _declared_splits(entry: Mapping[str, object], files: list[str], place: str) -> dict[str, SplitFiles]:
    base = inside(str(entry.get("data_dir") or "."), f"{place}/{README}")
    declared = entry.get("data_files")
    if declared is None:
        below = [name for name in files if base == "." or name.startswith(base + "/")]
        return {split: found for splits in _conventional(below).values() for split, found in splits.items()}
    return {
        split: _matching([str(PurePosixPath(base) / inside(path, f"{place}/{README}")) for path in paths], files)
        for split, paths in _paths_by_split(declared, place).items()
    }


def _paths_by_split(declared: object, place: str) -> dict[str, list[str]]:
    """The forms the hub allows: a path, a list of paths (split train), or a list of {split, path}."""
    entries = declared if isinstance(declared, list) else [declared]
    paths: dict[str, list[str]] = {}
    for entry in entries:
        split, path = (entry.get("split"), entry.get("path")) if isinstance(entry, dict) else ("train", entry)
        named = [one for one in (path if isinstance(path, list) else [path]) if isinstance(one, str)]
        if not isinstance(split, str) or not named or (isinstance(path, list) and len(named) < len(path)):
            message = "each entry must be a path, or a split and its path or paths"
            raise DataError(message, file=f"{place}/{README}", field="configs.data_files")
        paths.setdefault(split, []).extend(named)
    return paths


def _matching(patterns: list[str], files: list[str]) -> SplitFiles:
    found: dict[str, None] = {}  # a set that keeps its order
    absent = []
    for pattern in patterns:
        regex = _glob_regex(pattern)
        names = [name for name in files if regex.fullmatch(name)]
        found.update(dict.fromkeys(names))
        if not names:
            absent.append(pattern)
    return SplitFiles(tuple(found), tuple(absent))


def _glob_regex(pattern: str) -> re.Pattern[str]:
    """A glob over whole paths: ``*`` and ``?`` stop at ``/``, ``**`` does not."""
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    tokens = re.split(r"(\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\])", pattern)
    return re.compile("".join(parts.get(token) or _literal(token) for token in tokens))


def _literal(token: str) -> str:
    is_class = token.startswith("[") and token.endswith("]")
    return token.replace("[!", "[^", 1) if is_class else re.escape(token)


# Without a block: names by convention


def _conventional(files: Iterable[str]) -> dict[str, dict[str, SplitFiles]]:
    by_rank: dict[str, dict[str, dict[tuple[bool, bool, str], list[str]]]] = {}
    for name in files:
        config, split = _config_and_split(name)
        kind, compression = kind_of(name)
        rank = (kind != ".parquet", _SHARD.search(name) is None, f"{kind}{compression or ''}")
        by_rank.setdefault(config, {}).setdefault(split, {}).setdefault(rank, []).append(name)
    return {
        config: {split: SplitFiles(tuple(ranked[min(ranked)])) for split, ranked in splits.items()}
        for config, splits in by_rank.items()
    }


def _config_and_split(name: str) -> tuple[str, str]:
    folder, _, file = name.rpartition("/")
    config = re.sub(r"(^|/)data$", "", folder) or DEFAULT_CONFIG
    kind, _ = kind_of(file)
    stem = file[: file.lower().rindex(kind)]
    shard = _SHARD.search(stem)
    return config, (stem[: shard.start()] if shard else stem)


# Shards


def _check_shards(names: Iterable[str], what: str, place: str) -> None:
    """Refuse a split of which a numbered part is absent or there twice: it would be read short, or doubled."""
    for (stem, total), numbers in _shard_numbers(names):
        absent = sorted(set(range(total)) - set(numbers))
        if absent:
            message = f"{what}: part {absent[0]:05d} of {stem} is absent ({len(numbers)} of {total} parts are there)"
            raise MissingDataError(message, file=place)
        doubled = [number for number, times in Counter(numbers).items() if times > 1]
        if doubled:
            raise DataError(f"{what}: several files claim to be part {doubled[0]:05d} of {stem}", file=place)


def _shard_numbers(names: Iterable[str]) -> Iterator[tuple[tuple[str, int], list[int]]]:
    groups: dict[tuple[str, int], list[int]] = {}
    for name in names:
        shard = _SHARD.search(name)
        if shard:
            groups.setdefault((name[: shard.start()], int(shard["total"])), []).append(int(shard["number"]))
    yield from groups.items()
