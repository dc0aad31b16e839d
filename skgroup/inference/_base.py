"""What all group inferrers share. Think twice before adding to it."""

import warnings
from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skgroup._grouped_array import GroupedArray
from skgroup._groups import check_same_index
from skgroup._inputs import check_X, check_X_y, forget_fit, known_codes, n_rows_of
from skgroup._sklearn import _fit_context
from skgroup._tell import tell
from skgroup.clustering import class_silhouette
from skgroup.exceptions import UnusableSplitWarning
from skgroup.inference._fit_reference import fit_reference
from skgroup.inference._group_ids import GroupIds, group_table, losses_and_errors
from skgroup.inference._row_blocks import in_blocks
from skgroup.inference._tell_groups import tell_groups

__all__ = ["BaseGroupInferrer"]


class BaseGroupInferrer(
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,  # type: ignore[call-arg]
):
    """Splits the rows of each class, and numbers the parts.

    A subclass says how the training rows are split (`_partition`), where other rows belong
    (`_assign`), how the parts are numbered (`_number`), and why a class stayed one group
    (`_unsplit`). The model behind it is the reference that its parameters ask for, unless it has
    one of its own (`_fit_reference`, `_probabilities`, `_own_module`).
    """

    verbose: int = 0  # of a subclass that has no such parameter

    def _fit_reference(self, X: Any, y: NDArray, random_state: Any) -> None:
        """Fit what rows are told apart with."""
        seeds = random_state.randint(np.iinfo(np.int32).max, size=3).tolist()
        self._model = fit_reference(self, X, y, seeds)
        self.reference_ = self._model.model

    @abstractmethod
    def _partition(self, X: Any, codes: NDArray, random_state: Any) -> NDArray[np.int64]:
        """Cluster of each training row, -1 for outliers. Classes may share clusters."""

    def _partition_both(
        self, X: Any, codes: NDArray, X_val: Any, codes_val: NDArray, random_state: Any
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Clusters of the training rows and of the validation rows."""
        clusters = self._partition(X, codes, random_state)
        return clusters, self._clusters(X_val, codes_val)

    @abstractmethod
    def _assign(self, X: Any, codes: NDArray) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Embedding and cluster of each row."""

    def _probabilities(self, X: Any) -> NDArray:
        """Class probabilities of the reference, of shape (n_samples, n_classes)."""
        return self._model.probabilities(X)

    def _clusters(self, X: Any, codes: NDArray) -> NDArray[np.int64]:
        """Cluster of each row."""
        n_jobs = getattr(self, "n_jobs", None)
        return in_blocks(lambda *rows: self._assign(*rows)[1], X, codes, n_jobs=n_jobs)

    @abstractmethod
    def _number(self, codes: NDArray, clusters: NDArray) -> GroupIds:
        """Ids of the pairs of class and cluster."""

    @abstractmethod
    def _unsplit(self) -> list[tuple[str, str]]:
        """What stays one group although a split was asked for, and why."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, X_val=None, y_val=None):
        """Infer the groups of the training rows.

        Parameters
        ----------
        X : array-like or CSR matrix of shape (n_samples, n_features)
            Training data. With the user's own module or net also an array or tensor with more
            dimensions, a dict of arrays, or a torch Dataset.
        y : array-like of shape (n_samples,)
            Class labels.
        X_val, y_val : like X and y, default=None
            Validation rows, both or none. They get the groups `groups_val_`, and never change
            the reference.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X or y has NaN, lengths or indexes differ, there is a single class, `k` is larger
            than every class, or `y_val` has a class that y does not have.

        Warns
        -----
        UnusableSplitWarning
            If a class cannot be split and stays one group.
        """
        check_same_index(X=X, y=y)
        forget_fit(self)
        X, codes, self.classes_ = check_X_y(self, X, y, own_module=self._own_module())
        validation = self._check_validation(X_val, y_val)
        self._check_sizes(np.bincount(codes))
        rng = check_random_state(self.random_state)
        tell(self.verbose, self, f"reads {len(codes)} rows of {len(self.classes_)} classes")
        self._fit_reference(X, codes, rng)
        tell(self.verbose, self, "splits the classes")
        if validation is None:
            clusters = self._partition(X, codes, rng)
        else:
            clusters, clusters_val = self._partition_both(X, codes, *validation, rng)
        self._ids = self._number(codes, clusters)
        for name, reason in self._unsplit():
            warnings.warn(f"{name} stays one group: {reason}", UnusableSplitWarning, stacklevel=3)
        self.groups_ = self._ids.lookup(codes, clusters)
        self.n_groups_ = self._ids.n_groups
        if validation is not None:
            self.groups_val_ = self._ids.lookup(validation[1], clusters_val)
        known = in_blocks(lambda rows, y: losses_and_errors(self._probabilities(rows), y), X, codes)
        self.group_table_ = group_table(self.groups_, codes, self.classes_, self._ids, known)
        tell_groups(self)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "group_table_")  # which comes last

    def _own_module(self) -> bool:
        """Whether a model of the user reads X, which may then be more than a 2-D array."""
        return self.module is not None or not isinstance(self.reference, str)

    def _check_sizes(self, sizes: NDArray) -> None:
        """Raise where classes of these sizes cannot be split as asked."""

    def _check_validation(self, X: Any, y: Any) -> tuple[Any, NDArray] | None:
        if X is None and y is None:
            return None
        if X is None or y is None:
            given, missing = ("y_val", "X_val") if X is None else ("X_val", "y_val")
            raise ValueError(f"{given} was given without {missing}: pass both, or none.")
        try:
            return self._check_rows(X, y)
        except ValueError as error:
            raise type(error)(f"In X_val and y_val: {error}") from error

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
            dense = ", or make it dense (`sparse_output=False`)" if hasattr(X, "tocsr") else ""
            raise TypeError(
                f"X is a {type(X).__name__}, which cannot carry groups to the next step: call "
                f"`fit(X, y)` and pass `groups=inferrer.groups_` to the classifier{dense}."
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
        return self._ids.lookup(codes, self._clusters(X, codes))

    def embed(self, X: Any, y: Any = None) -> NDArray[np.float64]:
        """Return what rows are told apart by: scaled, combined and reduced representations.

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
        scores = [
            class_silhouette(Z[codes == c], labels[codes == c], random_state=0) for c in present
        ]
        return float(np.average(scores, weights=sizes))

    def _check_new(self, X: Any, y: Any) -> tuple[Any, NDArray]:
        check_is_fitted(self)
        return self._check_rows(X, y)

    def _check_rows(self, X: Any, y: Any) -> tuple[Any, NDArray]:
        check_same_index(X=X, y=y)
        X = check_X(self, X, own_module=self._own_module())
        if y is None:
            return X, in_blocks(lambda rows: self._probabilities(rows).argmax(axis=1), X)
        return X, known_codes(y, self.classes_, n_rows_of(X))

    def set_output(self, *, transform: Any = None) -> Any:
        """Do nothing: the output is always an array, because a frame could not carry groups.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored.
        """
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
