import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.random_projection import GaussianRandomProjection

from skgroup._seeded_clone import seeded_clone


def test_every_missing_seed_is_set_nested_ones_too():
    voters = VotingClassifier([("a", SGDClassifier()), ("b", SGDClassifier(random_state=5))])
    model = seeded_clone(make_pipeline(GaussianRandomProjection(), voters), 7)
    seeds = {k: v for k, v in model.get_params().items() if k.endswith("random_state")}
    assert seeds == {
        "gaussianrandomprojection__random_state": 7,
        "votingclassifier__a__random_state": 7,
        "votingclassifier__b__random_state": 5,
    }


def test_the_estimator_itself_is_neither_seeded_nor_fitted():
    estimator = make_pipeline(SGDClassifier())
    model = seeded_clone(estimator, 7)
    assert model is not estimator
    assert estimator[0].random_state is None
    X, y = np.arange(6.0)[:, None], np.arange(6) // 3
    model.fit(X, y)
    assert not hasattr(estimator[0], "coef_")


def test_a_seed_of_its_own_stays():
    state = np.random.RandomState(3)
    model = seeded_clone(RandomForestClassifier(random_state=state), 7)
    assert model.random_state is not state  # a copy, so that fits do not use it up
    assert model.random_state.randint(100) == np.random.RandomState(3).randint(100)
    assert seeded_clone(SGDClassifier(random_state=0), 7).random_state == 0


def test_fits_are_repeatable():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(60, 3)), rng.randint(2, size=60)
    fits = [
        seeded_clone(RandomForestClassifier(5), seed).fit(X, y).predict_proba(X)
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(fits[0], fits[1])
    assert np.abs(fits[0] - fits[2]).max() > 0.1


@pytest.mark.parametrize("estimator", [LogisticRegression(C=3.0), make_pipeline("passthrough")])
def test_other_parameters_are_copied(estimator):
    ours, theirs = seeded_clone(estimator, 7).get_params(), estimator.get_params()
    assert ours.keys() == theirs.keys()
    assert ours.get("C") == theirs.get("C")
