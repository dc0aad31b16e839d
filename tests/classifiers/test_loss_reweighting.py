import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from skgroup import DOROClassifier, ERMClassifier, LossReweightingClassifier

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0,
    "early_stopping": False,
}  # fmt: skip
FULL_BATCH = QUICK | {"batch_size": 10_000, "max_epochs": 30}
EITHER = pytest.mark.parametrize("refresh", ["batch", "epoch"])
LIMITS = pytest.mark.parametrize(
    "options",
    [
        {"scheme": "power", "gamma": 0},
        {"scheme": "tilted", "tau": float("inf")},
        {"scheme": "tilted", "tau": 1e9},
        {"scheme": "top", "alpha": 1},
    ],
)


@LIMITS
@EITHER
@pytest.mark.parametrize("weight", [None, np.linspace(0.5, 2, 120)])
def test_limits_are_erm(blobs, assert_same_model, options, refresh, weight):
    ours = LossReweightingClassifier(refresh=refresh, warmup_epochs=0, **options, **QUICK)
    erm = ERMClassifier(**QUICK)
    for clf in (ours, erm):
        clf.fit(blobs.X, blobs.y, sample_weight=weight)
    assert_same_model(ours, erm, blobs.X, atol=1e-5)


def test_top_is_cvar(blobs, assert_same_model):
    ours = LossReweightingClassifier(scheme="top", alpha=0.3, warmup_epochs=0, **QUICK)
    cvar = DOROClassifier(0.3, 0, **QUICK)
    assert_same_model(ours.fit(blobs.X, blobs.y), cvar.fit(blobs.X, blobs.y), blobs.X, atol=1e-6)


@EITHER
def test_warm_up_is_erm(blobs, assert_same_model, refresh):
    erm = ERMClassifier(**QUICK).fit(blobs.X, blobs.y)
    ours = LossReweightingClassifier(refresh=refresh, warmup_epochs=3, gamma=5.0, **QUICK)
    assert_same_model(ours.fit(blobs.X, blobs.y), erm, blobs.X, atol=1e-6)
    ours.set_params(warmup_epochs=2).fit(blobs.X, blobs.y)
    assert np.abs(ours.predict_proba(blobs.X) - erm.predict_proba(blobs.X)).max() > 1e-3


def test_of_one_batch_both_refreshes_are_the_same(blobs, assert_same_model):
    """With all rows in a batch, an epoch ends where the next step begins."""
    for warmup in (0, 2):
        models = [
            LossReweightingClassifier(refresh=refresh, warmup_epochs=warmup, **FULL_BATCH)
            for refresh in ("batch", "epoch")
        ]
        one, other = (clf.fit(blobs.X, blobs.y) for clf in models)
        assert_same_model(one, other, blobs.X, atol=1e-5)


def test_weights_of_an_epoch_are_those_of_a_pass_over_all_rows(blobs):
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, net, **kwargs):
            rows = torch.from_numpy(blobs.X)
            with torch.no_grad():
                logits = net.module_.eval()(rows)
            losses = torch.nn.functional.cross_entropy(
                logits, torch.from_numpy(blobs.y), reduction="none"
            )
            seen.append((losses.double(), net.criterion_.row_weight.clone()))

    clf = LossReweightingClassifier(refresh="epoch", clip=None, callbacks=[Watch()], **QUICK)
    clf.fit(blobs.X, blobs.y)
    for losses, weight in seen:
        np.testing.assert_allclose(weight, losses / losses.mean(), rtol=1e-5, atol=1e-6)


