import pickle
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score, cross_validate

from skgroup import GroupedArray
from skgroup.exceptions import GroupsError
from skgroup.metrics import (
    group_balanced_accuracy,
    group_balanced_scorer,
    make_group_scorer,
    worst_class_scorer,
    worst_group_accuracy,
    worst_group_scorer,
)


class FirstColumn(ClassifierMixin, BaseEstimator):
    """Predicts ``X[:, 0] >= threshold``, so that every score is known."""

    def __init__(self, threshold=0.5):
        self.threshold = threshold

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return (np.asarray(X)[:, 0] >= self.threshold).astype(int)


# Predictions of FirstColumn() are 0 1 | 1 1 0 1 | 0 1: right right | right right wrong right | ...
X = np.array([[0.0, -1], [1, 1], [1, 1], [1, 1], [0, 1], [1, 1], [0, 0], [1, 0]])
Y = np.array([0, 1, 1, 1, 1, 1, 1, 1])
GROUPS = np.array(["a", "a", "b", "b", "b", "b", "c", "c"])  # accuracies 1, 3/4, 1/2
CLF = FirstColumn().fit(X, Y)
X8, Y8, G8 = np.tile(X, (4, 1)), np.tile(Y, 4), np.tile(GROUPS, 4)


def test_values_by_hand():
    assert worst_group_scorer(CLF, X, Y, groups=GROUPS) == 0.5
    assert group_balanced_scorer(CLF, X, Y, groups=GROUPS) == pytest.approx(0.75)
    assert worst_class_scorer(CLF, X, Y) == pytest.approx(5 / 7)


def test_explicit_groups_come_before_carried_ones():
    carried = GroupedArray(X, GROUPS)
    assert worst_group_scorer(CLF, carried, Y) == 0.5
    assert worst_group_scorer(CLF, carried, Y, groups=np.zeros(8)) == 0.75


def test_make_group_scorer_options():
    scorer = make_group_scorer(worst_group_accuracy, min_size=4)
    assert scorer(CLF, X, Y, groups=GROUPS) == 0.75
    loss = make_group_scorer(_worst_group_error, greater_is_better=False)
    assert loss(CLF, X, Y, groups=GROUPS) == -0.5
    assert repr(scorer) == "make_group_scorer(worst_group_accuracy, min_size=4)"
    assert repr(loss) == "make_group_scorer(_worst_group_error, greater_is_better=False)"
    both = make_group_scorer(worst_group_accuracy, min_size=4, sample_weight=None)
    assert repr(both) == "make_group_scorer(worst_group_accuracy, min_size=4, sample_weight=None)"
    metric = partial(worst_group_accuracy, min_size=4)  # which has no name
    assert repr(make_group_scorer(metric)) == f"make_group_scorer({metric!r})"
    with pytest.raises(ValueError, match="'metric' parameter of make_group_scorer"):
        make_group_scorer("accuracy")


def test_the_request_is_its_own():
    request = worst_group_scorer.get_metadata_routing()
    assert request.owner == "make_group_scorer(worst_group_accuracy)"
    assert request.score.requests == {"groups": True}


def _worst_group_error(y_true, y_pred, groups):
    return 1 - worst_group_accuracy(y_true, y_pred, groups)


def test_no_groups_names_the_fixes():
    with pytest.raises(GroupsError) as error:
        worst_group_scorer(CLF, X, Y)
    for text in (
        "make_group_scorer(worst_group_accuracy) got no groups",
        "X = GroupedArray(X, groups)",
        "sklearn.set_config(enable_metadata_routing=True)",
        "cross_validate(..., params={'groups': groups})",
        "worst_pseudo_group_scorer",
    ):
        assert text in str(error.value)


def test_other_pandas_index_raises():
    frame, y = pd.DataFrame(X), pd.Series(Y)
    groups = pd.Series(GROUPS, index=range(1, 9))
    with pytest.raises(GroupsError, match="groups and X have different pandas indexes"):
        worst_group_scorer(CLF, frame, y, groups=groups)
    with pytest.raises(GroupsError, match="y and X have different pandas indexes"):
        worst_group_scorer(CLF, frame, y.set_axis(groups.index), groups=GROUPS)


def _expected(splits, score, groups):
    return [score(Y8[test], CLF.predict(X8[test]), groups[test]) for _, test in splits]


def test_carried_groups_reach_scorers_without_routing():
    carried = GroupedArray(X8, G8)
    splits = list(GroupKFold(3).split(X8, Y8, G8))
    result = cross_validate(
        FirstColumn(),
        carried,
        Y8,
        cv=splits,
        error_score="raise",
        scoring={
            "worst": worst_group_scorer,
            "mean": group_balanced_scorer,
            "class": worst_class_scorer,
            "plain": "accuracy",
        },
    )
    assert sorted(result["test_worst"]) == [0.5, 0.75, 1.0]  # each fold is one group
    np.testing.assert_allclose(result["test_mean"], _expected(splits, group_balanced_accuracy, G8))
    np.testing.assert_allclose(result["test_mean"], result["test_plain"])


def test_plain_groups_without_routing_never_reach_the_scorer():
    with pytest.raises(GroupsError, match="hands `groups=` to the splitter, never to a scorer"):
        cross_val_score(
            FirstColumn(),
            X8,
            Y8,
            groups=G8,
            cv=GroupKFold(3),
            scoring=worst_group_scorer,
            error_score="raise",
        )


