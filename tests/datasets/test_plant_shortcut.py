import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_iris

from skgroup.datasets import plant_shortcut
from skgroup.exceptions import GroupsError


@pytest.fixture
def iris():
    return load_iris(return_X_y=True)


def test_groups_and_column_by_hand(iris):
    X, y = iris
    planted, groups = plant_shortcut(X, y, 0.9, strength=2, noise=0, random_state=0)
    np.testing.assert_array_equal(planted[:, :4], X)
    # 45 of 50 agree, the other 5 share two values
    assert np.bincount(groups).reshape(3, 3).tolist() == [[45, 3, 2], [2, 45, 3], [3, 2, 45]]
    np.testing.assert_array_equal(groups // 3, y)
    np.testing.assert_array_equal(planted[:, 4], 2 * (2 * (groups % 3) - 2))


def test_noise_is_added_to_the_same_column(iris):
    X, y = iris
    X, y = np.tile(X, (20, 1)), np.tile(y, 20)
    exact, groups = plant_shortcut(X, y, strength=3, noise=0, random_state=0)
    noisy, same = plant_shortcut(X, y, strength=3, noise=0.5, random_state=0)
    np.testing.assert_array_equal(groups, same)
    noise = noisy[:, -1] - exact[:, -1]
    # 3,000 draws, to six standard errors
    assert noise.mean() == pytest.approx(0, abs=6 * 0.5 / np.sqrt(3000))
    assert noise.std() == pytest.approx(0.5, abs=6 * 0.5 / np.sqrt(6000))


def test_shortcut_of_string_labels_follows_their_sorted_order():
    y = ["dog", "cat", "dog", "cat"]
    planted, groups = plant_shortcut(np.zeros((4, 1)), y, 1.0, strength=1, noise=0)
    assert groups.tolist() == [3, 0, 3, 0]
    assert planted[:, 1].tolist() == [1, -1, 1, -1]


def test_data_frame_round_trip(iris):
    X, y = iris
    frame = pd.DataFrame(X, columns=list("abcd"), index=np.arange(150)[::-1] + 1000)
    frame["kind"] = pd.Categorical(np.where(y == 0, "s", None))
    before = frame.copy()
    planted, groups = plant_shortcut(frame, pd.Series(y, frame.index), name="hint", random_state=0)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(planted.drop(columns="hint"), frame)
    assert planted.columns.tolist() == ["a", "b", "c", "d", "kind", "hint"]
    from_array, groups_from_array = plant_shortcut(X, y, random_state=0)
    np.testing.assert_array_equal(planted["hint"].to_numpy(), from_array[:, -1])
    np.testing.assert_array_equal(groups, groups_from_array)


def test_integer_column_names_stay_integers(iris):
    X, y = iris
    planted, _ = plant_shortcut(pd.DataFrame(X), y, name=4)
    assert planted.columns.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, bool, object])
def test_dtype_of_arrays(iris, dtype):
    X, y = iris
    X = X.astype(dtype)
    planted, _ = plant_shortcut(X, y, random_state=0)
    assert planted.dtype == (dtype if dtype in (np.float32, object) else np.float64)
    np.testing.assert_array_equal(planted[:, :4], X)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_input_keeps_its_format(iris, kind):
    X, y = iris
    planted, groups = plant_shortcut(kind(X), y, random_state=0)
    dense, expected = plant_shortcut(X, y, random_state=0)
    assert planted.format == kind(X).format
    assert sparse.issparse(planted)
    np.testing.assert_array_equal(planted.toarray(), dense)
    np.testing.assert_array_equal(groups, expected)


def test_missing_values_pass_through(iris):
    X, y = iris
    X[3, 2] = np.nan
    planted, _ = plant_shortcut(X, y)
    np.testing.assert_array_equal(planted[:, :4], X)
    assert np.isfinite(planted[:, 4]).all()


@pytest.mark.usefixtures("untouched_global_state")
def test_inputs_and_global_state_stay_as_they_were(iris):
    X, y = iris
    X_before, y_before = X.copy(), y.copy()
    planted, groups = plant_shortcut(X, y)
    planted[:], groups[:] = 0, 0
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


def test_same_seed_same_column(iris):
    first, _ = plant_shortcut(*iris, random_state=1)
    np.testing.assert_array_equal(first, plant_shortcut(*iris, random_state=1)[0])
    assert (first != plant_shortcut(*iris, random_state=2)[0]).any()


@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (np.zeros((3, 1)), [1, 1, 1], ValueError, "y has a single class, 1: .* at least two"),
        (np.zeros((3, 1)), [0, 1], ValueError, "inconsistent numbers of samples"),
        (np.zeros((3, 1)), [0.1, 1.2, 0.5], ValueError, "Unknown label type: continuous"),
        (np.zeros(3), [0, 1, 0], ValueError, "Expected 2D array, got 1D array"),
        (np.array([["a"], ["b"]]), [0, 1], TypeError, "X has dtype <U1, .* or a DataFrame"),
    ],
)
def test_data_errors(X, y, error, message):
    with pytest.raises(error, match=message):
        plant_shortcut(X, y)


def test_a_name_that_is_taken():
    with pytest.raises(ValueError, match="X has a column 'a' already: choose another `name`"):
        plant_shortcut(pd.DataFrame({"a": [1, 2]}), [0, 1], name="a")


def test_different_indexes():
    frame = pd.DataFrame({"a": [1, 2]})
    with pytest.raises(GroupsError, match="X and y have different pandas indexes"):
        plant_shortcut(frame, pd.Series([0, 1], index=[1, 0]))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"agreement": -0.1}, r"'agreement' .* range \[0.0, 1.0\]\. Got -0.1"),
        ({"strength": -1.0}, r"'strength' .* range \[0.0, inf\)\. Got -1.0"),
        ({"noise": -1.0}, r"'noise' .* range \[0.0, inf\)\. Got -1.0"),
        ({"name": None}, "'name' .* Got None"),
    ],
)
def test_parameter_errors(iris, parameters, message):
    with pytest.raises(ValueError, match=message):
        plant_shortcut(*iris, **parameters)
