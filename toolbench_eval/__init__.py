"""Evaluation harness for tool retrieval, instructed retrieval and tool-using agents."""

__version__ = "0.1.0"
