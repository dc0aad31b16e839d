import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from skgroup._data import forward
from skgroup.training._data import GroupStatistics, TrainingData, group_statistics

__all__ = ["SCORINGS", "BestEpoch", "Validation", "copied_weights"]

SCORINGS = ("worst_group", "group_balanced", "worst_class", "accuracy")


@dataclass(frozen=True)
class Validation:
    """Held-out data and the criterion by which an epoch is better than another.

    Attributes
    ----------
    data : TrainingData
        Validation rows, with their classes and groups.
    scoring : {"worst_group", "group_balanced", "worst_class", "accuracy"} or callable
        A callable gets ``(y_true, y_pred, groups)`` as codes and returns a number; higher is
        better.

    Examples
    --------
    >>> import torch
    >>> from skgroup._data import as_rows
    >>> from skgroup.training import TrainingData, Validation
    >>> logits, y = torch.tensor([[2.0, 0.0], [2.0, 0.0], [0.0, 2.0]]), torch.tensor([0, 1, 1])
    >>> data = TrainingData(as_rows(logits), y, groups=y, n_groups=2)
    >>> (worst, mean), _ = Validation(data, "worst_group").evaluate(torch.nn.Identity())
    >>> worst, mean
    (0.5, 0.75)
    """

    data: TrainingData
    scoring: str | Callable[[np.ndarray, np.ndarray, np.ndarray], float]

    def evaluate(self, module: nn.Module) -> tuple[tuple[float, float], GroupStatistics]:
        """Score `module` in eval mode: (criterion, tie breaker), and the group statistics."""
        data = self.data
        module.eval()
        logits = forward(module, data.rows)
        statistics = group_statistics(logits, data.y, data.groups, data.n_groups)
        if callable(self.scoring):
            codes = [t.cpu().numpy() for t in (data.y, logits.argmax(dim=1), data.groups)]
            return (float(self.scoring(*codes)), statistics.accuracy), statistics
        return self._criterion(logits, statistics), statistics

    def _criterion(self, logits: Any, statistics: GroupStatistics) -> tuple[float, float]:
        if self.scoring == "accuracy":
            return statistics.accuracy, -statistics.loss
        accuracy = statistics.group_accuracy
        if self.scoring == "worst_class":
            y, n_classes = self.data.y, logits.shape[1]
            accuracy = group_statistics(logits, y, y, n_classes).group_accuracy
        worst, balanced = float(np.nanmin(accuracy)), float(np.nanmean(accuracy))
        # The accuracy of a small group moves in large steps: ties go to the better mean.
        return (balanced, worst) if self.scoring == "group_balanced" else (worst, balanced)


def copied_weights(module: nn.Module) -> dict[str, Any]:
    """The state of `module`, which its further training does not change."""
    return {k: v.detach().clone() for k, v in module.state_dict().items()}


class BestEpoch:
    """Keeps the weights of the best epoch and says when to stop waiting for a better one."""

    def __init__(self, patience: int):
        self.patience = patience
        self.score: tuple[float, float] | None = None
        self.weights: dict[str, Any] = {}
        self.waited = 0

    def should_stop(self, score: tuple[float, float], module: nn.Module) -> bool:
        """Take in one more epoch; a score of NaN is worse than any other."""
        score = (_nan_last(score[0]), _nan_last(score[1]))
        if self.score is None or score > self.score:
            self.score, self.waited = score, 0
            self.weights = copied_weights(module)
        else:
            self.waited += 1
        return self.waited >= self.patience

    def restore(self, module: nn.Module) -> None:
        """Give `module` the best weights seen."""
        if self.weights:
            module.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        return {"score": self.score, "weights": self.weights, "waited": self.waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.score, self.weights, self.waited = state["score"], state["weights"], state["waited"]


def _nan_last(score: float) -> float:
    return -math.inf if math.isnan(score) else score
