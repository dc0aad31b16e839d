import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import DataConversionWarning
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from skgroup import _inputs
from skgroup._inputs import (
    check_X,
    check_X_y,
    encode_classes,
    feature_statistics,
    forget_fit,
    is_torch_input,
    labels_of,
    n_features_of,
    n_rows_of,
    take_rows,
)

X = np.arange(12.0).reshape(4, 3)
Y = np.array([2, 7, 7, 2])


class Estimator(BaseEstimator):
    """What validation writes the names and the number of features to."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def test_what_only_torch_can_read():
    tensor = torch.zeros(2)
    assert all(is_torch_input(V) for V in (tensor, {"a": X}, {}, TensorDataset(tensor)))
    others = [X, X.tolist(), pd.DataFrame(X), None, "text"]
    others += [kind(X) for kind in (sparse.csr_array, sparse.dok_array, sparse.dok_matrix)]
    assert not any(is_torch_input(V) for V in others)


def test_what_a_fit_has_left_is_forgotten():
    estimator = Estimator()
    estimator.groups_, estimator.n_features_in_, estimator.k, estimator._model = 1, 2, 3, 4
    forget_fit(estimator)
    assert vars(estimator) == {"k": 3, "_model": 4}


def test_arrays_become_floating_point_and_are_not_copied():
    given = {np.float32: np.float32, np.float64: np.float64, np.int32: np.float64, bool: np.float64}
    for dtype, expected in given.items():
        assert check_X(Estimator(), X.astype(dtype), own_module=False, reset=True).dtype == expected
    assert np.shares_memory(check_X(Estimator(), X, own_module=False, reset=True), X)


def test_sparse_matrices_become_csr():
    checked = check_X(Estimator(), sparse.dok_array(X), own_module=False, reset=True)
    assert checked.format == "csr"
    np.testing.assert_array_equal(checked.toarray(), X)


def test_features_are_recorded_and_compared():
    estimator = Estimator()
    check_X(estimator, pd.DataFrame(X, columns=list("abc")), own_module=False, reset=True)
    assert estimator.n_features_in_ == 3
    assert estimator.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="feature names should match"):
        check_X(estimator, pd.DataFrame(X, columns=list("cba")), own_module=False)
    estimator = Estimator()
    check_X(estimator, X, own_module=False, reset=True)
    with pytest.raises(ValueError, match="X has 2 features"):
        check_X(estimator, X[:, :2], own_module=False)


def test_more_dimensions_only_with_a_network_of_one_s_own():
    images = X.reshape(2, 2, 3)
    assert check_X(Estimator(), images, own_module=True, reset=True).shape == (2, 2, 3)
    with pytest.raises(ValueError, match="dim 3"):
        check_X(Estimator(), images, own_module=False, reset=True)


@pytest.mark.parametrize(
    "value",
    [
        torch.from_numpy(X),
        torch.arange(3),
        {"ids": torch.arange(3), "x": X},
        {"list": [1.0, 2.0], "frame": pd.DataFrame(X), "thin": sparse.csr_array(X)},
        TensorDataset(torch.from_numpy(X)),
    ],
)
def test_torch_input_is_passed_on(value):
    estimator = Estimator()
    assert check_X(estimator, value, own_module=True) is value
    assert not hasattr(estimator, "n_features_in_")
    with pytest.raises(TypeError, match="which the default network cannot read"):
        check_X(estimator, value, own_module=False)


NAN = np.where(X == 4, np.nan, X)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (torch.from_numpy(NAN), "Input X contains NaN or infinity: impute or remove"),
        ({"a": X, "b": torch.from_numpy(NAN)}, "Input b contains NaN or infinity"),
        ({"a": X, "b": NAN}, "Input b contains NaN"),
        ({"a": X, "b": NAN.tolist()}, "Input b contains NaN"),
        ({"a": X, "b": sparse.csr_array(NAN)}, "Input b contains NaN"),
        ({0: np.full(2, np.inf)}, "Input 0 contains infinity"),
    ],
)
def test_torch_input_is_finite(value, text):
    with pytest.raises(ValueError, match=text):
        check_X(Estimator(), value, own_module=True)


def test_read_only_arrays_in_a_dict_raise_no_warning():
    frozen = X.copy()
    frozen.flags.writeable = False
    assert check_X(Estimator(), {"a": frozen}, own_module=True)["a"] is frozen


class Stream(IterableDataset):
    def __iter__(self):
        return iter([])


@pytest.mark.parametrize("value", [{}, Stream()])
def test_rows_must_have_numbers(value):
    with pytest.raises(TypeError, match="X has no rows that can be picked by number: pass a map"):
        check_X(Estimator(), value, own_module=True)


def test_rows_of_whatever_holds_them():
    X, rows = np.arange(12.0).reshape(6, 2), np.array([1, 4])
    expected = X[rows]
    frame = take_rows(pd.DataFrame(X, index=list("abcdef")), rows)
    assert frame.index.tolist() == ["b", "e"]
    assert (frame.to_numpy() == expected).all()
    assert (take_rows(sparse.coo_matrix(X), rows).toarray() == expected).all()
    assert (take_rows(torch.tensor(X), rows).numpy() == expected).all()
    assert (take_rows({"x": X}, rows)["x"] == expected).all()
    assert take_rows(X.tolist(), rows) == expected.tolist()
    subset = take_rows(TensorDataset(torch.tensor(X)), rows)
    assert [subset[i][0].tolist() for i in range(2)] == expected.tolist()


@pytest.mark.parametrize("wrap", [np.asarray, torch.tensor, sparse.csr_matrix, pd.DataFrame])
def test_ranges_of_rows(wrap):
    X = np.arange(12.0).reshape(6, 2)
    found = take_rows(wrap(X), slice(1, 3))
    found = found.toarray() if sparse.issparse(found) else np.asarray(found)
    assert found.tolist() == X[1:3].tolist()
    subset = take_rows(TensorDataset(torch.tensor(X)), slice(1, 3))
    assert [subset[i][0].tolist() for i in range(len(subset))] == X[1:3].tolist()


def check(values, y, own_module=True):
    return check_X_y(Estimator(), values, y, own_module=own_module)


def test_classes_by_hand():
    for labels, classes in ((Y, [2, 7]), (np.array(["b", "c", "c", "b"]), ["b", "c"])):
        checked, codes, found = check(X, labels)
        np.testing.assert_array_equal(checked, X)
        assert codes.tolist() == [0, 1, 1, 0]
        assert codes.dtype == np.int64
        assert found.tolist() == classes


@pytest.mark.parametrize(
    "value", [torch.from_numpy(X), {"a": X, "b": torch.zeros(4)}, {"a": sparse.csr_array(X)}]
)
def test_classes_beside_torch_input(value):
    for labels in (Y, Y.tolist(), torch.from_numpy(Y), pd.Series(Y)):
        checked, codes, classes = check(value, labels)
        assert checked is value
        assert (codes.tolist(), classes.tolist()) == ([0, 1, 1, 0], [2, 7])


def test_a_column_of_labels_is_flattened_with_a_warning():
    for value in (X, torch.from_numpy(X)):
        with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
            assert check(value, Y[:, None])[1].tolist() == [0, 1, 1, 0]


PAIRS = TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))


def test_labels_of_a_dataset():
    assert labels_of(PAIRS).tolist() == Y.tolist()
    assert check(PAIRS, None)[2].tolist() == [2, 7]
    assert check(PAIRS, [1, 1, 0, 0])[1].tolist() == [1, 1, 0, 0]  # explicit ones go first


class Texts(Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, i):
        return X[i], "a text"


@pytest.mark.parametrize("value", [TensorDataset(torch.from_numpy(X)), Texts(), {"a": X}])
def test_labels_that_are_not_there(value):
    with pytest.raises(ValueError, match=r"y is None, and X .*pass the labels as y"):
        check(value, None)


@pytest.mark.parametrize("value", [X, torch.from_numpy(X), {"a": X}, TensorDataset(torch.zeros(4))])
@pytest.mark.parametrize(
    ("y", "text"),
    [
        (Y[:3], r"X has 4 samples, but y has 3: give one|inconsistent numbers of samples"),
        ([0.0, np.nan, 1.0, 0.0], "Input y contains NaN"),
        ([0.5, 1.5, 0.1, 2.0], "Unknown label type: continuous"),
        ([1, 1, 1, 1], r"y has one class only \(1\): at least two classes"),
        (np.array(["a", None, "b", "a"], dtype=object), "y contains None: remove or label"),
    ],
)
def test_bad_labels(value, y, text):
    with pytest.raises(ValueError, match=text):
        check(value, y)


def test_no_labels():
    with pytest.raises(ValueError, match="requires y to be passed"):
        check(X, None)


def test_encode_classes_sorts():
    classes, codes = encode_classes(np.array([True, False, True]))
    assert classes.tolist() == [False, True]
    assert codes.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("value", "n_features", "n_rows"),
    [
        (X, 3, 4),
        (sparse.csr_array(X), 3, 4),
        (sparse.dok_array(X), 3, 4),
        (torch.zeros(2, 5), 5, 2),
        (np.zeros((2, 3, 8, 8)), 3, 2),
        (torch.zeros(6), 0, 6),
        ({"a": X, "b": X}, 0, 4),
        ({"a": X.tolist()}, 0, 4),
        (PAIRS, 3, 4),
        (TensorDataset(torch.zeros(2, 1, 8, 8)), 1, 2),
        (TensorDataset(torch.zeros(5)), 0, 5),
    ],
)
def test_sizes(value, n_features, n_rows):
    assert n_features_of(value) == n_features
    assert n_rows_of(value) == n_rows


def test_a_dataset_of_inputs_has_features():
    class Inputs(Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, i):
            return X[i]

    assert n_features_of(Inputs()) == 3


@pytest.fixture
def table():
    """Columns: usual, mostly 0, constant, all 0, constant but for rounding; and weights."""
    rng = np.random.default_rng(0)
    columns = [rng.normal(5, 2, 50), np.where(rng.random(50) < 0.8, 0, 3.0)]
    columns += [np.full(50, 0.1), np.zeros(50), np.where(rng.random(50) < 0.5, 0.3, 0.1 + 0.2)]
    return np.column_stack(columns), rng.integers(1, 4, 50).astype(float)


CONTAINERS = {"array": np.array, "csr_array": sparse.csr_array, "csr_matrix": sparse.csr_matrix}
each_container = pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)


@each_container
@pytest.mark.parametrize("block", [1, 35, 2**22])
def test_feature_statistics(container, table, block, monkeypatch):
    monkeypatch.setattr(_inputs, "_BLOCK_VALUES", block)
    values, weight = table
    rows = np.arange(0, 50, 3)
    for picked, w in ((None, None), (None, weight), (rows, None), (rows, weight[rows])):
        mean, scale = feature_statistics(container(values), picked, w)
        part = values if picked is None else values[picked]
        expected = np.average(part, axis=0, weights=w)
        deviation = np.sqrt(np.average((part - expected) ** 2, axis=0, weights=w))
        np.testing.assert_allclose(mean, expected, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(scale[:2], deviation[:2], rtol=1e-12)
        assert scale[2:4].tolist() == [1, 1]
        assert scale[4] == pytest.approx(1)  # 1e-17 of rounding is no spread


@each_container
def test_weights_of_rows_are_repetitions(container, table):
    values, weight = table
    repeated = values[np.repeat(np.arange(50), weight.astype(int))]
    for one, other in zip(
        feature_statistics(container(values), None, weight),
        feature_statistics(container(repeated)),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@each_container
def test_single_precision_is_not_enough_for_large_means(container):
    values = (1e4 + np.random.default_rng(0).normal(size=(20_000, 1))).astype(np.float32)
    mean, scale = feature_statistics(container(values))
    np.testing.assert_allclose(mean, values.astype(np.float64).mean(), rtol=1e-12)
    np.testing.assert_allclose(scale, values.astype(np.float64).std(), rtol=1e-6)


def test_entries_given_twice_are_added():
    twice = sparse.csr_array(([1.0, 2.0, 4.0], [0, 0, 0], [0, 2, 3]), shape=(2, 1))
    mean, scale = feature_statistics(twice)
    assert (mean.tolist(), scale.tolist()) == ([3.5], [0.5])
    assert twice.nnz == 3  # the caller's matrix stays as it is


@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("sign", [1, -1])
def test_values_that_float32_cannot_hold(wrap, sign):
    X = np.eye(4)
    X[2, 2] = sign * 1e39
    with pytest.raises(ValueError, match=r"beyond 3\.4e\+38.*rescale its columns"):
        check_X_y(Estimator(), wrap(X), [0, 1, 0, 1], own_module=False)
    X[2, 2] = sign * 3e38
    check_X_y(Estimator(), wrap(X), [0, 1, 0, 1], own_module=False)


def test_labels_of_two_types_are_named():
    with pytest.raises(ValueError, match="y has labels of type int, str: use labels of one type"):
        encode_classes(np.array([0, "a", 1], dtype=object))
