"""What a study declares: the schema of STUDY.toml, reading it, and what the command line sets in its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from toolbench_eval.declarations import read_toml, validated
from toolbench_eval.errors import DataError, EvalHarnessError, MissingDataError, UnknownNameError
from toolbench_eval.shipped import shipped
from toolbench_eval.study.design import Kind
from toolbench_eval.study.factors import find_factor
from toolbench_eval.suites import Declared, Protocol

ENDING = ".toml"


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _by_role(value: Any) -> Any:
    return {"main": value} if isinstance(value, str) else value


def _as_text(value: Any) -> Any:
    """Levels and options as the command line would have them."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _flat(value: Any) -> Any:
    """`set.NAME = [...]` as TOML reads it without quotation marks, and as it is meant."""
    options = value.get("set") if isinstance(value, dict) else None
    if not isinstance(options, dict):
        return value
    return {
        written: levels
        for name, own in value.items()
        for written, levels in ({f"set.{one}": it for one, it in own.items()} if name == "set" else {name: own}).items()
    }


Text = Annotated[str, BeforeValidator(_as_text)]


class Base(Declared):
    """What every run of a study has in common, as `evalharness run` takes it."""

    task: Annotated[list[str], BeforeValidator(_listed)] = Field(default=[])
    agent: str = ""
    llm: Annotated[dict[str, str], BeforeValidator(_by_role)] = Field(default={})
    """Language models by role; a text is the main one."""
    model: str | None = None
    protocol: Protocol = "default"
    set: dict[str, Text] = Field(default={})
    limit: int | None = Field(default=None, ge=1)
    source: Path | None = None
    """Relative to the study's file, as are the others."""
    corpus: Path | None = None
    judge: str | None = None
    seed: int = Field(default=0, ge=0)
    """Seed of everything but models and perturbations, which have their own."""
    token_limit: int | None = Field(default=None, ge=1)
    time_limit: float | None = Field(default=None, gt=0)
    max_failures: float = Field(default=0.1, ge=0, le=1)
    """Share of samples without an answer because something failed, above which the study stops."""


class Study(Declared):
    """`STUDY.toml`."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    title: str = ""
    design: Kind = "one_factor"
    resolution: int = Field(default=3, ge=3, le=7)
    """Of a fractional design: the least."""
    repeats: int | None = Field(default=None, ge=1)
    """Runs of every condition, with seeds from 0."""
    seeds: list[int] = Field(default=[])
    """The same, with these seeds."""
    metric: str | None = None
    """The outcome of a sample, a measure from 0 to 1; None for the suite's headline."""
    draws: int = Field(default=1000, ge=100)
    """Resamples of intervals, and permutations of tests."""
    base: Base = Base()
    factors: Annotated[dict[str, list[Text]], BeforeValidator(_flat)] = Field(min_length=1)
    """Levels by factor; the first level of each is that of the base condition."""
    system_prompts: dict[str, str] = Field(default={}, alias="system-prompts")
    """Texts of one's own, by the names that the factor `system-prompt` uses."""
    paraphrases: Path | None = None
    """JSON lines with `id`, `style`, `text`: styles of one's own for the factor `query-style`."""

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        if self.seeds and self.repeats is not None:
            raise ValueError("give seeds or repeats, not both")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("a seed stands twice")
        return self

    @property
    def repeat_seeds(self) -> tuple[int, ...]:
        """The seed of each repeat."""
        return tuple(self.seeds or range(self.repeats or 1))


def read_study(path: Path) -> Study:
    """A study's declaration; the files that it names are made relative to where we are.

    Raises:
        MissingDataError: There is no such file.
        DataError: A field is missing, unknown or wrong.
    """
    if not path.is_file():
        raise MissingDataError("there is no such study", file=path)
    study = validated(Study, read_toml(path), path)
    _check_factors(study, path)
    folder = path.parent
    base = study.base.model_copy(
        update={name: folder / value for name in ("source", "corpus") if (value := getattr(study.base, name))}
    )
    paraphrases = None if study.paraphrases is None else folder / study.paraphrases
    return study.model_copy(update={"base": base, "paraphrases": paraphrases})


def ready_studies() -> dict[str, Path]:
    """The studies that ship, by name."""
    return {path.stem: path for path in sorted(shipped("studies").glob(f"*{ENDING}"))}


def find_study(name: str) -> Path:
    """The file of a study.

    Args:
        name: A path that ends in `.toml`, or the name of a study that ships.

    Raises:
        UnknownNameError: There is no such name.
    """
    if name.endswith(ENDING):
        return Path(name)
    ready = ready_studies()
    if name not in ready:
        raise UnknownNameError("study", name, ready, "A file of one's own ends in .toml.")
    return ready[name]


def overridden(study: Study, base: Mapping[str, Any], **others: Any) -> Study:
    """The study with other values where a user gives any (not None, not empty).

    Args:
        study: The study.
        base: Fields of its base; options (`set`) are added to its own.
        others: Fields of the study itself.
    """
    given = {name: value for name, value in base.items() if value not in (None, [], {})}
    if "set" in given:
        given["set"] = {**study.base.set, **given["set"]}
    changes = {name: value for name, value in others.items() if value is not None}
    if "repeats" in changes:
        changes["seeds"] = []
    return study.model_copy(update={"base": study.base.model_copy(update=given), **changes})


def _check_factors(study: Study, path: Path) -> None:
    for name, levels in study.factors.items():
        field = f"factors.{name}"
        try:
            find_factor(name)
        except EvalHarnessError as error:
            raise DataError(str(error), file=path, field=field) from error
        if len(levels) < 2:
            raise DataError("a factor needs at least two levels, the base level first", file=path, field=field)
        if len(set(levels)) < len(levels):
            raise DataError("a level stands twice", file=path, field=field)
