"""From a model's states of tokens to the vectors of a text and of its parts; runs in the worker."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors.embedding.port import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def pooled(
    states: "NDArray[np.float32]", whole: "NDArray[np.float32]", offsets: Sequence[Span], parts: Sequence[Span]
) -> "NDArray[np.float32]":
    """``whole`` and below it the mean state of each part's tokens, L2-normalised: (1 + parts, dimension).

    ``states`` is (tokens, dimension), ``offsets`` where each token stands in the text. A token counts for the part it
    begins in; special tokens stand nowhere. Without offsets every part has the whole's vector: the
    states of a model that is not pooled by the mean are no vectors of their tokens.
    """
    import numpy as np

    starts = np.array([start if end > start else -1 for start, end in offsets[: len(states)]])
    rows = [whole]
    for start, end in parts:
        within = states[: len(starts)][(starts >= start) & (starts < end)]
        rows.append(within.mean(axis=0) if len(within) else whole)
    stacked = np.stack(rows).astype("<f4")
    normalised: NDArray[np.float32] = stacked / np.maximum(np.linalg.norm(stacked, axis=1, keepdims=True), 1e-12)
    return normalised
