"""What all group inferrers share. Think twice before adding to it."""

import warnings
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted

from skgroup._groups import GroupedArray, check_same_index
from skgroup._inputs import check_X, check_X_y
from skgroup._sklearn import _fit_context
from skgroup.clustering import ClassClustering, class_silhouette, cluster_class
from skgroup.exceptions import UnusableSplitWarning
from skgroup.inference._embedding import Embedding
from skgroup.inference._group_ids import GroupIds, group_table

__all__ = ["BaseGroupInferrer"]


@dataclass(frozen=True)
class Part:
    """Rows that are clustered together: those of one class, or all."""

    embedding: Embedding
    clustering: ClassClustering

    @classmethod
    def fit(cls, snapshots: list[NDArray], embed: dict, cluster: dict, seed: int) -> "Part":
        embedding = Embedding.fit(snapshots, **embed, random_state=seed)
        Z = embedding.transform(snapshots)
        return cls(embedding, cluster_class(Z, **cluster, random_state=seed))


class BaseGroupInferrer(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Clusters a representation of the rows inside each class.

    A subclass says how rows are represented (`_fit_reference`, `_represent`), what the model
    behind it predicts (`_probabilities`) and how to cluster (`_settings`).
    """

    @abstractmethod
    def _fit_reference(self, X: Any, y: NDArray, random_state: Any) -> None:
        """Fit what rows are represented with."""

    @abstractmethod
    def _represent(self, X: Any, y: NDArray) -> list[NDArray]:
        """Arrays of shape (n_samples, n_columns), one per snapshot."""

    @abstractmethod
    def _probabilities(self, X: Any) -> NDArray:
        """Class probabilities of the reference, of shape (n_samples, n_classes)."""

    @abstractmethod
    def _settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arguments of `Embedding.fit` and of `cluster_class`."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Infer the groups of the training rows.

        Parameters
        ----------
        X : array-like or CSR matrix of shape (n_samples, n_features)
            Training data. With the user's own module or net also an array or tensor with more
            dimensions, a dict of arrays, or a torch Dataset.
        y : array-like of shape (n_samples,)
            Class labels.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X or y has NaN, lengths or indexes differ, there is a single class, or `k` is
            larger than every class.

        Warns
        -----
        UnusableSplitWarning
            If a class cannot be split and stays one group.
        """
        check_same_index(X=X, y=y)
        X, codes, self.classes_ = check_X_y(self, X, y, own_module=self._own_module())
        self._check_k(np.bincount(codes))
        rng = check_random_state(self.random_state)
        self._fit_reference(X, codes, rng)
        snapshots = self._represent(X, codes)
        clusters = self._fit_parts(snapshots, codes, rng)
        by_class = self.scope == "class"
        share = 0.0 if by_class else self.min_cluster_share
        self._ids = GroupIds.fit(codes, clusters, share, merge=self.small_clusters == "merge")
        self.groups_ = self._ids.lookup(codes, clusters)
        self.n_groups_ = self._ids.n_groups
        self.group_table_ = group_table(
            self.groups_, codes, self.classes_, self._ids, self._probabilities(X)
        )
        return self

    def _own_module(self) -> bool:
        return False

    def _check_k(self, sizes: NDArray) -> None:
        k = getattr(self, "k", None)
        if k is not None and k > sizes.max():
            raise ValueError(
                f"k={k} is larger than every class (the largest has {sizes.max()} samples): "
                "choose a smaller k."
            )

    def _fit_parts(self, snapshots: list[NDArray], codes: NDArray, rng: Any) -> NDArray:
        """Cluster each part and return the cluster of every row."""
        self._parts: list[Part] = []
        masks = self._masks(codes)
        seeds = rng.randint(np.iinfo(np.int32).max, size=len(masks)).tolist()
        embed, cluster = self._settings()
        self._parts = Parallel(n_jobs=self.n_jobs)(
            delayed(Part.fit)([rows[mask] for rows in snapshots], embed, cluster, seed)
            for mask, seed in zip(masks, seeds, strict=True)
        )
        clusters = np.empty(len(codes), dtype=np.int64)
        names = [f"class {label!r}" for label in self.classes_.tolist()]
        for mask, part, name in zip(masks, self._parts, names, strict=False):
            clusters[mask] = part.clustering.labels_
            if not part.clustering.usable_:
                what = name if self.scope == "class" else "the data"
                warnings.warn(
                    f"{what} stays one group: {part.clustering.reason_}",
                    UnusableSplitWarning,
                    stacklevel=3,
                )
        return clusters

    def _masks(self, codes: NDArray) -> list[NDArray]:
        if self.scope == "global":
            return [np.ones(len(codes), dtype=bool)]
        return [codes == c for c in range(len(self.classes_))]

    def transform(self, X: Any) -> Any:
        """Return `X`, validated and without groups.

        At prediction time there are no labels, hence no gradients and no groups.

        Parameters
        ----------
        X : like in `fit`
            Samples.

        Returns
        -------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            The same values.
        """
        check_is_fitted(self)
        return check_X(self, X, own_module=self._own_module())

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Infer groups and return `X` with the groups attached.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,)
            Class labels.

        Returns
        -------
        GroupedArray of shape (n_samples, n_features)
            The validated values of `X`; its attribute `groups` is `groups_`.

        Raises
        ------
        TypeError
            If `X` is no array, such as a CSR matrix, and so cannot carry groups.
        """
        if not hasattr(X, "__array__") and not isinstance(X, (list, tuple)):
            raise TypeError(
                f"X is a {type(X).__name__}, which cannot carry groups to the next step: call "
                "`fit(X, y)` and pass `groups=inferrer.groups_` to the classifier."
            )
        groups = self.fit(X, y).groups_
        return GroupedArray(self.transform(X), groups)

    def fit_predict(self, X: Any, y: Any = None) -> NDArray[np.int64]:
        """Infer groups and return them: ``fit(X, y).groups_``.

        Parameters
        ----------
        X, y : like in `fit`

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self.fit(X, y).groups_

    def predict(self, X: Any, y: Any = None) -> NDArray[np.int64]:
        """Assign samples to the fitted groups.

        Parameters
        ----------
        X : like in `fit`
            Samples.
        y : array-like of shape (n_samples,), default=None
            Their class labels. None: the classes that the reference predicts.

        Returns
        -------
        ndarray of shape (n_samples,)
            Group of each sample, -1 for outliers.
        """
        X, codes = self._check_new(X, y)
        Z, clusters = self._assign(X, codes)
        return self._ids.lookup(codes, clusters)

    def embed(self, X: Any, y: Any = None) -> NDArray[np.float64]:
        """Return what is clustered: scaled, combined and reduced representations.

        Parameters
        ----------
        X, y : like in `predict`

        Returns
        -------
        ndarray of shape (n_samples, n_dimensions)
            Each class has its own space (with ``scope="class"``): compare rows of one class only.
            Spaces with fewer dimensions are filled up with zeros.
        """
        return self._assign(*self._check_new(X, y))[0]

    def score(self, X: Any, y: Any = None) -> float:
        """Silhouette of the assignment, averaged over classes by their size.

        Parameters
        ----------
        X, y : like in `predict`

        Returns
        -------
        float
            Between -1 and 1; outliers count as one more cluster, a class with one label as -1;
            at most 5,000 rows a class are used.
        """
        X, codes = self._check_new(X, y)
        Z, clusters = self._assign(X, codes)
        labels = self._ids.lookup(codes, clusters)
        present, sizes = np.unique(codes, return_counts=True)
        scores = [class_silhouette(Z[codes == c], labels[codes == c], random_state=0) for c in present]
        return float(np.average(scores, weights=sizes))

    def _check_new(self, X: Any, y: Any) -> tuple[Any, NDArray]:
        check_is_fitted(self)
        check_same_index(X=X, y=y)
        X = check_X(self, X, own_module=self._own_module())
        if y is None:
            return X, self._probabilities(X).argmax(axis=1)
        y = column_or_1d(y)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y has labels that fit did not see: {unknown.tolist()}. The classes are "
                f"{self.classes_.tolist()}."
            )
        n = X.shape[0] if hasattr(X, "shape") else len(y)
        if n != len(y):
            raise ValueError(f"X has {n} samples, but y has {len(y)}: give one label per sample.")
        return X, np.searchsorted(self.classes_, y)

    def _assign(self, X: Any, codes: NDArray) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Embedding and cluster of each row."""
        snapshots = self._represent(X, codes)
        clusters = np.full(len(codes), -1, dtype=np.int64)
        spaces = []
        for mask, part in zip(self._masks(codes), self._parts, strict=True):
            rows = np.flatnonzero(mask)
            if len(rows):
                Z = part.embedding.transform([matrix[rows] for matrix in snapshots])
                clusters[rows] = part.clustering.predict(Z)
                spaces.append((rows, Z))
        embedded = np.zeros((len(codes), max(Z.shape[1] for _, Z in spaces)))
        for rows, Z in spaces:
            embedded[rows, : Z.shape[1]] = Z
        return embedded, clusters

    def set_output(self, *, transform: Any = None) -> Any:
        """Do nothing: the output is always an array, because a frame could not carry groups.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored.

        Returns
        -------
        self
        """
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
