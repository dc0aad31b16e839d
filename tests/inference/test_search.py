import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from torch import nn
from torch.utils.data import TensorDataset

from skgroup import (
    EIILGroupInferrer,
    ErrorGroupInferrer,
    FeatureGroupInferrer,
    GradientGroupInferrer,
    GroupDROClassifier,
    GroupedArray,
    GroupInferrerSearch,
)
from skgroup.datasets import make_shortcut_classification
from skgroup.exceptions import UnusableSplitWarning
from skgroup.inference._cross_judging import judge_partitions
from skgroup.metrics import within_class_ari

# Most tests do not care which candidate is best; those that do look at warnings themselves.
pytestmark = pytest.mark.filterwarnings("ignore::skgroup.exceptions.UnusableSplitWarning")

QUICK = GroupDROClassifier(hidden_layer_sizes=(), max_epochs=4, lr=0.05, early_stopping=False)


class Whole(ClassifierMixin, BaseEstimator):
    """Right about all rows where it was given as many groups as it likes, else about none."""

    def __init__(self, likes=2):
        self.likes = likes

    def fit(self, X, y, groups):
        self.classes_ = np.unique(y)
        self.likes_it_ = len(np.unique(groups[groups >= 0])) == self.likes
        return self

    def predict(self, X):
        right = (np.asarray(X)[:, 1] > 3).astype(int)
        return self.classes_[right if self.likes_it_ else 1 - right]


def candidates():
    return [GradientGroupInferrer(2), GradientGroupInferrer(3), GradientGroupInferrer(1)]


def search(given=None, **options):
    settings = {"judge": QUICK, "random_state": 0}
    return GroupInferrerSearch(candidates() if given is None else given, **settings | options)


def test_it_is_the_best_candidate(four):
    X, y, _ = four
    inferrer = search(judge=Whole(likes=4)).fit(X, y)
    assert inferrer.best_index_ == 0
    best = inferrer.best_inferrer_
    assert best is inferrer.inferrers_[0]
    assert best.k == 2
    assert inferrer.reference_ is best.reference_
    np.testing.assert_array_equal(inferrer.groups_, best.groups_)
    np.testing.assert_array_equal(inferrer.predict(X, y), best.predict(X, y))
    np.testing.assert_array_equal(inferrer.predict(X), best.predict(X))
    np.testing.assert_array_equal(inferrer.embed(X, y), best.embed(X, y))
    assert inferrer.score(X, y) == best.score(X, y)
    assert inferrer.n_groups_ == best.n_groups_ == 4
    for name, column in best.group_table_.items():
        np.testing.assert_array_equal(inferrer.group_table_[name], column)


def test_groups_of_a_shortcut_are_chosen():
    X, y, truth = make_shortcut_classification(
        1000, core_strength=0.5, shortcut_strength=2.0, random_state=0
    )
    # Blobs of random columns, the shortcut, the classes.
    given = [FeatureGroupInferrer(2), GradientGroupInferrer(2), GradientGroupInferrer(1)]
    inferrer = search(given).fit(X, y)
    assert inferrer.best_index_ == 1
    assert within_class_ari(truth, inferrer.groups_, y) > 0.8
    assert within_class_ari(truth, inferrer.inferrers_[0].groups_, y) < 0.5


def test_columns_of_the_results(four):
    X, y, _ = four
    inferrer = search().fit(X, y)
    found, matrix = inferrer.results_, inferrer.worst_groups_
    assert matrix.shape == (3, 3)
    assert [str(c) for c in candidates()] == found["candidate"].tolist()
    assert found["n_groups"].tolist() == [i.n_groups_ for i in inferrer.inferrers_] == [4, 6, 2]
    np.testing.assert_array_equal(found["own_worst_group"], matrix.diagonal())
    # The classes, left whole, do not judge.
    np.testing.assert_allclose(found["mean_worst_group"], matrix[:, :2].mean(axis=1))
    score = found["mean_worst_group"] + 0.5 * found["average_accuracy"]
    np.testing.assert_allclose(found["score"], score)
    lead = found["score"] - found["score"][0]
    assert inferrer.best_index_ == (lead.argmax() if lead.max() > 0.04 else 0)
    assert len(pd.DataFrame(found)) == 3
    found["own_worst_group"][:] = 7  # a copy
    assert (matrix <= 1).all()


def test_judging_is_that_of_judge_partitions(four):
    X, y, _ = four
    inferrer = search(random_state=5).fit(X, y)
    seeds = np.random.RandomState(5).randint(np.iinfo(np.int32).max, size=2)
    groups = [
        clone(c).set_params(random_state=seeds[0]).fit_predict(X, y) for c in candidates()[:2]
    ]
    expected = judge_partitions(
        QUICK, X, y, y, [*groups, y], max_judged=2000, n_jobs=None, seed=seeds[1]
    )
    np.testing.assert_array_equal(inferrer.worst_groups_, expected.worst_groups)
    np.testing.assert_array_equal(inferrer.results_["average_accuracy"], expected.averages)


