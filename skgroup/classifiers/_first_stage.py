"""The first of two trainings, which finds out what the second one should look at."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from skgroup._data import SubsetRows, forward
from skgroup.classifiers._task import Task
from skgroup.objectives import MeanLoss
from skgroup.training import Net, as_net

__all__ = ["logits_of", "over_rows_of_X", "train_first_stage"]


def train_first_stage(classifier: Any, task: Task, epochs: float) -> Net:
    """Train by the mean loss with seeds of its own; 0 epochs leave the initial network."""
    first = task.first_stage()
    if epochs == 0:
        module = classifier._build(first)
        return as_net(module, task.n_classes, device=classifier.device)
    return classifier._train(
        first, MeanLoss(first.sample_weight), first.sampler("uniform", classifier.batch_size),
        max_epochs=epochs, stage="identification",
    )  # fmt: skip


def logits_of(net: Net, task: Task) -> torch.Tensor:
    """Outputs for the training rows, in one pass after the training, on the CPU."""
    logits = forward(net.module_.eval(), task.data.rows).cpu()
    if not logits.isfinite().all():
        raise FloatingPointError(
            f"the first training diverged in epoch {len(net.history)}, its outputs are not finite: "
            f"lower `lr` (now {net.lr:g}), scale the inputs, or check the module for overflow."
        )
    return logits


def over_rows_of_X(task: Task, values: NDArray, fill: Any) -> NDArray:
    """`values` of the training rows in the order of X; `fill` for outliers and validation rows."""
    rows = task.data.rows
    if not isinstance(rows, SubsetRows):
        return values
    result = np.full(len(rows.rows), fill, dtype=values.dtype)
    result[rows.index.numpy()] = values
    return result
