import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from skgroup._sklearn import HasMethods, Interval, StrOptions
from skgroup.clustering._class_models import DENSITIES, PARTITIONS
from skgroup.clustering._row_scaling import SCALES
from skgroup.exceptions import SettingsWarning
from skgroup.inference._cluster_base import REPRESENTED_BYTES, ClusterGroupInferrer
from skgroup.inference._fit_reference import (
    REFERENCE_CONSTRAINTS,
    document_reference,
    fit_reference,
)
from skgroup.inference._label_noise import LabelNoise
from skgroup.inference._residuals import FLAT_SOURCE, residual_norms, set_lengths

__all__ = ["GradientGroupInferrer"]

# Where not even so many rows fit into memory, their gradients are projected to so many dimensions.
LEAST_ROWS, SKETCH_SIZE = 20_000, 256
OWN_LENGTHS = ("residual", "weighted")  # scalings that look at the reference too


@document_reference
class GradientGroupInferrer(ClusterGroupInferrer):
    """Infer groups by clustering per-sample loss gradients inside each class.

    A reference model is fitted the usual way. Rows that pull its weights in different directions,
    or much harder than the rest of their class, were learnt by different rules: clusters of the
    gradients are groups that the usual training serves differently. No annotation is needed.

    Parameters
    ----------
    k : int or None, default=None
        Clusters per class, for "kmeans" and "gmm". None: for all classes the number from 2 to 8
        with the best silhouette, averaged by size, or a smaller one next to it within 15 % of it.
    clusterer : {"kmeans", "gmm", "dbscan", "hdbscan"} or scikit-learn clusterer, default="kmeans"
        What clusters the gradients of a class. An instance is cloned.
    scope : {"class", "global"}, default="class"
        Cluster inside each class, or everything once and cross the clusters with the classes.
    reference : {"auto", "linear", "ridge"}, net or classifier, default="auto"
        "linear": a linear softmax model trained to convergence. "ridge": the same with a strong
        penalty, on columns that count by how far they set the classes apart (by the root of the
        deviation of the class means over that inside the classes): it learns what is most plain
        and little else. "auto", for 2-D X without `module`: "ridge", but "linear" for "dbscan" and
        "hdbscan", and where ``k=None`` finds more than two clusters; otherwise `module` trained
        for `epochs`. A torch module, skorch net or any classifier with ``predict_proba`` is used
        as it is when fitted, and cloned and fitted when not. For a classifier without gradients,
        residuals times standardised features stand in: exact for linear models.
    {module_parameters}
    source : {"head", "all", "activation"} or "layer:<name>", default="head"
        Gradient with respect to the last linear layer, all parameters, the input of the last
        layer, or the parameters of any named layer. With two classes "activation" has one
        dimension only, the loss, and warns.
    scale : {"auto", "residual", "weighted", "rms", "centred_unit", "unit", "none"}, default="auto"
        Scaling of the gradients. "residual" keeps each direction and sets the length to that of
        the residual, the probabilities minus the one-hot label, so that rows with large inputs
        do not decide. "weighted" does the same after multiplying each entry by the root of the
        absolute weight that it belongs to (that of the intercept taken as 0), so that inputs
        which the reference does not use count less; for a network's ``source="head"``. For the
        others see :func:`skgroup.clustering.fit_scaling`. "auto": "centred_unit" for "dbscan" and
        "hdbscan"; else "residual" for the linear reference and for classifiers, "rms" for
        networks.
    combine : {"concat", "mean", "last", "first"}, default="last"
        How gradients of several epochs are put together, each scaled on its own.
    pca : {"auto"}, int, float or None, default="auto"
        Dimensions kept, or share of the variance in (0, 1). "auto": 10, and None for "dbscan"
        and "hdbscan", whose radius a projection would break.
    eps : float or None, default=0.45
        Radius of "dbscan": a cosine distance in [0, 2] for a `scale` to length 1, else half a
        squared distance. None: chosen for each class by the silhouette, outliers counted as one
        more cluster, from .1 to .7 by .05; for other lengths relative to the spread of the class.
    min_samples : int or None, default=60
        Neighbours that make a core point of "dbscan", and smallest cluster of "hdbscan"; less
        for small classes. None: chosen like `eps`, and together with it, from 5 to 100. See
        :func:`skgroup.clustering.cluster_class`.
    min_cluster_share : float, default=0.01
        Clusters with a smaller share of their class are not groups.
    small_clusters : {"outlier", "merge"}, default="outlier"
        Set their rows aside as outliers and cluster the rest again, or join the nearest cluster.
        The rows that "dbscan" and "hdbscan" leave out are outliers, or join likewise, in
        `predict` too.
    noise_neighbors : int or None, default=40
        With "kmeans" and "gmm", which leave no row out by themselves, and 2-D X of a reference of
        our own: a row is an outlier where at most one in ten of this many nearest rows
        (itself included, columns standardised, a tenth of the rows at most) has its label, if for
        the median row of its cluster more than half have. A wrong label is an exception in its
        cluster; a minority is one as a whole. None: clusters stay as they are.
    validation : {"auto", "joint", "assign"}, default="auto"
        How validation rows given to `fit` get their groups. "joint": their gradients at the
        reference, which is fitted on the training rows, are scaled, reduced and clustered together
        with those of the training rows; a cluster without training rows is no group, and its rows
        get -1. "assign": the training rows are clustered, and `predict` does the rest. "auto":
        "joint" for "dbscan" and "hdbscan", whose clusters are as dense as there are rows, else
        "assign".
    standardize : bool, default=True
        Whether "linear" and "ridge" standardise their inputs.
    {training_parameters}
    {run_parameters}

    Attributes
    ----------
    {group_attributes}
    settings_ : dict
        For each class label the "k", "eps" and "min_samples" of its clusterer, given or chosen;
        None where the clusterer takes none, or none could split the class.

    See Also
    --------
    FeatureGroupInferrer : Clusters features instead of gradients.
    GroupDROClassifier : Trains on the groups that `fit_transform` attaches to X.

    Notes
    -----
    - GRASP: ``clusterer="dbscan", eps=None, min_samples=None`` with ``reference="linear"``, or
      with `module`, `epochs` as for a final model and ``source="all"`` where the network is small.
      FeaSP, on features, is a setting of :class:`FeatureGroupInferrer`. Variants of its authors:
      k-means on the same vectors (``clusterer="kmeans", k=2, scale="centred_unit", pca=None``),
      and DBSCAN with Euclidean distances of the gradients themselves (``scale="none"``).
    - Clusters of early gradients of a network: ``module=net, epochs=1, scale="rms", k=2``, with
      more epochs put together by `combine`, and other layers by `source`.

    In a pipeline the inferrer stands directly before the classifier: scikit-learn's transformers
    drop the groups. `predict` repeats `groups_` for "kmeans" and "gmm"; for density clusterers
    training rows at the border of a cluster may differ.

    Beyond 512 MiB of gradients a sample is clustered and other rows are assigned; beyond 2 ** 26
    values of X a linear reference is fitted on one. It has its share of a class, or 1,000 rows.

    References
    ----------
    Zeng, Greenewald, Lee, Solomon, Yurochkin: Outlier-robust group inference via gradient space
    clustering, 2022, arXiv 2210.06759 (GRASP).

    Examples
    --------
    >>> from skgroup import GradientGroupInferrer
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.metrics import group_agreement
    >>> X, y, true_groups = make_group_blobs(variance=0.01, random_state=0)
    >>> inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
    >>> round(group_agreement(true_groups, inferrer.groups_, y)["within_class_ari"], 2)
    1.0
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "k": [Interval(Integral, 1, None, closed="left"), None],
        "clusterer": [StrOptions({"kmeans", "gmm", *DENSITIES}), HasMethods(["fit", "get_params"])],
        "scope": [StrOptions({"class", "global"})],
        "source": [str],
        "scale": [StrOptions({"auto", "residual", "weighted", *SCALES})],
        "combine": [StrOptions({"concat", "mean", "last", "first"})],
        "pca": [
            StrOptions({"auto"}), Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="neither"), None,
        ],
        "eps": [Interval(Real, 0, None, closed="neither"), None],
        "min_samples": [Interval(Integral, 1, None, closed="left"), None],
        "min_cluster_share": [Interval(Real, 0, 1, closed="left")],
        "small_clusters": [StrOptions({"outlier", "merge"})],
        "noise_neighbors": [Interval(Integral, 2, None, closed="left"), None],
        "validation": [StrOptions({"auto", "joint", "assign"})],
        "n_jobs": [Integral, None],
        **REFERENCE_CONSTRAINTS,
    }  # fmt: skip

    def __init__(
        self, k: int | None = None, *, clusterer: Any = "kmeans", scope: str = "class",
        reference: Any = "auto", module: nn.Module | Callable | None = None,
        epochs: float | None = None, source: str = "head", scale: str = "auto",
        combine: str = "last", pca: Any = "auto", eps: float | None = 0.45,
        min_samples: int | None = 60, min_cluster_share: float = 0.01,
        small_clusters: str = "outlier", noise_neighbors: int | None = 40, validation: str = "auto",
        standardize: bool = True, optimizer: Any = "adam", lr: float = 1e-3,
        weight_decay: float | None = None, batch_size: int = 128, device: Any = "cpu",
        n_jobs: int | None = None, random_state: Any = None, verbose: int = 0,
    ):  # fmt: skip
        self.k = k
        self.clusterer = clusterer
        self.scope = scope
        self.reference = reference
        self.module = module
        self.epochs = epochs
        self.source = source
        self.scale = scale
        self.combine = combine
        self.pca = pca
        self.eps = eps
        self.min_samples = min_samples
        self.min_cluster_share = min_cluster_share
        self.small_clusters = small_clusters
        self.noise_neighbors = noise_neighbors
        self.validation = validation
        self.standardize = standardize
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.device = device
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        scale = "rms" if self._scale() in OWN_LENGTHS else self._scale()
        automatic = None if self._is_density() else 10
        pca = automatic if self.pca == "auto" else self.pca
        embed = {"scale": scale, "combine": self.combine, "pca": pca}
        names = "clusterer k eps min_samples min_cluster_share small_clusters"
        return embed, {name: getattr(self, name) for name in names.split()}

    def _scale(self) -> str:
        if self.scale != "auto":
            return self.scale
        if self._is_density():
            return "centred_unit"
        return "residual" if self._model.is_linear else "rms"

    def _fit_reference(self, X: Any, y: NDArray, random_state: Any) -> None:
        if self.source == "activation" and len(self.classes_) == 2:
            warnings.warn(FLAT_SOURCE, SettingsWarning, stacklevel=4)
        self._noise: LabelNoise | None = None
        seeds = random_state.randint(np.iinfo(np.int32).max, size=4).tolist()
        auto = "linear" if self._is_density() else "ridge"
        self._model = fit_reference(self, X, y, seeds, source=self.source, auto=auto)
        self.reference_ = self._model.model
        if self.combine == "last":
            del self._model.snapshots[:-1]
        self._sketch_seed = seeds[3]
        columns = self._model.n_columns(X, self.source)
        row_bytes = 8 * columns * len(self._model.snapshots)
        too_large = min(len(y), LEAST_ROWS) * row_bytes > REPRESENTED_BYTES
        self._sketch = SKETCH_SIZE if too_large and columns > SKETCH_SIZE else None
        if self.scale == "weighted":  # entries have to stay those of weights
            self._sketch = None
            self._model.root_weights(X, self.source)

    def _represent(self, X: Any, y: NDArray) -> list[NDArray]:
        found = self._model.gradients(X, y, self.source, self._sketch, self._sketch_seed)
        for i, gradients in enumerate(found if self._scale() in OWN_LENGTHS else []):
            if self._scale() == "weighted":
                gradients *= self._model.root_weights(X, self.source, i)
            set_lengths(gradients, residual_norms(self._model.probabilities(X, i), y))
        return found

    def _partition(self, X: Any, codes: NDArray, random_state: Any) -> NDArray[np.int64]:
        clusters = super()._partition(X, codes, random_state)
        if self._changes_reference(X, codes, random_state):
            clusters = super()._partition(X, codes, random_state)
        return self._fit_noise(X, codes, clusters, random_state)

    def _partition_both(
        self, X: Any, codes: NDArray, X_val: Any, codes_val: NDArray, random_state: Any
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows = (X, codes, X_val, codes_val, random_state)
        clusters, of_val = super()._partition_both(*rows)
        if not self._clusters_jointly():
            return clusters, of_val
        if self._changes_reference(X, codes, random_state):
            clusters, of_val = super()._partition_both(*rows)
        clusters = self._fit_noise(X, codes, clusters, random_state)
        return clusters, self._without_noise(X_val, codes_val, of_val)

    def _changes_reference(self, X: Any, codes: NDArray, random_state: Any) -> bool:
        """Fit a linear one where "auto" was "ridge", and what is plain does not halve classes."""
        automatic = isinstance(self.reference, str) and self.reference == "auto"
        if not automatic or self._own_module() or self._is_density() or self.k is not None:
            return False
        if all((found["k"] or 0) <= 2 for found in self.settings_.values()):
            return False
        seeds = random_state.randint(np.iinfo(np.int32).max, size=3).tolist()
        self._model = fit_reference(self, X, codes, seeds)
        self.reference_ = self._model.model
        return True

    def _fit_noise(
        self, X: Any, codes: NDArray, clusters: NDArray, random_state: Any
    ) -> NDArray[np.int64]:
        """Clusters of the training rows, -1 for noise."""
        if self.noise_neighbors and self.clusterer in PARTITIONS and not self._own_module():
            self._noise = LabelNoise.fit(
                X, codes, clusters, n_clusters=self._parts.n_clusters,
                n_neighbors=self.noise_neighbors, random_state=random_state.randint(2**31 - 1),
            )  # fmt: skip
        return self._without_noise(X, codes, clusters)

    def _without_noise(self, X: Any, codes: NDArray, clusters: NDArray) -> NDArray[np.int64]:
        if self._noise is None:
            return clusters
        return np.where(self._noise.flags(X, codes, clusters), -1, clusters)

    def _assign(self, X: Any, codes: NDArray) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        embedded, clusters = super()._assign(X, codes)
        return embedded, self._without_noise(X, codes, clusters)