def test_routed_groups_with_group_kfold():
    with sklearn.config_context(enable_metadata_routing=True):
        single, several = (
            cross_validate(
                FirstColumn(),
                X8,
                Y8,
                cv=GroupKFold(3),
                scoring=scoring,
                params={"groups": G8},
                error_score="raise",
            )
            for scoring in (
                worst_group_scorer,
                {"w": worst_group_scorer, "c": worst_class_scorer, "a": "accuracy"},
            )
        )
    assert sorted(single["test_score"]) == [0.5, 0.75, 1.0]
    np.testing.assert_array_equal(single["test_score"], several["test_w"])


@pytest.mark.parametrize("multimetric", [False, True])
def test_grid_search_selects_by_routed_groups(multimetric):
    # A threshold of .5 is wrong on half of group c, one above 1 on all of class 1.
    scoring = {"worst": worst_group_scorer, "all": "accuracy"}
    search = GridSearchCV(
        FirstColumn(),
        {"threshold": [2.0, 0.5]},
        scoring=scoring if multimetric else worst_group_scorer,
        refit="worst" if multimetric else True,
        cv=2,
        error_score="raise",
    )
    with sklearn.config_context(enable_metadata_routing=True):
        search.fit(X8, Y8, groups=G8)
        assert search.score(X, Y, groups=GROUPS) == 0.5
    assert search.best_params_ == {"threshold": 0.5}
    assert search.best_score_ == 0.5


def test_grid_search_selects_by_carried_groups():
    search = GridSearchCV(
        FirstColumn(), {"threshold": [2.0, 0.5]}, scoring=worst_group_scorer, cv=2
    )
    search.fit(GroupedArray(X8, G8), Y8)
    assert search.best_params_ == {"threshold": 0.5}
    assert search.best_score_ == 0.5
    assert search.score(GroupedArray(X, GROUPS), Y) == 0.5


@pytest.mark.parametrize("several", [False, True])
def test_weights_of_the_fit_do_not_disturb_the_scorer(several):
    scoring = {"worst": worst_group_scorer, "all": "accuracy"} if several else worst_group_scorer
    search = GridSearchCV(
        FirstColumn(),
        {"threshold": [0.5]},
        scoring=scoring,
        refit="worst" if several else True,
        cv=2,
        error_score="raise",
    )
    with warnings.catch_warnings():
        # From 1.8 on scikit-learn says that the scorer has no use for them.
        warnings.filterwarnings("ignore", "The scoring .*does not support sample_weight")
        search.fit(GroupedArray(X8, G8), Y8, sample_weight=np.ones(len(Y8)))
    assert search.best_score_ == 0.5


def test_the_request_can_be_renamed_or_withdrawn():
    renamed = worst_group_scorer.set_score_request(groups="regions")
    withdrawn = worst_group_scorer.set_score_request(groups=False)
    carried = GroupedArray(X8, G8)
    with sklearn.config_context(enable_metadata_routing=True):
        settings = dict(cv=2, error_score="raise")
        by_alias = cross_validate(
            FirstColumn(), X8, Y8, scoring=renamed, params={"regions": G8}, **settings
        )
        by_carried = cross_validate(
            FirstColumn(),
            carried,
            Y8,
            scoring={"routed": worst_group_scorer, "carried": withdrawn},
            params={"groups": np.zeros(len(Y8))},
            **settings,
        )
    assert by_alias["test_score"].tolist() == [0.5, 0.5]
    assert by_carried["test_carried"].tolist() == [0.5, 0.5]
    assert by_carried["test_routed"].tolist() == [0.75, 0.75]


def test_set_score_request_leaves_the_shared_scorer_alone():
    worst_group_scorer.set_score_request(groups="regions")
    request = worst_group_scorer.get_metadata_routing()
    assert request.consumes("score", ["groups", "regions"]) == {"groups"}
    with pytest.raises(ValueError, match="should be either a valid identifier"):
        worst_group_scorer.set_score_request(groups="not a name")


def test_a_request_of_none_makes_scikit_learn_ask():
    unset = worst_group_scorer.set_score_request(groups=None)
    with (
        sklearn.config_context(enable_metadata_routing=True),
        pytest.raises(UnsetMetadataPassedError, match=r"groups'?\] are passed"),
    ):
        cross_validate(FirstColumn(), X8, Y8, cv=2, scoring=unset, params={"groups": G8})


SCORERS = [worst_group_scorer, group_balanced_scorer, worst_class_scorer]


@pytest.mark.parametrize("scorer", [*SCORERS, make_group_scorer(worst_group_accuracy, min_size=4)])
def test_pickle_clone_and_get_scorer(scorer):
    carried = GroupedArray(X, GROUPS)
    expected = scorer(CLF, carried, Y)
    for copy in (
        pickle.loads(pickle.dumps(scorer)),
        clone(scorer, safe=False),
        get_scorer(scorer),
        clone(GridSearchCV(CLF, {}, scoring=scorer)).scoring,
    ):
        assert copy(CLF, carried, Y) == expected
        assert repr(copy) == repr(scorer)


def test_every_scorer_has_a_docstring_of_its_own():
    assert len({scorer.__doc__ for scorer in SCORERS}) == 3
    assert all("for `scoring=`" in scorer.__doc__ for scorer in SCORERS)
