"""How stable groups are, and whether chance explains them: figures, table and text."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup._optional import optional

__all__ = ["Stability"]


@dataclass(frozen=True, eq=False)
class Stability:
    """Stability of inferred groups, made by :func:`stability`.

    ``print`` shows sentences.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Class labels.
    class_sizes : ndarray of shape (n_classes,)
        Rows of each class.
    subsample : float
        Share of the rows that each refit on a subsample saw.
    class_ari : ndarray of shape (n_resamples, n_classes)
        Adjusted Rand index inside each class, between the groups and those of a refit on a
        subsample.
    pair_class_ari : ndarray of shape (n_resamples * (n_resamples - 1) / 2, n_classes)
        The same between any two of these refits.
    seed_class_ari : ndarray of shape (n_seeds, n_classes)
        The same between the groups and those of a refit on all rows with another seed.
    n_groups : ndarray of shape (n_resamples,)
        Groups of each refit on a subsample.
    seed_n_groups : ndarray of shape (n_seeds,)
        Groups of each refit with another seed.
    silhouettes : ndarray of shape (n_classes,)
        Silhouette of the clusters of each class. NaN where there was nothing to test: the class
        is one group, or the inferrer does not cluster.
    label_p_value : float
        Of the null that X says nothing of the labels; NaN where nothing was tested.
    p_values : ndarray of shape (n_classes,)
        Of the null that the rows of each class are one Gaussian cloud. NaN as above, and where X
        is not an array or frame of numbers.
    gap_p_values : ndarray of shape (n_classes,)
        Of the null that there is no gap between neighbouring clusters; NaN as above.

    Examples
    --------
    >>> from skgroup import GradientGroupInferrer
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.inspection import stability
    >>> X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    >>> inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
    >>> found = stability(inferrer, X, y, n_resamples=3, n_seeds=1, random_state=0)
    >>> found.mean_ari, found.p_value, found.n_groups
    (1.0, 0.01, array([4, 4, 4]))
    """

    classes: NDArray
    class_sizes: NDArray[np.int64]
    subsample: float
    class_ari: NDArray[np.float64]
    pair_class_ari: NDArray[np.float64]
    seed_class_ari: NDArray[np.float64]
    n_groups: NDArray[np.int64]
    seed_n_groups: NDArray[np.int64]
    silhouettes: NDArray[np.float64]
    label_p_value: float
    p_values: NDArray[np.float64]
    gap_p_values: NDArray[np.float64]

    @property
    def ari(self) -> NDArray[np.float64]:
        """Within-class ARI of each refit on a subsample."""
        return self._over_classes(self.class_ari)

    @property
    def pair_ari(self) -> NDArray[np.float64]:
        """Within-class ARI of any two of these refits."""
        return self._over_classes(self.pair_class_ari)

    @property
    def seed_ari(self) -> NDArray[np.float64]:
        """Within-class ARI of each refit with another seed."""
        return self._over_classes(self.seed_class_ari)

    @property
    def mean_ari(self) -> float:
        """Mean of `ari`."""
        return float(self.ari.mean())

    @property
    def std_ari(self) -> float:
        """Standard deviation of `ari`."""
        return float(self.ari.std())

    @property
    def p_value(self) -> float:
        """The largest of `p_values`, NaN where no class was tested."""
        return _largest(self.p_values)

    @property
    def gap_p_value(self) -> float:
        """The largest of `gap_p_values`, NaN where no class was tested."""
        return _largest(self.gap_p_values)

    def _over_classes(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values @ self.class_sizes / self.class_sizes.sum()

    def to_frame(self) -> Any:
        """A pandas DataFrame with one row a class.

        Returns
        -------
        DataFrame
            Columns "class", "size", "mean_ari", "std_ari", "pair_ari", "seed_ari" (means),
            "silhouette", "p_value" and "gap_p_value".
        """
        pd = optional("pandas", "to_frame", "dataframe")
        return pd.DataFrame(
            {
                "class": self.classes,
                "size": self.class_sizes,
                "mean_ari": self.class_ari.mean(axis=0),
                "std_ari": self.class_ari.std(axis=0),
                "pair_ari": _mean(self.pair_class_ari),
                "seed_ari": _mean(self.seed_class_ari),
                "silhouette": self.silhouettes,
                "p_value": self.p_values,
                "gap_p_value": self.gap_p_values,
            }
        )

    def __str__(self) -> str:
        others = [("between two refits", self.pair_ari), ("with other seeds", self.seed_ari)]
        told = ", ".join(f"{name} {ari.mean():.2f}" for name, ari in others if len(ari))
        n_groups = np.unique(self.n_groups)
        found = f"{n_groups[0]} to {n_groups[-1]}" if len(n_groups) > 1 else str(n_groups[0])
        n = len(self.ari)
        text = (
            f"Within-class ARI with {'1 refit' if n == 1 else f'{n} refits'} on "
            f"{100 * self.subsample:.0f} % of the rows: {self.mean_ari:.2f} (sd "
            f"{self.std_ari:.2f}){f'; {told}' if told else ''}. Groups in a refit: {found}."
        )
        if not np.isnan(self.label_p_value):
            text += f" p {self.label_p_value:.2f} (X says nothing of y)."
        return "\n".join([text, *map(self._class_text, range(len(self.classes)))])

    def _class_text(self, c: int) -> str:
        text = f"Class {self.classes[[c]].tolist()[0]!r}: ARI {self.class_ari[:, c].mean():.2f}"
        if np.isnan(self.silhouettes[c]):
            return f"{text}, not tested."
        nulls = {"one cloud": self.p_values, "no gap": self.gap_p_values}
        tests = [f"p {p[c]:.2f} ({name})" for name, p in nulls.items() if not np.isnan(p[c])]
        return f"{text}, silhouette {self.silhouettes[c]:.2f}, {', '.join(tests)}."


def _largest(values: NDArray[np.float64]) -> float:
    tested = values[~np.isnan(values)]
    return float(tested.max()) if len(tested) else float("nan")


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the rows, NaN without any."""
    return values.mean(axis=0) if len(values) else np.full(values.shape[1], np.nan)
