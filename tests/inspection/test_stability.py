import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup import (
    EIILGroupInferrer,
    ERMClassifier,
    ErrorGroupInferrer,
    GradientGroupInferrer,
)
from skgroup.datasets import make_shortcut_classification
from skgroup.exceptions import GroupsError, UnstableGroupsWarning
from skgroup.inspection import stability
from skgroup.metrics import within_class_ari

QUICK = {"n_resamples": 3, "n_seeds": 2, "n_null": 19, "random_state": 0}
QUIETLY = pytest.mark.filterwarnings("ignore::skgroup.exceptions.UnstableGroupsWarning")


class Known(BaseEstimator):
    """Groups that are written in X: column 0 after a fit on all rows, else another one."""

    def __init__(self, n_rows=40, random_state=None):
        self.n_rows = n_rows
        self.random_state = random_state

    def fit(self, X, y):
        self.column_ = 0 if len(X) == self.n_rows else 1
        return self

    def predict(self, X, y):
        return X[:, self.column_]


@pytest.fixture
def known():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 3, size=(40, 2)), np.repeat(["a", "b"], [25, 15])
    X[:25, 1] = X[:25, 0]  # class "a" stays as it is
    return X, y, Known().fit(X, y)


@QUIETLY
def test_by_hand(known):
    X, y, inferrer = known
    found = stability(inferrer, X, y, **QUICK)
    of_b = adjusted_rand_score(X[25:, 0], X[25:, 1])
    np.testing.assert_allclose(found.class_ari, [[1, of_b]] * 3)
    np.testing.assert_allclose(found.ari, within_class_ari(X[:, 0], X[:, 1], y))
    assert (found.pair_class_ari == 1).all()
    assert (found.seed_class_ari == 1).all()
    assert found.pair_class_ari.shape == (3, 2)
    assert found.seed_class_ari.shape == (2, 2)
    assert found.classes.tolist() == ["a", "b"]
    assert found.class_sizes.tolist() == [25, 15]
    assert found.n_groups.tolist() == [3, 3, 3]
    assert np.isnan(found.p_value)


def test_separated_groups_are_stable_and_no_chance(blobs):
    found = stability(blobs.inferrer, blobs.X, blobs.y, **QUICK)
    assert (found.class_ari == 1).all()
    assert (found.pair_ari == 1).all()
    assert (found.seed_ari == 1).all()
    assert found.n_groups.tolist() == [4, 4, 4]
    assert found.seed_n_groups.tolist() == [4, 4]
    assert found.label_p_value == 1 / 20
    assert found.p_values.tolist() == [1 / 20, 1 / 20]
    assert found.gap_p_values.tolist() == [1 / 20, 1 / 20]


def random_labels(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(300, 10)), rng.integers(0, 2, 300)


@pytest.mark.parametrize("options", [{"reference": "linear"}, {}])
@pytest.mark.parametrize("seed", range(3))
def test_groups_of_random_labels_are_neither(seed, options):
    X, y = random_labels(seed)
    inferrer = GradientGroupInferrer(k=2, random_state=0, **options).fit(X, y)
    with pytest.warns(UnstableGroupsWarning) as caught:
        found = stability(inferrer, X, y, **QUICK)
    texts = [str(w.message) for w in caught]
    if options:  # the default leans on the few columns that chance favours, again and again
        assert found.mean_ari < 0.45
        assert "the groups change with the sample: refits on 80 % of the rows" in texts[0]
    assert found.label_p_value > 0.05
    assert any("learns no more of the labels than of permuted ones (p 0." in t for t in texts)
    assert found.p_value > 0.05
    assert any("one Gaussian cloud each, without groups: leave the class" in t for t in texts)
    assert {w.filename for w in caught} == {__file__}


@pytest.mark.parametrize("seed", range(2))
def test_a_planted_shortcut_is_stable_and_no_chance(seed):
    X, y, _ = make_shortcut_classification(3000, n_features=10, random_state=seed)
    inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
    found = stability(inferrer, X, y, n_resamples=3, n_seeds=0, n_null=19, random_state=0)
    assert found.mean_ari > 0.8
    assert found.label_p_value == found.p_value == 1 / 20


@QUIETLY
def test_a_class_without_groups_whose_gradients_are_skewed():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4))
    y = (rng.random(600) < 1 / (1 + np.exp(-3 * X[:, 0]))).astype(int)
    inferrer = GradientGroupInferrer(k=2, reference="linear", random_state=0).fit(X, y)
    found = stability(inferrer, X, y, **QUICK)
    assert found.label_p_value == 1 / 20
    assert (found.p_values > 0.05).all()
    assert (found.gap_p_values > 0.1).all()


