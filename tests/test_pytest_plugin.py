"""The pytest plugin, in a pytest process of its own."""

from __future__ import annotations

import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest
from support.command import ROOT
from support.results import made_result

pytest_plugins = "pytester"

NAME = "toolbench_eval.pytest_plugin"
HEAD = "import pytest\n"


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three results: a baseline, one that is worse and one that is noisier and a little lower."""
    rng = np.random.default_rng(0)
    base, noise = rng.uniform(0.3, 0.7, 80), rng.normal(0, 0.3, 80)
    made_result(pytester.path / "base", {"made/a": base}, model="base")
    made_result(pytester.path / "worse", {"made/a": base - 0.05 + rng.normal(0, 0.01, 80)}, model="worse")
    made_result(pytester.path / "noisy", {"made/a": base + noise - noise.mean() - 0.01}, model="noisy")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return pytester.path


def run(pytester: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(HEAD + source)
    installed = any(point.value == NAME for point in entry_points(group="pytest11"))
    load = () if installed else ("-p", NAME)
    return pytester.runpytest_subprocess(*load, "-p", "no:cacheprovider", "--strict-markers", "-v", *arguments)


@pytest.mark.usefixtures("folder")
def test_verdicts_of_a_marker(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
@pytest.mark.evalharness(candidate="base", baseline="base")
def test_same(): pass

@pytest.mark.evalharness(candidate="worse", baseline="base")
def test_worse(): pass

@pytest.mark.evalharness(candidate="worse", baseline="base", max_drop=0.1)
def test_allowed(): pass

@pytest.mark.evalharness(candidate="noisy", baseline="base")
def test_noisy(): pass

@pytest.mark.evalharness(candidate="noisy", baseline="base", non_inferiority=0.01)
def test_not_shown(): pass
""",
        "--junit-xml=out.xml",
    )
    done.assert_outcomes(passed=3, failed=2, warnings=1)
    done.stdout.fnmatch_lines(
        [
            "*::test_same PASSED*",
            "*::test_worse FAILED*",
            "*::test_allowed PASSED*",
            "*::test_noisy PASSED*",
            "*::test_not_shown FAILED*",
            "evalharness: worse fails against base: nDCG@10 made/a: a drop of 0.0*; p 0.0001",
            "*evalharness: inconclusive: noisy against base, lower by 0.0100, which may be noise*",
        ]
    )
    done.stdout.no_fnmatch_line("*pytest_plugin.py:*Failed*")  # the reason, no traceback
    assert 'name="evalharness" value="passed: base' in (pytester.path / "out.xml").read_text()


@pytest.mark.usefixtures("folder")
def test_the_body_runs_first_and_a_failing_one_is_reported_as_itself(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
import shutil

@pytest.mark.evalharness(candidate="made_here", baseline="base")
def test_makes_it(): shutil.copytree("base", "made_here")

@pytest.mark.evalharness(candidate="nowhere", baseline="base")
def test_own_failure(): assert 1 == 2
""",
    )
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*assert 1 == 2*"])
    done.stdout.no_fnmatch_line("*no such result*")


@pytest.mark.usefixtures("folder")
def test_wrong_markers_say_what_is_wrong(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
@pytest.mark.evalharness(candidate="base", baseline="base", max_dorp=0.1)
def test_typo(): pass

@pytest.mark.evalharness("base", "base")
def test_places(): pass

@pytest.mark.evalharness(candidate="nowhere", baseline="base")
def test_nowhere(): pass
""",
    )
    done.assert_outcomes(failed=3)
    done.stdout.fnmatch_lines(
        [
            "evalharness: unknown option of the marker 'max_dorp'. Did you mean max_drop*",
            "evalharness: write @pytest.mark.evalharness(candidate=..., baseline=...), all by name",
            "evalharness: *nowhere: no such result file or folder",
        ]
    )
    done.stdout.no_fnmatch_line("*During handling*")


@pytest.mark.usefixtures("folder")
def test_several_markers_gate_one_test(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
@pytest.mark.evalharness(candidate="base", baseline="base")
@pytest.mark.evalharness(candidate="worse", baseline="base")
def test_both(): pass
""",
    )
    done.assert_outcomes(failed=1)


@pytest.mark.usefixtures("folder")
def test_the_marker_is_listed_and_nothing_heavy_is_loaded(pytester: pytest.Pytester) -> None:
    source = "import sys\ndef test_light(): assert not {'numpy', 'pydantic', 'pyarrow'} & sys.modules.keys()\n"
    run(pytester, source).assert_outcomes(passed=1)
    run(pytester, source, "--markers").stdout.fnmatch_lines(["@pytest.mark.evalharness(candidate, baseline, *"])


def test_the_package_declares_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"evalharness": NAME}