def test_fewer_rows_are_held_out_where_less_is_asked_for(four):
    X, y, _ = four
    averages = search(max_judged=1).fit(X, y).results_["average_accuracy"]
    np.testing.assert_allclose(averages * 40, np.round(averages * 40))  # a quarter of 160


def test_classes_that_are_best_left_whole(four):
    X, y, _ = four
    inferrer = search(judge=Whole())
    with pytest.warns(UnusableSplitWarning, match="every class stays one group.*no candidate") as w:
        inferrer.fit(X, y)
    assert len(w) == 1
    assert w[0].filename == __file__
    assert inferrer.best_index_ == 2
    np.testing.assert_array_equal(inferrer.groups_, y)
    np.testing.assert_array_equal(inferrer.predict(X, y), y)


@pytest.mark.parametrize("likes", [4, 2])
def test_only_the_chosen_one_says_what_it_could_not_split(likes, four):
    # The errors of a reference without any: both classes stay whole.
    X, y, _ = four
    given = [GradientGroupInferrer(2), ErrorGroupInferrer(reference=Never())]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search(given, judge=Whole(likes)).fit(X, y)
    assert len([w for w in caught if w.category is UnusableSplitWarning]) == (likes == 2)


class Never(ClassifierMixin, BaseEstimator):
    """Is never wrong here."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.eye(2)[(X[:, 1] > 3).astype(int)]


def test_default_candidates(four):
    X, y, _ = four
    inferrer = GroupInferrerSearch(judge=Whole(likes=4), random_state=0).fit(X, y)
    found = [(i.k, i.reference, i.scale) for i in inferrer.inferrers_]
    assert found == [(None, "auto", "auto"), (None, "linear", "auto"), (None, "linear", "weighted")]


class Net(nn.Module):
    """Reads rows of any number of dimensions."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        return self.head(x.flatten(1))


def test_default_candidates_for_a_network(four):
    X, y, _ = four  # two batches of 128 rows at most
    inferrer = GroupInferrerSearch(module=Net(), judge=Whole(likes=4), random_state=0).fit(X, y)
    assert [i.k for i in inferrer.inferrers_] == [None] * 3
    assert [i.epochs for i in inferrer.inferrers_] == [4, 10, 40]
    assert all(i.module is not None for i in inferrer.inferrers_)


def test_rows_that_only_the_module_reads(four):
    X, y, _ = four
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    for rows in (X.reshape(160, 3, 1), torch.tensor(X).float()):
        inferrer = GroupInferrerSearch(module=Net(), random_state=0).fit(rows, y)
        flat = GroupInferrerSearch(module=Net, random_state=0)
        assert inferrer.predict(rows, y).tolist() == inferrer.groups_.tolist()
        assert inferrer.worst_groups_.shape == (3, 3)
        assert isinstance(inferrer.fit_transform(rows, y), GroupedArray)
        with pytest.raises(TypeError, match="positional argument"):  # Net takes no sizes
            flat.fit(rows, y)


def test_candidates_of_all_kinds(four):
    X, y, _ = four
    given = [
        GradientGroupInferrer(), GradientGroupInferrer(clusterer="hdbscan", min_samples=5),
        FeatureGroupInferrer(2), EIILGroupInferrer("exact"), ErrorGroupInferrer("least_confident"),
        GradientGroupInferrer(2, reference=LogisticRegression()),
    ]  # fmt: skip
    inferrer = search(given).fit(X, y)
    assert inferrer.worst_groups_.shape == (6, 6)
    assert [type(i) for i in inferrer.inferrers_] == [type(c) for c in given]
    np.testing.assert_array_equal(inferrer.groups_, inferrer.best_inferrer_.groups_)


def test_outliers_stay_outliers(four):
    X, y, _ = four
    X, y = np.vstack([X, [[0.0, 300.0, 0.0]]]), np.append(y, 0)
    given = [
        GradientGroupInferrer(2, reference="linear", noise_neighbors=None, min_cluster_share=0.1)
    ]
    inferrer = search([given[0].set_params(k=3)]).fit(X, y)
    assert -1 in inferrer.groups_
    np.testing.assert_array_equal(inferrer.groups_, inferrer.best_inferrer_.groups_)
    np.testing.assert_array_equal(inferrer.predict(X, y), inferrer.groups_)
    assert inferrer.group_table_["cluster"].min() == -1


def test_string_labels(four):
    X, y, _ = four
    names = np.array(["no", "yes"])[y]
    plain, named = (search().fit(X, labels) for labels in (y, names))
    np.testing.assert_array_equal(named.groups_, plain.groups_)
    np.testing.assert_array_equal(named.worst_groups_, plain.worst_groups_)
    assert named.classes_.tolist() == ["no", "yes"]
    assert set(named.group_table_["class"]) == {"no", "yes"}
    np.testing.assert_array_equal(named.predict(X, names), named.groups_)


