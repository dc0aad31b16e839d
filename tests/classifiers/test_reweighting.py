import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skgroup import ERMClassifier, GroupDROClassifier, ReweightingClassifier
from skgroup.exceptions import MissingGroupsWarning

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0,
    "early_stopping": False, "weight_decay": 1e-4,  # as in ERM
}  # fmt: skip
FULL_BATCH = QUICK | {"batch_size": 10_000, "max_epochs": 30, "standardize": False}
SCHEMES = ["inverse", "sqrt", "class_balanced"]


def reweighted(blobs, weight=None, *, y=None, groups=None, **parameters):
    clf = ReweightingClassifier(**(QUICK | parameters))
    y, groups = (blobs.y if y is None else y), (blobs.groups if groups is None else groups)
    return clf.fit(blobs.X, y, groups=groups, sample_weight=weight)


def test_it_is_group_dro_without_steps(blobs):
    robust = GroupDROClassifier(step_size=0, sampler="uniform", **FULL_BATCH)
    robust.fit(blobs.X, blobs.y, groups=blobs.groups)
    np.testing.assert_allclose(
        reweighted(blobs, **FULL_BATCH).predict_proba(blobs.X),
        robust.predict_proba(blobs.X), atol=1e-5,
    )  # fmt: skip


def test_it_is_erm_with_weights(blobs, assert_same_model):
    erm = ERMClassifier(**QUICK | {"standardize": False})
    erm.fit(blobs.X, blobs.y, sample_weight=1 / np.bincount(blobs.groups)[blobs.groups])
    assert_same_model(reweighted(blobs, standardize=False), erm, blobs.X, atol=1e-5)


@pytest.mark.parametrize(
    ("parameters", "raw"),
    [
        ({}, [1 / 48, 1 / 12, 1 / 12, 1 / 48]),
        ({"scheme": "sqrt"}, [1, 2, 2, 1]),
        (
            {"scheme": "class_balanced", "b": 0.9},
            1 / (1 - 0.9 ** np.array([48.0, 12, 12, 48])),
        ),
    ],
)
@pytest.mark.parametrize("normalize", ["mean1", "groups"])
def test_weights_by_hand(blobs, parameters, raw, normalize):
    ours = reweighted(blobs, normalize=normalize, **parameters).group_weights_
    raw = np.array(raw)
    mean = (raw @ [48, 12, 12, 48]) / 120 if normalize == "mean1" else raw.sum() / 4
    np.testing.assert_allclose(ours, raw / mean, rtol=1e-12)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("normalize", ["mean1", "groups"])
def test_equal_groups_are_erm(blobs, assert_same_model, scheme, normalize):
    groups = np.arange(120) % 4
    ours = reweighted(blobs, groups=groups, scheme=scheme, normalize=normalize)
    erm = ERMClassifier(**QUICK).fit(blobs.X, blobs.y, groups=groups)
    assert_same_model(ours, erm, blobs.X, atol=1e-6)


def test_the_published_normalisation_is_another_learning_rate(blobs, assert_same_model):
    """Weights that sum to the number of groups have another mean, which multiplies each step."""
    sgd = {"optimizer": "sgd", "weight_decay": 0.0}
    summed = reweighted(blobs, normalize="groups", lr=0.1, **sgd)
    mean = summed.group_weights_[blobs.groups].mean()
    assert mean == pytest.approx(4 / 10 * (2 * 48 + 4 * 2 * 12) / 120)
    assert_same_model(summed, reweighted(blobs, lr=0.1 * mean, **sgd), blobs.X, atol=1e-5)


def test_classes_need_no_groups(blobs, assert_same_model):
    y = np.repeat([0, 1], [90, 30])
    alone = ReweightingClassifier(by="class", **QUICK).fit(blobs.X, y)  # warnings are errors
    np.testing.assert_allclose(alone.group_weights_, [120 / 180, 120 / 60])
    as_groups = reweighted(blobs, y=y, groups=y)
    assert_same_model(alone, as_groups, blobs.X)
    reported = reweighted(blobs, y=y, by="class")
    np.testing.assert_array_equal(reported.predict_proba(blobs.X), alone.predict_proba(blobs.X))
    assert reported.history_["group_loss"].shape == (3, 4)
    with pytest.warns(MissingGroupsWarning, match="ReweightingClassifier got no groups"):
        fallen_back = ReweightingClassifier(**QUICK).fit(blobs.X, y)
    assert_same_model(fallen_back, alone, blobs.X)


def test_sample_weights_are_repeated_rows(blobs):
    weight = np.random.default_rng(0).integers(0, 4, 120)
    rows = np.repeat(np.arange(120), weight)
    for parameters in ({}, {"scheme": "sqrt"}, {"by": "class"}):
        settings = FULL_BATCH | parameters
        weighted = reweighted(blobs, weight, **settings)
        repeated = ReweightingClassifier(**settings)
        repeated.fit(blobs.X[rows], blobs.y[rows], groups=blobs.groups[rows])
        np.testing.assert_allclose(
            weighted.predict_proba(blobs.X), repeated.predict_proba(blobs.X), atol=1e-5
        )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_only_ratios_of_sample_weights_matter(blobs, assert_same_model, scheme):
    weight = np.random.default_rng(0).uniform(0.5, 2, 120)
    one, other = (reweighted(blobs, c * weight, scheme=scheme) for c in (1, 1 / 64))
    assert_same_model(one, other, blobs.X, atol=1e-6)
    np.testing.assert_allclose(one.group_weights_, other.group_weights_)
    plain, equal = (reweighted(blobs, w, scheme=scheme) for w in (None, np.full(120, 0.3)))
    assert_same_model(plain, equal, blobs.X, atol=1e-6)


def test_inverse_weights_take_back_weights_of_whole_groups(blobs, assert_same_model):
    weight = np.array([1.0, 5.0, 0.1, 7.0])[blobs.groups]
    plain, weighted = (reweighted(blobs, w, standardize=False) for w in (None, weight))
    assert_same_model(plain, weighted, blobs.X, atol=1e-5)


def test_an_estimator_gets_the_product_of_weights(blobs):
    own = np.random.default_rng(0).uniform(0.5, 2, 120)
    clf = ReweightingClassifier(LogisticRegression())
    clf.fit(blobs.X, blobs.y, groups=blobs.groups, sample_weight=own)
    # Every group has the same total, and all together the total of the weights given.
    total = np.bincount(blobs.groups, weights=own)[blobs.groups]
    expected = LogisticRegression().fit(blobs.X, blobs.y, sample_weight=own / total * own.sum() / 4)
    np.testing.assert_allclose(clf.estimator_.coef_, expected.coef_, rtol=1e-4)
    assert clf.history_ == {}
    assert not hasattr(clf, "net_")


def test_an_estimator_by_class(blobs):
    y = np.repeat(["a", "b"], [90, 30])
    clf = ReweightingClassifier(LogisticRegression(), by="class").fit(blobs.X, y)
    balanced = LogisticRegression(class_weight="balanced").fit(blobs.X, y)
    np.testing.assert_allclose(clf.estimator_.coef_, balanced.coef_, rtol=1e-4)
    assert clf.predict(blobs.X).tolist() == balanced.predict(blobs.X).tolist()