@EITHER
def test_a_killed_fit_goes_on_where_it_was(blobs, assert_same_model, tmp_path, refresh):
    class Kill(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 3:
                raise MemoryError

    settings = QUICK | {"max_epochs": 4, "refresh": refresh, "warmup_epochs": 1}
    with pytest.raises(MemoryError):
        LossReweightingClassifier(checkpoint_dir=tmp_path, callbacks=[Kill()], **settings).fit(
            blobs.X, blobs.y
        )
    resumed = LossReweightingClassifier(checkpoint_dir=tmp_path, **settings).fit(blobs.X, blobs.y)
    straight = LossReweightingClassifier(**settings).fit(blobs.X, blobs.y)
    assert_same_model(resumed, straight, blobs.X)


@pytest.mark.parametrize("scheme", ["power", "tilted", "top"])
def test_weights_are_repeated_rows(blobs, scheme):
    weight = np.random.default_rng(0).integers(1, 4, 120)
    rows = np.repeat(np.arange(120), weight)
    clf = LossReweightingClassifier(scheme=scheme, **FULL_BATCH)
    weighted = clf.fit(blobs.X, blobs.y, sample_weight=weight).predict_proba(blobs.X)
    repeated = clf.fit(blobs.X[rows], blobs.y[rows]).predict_proba(blobs.X)
    np.testing.assert_allclose(weighted, repeated, atol=1e-4)


def test_groups_do_not_enter_the_training(blobs):
    clf = LossReweightingClassifier(**QUICK)
    plain = clf.fit(blobs.X, blobs.y).predict_proba(blobs.X)
    grouped = clf.fit(blobs.X, blobs.y, groups=blobs.groups)
    np.testing.assert_array_equal(plain, grouped.predict_proba(blobs.X))
    assert grouped.group_labels_.tolist() == [0, 1, 2, 3]


def test_a_share_above_one_is_refused(blobs):
    with pytest.raises(ValueError, match="'alpha' parameter of LossReweightingClassifier"):
        LossReweightingClassifier(alpha=1.1).fit(blobs.X, blobs.y)


LOGISTIC = LogisticRegression(C=3.0, tol=1e-10)


def log_losses(model, X, y):
    return -np.log(model.predict_proba(X)[np.arange(len(y)), y])


@pytest.mark.parametrize("weight", [None, np.linspace(0.5, 2, 120)])
@pytest.mark.parametrize(
    ("options", "formula"),
    [
        ({"gamma": 2.0, "clip": None}, lambda losses: losses**2),
        ({"scheme": "tilted", "tau": 0.5, "clip": None}, lambda losses: np.exp(2 * losses)),
    ],
)
def test_an_estimator_is_fitted_twice(blobs, weight, options, formula):
    X, y = blobs.X.astype(np.float64), np.array(["no", "yes"])[blobs.y]
    clf = LossReweightingClassifier(LOGISTIC, random_state=0, **options)
    clf.fit(X, y, sample_weight=weight)
    first = clone(LOGISTIC).fit(X, y, sample_weight=weight)
    own = np.ones(120) if weight is None else weight
    by_loss = formula(log_losses(first, X, blobs.y))
    by_loss *= own.sum() / (own @ by_loss)
    second = clone(LOGISTIC).fit(X, y, sample_weight=own * by_loss)
    np.testing.assert_allclose(clf.predict_proba(X), second.predict_proba(X), atol=1e-6)
    assert clf.predict(X).tolist() == second.predict(X).tolist()
    assert not hasattr(LOGISTIC, "coef_")
    assert not hasattr(clf, "net_")
    assert clf.history_ == {}


@LIMITS
@pytest.mark.parametrize(
    "estimator", [LOGISTIC, make_pipeline(StandardScaler(), LOGISTIC)], ids=["bare", "pipeline"]
)
def test_limits_are_the_estimator_itself(blobs, options, estimator):
    clf = LossReweightingClassifier(estimator, **options).fit(blobs.X, blobs.y)
    expected = clone(estimator).fit(blobs.X, blobs.y).predict_proba(blobs.X)
    np.testing.assert_allclose(clf.predict_proba(blobs.X), expected, atol=1e-5)


def test_weights_for_an_estimator_are_cut_off_too(blobs):
    """Cut off at the mean, all losses above it weigh the same."""
    X = blobs.X.astype(np.float64)
    first = clone(LOGISTIC).fit(X, blobs.y)
    losses = log_losses(first, X, blobs.y)
    weight = np.minimum(losses / losses.mean(), 1)
    second = clone(LOGISTIC).fit(X, blobs.y, sample_weight=weight / weight.mean())
    clf = LossReweightingClassifier(LOGISTIC, clip=1).fit(X, blobs.y)
    expected = second.predict_proba(X)
    np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-6)


