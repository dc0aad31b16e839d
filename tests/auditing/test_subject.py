import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

from skgroup import GradientGroupInferrer, GroupedArray, GroupInferrerSearch
from skgroup.auditing._subject import LEAST_ROWS, Subject, check_inferrer
from skgroup.exceptions import GroupsError

X = np.random.default_rng(0).normal(size=(40, 2))
Y = np.tile([0, 1], 20)
G = np.tile(["a", "a", "b", "b"], 10)


class Never(LogisticRegression):
    """A classifier that must not be fitted."""

    def fit(self, X, y):
        raise AssertionError("work was done before the checks")


def check(model=None, X=X, y=Y, groups=None):
    return Subject.check(Never() if model is None else model, X, y, groups)


def test_what_can_be_audited_is_handed_on():
    subject = check(groups=G)
    assert subject.X is X
    assert not subject.is_fitted
    np.testing.assert_array_equal(subject.codes, Y)
    np.testing.assert_array_equal(subject.groups.labels, ["a", "b"])
    np.testing.assert_array_equal(subject.groups.codes, np.tile([0, 0, 1, 1], 10))


def test_a_fitted_model_is_known_as_one():
    assert check(LogisticRegression().fit(X, Y)).is_fitted


def test_carried_groups_are_groups():
    subject = check(X=GroupedArray(X, G))
    np.testing.assert_array_equal(subject.groups.labels, ["a", "b"])
    assert type(subject.X) is np.ndarray


def test_lists_and_sparse_matrices_are_tables():
    assert check(X=X.tolist()).X.shape == (40, 2)
    assert check(X=sparse.coo_array(X)).X.format == "csr"


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({"model": LinearRegression()}, TypeError, "must be a scikit-learn classifier"),
        ({"model": LogisticRegression}, TypeError, "the class LogisticRegression"),
        ({"X": X[:30]}, ValueError, "X has 30 samples, but y has 40"),
        ({"X": X[:, 0]}, ValueError, r"ndarray of shape \(40,\)"),
        ({"X": X[:, :0]}, ValueError, r"shape \(40, 0\)"),
        ({"X": ["a"] * 40}, ValueError, "must be a table with rows and columns"),
        ({"y": np.zeros(40)}, ValueError, "one class only"),
        ({"y": X[:, 0]}, ValueError, "continuous"),
        ({"y": np.where(Y, 1.0, np.nan)}, ValueError, "y contains NaN"),
        ({"y": np.repeat([0, 1], [31, 9])}, ValueError, "9 rows of class 1, too few"),
        ({"groups": G[:5]}, GroupsError, "groups has 5 entries"),
        ({"groups": np.where(Y, -1, 0)}, GroupsError, "every sample of class 1"),
        ({"groups": np.arange(40)}, GroupsError, "row ids"),
    ],
    ids=lambda value: "" if isinstance(value, (str, type)) else next(iter(value)),
)
def test_bad_input_is_an_error_before_any_work(given, error, match):
    with pytest.raises(error, match=match):
        check(**given)


def test_frames_of_other_indexes_are_an_error():
    with pytest.raises(GroupsError, match="different pandas indexes"):
        check(X=pd.DataFrame(X), y=pd.Series(Y, index=np.arange(40)[::-1]))


def test_missing_values_need_a_model_that_takes_them():
    frame = pd.DataFrame(X, columns=["age", "income"])
    frame.loc[3, "age"] = np.nan
    with pytest.raises(ValueError, match="missing values in 'age', and Never takes none"):
        check(X=frame)
    assert check(HistGradientBoostingClassifier(), X=frame).X is frame
    assert check(make_pipeline(Never()), X=frame).X is frame


def test_infinite_values_are_an_error():
    infinite = np.where(np.arange(80).reshape(40, 2) == 3, np.inf, X)
    with pytest.raises(ValueError, match="infinite values in 'x1'"):
        check(HistGradientBoostingClassifier(), X=infinite)
    with pytest.raises(ValueError, match="infinity"):
        check(X=sparse.csr_array(infinite))


def test_labels_that_a_fitted_model_does_not_know_are_an_error():
    model = LogisticRegression().fit(X, Y)
    with pytest.raises(ValueError, match=r"did not see: \[2\]. Its classes are \[0, 1\]"):
        check(model, y=np.where(np.arange(40) < LEAST_ROWS, 2, Y))


def test_nothing_is_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(X=pd.DataFrame(X), y=pd.Series(Y), groups=pd.Series(G))


def test_inferrers_are_instances_of_inferrers():
    for inferrer in (None, GradientGroupInferrer(), GroupInferrerSearch()):
        check_inferrer(inferrer)
    with pytest.raises(TypeError, match="got the class GradientGroupInferrer"):
        check_inferrer(GradientGroupInferrer)
    with pytest.raises(TypeError, match="got LogisticRegression"):
        check_inferrer(LogisticRegression())
