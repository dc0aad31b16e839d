"""What all inferrers share, on the smallest one: the sign of the last column splits the classes."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import silhouette_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from skgroup import GroupedArray, get_groups
from skgroup.exceptions import GroupsError, UnusableSplitWarning
from skgroup.inference import _base as base_file
from skgroup.inference._base import BaseGroupInferrer
from skgroup.inference._group_ids import GroupIds


class SignInferrer(BaseGroupInferrer):
    """Its reference says that positive first columns are the second class; 100 is an outlier."""

    _parameter_constraints = {}

    def __init__(self, unsplit=(), random_state=0):
        self.unsplit = unsplit
        self.random_state = random_state

    def _fit_reference(self, X, y, random_state):
        self.n_fits_ = getattr(self, "n_fits_", 0) + 1

    def _own_module(self):
        return False

    def _partition(self, X, codes, random_state):
        return self._assign(X, codes)[1]

    def _assign(self, X, codes):
        Z = np.array(X.toarray() if sparse.issparse(X) else X, dtype=np.float64)
        return Z, np.where(Z[:, -1] == 100, -1, Z[:, -1] > 0)

    def _probabilities(self, X):
        positive = self._assign(X, None)[0][:, 0] > 0
        p = np.full((len(positive), len(self.classes_)), 0.25 / (len(self.classes_) - 1))
        p[np.arange(len(p)), positive.astype(int)] = 0.75
        return p

    def _number(self, codes, clusters):
        return GroupIds.fit(codes, clusters, 0.0, merge=False, n_clusters=2)

    def _unsplit(self):
        return list(self.unsplit)


# Class "n": 3 rows above and 2 below; class "p": 2 rows above, 2 below and one outlier.
X = np.array(
    [[-9, 1], [-8, 1], [-9, 2], [-5, -1], [-5, -3], [9, 1], [9, 4], [5, -1], [-5, -1], [5, 100.0]]
)
Y = np.array(list("nnnnnppppp"))


def draw(n_rows=120, seed=0):
    """Two blobs a class, ten apart."""
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=n_rows)
    return rng.normal(size=(n_rows, 2)) + 10 * rng.integers(2, size=(n_rows, 1)) - 5, y


def test_parts_of_classes_are_numbered():
    inferrer = SignInferrer().fit(X, Y)
    assert inferrer.groups_.tolist() == [1, 1, 1, 0, 0, 3, 3, 2, 2, -1]
    assert inferrer.n_groups_ == 4
    assert inferrer.classes_.tolist() == ["n", "p"]
    np.testing.assert_array_equal(inferrer.predict(X, Y), inferrer.groups_)
    np.testing.assert_array_equal(inferrer.embed(X, Y), X)


def test_table():
    table = SignInferrer().fit(X, Y).group_table_
    assert table["group"].tolist() == [0, 1, 2, 3, -1]
    assert table["class"].tolist() == list("nnppp")
    assert table["cluster"].tolist() == [0, 1, 0, 1, -1]
    assert table["size"].tolist() == [2, 3, 2, 2, 1]
    assert table["error_rate"].tolist() == [0, 0, 0.5, 0, 0]
    loss = -np.log([0.75, 0.75, np.sqrt(0.75 * 0.25), 0.75, 0.75])
    np.testing.assert_allclose(table["mean_loss"], loss)


def test_what_cannot_be_split_is_said():
    with pytest.warns(UnusableSplitWarning, match="^class 'n' stays one group: so") as caught:
        SignInferrer(unsplit=[("class 'n'", "so it is")]).fit(X, Y)
    assert {w.filename for w in caught} == {__file__}


def test_validation_rows_are_assigned():
    inferrer = SignInferrer().fit(X, Y, X[::-1] + np.array([0, 0.5]), Y[::-1])
    assert inferrer.groups_val_.tolist() == [3, 2, 2, 3, 3, 0, 0, 1, 1, 1]
    np.testing.assert_array_equal(inferrer.groups_, SignInferrer().fit(X, Y).groups_)
    assert inferrer.n_fits_ == 1
    # A part that training rows do not have is no group.
    inferrer.fit(X[:7], Y[:7], X_val=[[1.0, -1.0], [1.0, 1.0]], y_val=["p", "p"])
    assert inferrer.groups_val_.tolist() == [-1, 2]
    inferrer.fit(X, Y)
    assert not hasattr(inferrer, "groups_val_")


def test_frames_of_validation_rows():
    index = np.arange(10)[::-1]
    frame, y = pd.DataFrame(X, columns=["a", "b"], index=index), pd.Series(Y, index=index)
    inferrer = SignInferrer().fit(frame, y, frame.iloc[:4], y.iloc[:4])
    assert inferrer.groups_val_.tolist() == [1, 1, 1, 0]
    with pytest.raises(GroupsError, match="different pandas indexes"):
        inferrer.fit(frame, y, frame, pd.Series(Y))
    with pytest.raises(ValueError, match="feature names should match"):
        inferrer.fit(frame, y, frame[["b", "a"]], y)


@pytest.mark.parametrize(
    ("X_val", "y_val", "message"),
    [
        (X, None, "X_val was given without y_val: pass both, or none"),
        (None, Y, "y_val was given without X_val: pass both, or none"),
        (X, Y[:9], "In X_val and y_val: X has 10 samples, but y has 9"),
        (X[:2], ["n", "q"], "In X_val and y_val: y has labels that fit did not see: 'q'"),
        (
            X[:, :1],
            Y,
            "In X_val and y_val: X has 1 features, but SignInferrer",
        ),
        (X * [1, np.nan], Y, "In X_val and y_val: Input X contains NaN"),
    ],
)
def test_bad_validation_rows_are_said_before_the_training(X_val, y_val, message):
    inferrer = SignInferrer()
    with pytest.raises(ValueError, match=message):
        inferrer.fit(X, Y, X_val, y_val)
    assert not hasattr(inferrer, "n_fits_")


def test_prediction_without_labels_takes_those_of_the_reference():
    inferrer = SignInferrer().fit(X, Y)
    new = np.array([[-9.0, 1], [-5, -1], [9, 1], [5, -1]])
    assert (inferrer.predict(new) == inferrer.predict(new, ["n", "n", "p", "p"])).all()
    assert (inferrer.embed(new) == inferrer.embed(new, ["n", "n", "p", "p"])).all()
    assert inferrer.predict(new[:1], ["p"]) != inferrer.predict(new[:1], ["n"])


def test_fit_transform_attaches_the_groups():
    rows, y = draw()
    before = rows.copy()
    inferrer = SignInferrer()
    result = inferrer.fit_transform(rows, y)
    assert type(result) is GroupedArray
    assert (get_groups(result) == inferrer.groups_).all()
    np.testing.assert_array_equal(result, before)
    assert not result.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        result[0] = 0
    rows[0] = 1  # the caller's own array can still be written to


def test_transform_attaches_nothing():
    rows, y = draw()
    inferrer = SignInferrer()
    fitted = inferrer.fit_transform(rows, y)
    result = inferrer.transform(rows)
    assert get_groups(result) is None
    np.testing.assert_array_equal(result, np.asarray(fitted))


def test_fit_predict_is_fit_then_groups():
    rows, y = draw()
    inferrer = SignInferrer()
    assert (inferrer.fit_predict(rows, y) == inferrer.groups_).all()
    assert (inferrer.groups_ == SignInferrer().fit(rows, y).groups_).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_transform_keeps_the_float_type(dtype):
    rows, y = draw()
    assert SignInferrer().fit_transform(rows.astype(dtype), y).dtype == dtype


def test_frames():
    rows, y = draw()
    index = np.arange(len(y))[::-1]
    frame = pd.DataFrame(rows, columns=["a", "b"], index=index)
    inferrer = SignInferrer().fit(frame, pd.Series(y, index=index))
    assert inferrer.feature_names_in_.tolist() == ["a", "b"]
    assert (inferrer.groups_ == SignInferrer().fit(rows, y).groups_).all()
    assert (inferrer.predict(frame, pd.Series(y, index=index)) == inferrer.groups_).all()
    with pytest.raises(ValueError, match="feature names should match"):
        inferrer.predict(frame[["b", "a"]], y)


def test_output_stays_an_array():
    rows, y = draw()
    inferrer = SignInferrer()
    assert inferrer.set_output(transform="pandas") is inferrer
    result = inferrer.fit_transform(pd.DataFrame(rows, columns=["a", "b"]), y)
    assert (get_groups(result) == inferrer.groups_).all()
    pipeline = make_pipeline(StandardScaler(), SignInferrer()).set_output(transform="pandas")
    assert get_groups(pipeline.fit_transform(rows, y)) is not None


def test_sparse_rows_cannot_carry_groups():
    rows, y = draw()
    inferrer = SignInferrer()
    with pytest.raises(TypeError, match=r"csr_matrix.*`fit\(X, y\)`.*`groups=inferrer.groups_`"):
        inferrer.fit_transform(sparse.csr_matrix(rows), y)
    assert not hasattr(inferrer, "n_fits_")
    inferrer.fit(sparse.csr_matrix(rows), y)
    assert (inferrer.groups_ == SignInferrer().fit(rows, y).groups_).all()
    assert sparse.issparse(inferrer.transform(sparse.csr_matrix(rows)))


def test_score_of_a_class_with_one_label_is_minus_one():
    inferrer = SignInferrer().fit(X, Y)
    first, second = X[:5], [[9.0, 1], [9, 2], [5, 3]]  # of class "p", one group
    rows, y = np.vstack([first, second]), ["n"] * 5 + ["p"] * 3
    silhouette = silhouette_score(first, inferrer.predict(first, ["n"] * 5))
    assert inferrer.score(rows, y) == pytest.approx((5 * silhouette - 3) / 8)


def test_score_of_a_sample_of_rows_is_repeatable(monkeypatch):
    rows, y = (array[4:] for array in draw())
    inferrer = SignInferrer().fit(rows, y)
    exact = inferrer.score(rows, y)
    few_rows = partial(base_file.class_silhouette, max_rows=20)
    monkeypatch.setattr(base_file, "class_silhouette", few_rows)
    first, again = inferrer.score(rows, y), inferrer.score(rows, y)
    assert first == again != exact


@pytest.mark.parametrize("method", ["predict", "embed", "score"])
def test_labels_that_fit_did_not_see(method):
    inferrer = SignInferrer().fit(X, Y)
    ask = getattr(inferrer, method)
    with pytest.raises(ValueError, match=r"did not see: 'q', 'r'. The classes are \['n', 'p'\]"):
        ask(X[:3], ["r", "n", "q"])
    with pytest.raises(ValueError, match="did not see: None"):
        ask(X[:2], np.array([None, "n"], dtype=object))
    with pytest.raises(ValueError, match="did not see: 1"):
        ask(X[:2], [1, 1])


@pytest.mark.parametrize("method", ["predict", "embed", "score"])
def test_lengths_and_indexes_have_to_agree(method):
    inferrer = SignInferrer().fit(X, Y)
    ask = getattr(inferrer, method)
    with pytest.raises(ValueError, match="X has 10 samples, but y has 9: give one label"):
        ask(X, Y[:9])
    with pytest.raises(GroupsError, match="different pandas indexes"):
        ask(pd.DataFrame(X), pd.Series(Y, index=np.arange(1, 11)))


def test_fit_checks_lengths_and_indexes():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SignInferrer().fit(X, Y[:9])
    with pytest.raises(GroupsError, match="different pandas indexes"):
        SignInferrer().fit(pd.DataFrame(X), pd.Series(Y, index=np.arange(1, 11)))


@pytest.mark.parametrize("method", ["transform", "predict", "embed", "score"])
def test_not_fitted(method):
    with pytest.raises(NotFittedError):
        getattr(SignInferrer(), method)(X)


def test_clones_and_pickles():
    rows, y = draw()
    inferrer = SignInferrer().fit(rows, y)
    again = pickle.loads(pickle.dumps(inferrer))
    assert (again.predict(rows, y) == inferrer.predict(rows, y)).all()
    assert clone(inferrer).get_params() == inferrer.get_params()
    assert not hasattr(clone(inferrer), "groups_")


def test_a_second_fit_forgets_the_first():
    rows, y = draw()
    inferrer = SignInferrer().fit(np.hstack([rows, rows]), y)
    inferrer.fit(X, Y)
    assert inferrer.n_features_in_ == 2
    assert (inferrer.groups_ == SignInferrer().fit(X, Y).groups_).all()


@pytest.mark.parametrize("stage", ["_fit_reference", "_partition", "_number", "_probabilities"])
def test_a_fit_that_fails_leaves_nothing_fitted(monkeypatch, stage):
    def fail(*args):
        raise KeyboardInterrupt

    inferrer = SignInferrer().fit(X, Y)
    with monkeypatch.context() as patch:
        patch.setattr(SignInferrer, stage, fail)
        with pytest.raises(KeyboardInterrupt):
            inferrer.fit(X, Y, X, Y)
    with pytest.raises(NotFittedError):
        inferrer.predict(X, Y)
    assert inferrer.fit(X, Y).predict(X, Y).tolist() == SignInferrer().fit_predict(X, Y).tolist()


def test_tags():
    tags = get_tags(SignInferrer())
    assert tags.input_tags.sparse
    assert tags.target_tags.required
    assert tags.transformer_tags.preserves_dtype == ["float64", "float32"]
