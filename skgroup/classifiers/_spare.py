import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from skgroup._sklearn import Interval
from skgroup._tell import tell
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._first_stage import logits_of, over_rows_of_X, train_first_stage
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Task
from skgroup.clustering import class_silhouette, cluster_class
from skgroup.exceptions import UnusableSplitWarning
from skgroup.objectives import MeanLoss
from skgroup.objectives._group_weights import weights_within_groups
from skgroup.samplers import WeightedSampler
from skgroup.training import Net

__all__ = ["SPAREClassifier"]


@document_shared
class SPAREClassifier(BaseGroupClassifier):
    """Separate early and resample: cluster what a network says early on, then draw small clusters.

    A first network is trained briefly by the mean loss. The logits of each class are clustered by
    k-means; in the second training a row of cluster c, of ``n_c`` rows, is drawn with probability
    in proportion to ``n_c ** -v``, every class as often as any other. v is 1 for a class
    with well separated clusters, which are then drawn equally often, and else 2, which favours
    small clusters. No groups are needed: they serve to report and to select the epoch.

    Parameters
    ----------
    identification_epochs : float, default=1
        Epochs of the first training, at least 0. Published: 1 or 2.
    threshold : float, default=0.9
        Mean silhouette of a class, between -1 and 1, from which its v is 1.
    k : int or None, default=None
        Clusters per class, at least 1. None: for each class the number from 2 to 8 with the best
        silhouette, or a smaller one next to it that is nearly as good.
    min_cluster_share : float, default=0.01
        Clusters with a smaller share of their class are joined to the nearest other one, at least
        0 and less than 1. 0 keeps all, as published: with v = 2 a single row far off is then
        drawn more often than all the rest of its class.
    {shared_parameters}

    Attributes
    ----------
    clusters_ : ndarray of shape (n_samples,), int64
        Cluster of each row of `X`, numbered through the classes from 0. -1 for rows that were not
        trained on: outliers, validation rows, and rows without weight.
    powers_ : ndarray of shape (n_classes,), int64
        v of each class.
    silhouettes_ : ndarray of shape (n_classes,)
        Mean silhouette of each class; -1 for one that is a single cluster.
    identification_net_ : skorch net
        The first network.
    {shared_attributes}

    Warns
    -----
    UnusableSplitWarning
        For a class that cannot be split and stays one cluster.

    Notes
    -----
    `sample_weight` counts inside a cluster, not between clusters.

    `callbacks`, `checkpoint_dir` and the progress bar serve both trainings; Ctrl-C during the first
    one leaves its network in `net_`.

    References
    ----------
    Yang, Gan, Dziugaite, Mirzasoleiman: Identifying spurious biases early in training through the
    lens of simplicity bias, AISTATS 2024, arXiv 2305.18761.

    Examples
    --------
    >>> from skgroup import ERMClassifier, SPAREClassifier
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.metrics import worst_group_accuracy
    >>> X, y, groups = make_group_blobs(random_state=0)
    >>> spare = SPAREClassifier(2, max_epochs=20, random_state=0).fit(X, y)
    >>> erm = ERMClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> worst = [worst_group_accuracy(y, model.predict(X), groups) for model in (erm, spare)]
    >>> worst[0] < worst[1]
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "identification_epochs": [Interval(Real, 0, None, closed="left")],
        "threshold": [Interval(Real, -1, 1, closed="both")],
        "k": [Interval(Integral, 1, None, closed="left"), None],
        "min_cluster_share": [Interval(Real, 0, 1, closed="left")],
    }
    _needs_groups: ClassVar[bool] = False

    def __init__(
        self, identification_epochs: float = 1, *, threshold: float = 0.9, k: int | None = None,
        min_cluster_share: float = 0.01, module: Any = None, hidden_layer_sizes: Any = (100, 100),
        standardize: bool = True, optimizer: Any = "adam", lr: float = 1e-3,
        weight_decay: float = 1e-4, max_epochs: int = 50, batch_size: int = 128,
        early_stopping: Any = "auto", validation_fraction: float = 0.2, patience: int = 10,
        scoring: Any = "auto", callbacks: Any = None, checkpoint_dir: Any = None,
        device: Any = "cpu", random_state: Any = None, verbose: int = 0,
    ):  # fmt: skip
        super().__init__(
            module=module, hidden_layer_sizes=hidden_layer_sizes, standardize=standardize,
            optimizer=optimizer, lr=lr, weight_decay=weight_decay, max_epochs=max_epochs,
            batch_size=batch_size, early_stopping=early_stopping,
            validation_fraction=validation_fraction, patience=patience, scoring=scoring,
            callbacks=callbacks, checkpoint_dir=checkpoint_dir, device=device,
            random_state=random_state, verbose=verbose,
        )  # fmt: skip
        self.identification_epochs = identification_epochs
        self.threshold = threshold
        self.k = k
        self.min_cluster_share = min_cluster_share

    def _fit(self, task: Task) -> Net:
        self.identification_net_ = train_first_stage(self, task, self.identification_epochs)
        logits = logits_of(self.identification_net_, task).numpy()
        y = task.data.y.cpu().numpy()
        tell(self.verbose, self, "clusters the outputs of the first network")
        clusters = self._cluster(logits, y, task.seeds.method)
        self.clusters_ = over_rows_of_X(task, clusters, -1)
        self.powers_ = np.where(self.silhouettes_ >= self.threshold, 1, 2)
        weight = weights_within_groups(task.sample_weight, torch.from_numpy(clusters))
        chance = torch.from_numpy(chances(y, clusters, self.powers_))
        sampler = WeightedSampler(chance, self.batch_size, task.seeds.sampler)
        return self._train(task, MeanLoss(weight), sampler)

    def _cluster(self, logits: NDArray, y: NDArray, seed: int) -> NDArray[np.int64]:
        """Cluster of each row; `silhouettes_` says how well each class is separated."""
        clusters, silhouettes, n_clusters = np.empty(len(y), dtype=np.int64), [], 0
        for c, name in enumerate(self.classes_.tolist()):
            Z = logits[y == c]
            found = cluster_class(
                Z, "kmeans", k=self.k, min_cluster_share=self.min_cluster_share,
                small_clusters="merge", random_state=seed,
            )  # fmt: skip
            if not found.usable_:
                text = f"Class {name!r} stays one cluster: {found.reason_}."
                warnings.warn(text, UnusableSplitWarning, stacklevel=6)
            silhouettes.append(class_silhouette(Z, found.labels_, random_state=seed))
            clusters[y == c] = n_clusters + found.labels_
            n_clusters = int(clusters[y == c].max()) + 1
        self.silhouettes_ = np.array(silhouettes)
        return clusters


def chances(y: NDArray, clusters: NDArray, powers: NDArray) -> NDArray[np.float64]:
    """Probability of each row in a draw: that of its class, all the same, times its share of it."""
    raw = np.bincount(clusters)[clusters] ** -powers[y].astype(np.float64)
    return raw / np.bincount(y, weights=raw)[y] / len(powers)
