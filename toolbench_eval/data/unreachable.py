"""Labels that name documents which the corpus lacks: no ranking can find those."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from toolbench_eval.data.ids import positions_of
from toolbench_eval.data.qrels import Qrels


def unreachable(judgments: Sequence[Qrels], ids: pa.LargeStringArray) -> list[int]:
    """How many labels name no document of a corpus.

    Args:
        judgments: Labels of the splits that search the corpus; one look-up serves them all.
        ids: Ids of its documents.

    Returns:
        A number for each of the judgments.
    """
    lacking = positions_of(pa.concat_arrays([qrels.doc_ids for qrels in judgments]), ids) < 0
    parts = np.split(lacking, np.cumsum([len(qrels.doc_ids) for qrels in judgments])[:-1])
    return [int(part[qrels.documents].sum()) for part, qrels in zip(parts, judgments, strict=True)]
