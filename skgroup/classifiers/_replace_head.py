"""The last linear layer of a network: what it receives, and another one in its place."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches
from torch import Tensor, nn

from skgroup._data import Rows, SubsetRows
from skgroup.gradients._forward import evaluating, find_head, head_inputs

__all__ = ["embedding_statistics", "embeddings", "replace_head", "replaceable_head"]

# Statistics need no more than this many embeddings at a time.
ROWS_AT_ONCE = 2**14


def replaceable_head(module: nn.Module, rows: Rows, name: str = "module") -> nn.Linear:
    """The layer whose output is the logits; `name` is what errors call the network."""
    with evaluating(module):
        try:
            head = find_head(module, rows)
        except ValueError as error:
            raise _no_head(name, "the last of its layers to run is no plain nn.Linear") from error
        except RuntimeError as error:
            raise ValueError(
                f"{name} cannot process X: {error}. Check that its input layer fits the shape of X."
            ) from error
    if not head.is_output:
        raise _no_head(name, f"something comes after {head.name!r}, its last linear layer")
    if "weight" not in dict(head.layer.named_parameters(recurse=False)):
        raise _no_head(name, f"the weight of {head.name!r} is computed from other parameters")
    return head.layer


def _no_head(name: str, reason: str) -> ValueError:
    return ValueError(
        f"{name} has no last linear layer that can be replaced: {reason}. Let the network end with "
        "an nn.Linear layer that takes one vector a sample and returns the logits."
    )


def embeddings(module: nn.Module, rows: Rows) -> NDArray[np.float64]:
    """What the last linear layer receives in eval mode, of shape (n_samples, n_inputs)."""
    return head_inputs(module, rows).astype(np.float64)


def embedding_statistics(
    module: nn.Module, rows: Rows, weight: NDArray | None = None
) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation of each embedding, in bounded memory; 1 for a constant one."""
    scaler = StandardScaler()
    for part in gen_batches(len(rows), ROWS_AT_ONCE):
        some = SubsetRows(rows, torch.arange(part.start, part.stop))
        given = None if weight is None else weight[part]
        scaler.partial_fit(embeddings(module, some), sample_weight=given)
    return scaler.mean_, scaler.scale_


def replace_head(layer: nn.Linear, weight: Any, bias: Any) -> None:
    """Give `layer` parameters of its own; others that shared the old ones keep them."""
    old: Tensor = layer.weight
    layer.weight = nn.Parameter(torch.as_tensor(weight).to(old))
    layer.bias = nn.Parameter(torch.as_tensor(bias).to(old))
    layer.out_features = len(bias)
