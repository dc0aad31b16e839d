"""What cannot be trained on is refused before the training begins, and says what to do."""

import numpy as np
import pandas as pd
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn
from torch.utils.data import IterableDataset, TensorDataset

from skgroup.exceptions import GroupsError

Y = np.repeat([0, 1], 10)
GROUPS = np.tile([0, 1], 10)
X = np.random.default_rng(0).normal(size=(20, 3))


class Untouchable(Callback):
    def on_train_begin(self, net, **kwargs):
        pytest.fail("the training has begun")


def with_(value, at=3, of=X):
    changed = np.array(of, dtype=object if value is None else np.result_type(of, type(value)))
    changed.reshape(len(changed), -1)[at, 0] = value
    return changed


def series(values, start=0):
    return pd.Series(np.asarray(values), index=range(start, start + len(values)))


FRAME = pd.DataFrame(X)
NETWORK = {"module": lambda n_features, n_classes: nn.Linear(3, n_classes)}
TEXT = np.full((20, 3), "a", dtype=object)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(X)


CASES = {
    "NaN in X": (ValueError, "X contains NaN", {"X": with_(np.nan)}),
    "infinity in X": (ValueError, "X contains infinity", {"X": with_(np.inf)}),
    "one-dimensional X": (ValueError, "Expected 2D array", {"X": X[:, 0]}),
    "text in X": (ValueError, "could not convert string", {"X": TEXT}),
    "no rows": (ValueError, r"0 sample\(s\)", {"X": X[:0], "y": Y[:0], "groups": GROUPS[:0]}),
    "no columns": (ValueError, r"0 feature\(s\)", {"X": X[:, :0]}),
    "NaN in y": (ValueError, "y contains NaN", {"y": with_(np.nan, of=Y)}),
    "None in y": (ValueError, "y contains None: remove or label", {"y": with_(None, of=Y)}),
    "no y": (ValueError, "requires y to be passed, but the target y is None", {"y": None}),
    "numbers for y": (ValueError, "Unknown label type: continuous", {"y": X[:, 0]}),
    "columns of y": (ValueError, "y should be a 1d array", {"y": np.column_stack([Y, Y])}),
    "one class": (ValueError, r"y has one class only \(1\): at least two", {"y": Y * 0 + 1}),
    "short y": (ValueError, r"inconsistent numbers of samples: \[20, 19\]", {"y": Y[:-1]}),
    "short groups": (
        GroupsError, "groups has 19 entries, but there are 20 samples: give one label per row",
        {"groups": GROUPS[:-1]},
    ),
    "short weights": (ValueError, r"sample_weight.shape == \(19,\)", {"sample_weight": Y[:-1]}),
    "groups of another index": (
        GroupsError, r"groups and X have different pandas indexes .*align them",
        {"X": FRAME, "groups": series(GROUPS, 1)},
    ),
    "y of another index": (
        GroupsError, "y and X have different pandas indexes", {"X": FRAME, "y": series(Y, 1)},
    ),
    "weights of another index": (
        GroupsError, "sample_weight and groups have different pandas indexes",
        {"groups": series(GROUPS), "sample_weight": series(np.ones(20), 1)},
    ),
    "a class of outliers": (
        GroupsError, "marks every sample of class 1 as an outlier.*give at least one",
        {"groups": np.where(Y == 1, -1, GROUPS)},
    ),
    "only outliers": (GroupsError, "every sample of class 0", {"groups": [None] * 20}),
    "row ids": (GroupsError, "20 different labels.*as if they were row ids", {"groups": range(20)}),
    "groups of mixed types": (
        GroupsError, "labels of type int, str: use labels of one type",
        {"groups": [*["a"] * 10, *[1] * 10]},
    ),
    "one name for groups": (GroupsError, "must be array-like.*got str", {"groups": "gender"}),
    "infinite groups": (GroupsError, "groups contains infinity", {"groups": with_(np.inf, of=Y)}),
    "negative weights": (
        ValueError, "Negative values in data passed to `sample_weight`",
        {"sample_weight": np.where(Y == 1, 1.0, -1.0)},
    ),
    "NaN in weights": (
        ValueError, "sample_weight contains NaN", {"sample_weight": with_(np.nan, of=Y)},
    ),
    "a class without weight": (
        ValueError, "sample_weight is zero for every sample of class 1", {"sample_weight": 1 - Y},
    ),
    "a class without weight or group": (
        ValueError, "sample_weight is zero for every sample of class 1 that is no outlier",
        {"sample_weight": np.r_[np.ones(10), 0, np.ones(9)], "groups": [0] * 11 + [-1] * 9},
    ),
    "validation labels without rows": (ValueError, "without X_val", {"y_val": Y}),
    "unknown validation class": (
        ValueError, r"classes that y does not have: \[2\]", {"X_val": X, "y_val": Y + 1},
    ),
    "short validation labels": (
        ValueError, "y_val has 3 labels for 20 rows of X_val", {"X_val": X, "y_val": Y[:3]},
    ),
    "a dict without a network": (
        TypeError, "X is a dict, which the default network cannot read.*`module=`", {"X": {"a": X}},
    ),
    "a tensor without a network": (
        TypeError, "X is a Tensor, which the default network", {"X": torch.from_numpy(X)},
    ),
    "a Dataset without a network": (
        TypeError, "X is a TensorDataset, which", {"X": TensorDataset(torch.from_numpy(X))},
    ),
    "an IterableDataset": (
        TypeError, "no rows that can be picked by number", NETWORK | {"X": Stream()},
    ),
    "an empty dict": (TypeError, "a dict with at least one array", NETWORK | {"X": {}}),
    "a Dataset without labels": (
        ValueError, r"TensorDataset\) does not give \(input, integer label\) pairs: pass",
        NETWORK | {"X": TensorDataset(torch.from_numpy(X)), "y": None},
    ),
    "a short tensor": (
        ValueError, "X has 19 samples, but y has 20: give one label per sample",
        NETWORK | {"X": torch.from_numpy(X[1:])},
    ),
    "arrays of different lengths": (
        ValueError, r"entries differ in length: \{'a': 20, 'b': 3\}",
        NETWORK | {"X": {"a": X, "b": X[:3]}},
    ),
    "NaN in a tensor": (
        ValueError, "Input X contains NaN or infinity: impute",
        NETWORK | {"X": torch.from_numpy(with_(np.nan))},
    ),
    "infinity in a dict": (
        ValueError, "Input b contains infinity", NETWORK | {"X": {"a": X, "b": with_(np.inf)}},
    ),
    "a network of the wrong output": (
        ValueError, r"logits of shape \(n_samples, 2\).*returned \(2, 5\). Change the size",
        {"module": nn.Linear(3, 5)},
    ),
    "a network of the wrong input": (
        ValueError, "module cannot process X: .*Check that its input layer",
        {"module": nn.Linear(4, 2)},
    ),
    "a callable that builds no network": (
        TypeError, "module must return a torch.nn.Module, got int", {"module": lambda d, k: 3},
    ),
    "an optimizer that is none": (
        TypeError, r"optimizer returned str: pass one of \['adam'", {"optimizer": lambda p: "sgd"},
    ),
    "nothing to validate on": (
        ValueError, "early_stopping=True needs rows to validate on",
        {"X": X[8:12], "y": Y[8:12], "groups": GROUPS[8:12], "early_stopping": True},
    ),
}  # fmt: skip
DATA = {"X", "y", "groups", "sample_weight", "X_val", "y_val", "groups_val"}


