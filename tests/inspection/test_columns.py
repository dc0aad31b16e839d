from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skgroup.inspection._columns import Columns, check_no_text

NAMELESS = SimpleNamespace()
HELD_OUT = np.array([True, False, True])
X = np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 1.0]])


def names_of(inferrer, given, values, names=None):
    return Columns.read(inferrer, given, values, names, HELD_OUT).names.tolist()


def test_where_names_come_from():
    frame = pd.DataFrame(X, columns=["a", "b"])
    fitted = SimpleNamespace(feature_names_in_=np.array(["c", "d"], dtype=object))
    assert names_of(NAMELESS, X, X) == ["x0", "x1"]
    assert names_of(NAMELESS, frame, X) == ["a", "b"]
    assert names_of(fitted, X, X) == ["c", "d"]
    assert names_of(fitted, frame, X, ["e", "f"]) == ["e", "f"]
    assert names_of(NAMELESS, X, sparse.csr_array(X), ("e", "f")) == ["e", "f"]


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"], [["a", "b"]], "ab"])
def test_one_name_per_column(names):
    with pytest.raises(ValueError, match=r"feature_names has shape .*X has 2 features"):
        Columns.read(NAMELESS, X, X, names, HELD_OUT)


def test_what_has_no_columns():
    for values in (X[:, :, None], {"a": X}):
        assert Columns.read(NAMELESS, values, values, None, HELD_OUT) is None


def test_features_and_rules_of_some_rows_of_a_class():
    x = np.arange(20.0) % 10
    values = np.column_stack([x, x > 5])
    columns = Columns.read(NAMELESS, values, values, ["x", "large"], np.arange(20) < 10)
    rows = np.flatnonzero(x < 9)
    found = columns.set_apart(rows, x[rows] > 5, max_features=1, max_depth=1, seed=0)
    assert [f.name for f in found["features"]] == ["large"]
    assert found["features"][0].binary
    (rule,) = found["rules"]
    assert (rule.precision, rule.recall, rule.n_rows) == (1, 1, 3)


def test_text_is_to_be_encoded():
    frame = pd.DataFrame({"n": [1, 2], "s": ["a", "b"], "c": pd.Categorical(["u", "v"])})
    with pytest.raises(ValueError, match=r"no numbers: 's', 'c'\. Encode.*OneHotEncoder"):
        check_no_text(frame)
    numbers = {"o": np.array([1, 2], dtype=object), "c": pd.Categorical([1, 2]), "b": [True, False]}
    check_no_text(pd.DataFrame(numbers))
    check_no_text(np.array([["a"]]))  # of arrays scikit-learn speaks itself
