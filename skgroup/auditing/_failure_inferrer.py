"""Groups that a given model fails."""

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from skgroup._sklearn import Interval
from skgroup.auditing._known_logits import KnownLogits, split
from skgroup.inference._gradient import GradientGroupInferrer

__all__ = ["FailureGroupInferrer"]

LEAST_LEAF, LEAF_SHARE = 10, 0.01


class FailureGroupInferrer(GradientGroupInferrer):
    """Infer the groups that a model fails, from its held-out logits, the last columns of X.

    The gradients of a class are clustered as those of any classifier. A row that was assigned by
    its own gradient would choose its group by its own error, and the model would be judged too
    hard there, and all others too well. Therefore a shallow tree learns the clusters of a class
    from the features, and it is the tree that says where a row belongs, those of the fit too. It
    also leaves out what the features do not tell, such as wrong labels.

    Parameters
    ----------
    n_classes : int, default=2
        How many columns of X are logits.
    k : int or None, default=None
        Clusters per class, see :class:`skgroup.GradientGroupInferrer`.
    max_depth : int, default=3
        Depth of the trees.
    n_jobs : int, default=None
        Classes clustered in parallel.
    random_state : int, RandomState instance or None, default=None
        Seed of clusterers and trees.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_classes": [Interval(Integral, 2, None, closed="left")],
        "k": [Interval(Integral, 1, None, closed="left"), None],
        "max_depth": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self, n_classes: int = 2, *, k: int | None = None, max_depth: int = 3,
        n_jobs: int | None = None, random_state: Any = None,
    ):  # fmt: skip
        super().__init__(
            k=k, scale="weighted", noise_neighbors=None, n_jobs=n_jobs, random_state=random_state
        )
        self.n_classes = n_classes
        self.max_depth = max_depth

    def _fit_reference(self, X: Any, y: NDArray, random_state: Any) -> None:
        self._noise, self._sketch, self._sketch_seed = None, None, 0
        self._model = self.reference_ = KnownLogits(X, self.n_classes)

    def _changes_reference(self, X: Any, codes: NDArray, random_state: Any) -> bool:
        return False

    def _partition(self, X: Any, codes: NDArray, random_state: Any) -> NDArray[np.int64]:
        self._trees: list[DecisionTreeClassifier] = []  # what is assigned now are clusters
        clusters = super()._partition(X, codes, random_state)
        features, seed = split(X, self.n_classes)[0], random_state.randint(2**31 - 1)
        self._trees = [
            self._fit_tree(features[codes == c], clusters[codes == c], seed)
            for c in range(len(self.classes_))
        ]
        return self._by_features(X, codes, clusters)

    def _fit_tree(self, features: NDArray, clusters: NDArray, seed: int) -> DecisionTreeClassifier:
        leaf = max(LEAST_LEAF, int(LEAF_SHARE * len(clusters)))
        tree = DecisionTreeClassifier(
            max_depth=self.max_depth, min_samples_leaf=leaf, class_weight="balanced",
            random_state=seed,
        )  # fmt: skip
        kept = clusters >= 0 if (clusters >= 0).any() else slice(None)
        return tree.fit(features[kept], clusters[kept])

    def _by_features(self, X: Any, codes: NDArray, clusters: NDArray) -> NDArray[np.int64]:
        features, result = split(X, self.n_classes)[0], clusters.copy()
        for c, tree in enumerate(self._trees):
            rows = codes == c
            if rows.any():
                result[rows] = tree.predict(features[rows])
        return result

    def _assign(self, X: Any, codes: NDArray) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        embedded, clusters = super()._assign(X, codes)
        return embedded, self._by_features(X, codes, clusters)
