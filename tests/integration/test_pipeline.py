"""The line: ``make_pipeline(GradientGroupInferrer(k=2), GroupDROClassifier())``."""

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skgroup import ERMClassifier, GradientGroupInferrer, GroupDROClassifier
from skgroup.exceptions import GroupsError
from skgroup.metrics import worst_group_accuracy


def test_the_bare_line(blobs):
    bare = make_pipeline(GradientGroupInferrer(k=2), GroupDROClassifier()).fit(blobs.X, blobs.y)
    assert np.bincount(bare[0].groups_).tolist() == [80, 20, 20, 80]
    assert bare[-1].group_labels_.tolist() == [0, 1, 2, 3]
    assert worst_group_accuracy(blobs.y, bare.predict(blobs.X), blobs.groups) > 0.9


def test_it_does_better_for_the_worst_true_group(pipe, blobs):
    pipe.set_params(groupdroclassifier__max_epochs=20)
    erm = ERMClassifier(hidden_layer_sizes=(8,), lr=0.03, max_epochs=20, random_state=0)
    worst = [
        worst_group_accuracy(blobs.y, model.fit(blobs.X, blobs.y).predict(blobs.X), blobs.groups)
        for model in (pipe, erm)
    ]
    assert worst[0] > worst[1] + 0.5


def test_it_is_its_two_steps(pipe, inferrer, clf, blobs, assert_same):
    groups = clone(inferrer).fit(blobs.X, blobs.y).groups_
    by_hand = clone(clf).fit(blobs.X, blobs.y, groups=groups)
    pipe.fit(blobs.X, blobs.y)
    assert_same(pipe, by_hand, blobs.X)
    np.testing.assert_array_equal(pipe.predict(blobs.X), by_hand.predict(blobs.X))
    assert pipe.score(blobs.X, blobs.y) == np.mean(by_hand.predict(blobs.X) == blobs.y)
    assert pipe[-1].history_.keys() == by_hand.history_.keys()
    for name, values in by_hand.history_.items():
        np.testing.assert_array_equal(pipe[-1].history_[name], values)
    other = clone(clf).fit(blobs.X, blobs.y, groups=blobs.y)
    assert np.abs(pipe.predict_proba(blobs.X) - other.predict_proba(blobs.X)).max() > 0.1


def test_outliers_are_left_out(inferrer, clf, blobs, assert_same):
    inferrer.set_params(clusterer="dbscan", eps=0.01, min_samples=5)
    pipe = make_pipeline(inferrer, clf).fit(blobs.X, blobs.y)
    kept = pipe[0].groups_ >= 0
    assert 5 < pipe[-1].n_outliers_ == np.count_nonzero(~kept) < 50
    assert -1 not in pipe[-1].group_labels_
    by_hand = clone(clf).fit(blobs.X[kept], blobs.y[kept], groups=pipe[0].groups_[kept])
    assert_same(pipe, by_hand, blobs.X)


def test_explicit_groups_go_before_inferred_ones(pipe, clf, blobs, assert_same):
    pipe.fit(blobs.X, blobs.y, groupdroclassifier__groups=blobs.y)
    assert_same(pipe, clone(clf).fit(blobs.X, blobs.y, groups=blobs.y), blobs.X)


def mapped(X, folder, mode="r"):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode=mode)


