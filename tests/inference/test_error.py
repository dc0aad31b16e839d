import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from torch import nn

from skgroup import ErrorGroupInferrer, GERNEClassifier, JTTClassifier, get_groups
from skgroup.exceptions import UnusableSplitWarning
from skgroup.inference._error import halfway
from skgroup.metrics import group_agreement

Least = partial(ErrorGroupInferrer, "least_confident")


class Given(ClassifierMixin, BaseEstimator):
    """The columns of X are the probabilities."""

    classes_ = np.array(["a", "b", "c"])

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return np.asarray(X, dtype=np.float64)


P = np.array(
    [
        [0.6, 0.2, 0.2], [0.5, 0.2, 0.3], [0.3, 0.6, 0.1], [0.1, 0.3, 0.6],
        [0.2, 0.7, 0.1], [0.4, 0.5, 0.1], [0.6, 0.3, 0.1],
        [0.2, 0.1, 0.7], [0.5, 0.1, 0.4], [0.5, 0.3, 0.2],
    ]
)  # fmt: skip
Y = np.array(list("aaaabbbccc"))


def test_errors_by_hand():
    inferrer = ErrorGroupInferrer(reference=Given()).fit(P, Y)
    assert inferrer.groups_.tolist() == [0, 0, 1, 1, 2, 2, 3, 4, 5, 5]
    table = inferrer.group_table_
    assert table["cluster"].tolist() == [0, 1, 0, 1, 0, 1]
    assert table["error_rate"].tolist() == [0, 1, 0, 1, 0, 1]
    assert table["size"].tolist() == [2, 2, 2, 1, 1, 2]
    margin = [0.4, 0.2, -0.3, -0.5, 0.5, 0.1, -0.3, 0.5, -0.1, -0.3]
    np.testing.assert_allclose(inferrer.embed(P, Y)[:, 0], margin, atol=1e-12)
    np.testing.assert_array_equal(inferrer.predict(P, Y), inferrer.groups_)
    # Without labels no row is an error.
    assert set(inferrer.predict(P)) == {0, 2, 4}


@pytest.mark.parametrize(
    ("share", "rows"),
    [(0.5, [2, 3, 6, 9]), (0.25, [3, 6, 9]), (0.01, [3, 6, 9]), (0.99, [1, 2, 3, 5, 6, 8, 9])],
)
def test_the_least_confident_rows_by_hand(share, rows):
    # Classes of 4, 3 and 3 rows: half of them are 2, 1 and 1; one at least, and never all.
    inferrer = Least(minority_share=share, reference=Given()).fit(P, Y)
    cluster = inferrer.group_table_["cluster"][inferrer.groups_]
    assert np.flatnonzero(cluster).tolist() == rows
    assert inferrer.n_groups_ == 6
    np.testing.assert_array_equal(inferrer.predict(P, Y), inferrer.groups_)
    own = P[np.arange(10), [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]]
    np.testing.assert_array_equal(inferrer.embed(P, Y)[:, 0], own)


def test_new_rows_are_judged_by_the_threshold_of_their_class():
    # Between .3 and .5 in class "a", between .3 and .5 in "b", between .2 and .4 in "c"
    inferrer = Least(minority_share=0.5, reference=Given()).fit(P, Y)
    new = np.array([[0.39, 0.39, 0.22], [0.41, 0.41, 0.18], [0.35, 0.36, 0.29], [0.35, 0.34, 0.31]])
    assert inferrer.predict(new, list("aaaa")).tolist() == [1, 0, 1, 1]
    assert inferrer.predict(new, list("bbbb")).tolist() == [3, 2, 3, 3]
    assert inferrer.predict(new, list("cccc")).tolist() == [5, 5, 5, 4]


def test_ties_go_to_the_first_rows():
    p = np.repeat([[0.5, 0.25, 0.25]], 4, axis=0)
    inferrer = Least(minority_share=0.5, reference=Given())
    with pytest.warns(UnusableSplitWarning, match="class '[bc]' stays one group: it has a single"):
        inferrer.fit(np.vstack([p, p[:2]]), list("aaaabc"))
    assert inferrer.groups_.tolist() == [1, 1, 0, 0, 2, 3]
    assert inferrer.predict(p[:2], ["b", "c"]).tolist() == [2, 3]


@pytest.mark.parametrize(("rule", "n_minority"), [("error", 20), ("least_confident", 20)])
def test_separated_groups_are_found(blobs, rule, n_minority):
    X, y, truth = blobs
    inferrer = ErrorGroupInferrer(rule, minority_share=0.2).fit(X, y)
    assert group_agreement(truth, inferrer.groups_, y)["within_class_ari"] == 1
    assert inferrer.group_table_["size"].tolist() == [80, n_minority, 80, n_minority]
    assert (inferrer.predict(X, y) == inferrer.groups_).all()
    assert 0.5 < inferrer.score(X, y) <= 1