@QUIETLY
@pytest.mark.parametrize(
    "inferrer", [EIILGroupInferrer(random_state=0), ErrorGroupInferrer(random_state=0)]
)
def test_inferrers_without_clusters_have_no_p_value(inferrer):
    X, y, _ = make_shortcut_classification(300, agreement=0.8, n_features=4, random_state=0)
    found = stability(inferrer.fit(X, y), X, y, **QUICK)
    assert found.label_p_value == 1 / 20  # which is asked about the reference
    assert np.isnan(found.p_value)
    assert np.isnan(found.gap_p_value)
    assert np.isfinite(found.class_ari).all()
    assert "not tested" in str(found)


@QUIETLY
def test_jobs_do_not_change_the_result(blobs):
    one, two = (
        stability(blobs.inferrer, blobs.X[::2], blobs.y[::2], **QUICK, n_jobs=n) for n in (1, 2)
    )
    for name in vars(one):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@QUIETLY
def test_same_seed_same_result():
    X, y = random_labels(0)
    inferrer = GradientGroupInferrer(k=2).fit(X, y)
    one, other, third = (
        stability(inferrer, X, y, **QUICK | {"random_state": seed}) for seed in (0, 0, 1)
    )
    assert (one.class_ari == other.class_ari).all()
    assert one.p_values.tolist() == other.p_values.tolist()
    assert (one.class_ari != third.class_ari).any()


def test_frames_and_sparse_rows(blobs):
    frame = pd.DataFrame(blobs.X, columns=["a", "b"], index=np.arange(200)[::-1])
    labels = pd.Series(blobs.y, index=frame.index)
    for X, y in ((frame, labels), (sparse.csr_matrix(blobs.X), blobs.y)):
        inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
        assert stability(inferrer, X, y, **QUICK).mean_ari == 1


def test_pipelines(blobs):
    frame = pd.DataFrame(blobs.X, columns=["a", "b"])
    inferrer, last = GradientGroupInferrer(2, random_state=0), ERMClassifier(max_epochs=2)
    pipeline = make_pipeline(StandardScaler(), inferrer, last).fit(frame, blobs.y)
    Z = pipeline[0].transform(frame)
    expected = stability(pipeline[1], Z, blobs.y, **QUICK)
    for given in (pipeline, pipeline[:2]):
        found = stability(given, frame, blobs.y, **QUICK)
        np.testing.assert_array_equal(found.class_ari, expected.class_ari)
        np.testing.assert_array_equal(found.p_values, expected.p_values)
    with pytest.raises(NotFittedError, match="This Pipeline instance is not fitted yet"):
        stability(make_pipeline(StandardScaler(), inferrer), frame, blobs.y, **QUICK)
    without = make_pipeline(StandardScaler(), last).fit(frame, blobs.y)
    with pytest.raises(ValueError, match="this Pipeline has no fitted group inferrer"):
        stability(without, frame, blobs.y, **QUICK)


def test_without_seeds_and_tests(blobs):
    found = stability(blobs.inferrer, blobs.X, blobs.y, n_resamples=1, n_seeds=0, n_null=0)
    assert found.seed_class_ari.shape == found.pair_class_ari.shape == (0, 2)
    assert np.isnan([found.label_p_value, *found.p_values]).all()
    assert found.mean_ari == 1


def test_nothing_is_changed(blobs):
    groups, state = blobs.inferrer.groups_.copy(), np.random.get_state()[1].tolist()
    with warnings.catch_warnings():
        filters = list(warnings.filters)
        stability(blobs.inferrer, blobs.X, blobs.y, **QUICK)
        assert warnings.filters == filters
    assert (blobs.inferrer.groups_ == groups).all()
    assert np.random.get_state()[1].tolist() == state


def test_bad_input(blobs):
    with pytest.raises(NotFittedError):
        stability(GradientGroupInferrer(), blobs.X, blobs.y)
    with pytest.raises(ValueError, match="X has 200 samples, but y has 199"):
        stability(blobs.inferrer, blobs.X, blobs.y[1:])
    with pytest.raises(GroupsError, match="different pandas indexes"):
        stability(blobs.inferrer, pd.DataFrame(blobs.X), pd.Series(blobs.y, np.arange(200) + 1))
    for name, value in {"n_resamples": 0, "subsample": 1.0, "n_null": 18, "y": None}.items():
        arguments = {"inferrer": blobs.inferrer, "X": blobs.X, "y": blobs.y} | {name: value}
        with pytest.raises(ValueError, match=f"'{name}' parameter of stability"):
            stability(**arguments)
