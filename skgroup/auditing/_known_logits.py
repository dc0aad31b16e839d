"""What a model says of rows that it was not fitted on, and the gradients that follow from it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from skgroup._inputs import feature_statistics
from skgroup.inference._reference import ClassifierReference
from skgroup.inference._residuals import residual_norms, set_lengths

__all__ = ["KnownLogits", "held_out_logits", "join", "split"]

# A forest says 0 and 1 where all its trees agree.
LEAST_PROBABILITY = 1e-3
# Of a model that names a class and no probabilities.
CERTAINTY = 0.95


def held_out_logits(model: Any, X: Any, classes: NDArray) -> NDArray[np.float64]:
    """Log-probabilities of `classes`, made to sum to one over them.

    Of a model without probabilities all that is known is which class it predicts.
    """
    if hasattr(model, "predict_proba"):
        known, found = list(model.classes_), np.asarray(model.predict_proba(X), np.float64)
        p = np.column_stack([found[:, known.index(label)] for label in classes.tolist()])
    else:
        right = np.asarray(model.predict(X))[:, None] == classes[None, :]
        p = np.where(right, CERTAINTY, (1 - CERTAINTY) / (len(classes) - 1))
    p = np.maximum(p, LEAST_PROBABILITY)
    return np.log(p / p.sum(axis=1, keepdims=True))


def join(features: NDArray, logits: NDArray) -> NDArray[np.float64]:
    """One matrix of both, so that whatever picks rows keeps them together."""
    return np.column_stack([features, logits])


def split(X: NDArray, n_classes: int) -> tuple[NDArray, NDArray]:
    """Features and logits of a joined matrix."""
    return X[:, :-n_classes], X[:, -n_classes:]


class KnownLogits(ClassifierReference):
    """Any model whose logits are known: they are the last columns of X.

    Its gradients are those of a linear model with the same probabilities, as for every
    classifier. What counts as the weight of a feature is that in the linear model which comes
    closest to the logits.
    """

    def __init__(self, X: NDArray, n_classes: int):
        self.n_classes = n_classes
        features, logits = split(X, n_classes)
        super().__init__(self, feature_statistics(features))
        self.roots = self._fit_roots(features, logits)

    def probabilities(self, X: NDArray, snapshot: int = -1) -> NDArray[np.float64]:
        """Class probabilities of shape (n_samples, n_classes)."""
        return softmax(split(X, self.n_classes)[1].astype(np.float64), axis=1)

    def gradients(
        self, X: NDArray, y: NDArray, source: str, sketch: int | None, seed: int
    ) -> list[NDArray]:
        """Residuals times standardised features, in the layout of a linear layer's gradient."""
        residual = self.probabilities(X)
        residual[np.arange(len(y)), y] -= 1
        inputs = np.column_stack([self._standardised(split(X, self.n_classes)[0]), np.ones(len(X))])
        return [(residual[:, :, None] * inputs[:, None, :]).reshape(len(X), -1)]

    def n_columns(self, X: NDArray, source: str) -> int:
        """Columns of the gradients."""
        return (len(self.mean) + 1) * self.n_classes

    def root_weights(self, X: NDArray, source: str, snapshot: int = -1) -> NDArray:
        """Roots of the absolute weights, as gradients are laid out; intercepts 0."""
        return self.roots

    def embed(self, X: NDArray, y: NDArray) -> NDArray[np.float64]:
        """Gradients that count by the weights, as long as the residuals."""
        (found,) = self.gradients(X, y, "head", None, 0)
        found *= self.roots
        set_lengths(found, residual_norms(self.probabilities(X), y))
        return found

    def _standardised(self, features: NDArray) -> NDArray[np.float64]:
        return (features.astype(np.float64) - self.mean) / self.scale

    def _fit_roots(self, features: NDArray, logits: NDArray) -> NDArray[np.float64]:
        Z, target = self._standardised(features), logits - logits.mean(axis=1, keepdims=True)
        # A penalty of one row keeps apart the weights of columns that say the same.
        matrix = Z.T @ Z + np.eye(Z.shape[1])
        weights = np.linalg.solve(matrix, Z.T @ (target - target.mean(axis=0)))
        return np.column_stack([np.sqrt(np.abs(weights.T)), np.zeros(len(weights.T))]).ravel()
