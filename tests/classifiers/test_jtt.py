import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier
from torch.nn.functional import cross_entropy

from skgroup import ERMClassifier, JTTClassifier
from skgroup.classifiers._task import Seeds
from skgroup.exceptions import UnusableSplitWarning
from skgroup.modules import build_module

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0,
    "early_stopping": False,
}  # fmt: skip
FULL_BATCH = QUICK | {"batch_size": 10_000, "max_epochs": 30, "standardize": False}


def fitted(blobs, weight=None, **parameters):
    clf = JTTClassifier(**(QUICK | parameters))
    return clf.fit(blobs.X, blobs.y, groups=blobs.groups, sample_weight=weight)


def identified(clf, X):
    """Classes that the first network predicts."""
    return clf.identification_net_.predict_proba(X.astype(np.float32)).argmax(axis=1)


def test_without_upweighting_it_is_erm_to_the_last_bit(blobs, assert_same_model):
    erm = ERMClassifier(**QUICK).fit(blobs.X, blobs.y, groups=blobs.groups)
    assert_same_model(fitted(blobs, upweight=1), erm, blobs.X)
    assert_same_model(fitted(blobs, upweight=1, mode="weight"), erm, blobs.X, atol=1e-6)
    settings = QUICK | {"early_stopping": True, "max_epochs": 6}
    stopped = ERMClassifier(**settings).fit(blobs.X, blobs.y, groups=blobs.groups)
    assert_same_model(fitted(blobs, upweight=1, **settings), stopped, blobs.X)


def test_without_upweighting_weights_are_those_of_erm(blobs, assert_same_model):
    weight = np.random.default_rng(0).uniform(0.5, 2, 120)
    erm = ERMClassifier(**QUICK)
    erm.fit(blobs.X, blobs.y, groups=blobs.groups, sample_weight=weight)
    assert_same_model(fitted(blobs, weight, upweight=1), erm, blobs.X, atol=1e-6)


@pytest.mark.parametrize("epochs", [0, 0.5, 1, 3])
def test_the_error_set_is_what_the_first_network_gets_wrong(blobs, epochs):
    clf = fitted(blobs, identification_epochs=epochs)
    np.testing.assert_array_equal(clf.error_set_, identified(clf, blobs.X) != blobs.y)
    accuracy = (identified(clf, blobs.X) == blobs.y).mean()
    assert clf.error_set_.sum() == round(120 * (1 - accuracy)) > 0


def test_the_first_network_is_erm_with_the_other_seeds(blobs, monkeypatch):
    clf = fitted(blobs, identification_epochs=2)
    seeds = Seeds.draw(np.random.RandomState(0))
    others = (seeds.other_module, seeds.other_sampler, seeds.split, seeds.other_training)
    drawn = Seeds(*others, 0, 0, 0, 0)
    monkeypatch.setattr(Seeds, "draw", lambda state: drawn)
    erm = ERMClassifier(**(QUICK | {"max_epochs": 2})).fit(blobs.X, blobs.y)
    ours = torch.softmax(clf.identification_net_.module_(torch.from_numpy(blobs.X)).double(), 1)
    np.testing.assert_allclose(ours.detach(), erm.predict_proba(blobs.X), atol=1e-12)


def test_no_epochs_take_the_errors_of_the_initial_network(blobs):
    clf = fitted(blobs, identification_epochs=0)
    X = blobs.X.astype(np.float64)
    initial = build_module(
        None, 2, 2, hidden_layer_sizes=(8,), standardize=(X.mean(axis=0), X.std(axis=0)),
        seed=Seeds.draw(np.random.RandomState(0)).other_module,
    )  # fmt: skip
    predicted = initial(torch.from_numpy(blobs.X)).argmax(dim=1).numpy()
    np.testing.assert_array_equal(clf.error_set_, predicted != blobs.y)


class Given(JTTClassifier):
    """Takes E as given."""

    errors = None

    def _counts(self, errors):
        return super()._counts(torch.from_numpy(self.errors))


@pytest.mark.parametrize("mode", ["repeat", "weight"])
def test_with_the_minority_as_errors_it_is_weighted_erm(blobs, mode):
    clf, minority = Given(upweight=5, mode=mode, **FULL_BATCH), np.isin(blobs.groups, [1, 2])
    clf.errors = minority
    clf.fit(blobs.X, blobs.y)
    erm = ERMClassifier(**FULL_BATCH)
    erm.fit(blobs.X, blobs.y, sample_weight=np.where(minority, 5.0, 1.0))
    np.testing.assert_allclose(clf.predict_proba(blobs.X), erm.predict_proba(blobs.X), atol=1e-5)


