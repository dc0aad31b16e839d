import warnings
from numbers import Real
from typing import Any, ClassVar

from skgroup._sklearn import Interval, StrOptions
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Task
from skgroup.exceptions import SettingsWarning
from skgroup.objectives import TailLoss
from skgroup.training import Net

__all__ = ["DOROClassifier"]


@document_shared
class DOROClassifier(BaseGroupClassifier):
    """Train for the largest losses, without groups and without outliers: DORO, CVaR, chi-square.

    Of the m losses of each batch, the ``floor(outlier_share m)`` largest are discarded as
    outliers. On the others it minimises the worst weighted mean: "cvar" is the mean of the
    largest losses, a share `alpha` of them,
    ``min_eta eta + mean((l - eta)_+) / alpha``; "chi2" the largest mean over all weights in a
    chi-square ball, ``min_eta C sqrt(mean((l - eta)_+^2)) + eta`` with
    ``C^2 = 1 + c_factor (1 / alpha - 1)^2``. With ``outlier_share=0`` it is plain CVaR or
    chi-square DRO, with ``alpha=1`` too it is ERM.

    Groups do not enter the training: they serve to report and, with `early_stopping`, to select
    the epoch. Rows with the largest losses may be a small group or mislabelled; the method cannot
    tell, so that `outlier_share` has to be chosen.

    Parameters
    ----------
    alpha : float, default=0.2
        Share of the smallest group that is thought possible, in (0, 1]. A batch can express no
        sharper weights than all on its largest loss: "chi2" with ``c_factor=1`` ends there up to
        ``1 + (1 / alpha - 1)^2`` rows (82 for ``alpha=0.1``), "cvar" up to ``1 / alpha``.
    outlier_share : float, default=0.01
        Share of the largest losses of each batch to discard, in [0, 1). It is rounded down: one
        row of a batch of 128 by default.
    divergence : {"cvar", "chi2"}, default="cvar"
        Which weights are possible.
    c_factor : float, default=1.0
        Factor > 0 of the radius ``(1 / alpha - 1)^2`` of the chi-square ball.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    Warns
    -----
    SettingsWarning
        If `outlier_share` is positive, but less than one row of a batch.

    Notes
    -----
    With `sample_weight`, a row of weight 2 counts as two rows with the same loss.

    References
    ----------
    Hashimoto, Srivastava, Namkoong, Liang: Fairness without demographics in repeated loss
    minimization, ICML 2018, arXiv 1806.08010.
    Levy, Carmon, Duchi, Sidford: Large-scale methods for distributionally robust optimization,
    NeurIPS 2020, arXiv 2010.05893.
    Zhai, Dan, Kolter, Ravikumar: DORO: distributional and outlier robust optimization, ICML 2021,
    arXiv 2106.06142.

    Examples
    --------
    >>> from skgroup import DOROClassifier
    >>> from skgroup.datasets import make_shortcut_classification
    >>> from skgroup.metrics import worst_group_accuracy
    >>> data = {"core_strength": 3.0, "random_state": 0}
    >>> X, y, _ = make_shortcut_classification(label_noise=0.1, **data)
    >>> X_test, y_test, groups = make_shortcut_classification(subset="test", **data)
    >>> settings = {"hidden_layer_sizes": (), "lr": 0.03, "max_epochs": 20, "random_state": 0}
    >>> cvar = DOROClassifier(outlier_share=0, **settings).fit(X, y)
    >>> doro = DOROClassifier(outlier_share=0.2, **settings).fit(X, y)
    >>> worst = [worst_group_accuracy(y_test, clf.predict(X_test), groups) for clf in (cvar, doro)]
    >>> worst[0] < 0.2 < worst[1]  # the wrong labels are not what it trains for
    True
    """

    _needs_groups: ClassVar[bool] = False
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "alpha": [Interval(Real, 0, 1, closed="right")],
        "outlier_share": [Interval(Real, 0, 1, closed="left")],
        "divergence": [StrOptions({"cvar", "chi2"})],
        "c_factor": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self, alpha: float = 0.2, outlier_share: float = 0.01, *, divergence: str = "cvar",
        c_factor: float = 1.0, module: Any = None, hidden_layer_sizes: Any = (100, 100),
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
        self.alpha = alpha
        self.outlier_share = outlier_share
        self.divergence = divergence
        self.c_factor = c_factor

    def _fit(self, task: Task) -> Net:
        sampler = task.sampler("uniform", self.batch_size)
        self._check_outlier_share(max(sampler.lengths))
        objective = TailLoss(
            self.alpha,
            outlier_share=self.outlier_share,
            divergence=self.divergence,
            c_factor=self.c_factor,
            sample_weight=task.sample_weight,
        )
        return self._train(task, objective, sampler)

    def _check_outlier_share(self, n_rows: int) -> None:
        if 0 < round(self.outlier_share * n_rows, 9) < 1:
            warnings.warn(
                f"no row is discarded: outlier_share={self.outlier_share:g} of a batch of {n_rows} "
                "rows is less than one. Raise outlier_share or batch_size, or set outlier_share=0.",
                SettingsWarning,
                stacklevel=6,
            )
