"""The plot of retrieval against answers, as one HTML file that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolbench_eval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolbench_eval.evaluation.solving.curve import Curve, Value

PLACES = ("top left", "bottom right")
"""Where labels stand, in turn: neighbours are often close."""


def curve_page(curve: Curve) -> str:
    """A page with the plot: a point for each retriever, its 95 % intervals as bars both ways.

    Raises:
        UsageError: plotly is not installed.
    """
    try:
        import plotly.graph_objects as go
    except ImportError:
        raise UsageError("the plot needs plotly: pip install 'toolbench-eval[site]'") from None
    points = curve.points
    trace = go.Scatter(
        x=[point.retrieval.value for point in points],
        y=[point.answer.value for point in points],
        text=[point.model for point in points],
        mode="lines+markers+text",
        textposition=[PLACES[at % len(PLACES)] for at in range(len(points))],
        line={"dash": "dot", "width": 1},
        marker={"size": 9},
        error_x=_bars([point.retrieval for point in points]),
        error_y=_bars([point.answer for point in points]),
        hovertemplate="%{text}<br>" + curve.x + " %{x:.4f}<br>" + curve.y + " %{y:.4f}<extra></extra>",
    )
    figure = go.Figure(trace)
    figure.update_layout(
        title=f"{curve.system} on {curve.suite}: what better retrieval is worth",
        xaxis_title=f"{curve.x} ({curve.aggregate})",
        yaxis_title=f"{curve.y} ({curve.aggregate})",
        template="plotly_white",
        margin={"l": 70, "r": 40, "t": 70, "b": 60},
    )
    page: str = figure.to_html(include_plotlyjs=True, full_html=True)
    return page


def _bars(values: Sequence[Value]) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [value.high - value.value for value in values],
        "arrayminus": [value.value - value.low for value in values],
        "thickness": 1,
    }
