import warnings

import numpy as np
import pytest

from skgroup import ERMClassifier, IRMClassifier
from skgroup.datasets import make_shortcut_classification
from skgroup.exceptions import MissingGroupsWarning, UnusableGroupsWarning

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0,
    "early_stopping": False,
}  # fmt: skip
FULL_BATCH = QUICK | {"batch_size": 10_000, "max_epochs": 30, "sampler": "uniform"}
LINEAR = {
    "hidden_layer_sizes": (), "optimizer": "sgd", "lr": 0.3, "batch_size": 10_000,
    "max_epochs": 300, "weight_decay": 0.0, "random_state": 0,
}  # fmt: skip


@pytest.fixture
def places(blobs):
    """Two places with rows of both classes."""
    return np.arange(120) % 2


def scale_slopes(clf, X, y, places):
    """Derivatives of the risk of each place by the scale of the logits."""
    proba = clf.predict_proba(X)
    logits = np.log(proba)  # up to a constant in each row, which does not matter
    d = (proba * logits).sum(axis=1) - logits[np.arange(len(y)), y]
    return np.array([d[places == e].mean() for e in np.unique(places)])


def test_without_penalty_environments_weigh_the_same(blobs, assert_same_model):
    places = np.where(np.arange(120) % 6 == 0, 1, 0)
    ours = IRMClassifier(penalty=0, standardize=False, **FULL_BATCH)
    ours.fit(blobs.X, blobs.y, groups=places)
    settings = {name: value for name, value in FULL_BATCH.items() if name != "sampler"}
    erm = ERMClassifier(standardize=False, **settings)
    erm.fit(blobs.X, blobs.y, sample_weight=1 / np.bincount(places)[places])
    assert_same_model(ours, erm, blobs.X, atol=1e-5)


def test_one_environment_without_penalty_is_erm(blobs, assert_same_model):
    ours = IRMClassifier(penalty=0, **QUICK).fit(blobs.X, blobs.y, groups=np.zeros(120))
    assert_same_model(ours, ERMClassifier(**QUICK).fit(blobs.X, blobs.y), blobs.X, atol=1e-6)


def test_the_penalty_makes_the_scale_right_in_every_environment():
    data = [
        make_shortcut_classification(500, shortcut_strength=1.0, agreement=a, random_state=i)
        for i, a in enumerate((0.95, 0.6))
    ]
    X, y = (np.concatenate([part[i] for part in data]) for i in range(2))
    places = np.repeat([0, 1], 500)
    erm = ERMClassifier(**LINEAR).fit(X, y)
    irm = IRMClassifier(100, 0, sampler="uniform", **LINEAR).fit(X, y, groups=places)
    before, after = (np.abs(scale_slopes(clf, X, y, places)).max() for clf in (erm, irm))
    assert after < 0.5 * before


def test_it_trusts_less_in_what_changes_between_places():
    def place(agreement, seed):
        X, y, _ = make_shortcut_classification(
            shortcut_strength=2.0, agreement=agreement, random_state=seed
        )
        return X, y

    (X_0, y_0), (X_1, y_1), elsewhere = place(0.95, 0), place(0.8, 1), place(0.1, 2)
    X, y, places = np.vstack([X_0, X_1]), np.r_[y_0, y_1], np.repeat([0, 1], 1000)
    settings = {"hidden_layer_sizes": (), "lr": 0.03, "max_epochs": 20, "random_state": 0}
    erm = ERMClassifier(**settings).fit(X, y)
    irm = IRMClassifier(10, 0, **settings).fit(X, y, groups=places)
    assert irm.score(*elsewhere) > erm.score(*elsewhere) + 0.02


def test_before_the_steps_are_done_the_penalty_is_one(blobs, places, assert_same_model):
    fit = {"groups": places}
    weak = IRMClassifier(1.0, 0, **QUICK).fit(blobs.X, blobs.y, **fit)
    long = IRMClassifier(100.0, 12, **QUICK).fit(blobs.X, blobs.y, **fit)  # 3 epochs of 4 steps
    assert_same_model(weak, long, blobs.X)
    short = IRMClassifier(100.0, 11, **QUICK).fit(blobs.X, blobs.y, **fit)
    assert np.abs(weak.predict_proba(blobs.X) - short.predict_proba(blobs.X)).max() > 1e-5


def test_only_ratios_of_weights_matter(blobs, places, assert_same_model):
    weight = np.linspace(0.5, 2, 120)
    clf = IRMClassifier(2.0, 0, **QUICK)
    one = clf.fit(blobs.X, blobs.y, groups=places, sample_weight=weight).predict_proba(blobs.X)
    clf.fit(blobs.X, blobs.y, groups=places, sample_weight=4 * weight)
    np.testing.assert_allclose(one, clf.predict_proba(blobs.X), atol=1e-6)
    clf.fit(blobs.X, blobs.y, groups=places)
    assert np.abs(one - clf.predict_proba(blobs.X)).max() > 1e-3


def test_groups_inside_classes_are_reported(blobs, places):
    text = "every group has rows of one class only, where the IRM penalty means nothing: pass the"
    with pytest.warns(UnusableGroupsWarning, match=text) as caught:
        IRMClassifier(**QUICK).fit(blobs.X, blobs.y, groups=blobs.groups)
    assert caught[0].filename == __file__  # where the user called `fit`
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        IRMClassifier(**QUICK).fit(blobs.X, blobs.y, groups=places)
        IRMClassifier(**QUICK).fit(blobs.X, blobs.y, groups=np.r_[1, np.zeros(119)])


def test_without_groups_it_takes_the_classes_and_says_so(blobs):
    with pytest.warns(MissingGroupsWarning, match="IRMClassifier got no groups") as caught:
        clf = IRMClassifier(**QUICK).fit(blobs.X, blobs.y)
    assert len(caught) == 1
    assert clf.group_labels_.tolist() == [0, 1]