def test_names_of_columns_reach_the_candidates(four):
    X, y, _ = four
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    by_name = make_pipeline(
        make_column_transformer(("passthrough", ["c", "a", "b"])), LogisticRegression()
    )
    inferrer = search([GradientGroupInferrer(2, reference=by_name)]).fit(frame, y)
    assert inferrer.feature_names_in_.tolist() == ["a", "b", "c"]
    assert inferrer.best_inferrer_.feature_names_in_.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(inferrer.predict(frame, y), inferrer.groups_)
    np.testing.assert_array_equal(search().fit(frame, y).groups_, search().fit(X, y).groups_)


def test_sparse_rows(four):
    X, y, _ = four
    dense, rows = search().fit(X, y), sparse.csr_matrix(X)
    inferrer = search().fit(rows, y)
    np.testing.assert_array_equal(inferrer.groups_, dense.groups_)
    np.testing.assert_allclose(inferrer.worst_groups_, dense.worst_groups_, atol=0.05)
    np.testing.assert_array_equal(inferrer.predict(rows, y), inferrer.groups_)


def test_validation_rows_are_assigned(four):
    X, y, _ = four
    inferrer = search(judge=Whole(likes=4)).fit(X, y, X[::3], y[::3])
    np.testing.assert_array_equal(inferrer.groups_val_, inferrer.groups_[::3])


def test_seeds_repeat_and_the_global_state_is_left(four):
    X, y, _ = four
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    first, again, other = (search(random_state=s).fit(X, y) for s in (3, 3, 4))
    assert (np.random.get_state()[1] == before[0]).all()
    assert torch.equal(torch.get_rng_state(), before[1])
    np.testing.assert_array_equal(first.worst_groups_, again.worst_groups_)
    np.testing.assert_array_equal(first.groups_, again.groups_)
    assert (first.worst_groups_ != other.worst_groups_).any()


def test_jobs_change_nothing(four):
    X, y, _ = four
    with joblib.parallel_config(backend="threading"):
        two = search(n_jobs=2).fit(X, y)
    one = search(n_jobs=1).fit(X, y)
    np.testing.assert_array_equal(two.groups_, one.groups_)
    np.testing.assert_array_equal(two.worst_groups_, one.worst_groups_)


def test_clones_and_pickles(four):
    X, y, _ = four
    inferrer = search().fit(X, y)
    again = pickle.loads(pickle.dumps(inferrer))
    np.testing.assert_array_equal(again.predict(X, y), inferrer.groups_)
    copied = clone(inferrer)
    assert not hasattr(copied, "best_index_")
    assert copied.candidates[0] is not inferrer.candidates[0]
    np.testing.assert_array_equal(copied.fit_predict(X, y), inferrer.groups_)
    # Neither candidates nor the judge are fitted in place.
    assert not hasattr(inferrer.candidates[0], "groups_")
    assert not hasattr(inferrer.judge, "classes_")


def test_in_a_pipeline(four):
    X, y, _ = four
    pipe = make_pipeline(search(judge=Whole(likes=4)), clone(QUICK).set_params(random_state=0))
    pipe.fit(X, y)
    assert pipe[-1].n_groups_ == 4
    alone = clone(QUICK).set_params(random_state=0).fit(X, y, groups=pipe[0].groups_)
    np.testing.assert_array_equal(pipe.predict(X), alone.predict(X))


def test_inside_another_search(four):
    X, y, _ = four
    inner = search(judge=Whole(likes=4))
    inferrer = search([inner, GradientGroupInferrer(3)], judge=Whole(likes=4)).fit(X, y)
    assert inferrer.best_index_ == 0
    assert isinstance(inferrer.best_inferrer_, GroupInferrerSearch)
    np.testing.assert_array_equal(inferrer.predict(X, y), inferrer.groups_)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"candidates": []}, ValueError, "candidates is empty: give at least one inferrer"),
        ({"candidates": [LogisticRegression()]}, TypeError, "got LogisticRegression: pass inst"),
        ({"candidates": "all"}, ValueError, "'candidates'"),
        ({"judge": LogisticRegression()}, TypeError, "LogisticRegression has no groups= in its"),
        ({"judge": "erm"}, ValueError, "'judge'"),
        ({"max_judged": 0}, ValueError, "'max_judged'"),
        ({"candidates": [GradientGroupInferrer(0)]}, ValueError, "'k' parameter of Gradient"),
        ({"judge": GroupDROClassifier(lr=-1)}, ValueError, "'lr' parameter of GroupDRO"),
    ],
)
def test_bad_parameters(options, error, message, four):
    with pytest.raises(error, match=message):
        GroupInferrerSearch(**{"candidates": candidates(), "judge": QUICK} | options).fit(*four[:2])


def test_rows_that_cannot_be_held_out(four):
    X, y, _ = four
    for rows in ({"x": X}, TensorDataset(torch.tensor(X).float())):
        with pytest.raises(TypeError, match="rows cannot be held out: fit a single inferrer"):
            GroupInferrerSearch(module=Net()).fit(rows, y)
    with pytest.raises((TypeError, ValueError), match=r"pass.*`module=`"):
        search().fit(X.reshape(160, 3, 1), y)
