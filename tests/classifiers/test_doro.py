import warnings

import numpy as np
import pytest

from skgroup import DOROClassifier, ERMClassifier
from skgroup.classifiers._task import Seeds
from skgroup.datasets import make_shortcut_classification
from skgroup.exceptions import SettingsWarning
from skgroup.metrics import worst_group_accuracy
from skgroup.modules import build_module

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0,
    "early_stopping": False,
}  # fmt: skip
FULL_BATCH = QUICK | {"batch_size": 10_000, "max_epochs": 30}
BOTH = pytest.mark.parametrize("divergence", ["cvar", "chi2"])


@BOTH
def test_alpha_of_one_without_outliers_is_erm(blobs, assert_same_model, divergence):
    ours = DOROClassifier(1.0, 0, divergence=divergence, **QUICK).fit(blobs.X, blobs.y)
    erm = ERMClassifier(**QUICK).fit(blobs.X, blobs.y)
    assert_same_model(ours, erm, blobs.X, atol=1e-6)
    np.testing.assert_allclose(
        ours.history_["train_loss"], erm.history_["train_loss"], rtol=0, atol=1e-6
    )


@BOTH
def test_weighted_too(blobs, assert_same_model, divergence):
    weight = np.linspace(0.5, 2, 120)
    ours = DOROClassifier(1.0, 0, divergence=divergence, **QUICK)
    ours.fit(blobs.X, blobs.y, sample_weight=weight)
    erm = ERMClassifier(**QUICK).fit(blobs.X, blobs.y, sample_weight=weight)
    assert_same_model(ours, erm, blobs.X, atol=1e-5)


def test_chi_square_of_a_tiny_factor_is_erm(blobs, assert_same_model):
    ours = DOROClassifier(0.2, 0, divergence="chi2", c_factor=1e-14, **QUICK)
    erm = ERMClassifier(**QUICK).fit(blobs.X, blobs.y)
    assert_same_model(ours.fit(blobs.X, blobs.y), erm, blobs.X, atol=1e-5)


@BOTH
def test_without_outliers_it_is_plain(blobs, assert_same_model, divergence):
    plain = DOROClassifier(0.3, 0.0, divergence=divergence, **QUICK).fit(blobs.X, blobs.y)
    robust = DOROClassifier(0.3, 0.1, divergence=divergence, **QUICK).fit(blobs.X, blobs.y)
    assert np.abs(plain.predict_proba(blobs.X) - robust.predict_proba(blobs.X)).max() > 1e-3
    with pytest.warns(SettingsWarning, match="no row is discarded"):
        almost = DOROClassifier(0.3, 0.03, divergence=divergence, **QUICK).fit(blobs.X, blobs.y)
    assert_same_model(plain, almost, blobs.X)


def one_step(X, y, *, alpha, share):
    """The bias of a linear network after one step of size 1."""
    clf = DOROClassifier(
        alpha, share, hidden_layer_sizes=(), optimizer="sgd", lr=1.0, weight_decay=0.0,
        max_epochs=1, batch_size=10_000, random_state=0, standardize=False,
    ).fit(X, y)  # fmt: skip
    return clf.net_.module_.head.bias.detach().double().numpy()


@pytest.mark.parametrize(("alpha", "share", "trained_on"), [(0.1, 0, 12), (0.2, 0.1, 22)])
def test_a_step_on_the_mean_of_the_tail(blobs, alpha, share, trained_on):
    """By hand: discard the largest losses, and step on the mean of those that come next."""
    module = build_module(None, 2, 2, seed=Seeds.draw(np.random.RandomState(0)).module)
    weight, bias = (p.detach().double().numpy() for p in module.head.parameters())
    logits = blobs.X @ weight.T + bias
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    order = np.argsort(proba[np.arange(120), blobs.y])
    n_out = round(120 * share)
    size = alpha * (120 - n_out)
    count = np.zeros(120)
    count[order[n_out : n_out + int(size)]] = 1
    count[order[n_out + int(size)]] += size - int(size)
    assert count.sum() == pytest.approx(size)
    assert np.count_nonzero(count) == trained_on
    residual = proba - np.eye(2)[blobs.y]
    expected = bias - count @ residual / size
    found = one_step(blobs.X, blobs.y, alpha=alpha, share=share)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_it_does_not_train_on_wrong_labels():
    data = {"core_strength": 3.0, "random_state": 0}
    X, y, _ = make_shortcut_classification(label_noise=0.1, **data)
    X_test, y_test, groups = make_shortcut_classification(subset="test", **data)
    settings = {"hidden_layer_sizes": (), "lr": 0.03, "max_epochs": 20, "random_state": 0}
    worst = [
        worst_group_accuracy(y_test, clf.fit(X, y).predict(X_test), groups)
        for clf in (DOROClassifier(0.2, 0, **settings), DOROClassifier(0.2, 0.2, **settings))
    ]
    assert worst[1] > worst[0] + 0.1


def test_groups_do_not_enter_the_training(blobs, assert_same_model):
    clf = DOROClassifier(0.5, 0.1, **QUICK)
    plain = clf.fit(blobs.X, blobs.y).predict_proba(blobs.X)
    grouped = clf.fit(blobs.X, blobs.y, groups=blobs.groups)
    np.testing.assert_array_equal(plain, grouped.predict_proba(blobs.X))
    assert grouped.group_labels_.tolist() == [0, 1, 2, 3]


@BOTH
def test_weights_are_repeated_rows(blobs, divergence):
    weight = np.where(np.arange(120) % 2, 1, 3)  # a tenth: 12 of 120 rows, 24 of 240
    rows = np.repeat(np.arange(120), weight)
    clf = DOROClassifier(0.3, 0.1, divergence=divergence, **FULL_BATCH)
    weighted = clf.fit(blobs.X, blobs.y, sample_weight=7 * weight).predict_proba(blobs.X)
    repeated = clf.fit(blobs.X[rows], blobs.y[rows]).predict_proba(blobs.X)
    np.testing.assert_allclose(weighted, repeated, atol=1e-4)


def test_it_says_when_nothing_is_discarded(blobs):
    text = r"no row is discarded: outlier_share=0.01 of a batch of 32 rows is less than one"
    with pytest.warns(SettingsWarning, match=text) as caught:
        DOROClassifier(**QUICK).fit(blobs.X, blobs.y)
    assert caught[0].filename == __file__  # where the user called `fit`
    with pytest.warns(SettingsWarning, match="a batch of 90 rows"):  # there are no more
        DOROClassifier(**FULL_BATCH).fit(blobs.X[:90], blobs.y[:90])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for share, size in [(0.01, 128), (0.01, 100), (0.0, 32)]:
            settings = QUICK | {"batch_size": size, "max_epochs": 1}
            DOROClassifier(0.2, share, **settings).fit(blobs.X, blobs.y)


def test_alpha_above_one_is_refused(blobs):
    with pytest.raises(ValueError, match="'alpha' parameter of DOROClassifier"):
        DOROClassifier(1.1).fit(blobs.X, blobs.y)
