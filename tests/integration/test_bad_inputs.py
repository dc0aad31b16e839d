"""Bad input to every estimator: the documented error before any work, or the right result."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from torch.utils.data import TensorDataset

import skgroup
from skgroup.exceptions import GroupsError

N = 60
y = np.tile([0, 1], N // 2)
shortcut = np.where(np.arange(N) % 5, y, 1 - y)
X = np.random.default_rng(0).normal(size=(N, 4)) + 3.0 * np.c_[y, shortcut, 0 * y, 0 * y]
groups = 2 * y + shortcut
QUICK = {"hidden_layer_sizes": (4,), "max_epochs": 2, "random_state": 0}
CLASSIFIERS = [name for name in skgroup.__all__ if name.endswith("Classifier")]
INFERRERS = [name for name in skgroup.__all__ if name.endswith(("Inferrer", "InferrerSearch"))]
each_estimator = pytest.mark.parametrize("name", CLASSIFIERS + INFERRERS)
each_classifier = pytest.mark.parametrize("name", CLASSIFIERS)


def make(name):
    cls = getattr(skgroup, name)
    known = cls().get_params()
    return cls(**{key: value for key, value in QUICK.items() if key in known})


def put(values, where, what, dtype=None):
    values = np.array(values, dtype=dtype)
    values[where] = what
    return values


def frame(**columns):
    return pd.DataFrame(X, columns=list("abcd")).assign(**columns)


NAN, INF = "Input X contains NaN", "Input X contains infinity"
RANGE = "X contains values beyond 3.4e+38, too large for the float32"
NETWORK = "which the default network cannot read: pass a 2-D array, a DataFrame or a CSR matrix"
NO_NUMBER = "could not convert string to float"
BAD_X = {
    "NaN": (put(X, (3, 1), np.nan), ValueError, NAN),
    "all NaN": (np.full((N, 2), np.nan), ValueError, NAN),
    "infinity": (put(X, (3, 1), np.inf), ValueError, INF),
    "minus infinity": (put(X, (3, 1), -np.inf), ValueError, INF),
    "too large for float32": (put(X, (3, 1), 1e39), ValueError, RANGE),
    "near the end of float64": (put(X, (3, 1), -1e300), ValueError, RANGE),
    "one dimension": (X[:, 0], ValueError, "Expected 2D array, got 1D array instead"),
    "three dimensions": (X[:, :, None], ValueError, "flatten X with `X.reshape(len(X), -1)`"),
    "a number": (3.0, ValueError, "Expected 2D array, got scalar array instead"),
    "None": (None, ValueError, "Expected 2D array, got scalar array instead"),
    "a string": ("abc", ValueError, NO_NUMBER),
    "no rows": (X[:0], ValueError, "Found array with 0 sample(s)"),
    "no columns": (X[:, :0], ValueError, "Found array with 0 feature(s)"),
    "too few rows": (X[:-1], ValueError, "inconsistent numbers of samples: [59, 60]"),
    "too many rows": (np.r_[X, X[:1]], ValueError, "inconsistent numbers of samples: [61, 60]"),
    "ragged lists": ([[1.0, 2.0], [3.0]], ValueError, "inhomogeneous shape"),
    "strings": (np.full((N, 2), "a"), ValueError, NO_NUMBER),
    "objects with a string": (put(X, (0, 0), "a", object), ValueError, NO_NUMBER),
    "objects with None": (put(X, (0, 0), None, object), ValueError, NAN),
    "complex": (X + 1j, ValueError, "Complex data not supported"),
    "masked values": (np.ma.masked_array(X, mask=X > 4), ValueError, "masked values: impute them"),
    "sparse with NaN": (sparse.csr_array(put(X, (3, 1), np.nan)), ValueError, NAN),
    "a frame with text": (frame(a="t", c="u"), ValueError, "no numbers: 'a', 'c'. Encode them"),
    "a frame with missing": (frame(a=pd.array([None] * N, "Int64")), ValueError, NAN),
    "names that are no strings": (frame().set_axis(["a", 1, "c", "d"], axis=1), TypeError, "names"),
    "one name twice": (frame().set_axis(list("abca"), axis=1), ValueError, "column named 'a'"),
    "a dict": ({"a": X}, TypeError, NETWORK),
    "a tensor": (torch.tensor(X), TypeError, NETWORK),
    "a Dataset": (TensorDataset(torch.tensor(X)), TypeError, NETWORK),
    "an iterator": (iter(X), TypeError, "must be a string or a real number"),
}
ONE_D, Y_NAN = "y should be a 1d array", "Input y contains NaN"
BAD_Y = {
    "too short": (y[:-1], ValueError, "inconsistent numbers of samples: [60, 59]"),
    "too long": (np.r_[y, 0], ValueError, "inconsistent numbers of samples: [60, 61]"),
    "None": (None, ValueError, "requires y to be passed"),
    "two columns": (np.c_[y, y], ValueError, ONE_D),
    "a number": (1, ValueError, ONE_D),
    "a string": ("abc", ValueError, ONE_D),
    "a dict": ({"a": 1}, ValueError, ONE_D),
    "one class": (np.zeros(N, int), ValueError, "y has one class only (0)"),
    "NaN": (put(y, 0, np.nan, float), ValueError, Y_NAN),
    "infinity": (put(y, 0, np.inf, float), ValueError, "Input y contains infinity"),
    "None inside": (put(y, 0, None, object), ValueError, "y contains None"),
    "missing": (pd.Series(y).astype("Int64").where(np.arange(N) > 2), ValueError, Y_NAN),
    "numbers that are no classes": (X[:, 0], ValueError, "Unknown label type: continuous"),
    "two types": (put(y, 0, "a", object), ValueError, "y has labels of type int, str"),
    "another index": (pd.Series(y, index=range(1, N + 1)), GroupsError, "align them first"),
}
LENGTH, KIND = "but there are 60 samples: give one label per row", "groups must be array-like"
OUTLIERS = "groups marks every sample of class 0 as an outlier"
BAD_GROUPS = {
    "too short": (groups[:-1], "groups has 59 entries, " + LENGTH),
    "too long": (np.r_[groups, 0], "groups has 61 entries, " + LENGTH),
    "empty": ([], "groups has 0 entries, " + LENGTH),
    "a number": (1, KIND),
    "a string": ("race", KIND),
    "a dict": ({"a": groups}, KIND),
    "outliers only": (np.full(N, -1), OUTLIERS),
    "missing only": (np.full(N, np.nan), OUTLIERS),
    "a class of outliers": (np.where(y == 0, -1, groups), OUTLIERS),
    "row ids": (np.arange(N), "60 different labels with one sample each, as if they were row ids"),
    "no columns": (np.empty((N, 0)), "groups has no columns"),
    "three dimensions": (groups[:, None, None], "groups must be one-dimensional"),
    "tuples": ([("a", 1)] * N, "groups must be one-dimensional"),
    "infinity": (put(groups, 0, np.inf, float), "groups contains infinity"),
    "complex": (groups + 1j, "groups has dtype complex128"),
    "two types": (put(groups, 0, "a", object), "groups has labels of type int, str"),
}
BAD_WEIGHTS = {
    "negative": (put(np.ones(N), 0, -1), "Negative values in data passed to `sample_weight`"),
    "NaN": (put(np.ones(N), 0, np.nan), "Input sample_weight contains NaN"),
    "infinity": (put(np.ones(N), 0, np.inf), "Input sample_weight contains infinity"),
    "too short": (np.ones(N - 1), "sample_weight.shape == (59,)"),
    "two columns": (np.ones((N, 2)), "1D array or scalar"),
    "a string": ("abc", NO_NUMBER),
    "zeros": (np.zeros(N), "at least one non-zero"),
    "zero for a class": (1.0 * y, "sample_weight is zero for every sample of class 0"),
}
GOOD = {
    "integers": (np.round(X).astype(int), y),
    "small unsigned integers": ((3 * X + 100).astype(np.uint8), y),
    "truth values": (X > 0, y),
    "half precision": (X.astype(np.float16), y),
    "long double": (X.astype(np.longdouble), y),
    "objects that are numbers": (X.astype(object), y),
    "an empty mask": (np.ma.masked_array(X, mask=False), y),
    "by columns": (np.asfortranarray(X), y),
    "every other row": (np.repeat(X, 2, axis=0)[::2], np.repeat(y, 2)[::2]),
    "backwards": (X[::-1], y[::-1]),
    "a constant column": (put(X, (slice(None), 0), 1), y),
    "constants only": (np.ones_like(X), y),
    "a column twice": (np.c_[X, X], y),
    "rows that repeat": (np.repeat(X[:2], N // 2, axis=0), np.repeat([0, 1], N // 2)),
    "tiny numbers": (1e-300 * X, y),
    "large numbers": (1e30 * X, y),
    "a sparse matrix of columns": (sparse.csc_array(X), y),
    "lists": (X.tolist(), y.tolist()),
    "two rows": (X[:2], y[:2]),
    "a class of one row": (X, put(y, 0, 2)),
    "labels that are text": (X, np.where(y, "yes", "no")),
    "labels that are truth values": (X, y.astype(bool)),
    "labels that are categories": (X, pd.Categorical(np.where(y, "b", "a"))),
    "a tensor of labels": (X, torch.tensor(y)),
}


@pytest.fixture(autouse=True)
def nothing_is_touched():
    """Neither the data of the caller nor the global generators."""
    kept = [X.copy(), y.copy(), groups.copy()]
    generators = np.random.get_state()[1].copy(), torch.get_rng_state()
    yield
    for now, before in zip((X, y, groups), kept, strict=True):
        np.testing.assert_array_equal(now, before)
    np.testing.assert_array_equal(np.random.get_state()[1], generators[0])
    assert torch.equal(torch.get_rng_state(), generators[1])


def refused(name, error, says, *args, **kwargs):
    """Assert the error, and that no training had begun."""
    estimator = make(name)
    with pytest.raises(error, match=re.escape(says)):
        estimator.fit(*args, **kwargs)
    assert not hasattr(estimator, "net_")
    assert not hasattr(estimator, "groups_")


@pytest.mark.parametrize("case", BAD_X)
@each_estimator
def test_bad_X(name, case):
    if case == "an iterator":  # each estimator gets a new one
        refused(name, *BAD_X[case][1:], iter(X), y)
    else:
        refused(name, *BAD_X[case][1:], BAD_X[case][0], y)


@pytest.mark.parametrize("case", BAD_Y)
@each_estimator
def test_bad_y(name, case):
    labels, *expected = BAD_Y[case]
    refused(name, *expected, pd.DataFrame(X, columns=list("abcd")), labels)


@pytest.mark.parametrize("case", BAD_GROUPS)
@each_classifier
def test_bad_groups(name, case):
    refused(name, GroupsError, BAD_GROUPS[case][1], X, y, groups=BAD_GROUPS[case][0])


@pytest.mark.parametrize("case", BAD_WEIGHTS)
@each_classifier
def test_bad_weights(name, case):
    weights, says = BAD_WEIGHTS[case]
    refused(name, ValueError, says, X, y, groups=groups, sample_weight=weights)


@pytest.mark.filterwarnings("ignore::skgroup.exceptions.MissingGroupsWarning")
@pytest.mark.filterwarnings("ignore::skgroup.exceptions.UnusableSplitWarning")
@pytest.mark.parametrize("case", GOOD)
@pytest.mark.parametrize("name", ["ERMClassifier", "GroupDROClassifier", "GradientGroupInferrer"])
def test_unusual_but_good(name, case):
    rows, labels = GOOD[case]
    estimator = make(name).fit(rows, labels)
    if name in INFERRERS:
        assert len(estimator.groups_) == len(labels)
        np.testing.assert_array_equal(estimator.groups_, make(name).fit(rows, labels).groups_)
    else:
        chances = estimator.predict_proba(rows)
        assert np.isfinite(chances).all()
        np.testing.assert_allclose(chances.sum(axis=1), 1)
        assert {*estimator.predict(rows)} <= {*estimator.classes_}


def test_a_column_of_labels_is_taken_with_a_warning():
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        found = make("ERMClassifier").fit(X, y[:, None])
    np.testing.assert_array_equal(found.predict(X), make("ERMClassifier").fit(X, y).predict(X))


def test_the_table_is_long_enough():
    assert len(BAD_X) + len(BAD_Y) + len(BAD_GROUPS) + len(BAD_WEIGHTS) + len(GOOD) >= 80
