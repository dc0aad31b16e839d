import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from skgroup._sklearn import HasMethods, Interval, StrOptions
from skgroup.inference._cluster_base import ClusterGroupInferrer
from skgroup.inference._fit_reference import REFERENCE_CONSTRAINTS, fit_reference
from skgroup.inference._residuals import residual_norms, set_lengths

__all__ = ["GradientGroupInferrer"]

# Gradients of all snapshots beyond this many bytes are projected to SKETCH_SIZE dimensions each.
GRADIENT_BYTES = 2**30
SKETCH_SIZE = 256
DENSITY = ("dbscan", "hdbscan")


class GradientGroupInferrer(ClusterGroupInferrer):
    """Infer groups by clustering per-sample loss gradients inside each class.

    A reference model is fitted the usual way. Rows that pull its weights in different directions,
    or much harder than the rest of their class, were learnt by different rules: clusters of the
    gradients are groups that the usual training serves differently. No annotation is needed.

    Parameters
    ----------
    k : int or None, default=None
        Clusters per class, for "kmeans" and "gmm". None: the number from 2 to 8 with the
        best silhouette, averaged over classes by their size, or a smaller one next to it within
        15 % of the best; the same for all classes.
    clusterer : {"kmeans", "gmm", "dbscan", "hdbscan"} or scikit-learn clusterer, default="kmeans"
        What clusters the gradients of a class. An instance is cloned.
    scope : {"class", "global"}, default="class"
        Cluster inside each class, or everything once and cross the clusters with the classes.
    reference : {"auto", "linear"}, net or classifier, default="auto"
        "linear": a linear softmax model trained to convergence. "auto": the same for 2-D X
        without `module`, otherwise `module` trained for `epochs`. A torch module, skorch net or
        any classifier with ``predict_proba`` is used as it is when fitted, and cloned and fitted
        when not. For a classifier without gradients, residuals times standardised features
        stand in: exact for linear models, a surrogate for others.
    module : torch.nn.Module or callable, default=None
        The reference network, see :class:`skgroup.ERMClassifier`.
    epochs : float, default=None
        Passes of ERM over the data for `module`; fractions stop inside an epoch. None: 1. A
        reference that was trained for long has fitted the minority too, and no longer shows it.
    source : {"head", "all", "activation"} or "layer:<name>", default="head"
        Gradient with respect to the last linear layer, all parameters, the input of the last
        layer, or the parameters of any named layer. With two classes "activation" has one
        dimension only, the loss, and warns.
    scale : {"auto", "residual", "rms", "centred_unit", "unit", "none"}, default="auto"
        Scaling of the gradients. "residual" keeps each direction and sets the length to that of
        the residual, the probabilities minus the one-hot label, so that rows with large inputs
        do not decide; for the others see :func:`skgroup.clustering.fit_scaling`. "auto":
        "centred_unit" for "dbscan" and "hdbscan"; else "residual" for the linear reference and
        for classifiers, "rms" for networks.
    combine : {"concat", "mean", "last", "first"}, default="concat"
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
    validation : {"auto", "joint", "assign"}, default="auto"
        How validation rows given to `fit` get their groups. "joint": their gradients at the
        reference, which is fitted on the training rows, are scaled, reduced and clustered together
        with those of the training rows; a cluster without training rows is no group, and its rows
        get -1. "assign": the training rows are clustered, and `predict` does the rest. "auto":
        "joint" for "dbscan" and "hdbscan", whose clusters are as dense as there are rows, else
        "assign".
    standardize : bool, default=True
        Whether the linear reference standardises its inputs.
    optimizer : {"adam", "adamw", "sgd"} or callable, default="adam"
        Optimiser of `module`.
    lr : float, default=1e-3
        Its learning rate.
    weight_decay : float, default=0.01
        L2 penalty of the reference. Without any, a linear model that separates the classes has
        no residuals left to look at.
    batch_size : int, default=128
        Rows per step of `module`.
    device : str or torch.device, default="cpu"
        Where the reference lives.
    n_jobs : int, default=None
        Classes clustered in parallel, through joblib.
    random_state : int, RandomState instance or None, default=None
        Seed of weights, batches, projections and clusterers.
    verbose : int, default=0
        1 shows the progress of `module`.

    Attributes
    ----------
    groups_ : ndarray of shape (n_samples,)
        Group of each training row: consecutive ids, each inside one class, and -1 for outliers.
    groups_val_ : ndarray of shape (n_validation_samples,)
        Groups of the validation rows, where `fit` was given any.
    n_groups_ : int
        Number of groups, outliers not counted.
    group_table_ : dict of ndarray
        Columns "group", "class", "cluster", "size", "mean_loss" and "error_rate" (of the
        reference); outliers have one row a class. ``pandas.DataFrame(group_table_)`` shows it.
    settings_ : dict
        For each class label the "k", "eps" and "min_samples" of its clusterer, given or chosen;
        None where the clusterer takes none, or none could split the class.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    reference_ : skorch net or classifier
        The reference model.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Feature names, when X is a DataFrame with string names.

    See Also
    --------
    FeatureGroupInferrer : Clusters features instead of gradients.
    GroupDROClassifier : Trains on the groups that `fit_transform` attaches to X.

    Notes
    -----
    - GRASP: ``clusterer="dbscan", eps=None, min_samples=None`` with ``reference="linear"``, or
      with `module`, `epochs` as for a final model, ``combine="last"``, and ``source="all"`` where
      the network is small. Its counterpart on features, FeaSP, is a setting of
      :class:`FeatureGroupInferrer`. Variants of its authors: k-means on the same vectors
      (``clusterer="kmeans", k=2, scale="centred_unit", pca=None``), and DBSCAN with Euclidean
      distances of the gradients themselves (``scale="none"``).
    - Clusters of early gradients of a network: ``module=net, epochs=1, scale="rms", k=2``, with
      more epochs put together by `combine`, and other layers by `source`.

    In a pipeline the inferrer stands directly before the classifier: scikit-learn's own
    transformers drop the groups. `predict` repeats `groups_` on the training rows for "kmeans"
    and "gmm"; for density clusterers rows at the border of a cluster may differ.

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
        "clusterer": [StrOptions({"kmeans", "gmm", *DENSITY}), HasMethods(["fit", "get_params"])],
        "scope": [StrOptions({"class", "global"})],
        "source": [str],
        "scale": [StrOptions({"auto", "residual", "rms", "centred_unit", "unit", "none"})],
        "combine": [StrOptions({"concat", "mean", "last", "first"})],
        "pca": [
            StrOptions({"auto"}), Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="neither"), None,
        ],
        "eps": [Interval(Real, 0, None, closed="neither"), None],
        "min_samples": [Interval(Integral, 1, None, closed="left"), None],
        "min_cluster_share": [Interval(Real, 0, 1, closed="left")],
        "small_clusters": [StrOptions({"outlier", "merge"})],
        "validation": [StrOptions({"auto", "joint", "assign"})],
        "n_jobs": [Integral, None],
        **REFERENCE_CONSTRAINTS,
    }  # fmt: skip

    def __init__(
        self, k: int | None = None, *, clusterer: Any = "kmeans", scope: str = "class",
        reference: Any = "auto", module: nn.Module | Callable | None = None,
        epochs: float | None = None, source: str = "head", scale: str = "auto",
        combine: str = "concat", pca: Any = "auto", eps: float | None = 0.45,
        min_samples: int | None = 60, min_cluster_share: float = 0.01,
        small_clusters: str = "outlier", validation: str = "auto",
        standardize: bool = True, optimizer: Any = "adam", lr: float = 1e-3,
        weight_decay: float = 0.01, batch_size: int = 128, device: Any = "cpu",
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
        density = isinstance(self.clusterer, str) and self.clusterer in DENSITY
        scale, pca = self._scale(), self.pca
        embed = {
            "scale": "rms" if scale == "residual" else scale,
            "combine": self.combine,
            "pca": (None if density else 10) if pca == "auto" else pca,
        }
        names = "clusterer k eps min_samples min_cluster_share small_clusters"
        return embed, {name: getattr(self, name) for name in names.split()}

    def _scale(self) -> str:
        if self.scale != "auto":
            return self.scale
        if isinstance(self.clusterer, str) and self.clusterer in DENSITY:
            return "centred_unit"
        return "residual" if self._model.is_linear else "rms"

    def _fit_reference(self, X: Any, y: NDArray, random_state: Any) -> None:
        self._warn_of_flat_source()
        seeds = random_state.randint(np.iinfo(np.int32).max, size=4).tolist()
        self._model = fit_reference(self, X, y, seeds, source=self.source)
        self.reference_ = self._model.model
        self._sketch_seed = seeds[3]
        columns = self._model.n_columns(X, self.source)
        too_large = 4 * len(y) * columns * len(self._model.snapshots) > GRADIENT_BYTES
        self._sketch = SKETCH_SIZE if too_large and columns > SKETCH_SIZE else None

    def _warn_of_flat_source(self) -> None:
        if self.source == "activation" and len(self.classes_) == 2:
            warnings.warn(
                "with two classes, gradients of source='activation' all lie on one line, so that "
                "the groups only tell small losses from large ones: source='head' keeps the "
                "features.",
                stacklevel=5,
            )

    def _represent(self, X: Any, y: NDArray) -> list[NDArray]:
        found = self._model.gradients(X, y, self.source, self._sketch, self._sketch_seed)
        if self._scale() == "residual":
            for i, gradients in enumerate(found):
                set_lengths(gradients, residual_norms(self._model.probabilities(X, i), y))
        return found
