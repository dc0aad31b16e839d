import numpy as np
import pytest
from torch import nn

from skgroup import ERMClassifier, LogitCorrectionClassifier

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 4, "batch_size": 32, "random_state": 0,
    "early_stopping": False,
}  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
def test_without_correction_it_is_erm(blobs, weighted):
    weight = np.linspace(0.5, 2, 120) if weighted else None
    ours = LogitCorrectionClassifier(eta=0, **QUICK).fit(blobs.X, blobs.y, sample_weight=weight)
    erm = ERMClassifier(**QUICK).fit(blobs.X, blobs.y, sample_weight=weight)
    np.testing.assert_allclose(ours.predict_proba(blobs.X), erm.predict_proba(blobs.X), atol=1e-6)
    for name, values in erm.history_.items():
        np.testing.assert_allclose(ours.history_[name], values, rtol=0, atol=1e-6)


def test_the_momentum_matters(blobs):
    fits = [
        LogitCorrectionClassifier(momentum=momentum, **QUICK).fit(blobs.X, blobs.y)
        for momentum in (0.0, 0.99)
    ]
    proba = [clf.predict_proba(blobs.X) for clf in fits]
    assert np.abs(proba[0] - proba[1]).max() > 1e-4


def test_only_the_main_network_is_kept(blobs):
    clf = LogitCorrectionClassifier(**QUICK).fit(blobs.X, blobs.y)
    assert type(clf.net_.module_) is nn.Sequential


def test_groups_do_not_enter_the_training(blobs):
    with_groups = LogitCorrectionClassifier(**QUICK).fit(blobs.X, blobs.y, groups=blobs.groups)
    names = np.array(["d", "c", "b", "a"])[blobs.groups]
    for other in (None, names):
        clf = LogitCorrectionClassifier(**QUICK).fit(blobs.X, blobs.y, groups=other)
        np.testing.assert_array_equal(
            clf.predict_proba(blobs.X), with_groups.predict_proba(blobs.X)
        )


def test_integer_weights_are_repeated_rows(blobs):
    weight = np.random.default_rng(0).integers(1, 4, 120)
    rows = np.repeat(np.arange(120), weight)
    settings = QUICK | {"batch_size": 10_000, "max_epochs": 20, "lr": 0.02}
    weighted = LogitCorrectionClassifier(**settings).fit(blobs.X, blobs.y, sample_weight=weight)
    repeated = LogitCorrectionClassifier(**settings).fit(blobs.X[rows], blobs.y[rows])
    np.testing.assert_allclose(
        weighted.predict_proba(blobs.X), repeated.predict_proba(blobs.X), atol=1e-4
    )


def test_a_shortcut_that_the_biased_network_knows_is_not_learnt_again():
    """A column that agrees with 90 % of the labels, and a weaker one that always does."""
    rng = np.random.default_rng(0)
    y = np.arange(600) % 2
    agrees = rng.random(600) < 0.9
    shortcut = 5.0 * np.where(agrees, 2 * y - 1, 1 - 2 * y)
    X = np.column_stack([shortcut, (2 * y - 1) + rng.normal(size=600)]).astype(np.float32)
    settings = QUICK | {"batch_size": 64, "max_epochs": 20, "lr": 0.02}
    erm = ERMClassifier(**settings).fit(X, y)
    clf = LogitCorrectionClassifier(**settings).fit(X, y)
    conflict = [np.mean(model.predict(X[~agrees]) == y[~agrees]) for model in (erm, clf)]
    assert conflict[1] > conflict[0] + 0.2