def test_the_errors_of_a_jtt_classifier_s_first_network(draw):
    X, y = draw(3)
    settings = {"hidden_layer_sizes": (8,), "max_epochs": 1, "early_stopping": False}
    clf = JTTClassifier(identification_epochs=15, random_state=0, **settings).fit(X, y)
    assert 0 < clf.error_set_.sum() < len(y)
    for reference in (clf.identification_net_, clf.identification_net_.module_):
        groups = ErrorGroupInferrer(reference=reference).fit_predict(X, y)
        np.testing.assert_array_equal(groups, 2 * y + clf.error_set_)


def test_the_pseudo_attributes_of_gerne(draw):
    X, y = draw()
    seen = []

    class Spy(GERNEClassifier):
        def _train(self, task, *args, **options):
            net = super()._train(task, *args, **options)
            seen.append(net)
            return net

    settings = {"hidden_layer_sizes": (), "max_epochs": 2, "early_stopping": False}
    clf = Spy(attributes="unknown", minority_share=0.1, random_state=0, **settings).fit(X, y)
    groups = Least(minority_share=0.1, reference=seen[0]).fit_predict(X, y)
    np.testing.assert_array_equal(groups, 2 * y + (clf.pseudo_attribute_ == 1))


def test_a_class_without_errors_stays_one_group():
    rows = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.9, 0.1, 0.0], [0.4, 0.5, 0.1]])
    with pytest.warns(UnusableSplitWarning) as caught:
        inferrer = ErrorGroupInferrer(reference=Given()).fit(rows, list("aaab"))
    assert [str(w.message) for w in caught] == [
        "class 'b' stays one group: the reference gets all its rows right"
    ]
    assert {w.filename for w in caught} == {__file__}
    assert inferrer.groups_.tolist() == [0, 1, 0, 2]
    # A new row of the class that would be an error is in its only group.
    assert inferrer.predict(rows[:1], ["b"]).tolist() == [2]


def test_a_class_that_is_all_wrong_stays_one_group():
    rows = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.9, 0.1, 0.0], [0.5, 0.4, 0.1]])
    message = "class 'b' stays one group: the reference gets all its rows wrong"
    with pytest.warns(UnusableSplitWarning, match=message):
        inferrer = ErrorGroupInferrer(reference=Given()).fit(rows, list("aabb"))
    assert inferrer.groups_.tolist() == [0, 1, 2, 2]
    assert inferrer.predict([[0.1, 0.9, 0.0]], ["b"]).tolist() == [2]


@pytest.mark.parametrize("rule", ["error", "least_confident"])
def test_validation_rows_get_the_groups_of_the_rule(draw, rule):
    X, y = draw()
    X_val, y_val = draw(seed=1)
    inferrer = ErrorGroupInferrer(rule).fit(X, y, X_val, y_val)
    np.testing.assert_array_equal(inferrer.groups_val_, inferrer.predict(X_val, y_val))
    np.testing.assert_array_equal(inferrer.groups_, ErrorGroupInferrer(rule).fit_predict(X, y))


@pytest.mark.parametrize("rule", ["error", "least_confident"])
def test_prediction_does_not_depend_on_the_batch(draw, rule):
    X, y = draw(n_rows=300)
    inferrer = ErrorGroupInferrer(rule, module=nn.Linear(3, 2), random_state=0).fit(X, y)
    for rows in ([0], [5, 3], slice(7, 100)):
        np.testing.assert_array_equal(inferrer.predict(X[rows], y[rows]), inferrer.groups_[rows])


def test_inputs(draw):
    X, y = draw()
    found = ErrorGroupInferrer().fit_predict(X, y)
    names = np.array(["no", "yes"])[y]
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    np.testing.assert_array_equal(ErrorGroupInferrer().fit_predict(frame, names), found)
    np.testing.assert_array_equal(ErrorGroupInferrer().fit(sparse.csr_array(X), y).groups_, found)
    tensor = torch.tensor(X).float()
    assert ErrorGroupInferrer(module=nn.Linear(3, 2)).fit(tensor, y).n_groups_ == 4
    np.testing.assert_array_equal(get_groups(ErrorGroupInferrer().fit_transform(X, y)), found)


def test_seeds_reach_the_module(draw):
    X, y = draw()
    first, again, other = (
        Least(module=nn.Linear, random_state=seed).fit_predict(X, y) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_clones_and_pickles(draw):
    X, y = draw()
    inferrer = Least().fit(X, y)
    again = pickle.loads(pickle.dumps(inferrer))
    np.testing.assert_array_equal(again.predict(X, y), inferrer.groups_)
    assert clone(inferrer).get_params() == inferrer.get_params()


@pytest.mark.parametrize(
    "options", [{"rule": "worst"}, {"minority_share": 0.0}, {"minority_share": 1.0}]
)
def test_parameters_out_of_range(draw, options):
    with pytest.raises(ValueError, match=f"The '{next(iter(options))}' parameter of ErrorGroup"):
        ErrorGroupInferrer(**options).fit(*draw())


def test_halfway():
    p = np.array([0.1, 0.3, 0.5, 0.9])
    assert halfway(p, np.array([True, True, False, False])) == pytest.approx(0.4)
    assert halfway(p[:1], np.array([False])) == -np.inf