def test_an_estimator_without_weights_gets_rows_in_proportion(blobs):
    """Neighbours know no weights: the rows that they were fitted on are counted."""
    clf = LossReweightingClassifier(KNeighborsClassifier(15), clip=None, random_state=0)
    clf.fit(blobs.X, blobs.y)
    losses = log_losses(KNeighborsClassifier(15).fit(blobs.X, blobs.y), blobs.X, blobs.y)
    times = (clf.estimator_._fit_X[:, None] == blobs.X).all(axis=2).sum(axis=0)
    assert times.sum() == 120
    expected = 120 * losses / losses.sum()
    assert np.abs(times - expected).max() < 1 + 1e-6


@LIMITS
def test_limits_without_weights_are_the_estimator_itself(blobs, options):
    clf = LossReweightingClassifier(KNeighborsClassifier(5), random_state=0, **options)
    clf.fit(blobs.X, blobs.y)
    np.testing.assert_array_equal(np.sort(clf.estimator_._fit_X, axis=0), np.sort(blobs.X, axis=0))
    plain = KNeighborsClassifier(5).fit(blobs.X, blobs.y)
    np.testing.assert_array_equal(clf.predict_proba(blobs.X), plain.predict_proba(blobs.X))


def test_certain_and_wrong_probabilities_have_a_finite_loss(blobs):
    y = blobs.y.copy()
    y[5] = 1 - y[5]  # its neighbours are sure of the other class
    clf = LossReweightingClassifier(KNeighborsClassifier(2), clip=None)
    clf.fit(blobs.X, y)
    assert np.isfinite(clf.predict_proba(blobs.X)).all()


def test_outliers_and_rows_without_weight_are_left_out(blobs):
    out = np.arange(120) % 5 == 0
    poisoned = np.where(out[:, None], np.nan, blobs.X)
    groups = np.where(np.arange(120) % 10 == 0, -1, blobs.groups)
    weight = np.where(np.arange(120) % 10 == 5, 0.0, 1.0)
    clf = LossReweightingClassifier(LOGISTIC)
    left = clf.fit(poisoned, blobs.y, groups=groups, sample_weight=weight).predict_proba(blobs.X)
    kept = clf.fit(blobs.X[~out], blobs.y[~out], sample_weight=np.ones(96)).predict_proba(blobs.X)
    np.testing.assert_array_equal(left, kept)


def test_the_seed_reaches_the_estimator(blobs):
    def proba(seed):
        clf = LossReweightingClassifier(RandomForestClassifier(5, max_depth=2), random_state=seed)
        return clf.fit(blobs.X, blobs.y).predict_proba(blobs.X)

    np.testing.assert_array_equal(proba(0), proba(0))
    assert np.abs(proba(0) - proba(1)).max() > 1e-3


def test_a_class_that_is_left_without_weight_is_reported():
    X, y = np.r_[np.zeros(20), np.ones(5)][:, None], np.repeat([0, 1], [15, 10])
    for estimator in (LOGISTIC, KNeighborsClassifier(5)):
        clf = LossReweightingClassifier(estimator, scheme="top", alpha=0.1)
        with pytest.raises(ValueError, match=r"no sample of class 0 has enough weight.*a larger"):
            clf.fit(X, y)


@pytest.mark.parametrize(
    ("estimator", "options", "error", "text"),
    [
        (RidgeClassifier(), {}, TypeError, "RidgeClassifier has no predict_proba, and weights"),
        (StandardScaler(), {}, ValueError, "'estimator' parameter"),
        (LOGISTIC, {"refresh": "epoch"}, ValueError, "refresh would be ignored"),
        (LOGISTIC, {"warmup_epochs": 2, "lr": 0.1}, ValueError, "lr, warmup_epochs would be"),
    ],
)
def test_what_an_estimator_cannot_follow_is_refused(blobs, estimator, options, error, text):
    with pytest.raises(error, match=text):
        LossReweightingClassifier(estimator, **options).fit(blobs.X, blobs.y)
