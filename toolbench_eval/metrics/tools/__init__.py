"""Measures of tool use as pure functions of calls, traces and verdicts: no files, no models, no tasks."""