@pytest.mark.parametrize(("error", "text", "change"), CASES.values(), ids=CASES)
def test_bad_input(quick, error, text, change):
    settings = {name: value for name, value in change.items() if name not in DATA}
    data = {"X": X, "y": Y, "groups": GROUPS} | {k: v for k, v in change.items() if k in DATA}
    clf = quick(callbacks=[Untouchable()], **settings)
    with pytest.raises(error, match=text) as caught:
        clf.fit(data.pop("X"), data.pop("y"), **data)
    assert not isinstance(caught.value, AssertionError)
    assert not hasattr(clf, "net_")


def test_the_same_data_without_the_fault_are_fine(quick):
    quick().fit(X, Y, groups=GROUPS)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (with_(np.nan), "X contains NaN"),
        (X[:, :2], "X has 2 features, but .* is expecting 3 features"),
        (X[0], "Expected 2D array"),
    ],
)
def test_bad_input_to_predict(quick, given, text):
    clf = quick().fit(X, Y, groups=GROUPS)
    with pytest.raises(ValueError, match=text):
        clf.predict(given)


def test_a_network_that_diverges_says_so(quick):
    text = r"diverged in epoch \d, .*[Ll]ower `lr` \(now 1e\+3[78]"
    with pytest.raises(FloatingPointError, match=text):
        quick(lr=1e38, optimizer="sgd").fit(X, Y, groups=GROUPS)
