"""The assessments of 360°REA: reading remarks from a reply, and who is told of which.

Source: Gao et al., Findings of ACL 2024 (arXiv 2404.05569): self, peer and supervisory assessment; the rating of the
leader by members is in its released code for logic grid puzzles only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from toolbench_eval.agents.genground.markup import one_line
from toolbench_eval.agents.rea360.crew import LEADER, assigned, sections
from toolbench_eval.agents.shared.parsing import folded, spoken
from toolbench_eval.metrics.tools.assessment import rating

View = Literal["self", "peer", "supervisory", "upward"]
VIEWS: tuple[View, ...] = ("self", "peer", "supervisory", "upward")

Routing = Literal["addressee", "shared"]
"""Who is told of a remark: whom it is about, or, as in the paper's code, everybody but its author."""

_OF_MEMBERS = {"self": ("self",), "peer": ("peers?", "colleagues?"), "upward": ("leader",)}
_OF_LEADER = {"self": ("self",), "supervisory": ("members?", "crew", "team")}


@dataclass(frozen=True)
class Remark:
    """What one says of another's work.

    Attributes:
        by: Who says it.
        about: Whose work it is; empty for everybody's.
        view: Of which kind it is.
        text: The rating and the comment.
    """

    by: str
    about: str
    view: View
    text: str

    @property
    def rating(self) -> int | None:
        """The rating from 1 to 7, None where there is none."""
        return rating(self.text)


def read_remarks(reply: str, by: str, roles: Sequence[str], views: Sequence[str]) -> list[Remark]:
    """The remarks in a reply.

    A line that begins with no colleague's name is about everybody; so is a section without such lines. A reply without
    sections is a remark on everybody. What somebody says about themselves among the remarks on others is dropped.

    Args:
        reply: What was written.
        by: Who wrote it; `LEADER` for the leader.
        roles: The members.
        views: Kinds of remarks that were asked for; others are dropped.
    """
    text = spoken(reply)
    found = sections(text, _OF_LEADER if by == LEADER else _OF_MEMBERS)
    others: View = "supervisory" if by == LEADER else "peer"
    remarks: list[Remark] = []
    if not found and text:
        remarks.append(Remark(by, "", others, one_line(text)))
    if said := one_line(found.get("self", "")):
        remarks.append(Remark(by, by, "self", said))
    remarks += _on_others(found.get(others, ""), by, roles, others)
    if said := one_line(found.get("upward", "")):
        remarks.append(Remark(by, LEADER, "upward", said))
    return [remark for remark in remarks if remark.view in views]


def received(remarks: Iterable[Remark], role: str, routing: Routing) -> list[Remark]:
    """The remarks of others that a member is told of; never its own, and none on the leader."""
    told = [remark for remark in remarks if remark.by != role and remark.view in {"peer", "supervisory"}]
    return told if routing == "shared" else [remark for remark in told if remark.about in {role, ""}]


def own(remarks: Iterable[Remark], role: str) -> list[Remark]:
    """What somebody says of their own work."""
    return [remark for remark in remarks if remark.view == "self" and remark.by == role]


def upward(remarks: Iterable[Remark]) -> list[Remark]:
    """What members say of the leader."""
    return [remark for remark in remarks if remark.view == "upward"]


def _on_others(section: str, by: str, roles: Sequence[str], view: View) -> list[Remark]:
    known = {folded(role): role for role in roles}
    lines = list(assigned(section))
    about = [(known.get(folded(line.role)), line) for line in lines]
    if not any(role for role, _ in about):
        return [Remark(by, "", view, one_line(section))] if section else []
    return [
        Remark(by, role or "", view, line.part if role else f"{line.role}: {line.part}")
        for role, line in about
        if role != by
    ]