KINDS = {
    "lists": lambda X, folder: X.tolist(),
    "pandas": lambda X, folder: pd.DataFrame(X, columns=["a", "b"], index=np.arange(200)[::-1]),
    "pandas without names": lambda X, folder: pd.DataFrame(X),
    "nullable pandas": lambda X, folder: pd.DataFrame(X, columns=["a", "b"]).convert_dtypes(),
    "polars": lambda X, folder: pl.DataFrame(X, schema=["a", "b"]),
    "columns first": lambda X, folder: np.asfortranarray(X),
    "every other row": lambda X, folder: np.repeat(X, 2, axis=0)[::2],
    "memory-mapped": mapped,
    "copy on write": lambda X, folder: mapped(X, folder, "c"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kinds_of_input(pipe, blobs, tmp_path, kind, dtype):
    values = blobs.X.astype(dtype)
    X = KINDS[kind](values, tmp_path)
    expected = clone(pipe).fit(values, blobs.y)
    pipe.fit(X, blobs.y)
    np.testing.assert_array_equal(pipe.predict_proba(X), expected.predict_proba(values))
    np.testing.assert_array_equal(pipe.predict(X), expected.predict(values))
    assert pipe.score(X, blobs.y) == expected.score(values, blobs.y)


def test_precision_and_scale_hardly_matter(pipe, blobs, assert_same):
    single = clone(pipe).fit(blobs.X.astype(np.float32), blobs.y)
    assert_same(pipe.fit(blobs.X, blobs.y), single, blobs.X, atol=1e-4)
    moved = make_pipeline(StandardScaler(), *pipe).fit(1e6 * blobs.X + 1e7, blobs.y)
    np.testing.assert_allclose(
        moved.predict_proba(1e6 * blobs.X + 1e7), single.predict_proba(blobs.X), atol=1e-3
    )


LABELS = {
    "strings": np.array(["no", "yes"]),
    "objects": np.array(["no", "yes"], dtype=object),
    "bools": np.array([False, True]),
    "-1 and 1": np.array([-1, 1]),
    "floats": np.array([0.0, 1.0]),
}
HOLDERS = {
    "array": np.asarray,
    "list": lambda y: y.tolist(),
    "pandas": pd.Series,
    "categories": lambda y: pd.Series(y, dtype="category"),
    "polars": lambda y: pl.Series(y.tolist()),
}


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("labels", LABELS)
def test_class_labels(pipe, blobs, assert_same, labels, holder):
    names = LABELS[labels]
    expected = clone(pipe).fit(blobs.X, blobs.y)
    y = HOLDERS[holder](names[blobs.y])
    pipe.fit(blobs.X, y)
    assert_same(pipe, expected, blobs.X)
    assert pipe.classes_.tolist() == names.tolist()
    assert pipe.predict(blobs.X).tolist() == names[expected.predict(blobs.X)].tolist()
    assert pipe.score(blobs.X, y) == expected.score(blobs.X, blobs.y)


def test_the_caller_s_arrays_stay_as_they_are(pipe, blobs):
    X, y = blobs.X.copy(), blobs.y.copy()
    pipe.fit(X, y).predict(X)
    np.testing.assert_array_equal(X, blobs.X)
    np.testing.assert_array_equal(y, blobs.y)
    assert X.flags.writeable
    assert y.flags.writeable


def test_pandas_indexes_have_to_agree(pipe, blobs):
    X = pd.DataFrame(blobs.X, index=np.arange(200)[::-1])
    with pytest.raises(GroupsError, match=r"y and X have different pandas indexes"):
        pipe.fit(X, pd.Series(blobs.y))


def test_columns_have_to_agree(pipe, blobs):
    X = pd.DataFrame(blobs.X, columns=["a", "b"])
    pipe.fit(X, blobs.y)
    assert pipe.feature_names_in_.tolist() == ["a", "b"]
    assert pipe.n_features_in_ == 2
    with pytest.raises(ValueError, match="feature names should match"):
        pipe.predict(X[["b", "a"]])
    with pytest.raises(ValueError, match="1 features, but GradientGroupInferrer is expecting 2"):
        pipe.fit(blobs.X, blobs.y).predict(blobs.X[:, :1])


@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize("everywhere", [False, True])
def test_set_output_keeps_the_groups(pipe, blobs, output, everywhere):
    X = pd.DataFrame(blobs.X, columns=["a", "b"])
    scaled = make_pipeline(StandardScaler(), *pipe)
    expected = clone(scaled).fit(X, blobs.y).predict_proba(X)
    if not everywhere:
        scaled.set_output(transform=output)
    with sklearn.config_context(transform_output=output if everywhere else "default"):
        np.testing.assert_array_equal(scaled.fit(X, blobs.y).predict_proba(X), expected)
    assert scaled[1].feature_names_in_.tolist() == ["a", "b"]  # a frame came in
    assert scaled[-1].n_groups_ == 4


def test_mixed_columns(pipe, blobs, assert_same):
    side = np.array(["left", "right"])[(blobs.X[:, 0] > 0.5).astype(int)]
    X = pd.DataFrame({"a": blobs.X[:, 0], "b": blobs.X[:, 1], "side": side})
    y = pd.Series(np.array(["no", "yes"])[blobs.y])
    numbers, text = (StandardScaler(), ["a", "b"]), (OneHotEncoder(sparse_output=False), ["side"])
    mixed = make_pipeline(make_column_transformer(numbers, text), *pipe).fit(X, y)
    columns = [StandardScaler().fit_transform(blobs.X), side == "left", side == "right"]
    assert_same(mixed[1:], clone(pipe).fit(np.column_stack(columns), y), mixed[0].transform(X))
    assert set(mixed.predict(X)) == {"no", "yes"}


def test_pipelines_inside_pipelines(pipe, blobs, assert_same):
    nested = make_pipeline(make_pipeline(StandardScaler(), pipe[0]), "passthrough", pipe[-1])
    flat = make_pipeline(StandardScaler(), *clone(pipe))
    assert_same(nested.fit(blobs.X, blobs.y), flat.fit(blobs.X, blobs.y), blobs.X)


def test_a_pipeline_that_ends_in_an_inferrer(inferrer, blobs):
    scaled = StandardScaler().fit_transform(blobs.X)
    alone = clone(inferrer).fit(scaled, blobs.y)
    last = make_pipeline(StandardScaler(), inferrer)
    np.testing.assert_array_equal(last.fit_predict(blobs.X, blobs.y), alone.groups_)
    np.testing.assert_array_equal(last.fit_transform(blobs.X, blobs.y).groups, alone.groups_)
    np.testing.assert_array_equal(last.predict(blobs.X), alone.predict(scaled))
    np.testing.assert_array_equal(
        last[-1].predict(last[:-1].transform(blobs.X), blobs.y), alone.groups_
    )
    assert last.score(blobs.X, blobs.y) == alone.score(scaled, blobs.y)


@pytest.mark.parametrize("fitted", [False, True])
def test_clone_and_pickle(pipe, blobs, assert_same, fitted):
    expected = clone(pipe).fit(blobs.X, blobs.y)
    if fitted:
        pipe.fit(blobs.X, blobs.y)
        again = pickle.loads(pickle.dumps(pipe))
        assert_same(again, expected, blobs.X)
        np.testing.assert_array_equal(again[0].groups_, expected[0].groups_)
    copies = [clone(pipe), pickle.loads(pickle.dumps(pipe))]
    for copy in copies:
        assert_same(copy.fit(blobs.X, blobs.y), expected, blobs.X)


@pytest.mark.parametrize(("compress", "mmap_mode"), [(0, None), (0, "r"), (3, None)])
def test_joblib_dump(pipe, blobs, assert_same, tmp_path, compress, mmap_mode):
    joblib.dump(pipe.fit(blobs.X, blobs.y), tmp_path / "pipe.joblib", compress=compress)
    again = joblib.load(tmp_path / "pipe.joblib", mmap_mode=mmap_mode)
    assert_same(again, pipe, blobs.X)
    np.testing.assert_array_equal(
        again[0].predict(blobs.X, blobs.y), pipe[0].predict(blobs.X, blobs.y)
    )


def test_a_cached_inferrer_is_fitted_once(pipe, blobs, assert_same, tmp_path, monkeypatch):
    expected = clone(pipe).fit(blobs.X, blobs.y)
    pipe.set_params(memory=str(tmp_path))
    first = clone(pipe).fit(blobs.X, blobs.y)
    monkeypatch.setattr(GradientGroupInferrer, "fit", None)
    second = clone(pipe).fit(blobs.X, blobs.y)
    for cached in (first, second):
        assert_same(cached, expected, blobs.X)
        assert cached[-1].n_groups_ == 4
        np.testing.assert_array_equal(cached[0].groups_, expected[0].groups_)
    with pytest.raises(TypeError, match="not callable"):  # other settings are another entry
        clone(pipe).set_params(gradientgroupinferrer__k=3).fit(blobs.X, blobs.y)


def test_what_notebooks_show(pipe, blobs):
    text = repr(pipe.fit(blobs.X, blobs.y))
    assert "('gradientgroupinferrer'," in text
    assert "GradientGroupInferrer(k=2, random_state=0)" in text
    html = pipe._repr_html_()
    for _, step in pipe.steps:
        assert type(step).__name__ in html
        for name in step.get_params():
            assert f">{name}" in html


def test_names_of_features_end_at_the_inferrer(pipe, blobs):
    pipe.fit(pd.DataFrame(blobs.X, columns=["a", "b"]), blobs.y)
    assert not hasattr(pipe[0], "get_feature_names_out")
    with pytest.raises(AttributeError, match="does not provide get_feature_names_out"):
        pipe[:-1].get_feature_names_out()