def test_the_second_training_depends_on_the_first_through_the_errors_only(blobs, assert_same_model):
    one, other = Given(identification_epochs=1, **QUICK), Given(identification_epochs=3, **QUICK)
    one.errors = other.errors = np.arange(120) % 5 == 0
    for clf in (one, other):
        clf.fit(blobs.X, blobs.y, groups=blobs.groups)
    first = [c.identification_net_.module_.head.weight for c in (one, other)]
    assert not torch.allclose(*first)
    assert_same_model(one, other, blobs.X)


@pytest.mark.parametrize(("count", "upweight"), [("paper", 4), ("code", 3)])
def test_rows_of_errors_count_upweight_fold_or_one_more(blobs, count, upweight):
    clf = fitted(blobs, count=count, upweight=upweight, **FULL_BATCH)
    erm = ERMClassifier(**FULL_BATCH)
    erm.fit(blobs.X, blobs.y, sample_weight=np.where(clf.error_set_, 4.0, 1.0))
    np.testing.assert_allclose(clf.predict_proba(blobs.X), erm.predict_proba(blobs.X), atol=1e-5)


def test_drawn_rows_meet_the_same_loss_in_expectation(blobs):
    """On an epoch's draws the loss of a network that stands still is that of the objective."""
    still = {"lr": 1e-12, "max_epochs": 200, "hidden_layer_sizes": ()}
    losses = {
        mode: fitted(blobs, upweight=4, mode=mode, **still).history_["train_loss"]
        for mode in ("repeat", "sample")
    }
    expected = losses["repeat"][0]
    np.testing.assert_allclose(losses["repeat"], expected, rtol=1e-5)
    error = losses["sample"].std() / 200**0.5
    assert abs(losses["sample"].mean() - expected) < 4 * error
    assert losses["sample"].std() > 1e-3


@pytest.mark.parametrize("mode", ["repeat", "weight"])
def test_weights_are_repeated_rows(blobs, mode):
    weight = np.random.default_rng(0).integers(1, 4, 120)
    rows = np.repeat(np.arange(120), weight)
    weighted = fitted(blobs, weight, mode=mode, upweight=3, **FULL_BATCH)
    repeated = JTTClassifier(mode=mode, upweight=3, **FULL_BATCH).fit(blobs.X[rows], blobs.y[rows])
    np.testing.assert_array_equal(weighted.error_set_[rows], repeated.error_set_)
    np.testing.assert_allclose(
        weighted.predict_proba(blobs.X), repeated.predict_proba(blobs.X), atol=1e-5
    )


def test_modes_agree_on_all_rows_at_once_with_weights(blobs):
    weight = np.random.default_rng(0).uniform(0.5, 2, 120)
    one, other = (
        fitted(blobs, weight, mode=mode, upweight=3, **FULL_BATCH) for mode in ("repeat", "weight")
    )
    np.testing.assert_allclose(one.predict_proba(blobs.X), other.predict_proba(blobs.X), atol=1e-5)


def test_the_environments_of_exact_eiil_are_the_error_set(blobs):
    """The sign of the derivative of a row's loss by the scale of its logits, for two classes."""
    clf = fitted(blobs)
    logits = clf.identification_net_.module_(torch.from_numpy(blobs.X)).detach().double()
    scale = torch.ones(120, 1, dtype=torch.float64, requires_grad=True)
    loss = cross_entropy(scale * logits, torch.from_numpy(blobs.y), reduction="sum")
    slopes = torch.autograd.grad(loss, scale)[0].flatten()
    np.testing.assert_array_equal(clf.error_set_, slopes.numpy() > 0)


def test_rows_that_are_not_trained_on_are_no_errors(blobs):
    groups = np.where(np.arange(120) % 4 == 0, -1, blobs.groups)
    weight = (np.arange(120) % 3 != 0).astype(float)
    clf = JTTClassifier(**(QUICK | {"early_stopping": True}))
    clf.fit(blobs.X, blobs.y, groups=groups, sample_weight=weight)
    assert clf.error_set_.shape == (120,)
    wrong = identified(clf, blobs.X) != blobs.y
    assert not clf.error_set_[(groups < 0) | (weight == 0)].any()
    assert 0 < clf.error_set_.sum() < wrong[(groups >= 0) & (weight > 0)].sum()
    assert not clf.error_set_[~wrong].any()


def test_without_errors_it_warns_and_is_erm(blobs, assert_same_model):
    X = blobs.X + 100 * blobs.y[:, None].astype(np.float32)
    settings = QUICK | {"lr": 0.1, "optimizer": "sgd"}
    for mode in ("repeat", "sample", "weight"):
        clf = JTTClassifier(identification_epochs=5, mode=mode, **settings)
        with pytest.warns(UnusableSplitWarning, match="got every row right.*plain ERM") as caught:
            clf.fit(X, blobs.y)
        assert caught[0].filename == __file__  # where the user called `fit`
        assert not clf.error_set_.any()
        assert_same_model(clf, ERMClassifier(**settings).fit(X, blobs.y), X)


