"""A check for other programs: JUnit XML, GitHub's step summary and annotations, plain values."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree as Xml

from toolbench_eval.atomic import write_text
from toolbench_eval.comparison.check import Checked
from toolbench_eval.comparison.gate import Gate, Verdict
from toolbench_eval.comparison.render import markdown_table, plain
from toolbench_eval.comparison.report import Row, Table
from toolbench_eval.errors import StorageError

MARKS = {Verdict.PASSED: "✅", Verdict.FAILED: "❌", Verdict.INCONCLUSIVE: "⚠️"}


def as_values(checked: Checked) -> dict[str, object]:
    """The check as plain values, as JSON has them."""
    return {
        "schema_version": 1,
        "verdict": checked.verdict.value,
        "passed": not checked.stopped,
        "comparable": not checked.overruled,
        **asdict(checked),
    }


def rows(checked: Checked) -> list[Row]:
    """The gates as a table."""
    return [
        {"gate": gate.name, "verdict": gate.verdict.value, **_numbers(gate), "reason": gate.reason}
        for gate in checked.gates
    ]


def warnings(checked: Checked) -> list[str]:
    """Objections that were overruled, and notes."""
    forced = [f"NOT COMPARABLE, forced: {reason}" for reason in checked.overruled]
    return [*forced, *(f"note: {note}" for note in checked.notes)]


def write_junit(checked: Checked, path: Path) -> None:
    """Write JUnit XML: a test case for each gate; inconclusive ones that do not stop are skipped.

    Raises:
        StorageError: The file could not be written.
    """
    skipped = [gate for gate in checked.gates if _skipped(gate)]
    counts = {"tests": len(checked.gates), "failures": len(checked.stopped), "skipped": len(skipped), "errors": 0}
    attributes = {"name": "evalharness check", **{name: str(count) for name, count in counts.items()}, "time": "0"}
    suite = Xml.Element("testsuite", attributes)
    for gate in checked.gates:
        place = _xml(f"evalharness.{checked.suite}.{checked.candidate}")
        case = Xml.SubElement(suite, "testcase", {"classname": place, "name": _xml(gate.name), "time": "0"})
        if gate.stops:
            failure = Xml.SubElement(case, "failure", {"message": _xml(gate.reason), "type": gate.verdict.value})
            failure.text = _xml(f"{checked.candidate} against {checked.baseline}: {gate.reason}\n{checked.method}")
        elif _skipped(gate):
            Xml.SubElement(case, "skipped", {"message": _xml(gate.reason)})
    if warned := warnings(checked):
        Xml.SubElement(suite, "system-out").text = _xml("\n".join(warned))
    root = Xml.Element("testsuites")
    root.append(suite)
    Xml.indent(root)
    write_text(path, f"{Xml.tostring(root, encoding='unicode', xml_declaration=True)}\n")


def write_summary(checked: Checked, path: Path) -> None:
    """Write Markdown; to the file that GitHub keeps for a job's summary it is appended.

    Raises:
        StorageError: The file could not be written.
    """
    if str(path) != os.environ.get("GITHUB_STEP_SUMMARY"):
        write_text(path, summary(checked))
        return
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(summary(checked))
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from error


def summary(checked: Checked) -> str:
    """The check as Markdown."""
    shown = [{**row, "": MARKS[gate.verdict]} for row, gate in zip(rows(checked), checked.gates, strict=True)]
    parts = [
        f"### {MARKS[checked.verdict]} evalharness check: {checked.verdict.value}",
        plain(f"{checked.candidate} against {checked.baseline} on {checked.suite}: {checked.method}"),
        *(f"> **{plain(warning)}**" for warning in warnings(checked)),
        markdown_table(Table("", tuple(shown))),
    ]
    return "\n\n".join(parts) + "\n"


def workflow_commands(checked: Checked) -> Iterator[str]:
    """GitHub's workflow commands: an error for each gate that stops, a warning for each inconclusive one."""
    for gate in checked.gates:
        if gate.verdict is not Verdict.PASSED:
            kind = "error" if gate.stops else "warning"
            text = f"{checked.candidate} against {checked.baseline}: {gate.reason}"
            yield f"::{kind} title={_property(f'evalharness check: {gate.name}')}::{_message(text)}"
    for reason in checked.overruled:
        yield f"::warning title=evalharness check::{_message(f'NOT COMPARABLE, forced: {reason}')}"


def _numbers(gate: Gate) -> Row:
    """Those of a quality gate; budgets say theirs in the reason."""
    formats = {"baseline": ".4f", "candidate": ".4f", "delta": "+.4f", "detectable": ".4f"}
    there = "delta" in gate.values
    return {name: f"{gate.values[name]:{form}}" if there else "" for name, form in formats.items()}


def _skipped(gate: Gate) -> bool:
    return gate.verdict is Verdict.INCONCLUSIVE and not gate.stops


def _xml(text: str) -> str:
    """Text without the control characters that XML 1.0 cannot hold."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "�", text)


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
