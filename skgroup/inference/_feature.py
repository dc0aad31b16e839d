import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from skgroup._sklearn import HasMethods, Interval, StrOptions
from skgroup.clustering._class_models import DENSITIES, PARTITIONS
from skgroup.clustering._k_rules import K_RULES, KRule
from skgroup.clustering._overcluster import KeepRules
from skgroup.exceptions import SettingsWarning
from skgroup.inference._cluster_base import ClusterGroupInferrer
from skgroup.inference._features import FeatureMap
from skgroup.inference._fit_reference import (
    REFERENCE_CONSTRAINTS,
    document_reference,
    fit_reference,
)
from skgroup.inference._group_ids import own_losses
from skgroup.inference._reductions import UMAPReduction, check_reduction, class_axis

__all__ = ["FeatureGroupInferrer"]


@document_reference
class FeatureGroupInferrer(ClusterGroupInferrer):
    """Infer groups by clustering features inside each class.

    Where :class:`GradientGroupInferrer` asks what a row does to a model, this asks what it looks
    like: in its columns, to the last layer of a network, or in the outputs. Notes has the settings
    of published methods.

    Parameters
    ----------
    k : int or None, default=None
        Clusters per class, for "kmeans" and "gmm". None: by `k_rule`.
    features : {"auto", "input", "penultimate", "output"}, default="auto"
        The columns of X, what the last linear layer of the reference receives, or the outputs of
        the reference: logits of a network, probabilities of another classifier. "auto":
        "penultimate" where there is a network (`module`, or one as `reference`), else "input".
    clusterer : {"kmeans", "gmm", "dbscan", "hdbscan"} or scikit-learn clusterer, default="kmeans"
        What clusters the features of a class. An instance is cloned.
    scope : {"class", "global"}, default="class"
        Cluster inside each class, or everything once and cross the clusters with the classes.
    reference : {"auto", "linear"}, net or classifier, default="auto"
        As in :class:`GradientGroupInferrer`. It gives the losses whatever the features are.
    module : torch.nn.Module or callable, default=None
        The reference network, see :class:`skgroup.ERMClassifier`.
    epochs : float, default=None
        Passes of ERM over the data for `module`. None: 1 for "output", which tells groups apart
        early on, else 10.
    scale : {"auto", "rms", "centred_unit", "unit", "none"}, default="auto"
        Scaling of the features, see :func:`skgroup.clustering.fit_scaling`. "auto":
        "centred_unit" for "dbscan" and "hdbscan"; else "unit" for "penultimate", "none" for
        others.
    reduction : {"auto", "pca", "umap", "hardness"} or None, default="auto"
        What reduces the features. "umap" needs ``pip install "skgroup[umap]"``. "hardness", for
        two classes, keeps the coordinate along the difference of the weights that the last layer
        has for them. "auto": "pca", and None for "dbscan" and "hdbscan".
    n_components : int, float or None, default=None
        Dimensions kept by "pca" or "umap", or share of the variance in (0, 1) for "pca". None: 10
        and 2.
    k_rule : {"silhouette", "silhouette_per_class", "cluster_silhouette"}, default="silhouette"
        How `k` is found. "silhouette": as in :class:`GradientGroupInferrer`, the same for all
        classes. "silhouette_per_class": by the same rule for each class alone.
        "cluster_silhouette": for each class the best mean over clusters of the mean silhouette of
        each, so that small ones count as much as large ones; of equal ones the largest k.
    k_max : int, default=8
        The largest `k` tried, from 2 on.
    overcluster : int, default=1
        Parts that every cluster of "kmeans" or "gmm" is split into. A part becomes a group where
        it has a silhouette above 0 and above that of its rows before, a mean loss not below that
        of its cluster, and is not small; the other rows stay in the cluster. 1: no splitting.
    min_subcluster_share : float, default=0.005
        Share of its class below which a part is small.
    min_subcluster_size : int, default=25
        Rows below which it is small; asked of the validation rows too, where `fit` has any.
    eps : float or None, default=0.45
        Radius of "dbscan", as a cosine distance in [0, 2]. None: the best silhouette decides.
    min_samples : int or None, default=60
        Neighbours that make a core point of "dbscan", and smallest cluster of "hdbscan"; less
        for small classes. None: the best silhouette decides.
    min_cluster_share : float, default=0.01
        Clusters with a smaller share of their class are not groups. 0 keeps all.
    small_clusters : {"outlier", "merge"}, default="outlier"
        Set their rows aside as outliers (-1) and cluster the rest again, or join the nearest.
    validation : {"auto", "joint", "assign"}, default="auto"
        How validation rows given to `fit` get their groups, see :class:`GradientGroupInferrer`.
    standardize : bool, default=True
        Whether to standardise the columns of X, as features and for the linear reference.
    {training_parameters}
    {run_parameters}

    Attributes
    ----------
    {group_attributes}
    settings_ : dict
        What was given or chosen for each class, as in :class:`GradientGroupInferrer`.

    Warns
    -----
    SettingsWarning
        If `overcluster` is above 1 and there are no validation rows to ask for a size.

    Notes
    -----
    - FeaSP, the counterpart of GRASP: ``clusterer="dbscan"``; ``eps=None, min_samples=None``
      searches both.
    - George: ``module=net, clusterer="gmm", reduction="umap", k_rule="cluster_silhouette",
      k_max=10, overcluster=5, min_cluster_share=0``, ``epochs`` as for a final model, and
      validation rows. Every row gets a group.
    - The inference of SPARE: ``module=net, features="output", reduction=None,
      k_rule="silhouette_per_class", small_clusters="merge"``.

    `predict` repeats `groups_` on the training rows for "kmeans" and "gmm"; with "umap" only when
    given all of them in the same order, because UMAP lays out other rows anew. Features beyond
    1 GiB are projected at random to 256 dimensions first.

    References
    ----------
    Sohoni, Dunnmon, Angus, Gu, Ré: No subclass left behind: fine-grained robustness in
    coarse-grained classification problems, NeurIPS 2020, arXiv 2011.12945 (George).

    Zeng, Greenewald, Lee, Solomon, Yurochkin: Outlier-robust group inference via gradient space
    clustering, 2022, arXiv 2210.06759 (FeaSP).

    Yang, Gan, Dziugaite, Mirzasoleiman: Identifying spurious biases early in training through the
    lens of simplicity bias, AISTATS 2024, arXiv 2305.18761 (SPARE).

    Examples
    --------
    >>> from sklearn.datasets import make_blobs
    >>> from skgroup import FeatureGroupInferrer
    >>> centers = [[0, 0], [0, 9], [9, 0], [9, 9]]
    >>> X, blobs = make_blobs([90, 10, 10, 90], centers=centers, random_state=0)
    >>> inferrer = FeatureGroupInferrer(random_state=0).fit(X, blobs // 2)
    >>> sorted(inferrer.group_table_["size"].tolist())
    [10, 10, 90, 90]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "k": [Interval(Integral, 1, None, closed="left"), None],
        "features": [StrOptions({"auto", "input", "penultimate", "output"})],
        "clusterer": [StrOptions({*PARTITIONS, *DENSITIES}), HasMethods(["fit", "get_params"])],
        "scope": [StrOptions({"class", "global"})],
        "scale": [StrOptions({"auto", "rms", "centred_unit", "unit", "none"})],
        "reduction": [StrOptions({"auto", "pca", "umap", "hardness"}), None],
        "n_components": [
            Interval(Integral, 1, None, closed="left"), Interval(Real, 0, 1, closed="neither"),
            None,
        ],
        "k_rule": [StrOptions(set(K_RULES))],
        "k_max": [Interval(Integral, 2, None, closed="left")],
        "overcluster": [Interval(Integral, 1, None, closed="left")],
        "min_subcluster_share": [Interval(Real, 0, 1, closed="left")],
        "min_subcluster_size": [Interval(Integral, 0, None, closed="left")],
        "eps": [Interval(Real, 0, None, closed="neither"), None],
        "min_samples": [Interval(Integral, 1, None, closed="left"), None],
        "min_cluster_share": [Interval(Real, 0, 1, closed="left")],
        "small_clusters": [StrOptions({"outlier", "merge"})],
        "validation": [StrOptions({"auto", "joint", "assign"})],
        "n_jobs": [Integral, None],
        **REFERENCE_CONSTRAINTS,
    }  # fmt: skip

    def __init__(
        self, k: int | None = None, *, features: str = "auto", clusterer: Any = "kmeans",
        scope: str = "class", reference: Any = "auto", module: nn.Module | Callable | None = None,
        epochs: float | None = None, scale: str = "auto", reduction: str | None = "auto",
        n_components: float | None = None, k_rule: str = "silhouette", k_max: int = 8,
        overcluster: int = 1, min_subcluster_share: float = 0.005, min_subcluster_size: int = 25,
        eps: float | None = 0.45, min_samples: int | None = 60, min_cluster_share: float = 0.01,
        small_clusters: str = "outlier", validation: str = "auto", standardize: bool = True,
        optimizer: Any = "adam", lr: float = 1e-3, weight_decay: float | None = None,
        batch_size: int = 128, device: Any = "cpu", n_jobs: int | None = None,
        random_state: Any = None, verbose: int = 0,
    ):  # fmt: skip
        self.k = k
        self.features = features
        self.clusterer = clusterer
        self.scope = scope
        self.reference = reference
        self.module = module
        self.epochs = epochs
        self.scale = scale
        self.reduction = reduction
        self.n_components = n_components
        self.k_rule = k_rule
        self.k_max = k_max
        self.overcluster = overcluster
        self.min_subcluster_share = min_subcluster_share
        self.min_subcluster_size = min_subcluster_size
        self.eps = eps
        self.min_samples = min_samples
        self.min_cluster_share = min_cluster_share
        self.small_clusters = small_clusters
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
        scale, reduction, n = self.scale, self._reduction(), self.n_components
        if scale == "auto":
            auto = "unit" if self._features.kind == "penultimate" else "none"
            scale = "centred_unit" if self._is_density() else auto
        embed = {"scale": scale, "combine": "last", "pca": None, "reducer": self._reducer}
        if reduction == "pca":
            embed["pca"] = 10 if n is None else n
        names = "clusterer k eps min_samples min_cluster_share small_clusters"
        cluster = {name: getattr(self, name) for name in names.split()}
        return embed, cluster | {"k_rule": KRule(self.k_rule, self.k_max)}

    def _reduction(self) -> str | None:
        automatic = None if self._is_density() else "pca"
        return automatic if self.reduction == "auto" else self.reduction

    def _fit_reference(self, X: Any, y: NDArray, random_state: Any) -> None:
        self._check_overcluster()
        check_reduction(self.reduction, self.n_components, self.features, len(self.classes_))
        seeds = random_state.randint(np.iinfo(np.int32).max, size=4).tolist()
        kind, hardness = self.features, self.reduction == "hardness"
        self._model = fit_reference(
            self, X, y, seeds, source="head" if kind in ("auto", "penultimate") else None,
            epochs=1 if kind == "output" else 10,
        )  # fmt: skip
        self.reference_ = self._model.model
        del self._model.snapshots[:-1]
        if kind == "auto":
            of_net = hardness or not self._model.is_linear
            kind = "penultimate" if of_net else "input"
        self._features = FeatureMap.fit(
            kind, self._model, X, standardize=self.standardize, seed=seeds[3]
        )
        self._reducer: Any = None
        if self.reduction == "umap":
            self._reducer = UMAPReduction(int(self.n_components or 2))
        elif hardness:
            self._reducer = class_axis(self._model.snapshots[-1], X)

    def _check_overcluster(self) -> None:
        if self.overcluster > 1 and (self.clusterer not in PARTITIONS or self._clusters_jointly()):
            raise ValueError(
                "overcluster splits clusters of 'kmeans' and 'gmm', with validation rows assigned: "
                f"got clusterer={self.clusterer!r} and validation={self.validation!r}. Change "
                "these, or set overcluster=1."
            )

    def _represent(self, X: Any, y: NDArray) -> list[NDArray]:
        return [self._features(X)]

    def _partition(self, X: Any, codes: NDArray, random_state: Any) -> NDArray[np.int64]:
        if self.overcluster == 1:
            return super()._partition(X, codes, random_state)
        warnings.warn(
            "without validation rows (`X_val`, `y_val` of `fit`), overcluster cannot ask how many "
            "of them a part has: small parts may be chance.",
            SettingsWarning,
            stacklevel=4,
        )
        return self._overcluster(X, codes, None, random_state)

    def _partition_both(
        self, X: Any, codes: NDArray, X_val: Any, codes_val: NDArray, random_state: Any
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if self.overcluster == 1:
            return super()._partition_both(X, codes, X_val, codes_val, random_state)
        validation = (self._represent(X_val, codes_val), codes_val)
        clusters = self._overcluster(X, codes, validation, random_state)
        return clusters, self._parts.assign(*validation)[1]

    def _overcluster(
        self, X: Any, codes: NDArray, validation: Any, random_state: Any
    ) -> NDArray[np.int64]:
        snapshots = self._represent(X, codes)
        self._cluster(snapshots, codes, random_state)
        self._parts, clusters = self._parts.split_further(
            (snapshots, codes), own_losses(self._probabilities(X), codes), validation,
            clusterer=self.clusterer, factor=self.overcluster,
            rules=KeepRules(self.min_subcluster_share, self.min_subcluster_size),
            rng=random_state, n_jobs=self.n_jobs,
        )  # fmt: skip
        return clusters