def test_groups_do_not_enter_the_training(blobs):
    alone = JTTClassifier(**QUICK).fit(blobs.X, blobs.y)  # warnings are errors
    grouped = fitted(blobs)
    np.testing.assert_array_equal(alone.predict_proba(blobs.X), grouped.predict_proba(blobs.X))
    assert grouped.history_["group_loss"].shape == (3, 4)


def test_parts_of_rows_cannot_be_repeated(blobs):
    text = "upweight must be a whole number with mode='repeat', got 2.5.*mode='weight'"
    for clf in (JTTClassifier(upweight=2.5), JTTClassifier(LogisticRegression(), upweight=2.5)):
        with pytest.raises(ValueError, match=text):
            clf.fit(blobs.X, blobs.y)
    for mode in ("sample", "weight"):
        fitted(blobs, upweight=2.5, mode=mode)


def test_an_identifier_needs_an_estimator(blobs):
    with pytest.raises(ValueError, match="identifier is for use with estimator="):
        fitted(blobs, identifier=LogisticRegression())
    with pytest.raises(TypeError, match="identifier must be a scikit-learn classifier, got the "):
        JTTClassifier(LogisticRegression(), identifier=LogisticRegression).fit(blobs.X, blobs.y)


@pytest.mark.parametrize("mode", ["repeat", "weight"])
def test_an_estimator_is_fitted_twice(blobs, mode):
    own = np.random.default_rng(0).integers(1, 4, 120)
    X, exact = blobs.X.astype(np.float64), LogisticRegression(tol=1e-10)
    clf = JTTClassifier(exact, mode=mode, upweight=4).fit(X, blobs.y, sample_weight=own)
    first = clone(exact).fit(X, blobs.y, sample_weight=own)
    wrong = first.predict(X) != blobs.y
    np.testing.assert_array_equal(clf.error_set_, wrong)
    np.testing.assert_array_equal(clf.identifier_.coef_, first.coef_)
    weight = own * np.where(wrong, 4, 1)
    second = clone(exact).fit(X, blobs.y, sample_weight=weight)
    np.testing.assert_allclose(clf.estimator_.coef_, second.coef_, rtol=1e-6)
    assert not hasattr(clf, "identification_net_")


def test_a_weak_identifier_finds_what_a_strong_one_hides(blobs):
    deep, shallow = DecisionTreeClassifier(), DecisionTreeClassifier(max_depth=1)
    with pytest.warns(UnusableSplitWarning, match="weaker identifier"):
        alone = JTTClassifier(deep, random_state=0).fit(blobs.X, blobs.y)
    assert not alone.error_set_.any()
    plain = DecisionTreeClassifier(random_state=Seeds.draw(np.random.RandomState(0)).method)
    np.testing.assert_array_equal(
        alone.estimator_.tree_.threshold, plain.fit(blobs.X, blobs.y).tree_.threshold
    )
    helped = JTTClassifier(deep, identifier=shallow).fit(blobs.X, blobs.y)
    # The first column tells the class for the majority, and so does a stump.
    minority = np.isin(blobs.groups, [1, 2])
    assert (helped.error_set_ == minority).mean() > 0.9
    assert helped.identifier_.get_depth() == 1


def test_an_estimator_without_weights_gets_repeated_or_drawn_rows(blobs):
    counts = {}
    for mode in ("repeat", "sample", "weight"):
        clf = JTTClassifier(KNeighborsClassifier(15), mode=mode, upweight=3, random_state=0)
        clf.fit(np.column_stack([blobs.X, np.zeros(120)]), blobs.y)
        n_errors = clf.error_set_.sum()
        counts[mode] = clf.estimator_.n_samples_fit_
    assert counts == {"repeat": 120 + 2 * n_errors, "sample": 120, "weight": 120}


def test_without_upweighting_an_estimator_is_left_as_it_is(blobs):
    clf = JTTClassifier(LogisticRegression(), upweight=1).fit(blobs.X, blobs.y)
    plain = LogisticRegression().fit(blobs.X, blobs.y)
    np.testing.assert_array_equal(clf.estimator_.coef_, plain.coef_)


def test_another_fit_leaves_no_trace_of_the_one_before(blobs):
    clf = fitted(blobs)
    clf = JTTClassifier(random_state=0, max_epochs=1).fit(blobs.X, blobs.y)
    clf.set_params(estimator=LogisticRegression(), max_epochs=50).fit(blobs.X, blobs.y)
    assert not {"net_", "identification_net_"} & vars(clf).keys()
    clf.set_params(estimator=None, max_epochs=1).fit(blobs.X, blobs.y)
    assert not {"estimator_", "identifier_"} & vars(clf).keys()
