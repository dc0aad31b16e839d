import numpy as np
import pandas as pd
import polars as pl
import pytest

from skgroup import GradientGroupInferrer, GroupDROClassifier
from skgroup.datasets import make_shortcut_classification, memory_map


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    columns = {"a": rng.normal(size=50), "y": rng.integers(2, size=50), "b": np.arange(50)}
    return pd.DataFrame(columns)


def pieces(frame, size=7):
    return [frame.iloc[i : i + size] for i in range(0, len(frame), size)]


def arrow(frame):
    pa = pytest.importorskip("pyarrow")
    return [pa.RecordBatch.from_pandas(piece, preserve_index=False) for piece in pieces(frame)]


KINDS = {
    "pandas": pieces,
    "polars": lambda frame: (pl.from_pandas(piece) for piece in pieces(frame)),
    "arrow": arrow,
    "arrays": lambda frame: (piece.to_numpy() for piece in pieces(frame)),
    "one frame": lambda frame: frame,
    "one array": pd.DataFrame.to_numpy,
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_values_of_whatever_holds_batches(frame, tmp_path, kind):
    target, names = (1, [0, 2]) if "array" in kind else ("y", ["a", "b"])
    found = memory_map(KINDS[kind](frame), tmp_path / "rows.npy", target=target)
    expected = frame[["a", "b"]].to_numpy(np.float32)
    np.testing.assert_array_equal(found.data, expected)
    np.testing.assert_array_equal(found.target, frame["y"])
    assert found.feature_names == names
    assert isinstance(found.data, np.memmap)
    assert not found.data.flags.writeable
    np.testing.assert_array_equal(np.load(tmp_path / "rows.npy"), expected)
    assert [file.name for file in tmp_path.iterdir()] == ["rows.npy"]


def test_parquet_files(frame, tmp_path):
    dataset = pytest.importorskip("pyarrow.dataset")
    frame.iloc[:20].to_parquet(tmp_path / "0.parquet")
    frame.iloc[20:].to_parquet(tmp_path / "1.parquet")
    files = dataset.dataset(tmp_path, format="parquet")
    found = memory_map(files, tmp_path.with_suffix(".npy"), target="y", dtype=np.float64)
    np.testing.assert_array_equal(found.data, frame[["a", "b"]].to_numpy())
    assert found.data.dtype == np.float64


def test_no_target(frame, tmp_path):
    found = memory_map(pieces(frame), tmp_path / "rows.npy")
    assert found.target is None
    assert found.feature_names == ["a", "y", "b"]


def test_the_last_column_of_arrays_is_the_target(tmp_path):
    found = memory_map(
        [np.array([[1, 2, 3]]), np.array([[4, 5, 6]])], tmp_path / "x.npy", target=-1
    )
    assert found.data.tolist() == [[1, 2], [4, 5]]
    assert found.target.tolist() == [3, 6]


def test_the_header_has_room_for_any_number_of_rows(tmp_path):
    found = memory_map((np.full((1000, 1), i) for i in range(200)), tmp_path / "rows.npy")
    assert found.data.shape == (200_000, 1)
    assert found.data[[0, 999, 1000, 199_999], 0].tolist() == [0, 0, 1, 199]


@pytest.mark.parametrize(
    ("batches", "target", "text"),
    [
        ([], None, "no rows"),
        ([np.empty((0, 2))], None, "no rows"),
        ("visits.parquet", None, r"is a path, 'visits.parquet'.*pyarrow.dataset"),
        ([np.zeros(3)], None, r"got a ndarray with 1 dimensions.*2-D arrays"),
        ([np.zeros((3, 2)), np.zeros((3, 3))], None, r"first has \[0, 1\], a later one \[0, 1, 2"),
        ([np.zeros((3, 2))], -3, r"no column -3.*they have \[0, 1\]"),
        ([np.zeros((3, 2))], "y", r"no column 'y'.*they have \[0, 1\]"),
        ([pd.DataFrame({"a": ["x"]})], None, r"column 'a'.*no numbers.*encode"),
    ],
)
def test_what_is_no_table(tmp_path, batches, target, text):
    (tmp_path / "rows.npy").write_text("kept")
    with pytest.raises(ValueError, match=text):
        memory_map(batches, tmp_path / "rows.npy", target=target)
    assert [file.name for file in tmp_path.iterdir()] == ["rows.npy"]
    assert (tmp_path / "rows.npy").read_text() == "kept"


def test_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*away: make it"):
        memory_map([np.zeros((3, 2))], tmp_path / "away" / "rows.npy")


def test_estimators_see_the_rows_as_they_were(tmp_path):
    X, y, _ = make_shortcut_classification(600, random_state=0)
    X = X.astype(np.float32)
    found = memory_map(np.array_split(np.column_stack([X, y]), 7), tmp_path / "x.npy", target=20)
    for rows, labels in ((X, y), (found.data, found.target)):
        groups = GradientGroupInferrer(2, random_state=0).fit(rows, labels).groups_
        model = GroupDROClassifier(max_epochs=2, random_state=0).fit(rows, labels, groups=groups)
        if rows is X:
            expected = groups, model.predict_proba(X)
    np.testing.assert_array_equal(groups, expected[0])
    np.testing.assert_array_equal(model.predict_proba(X), expected[1])


def test_links_beside_the_file_are_not_followed(tmp_path):
    mine = tmp_path / "mine"
    mine.write_text("mine")
    for name in ("rows.npy", "rows.npy.part"):
        (tmp_path / name).symlink_to(mine)
    found = memory_map([np.eye(2)], tmp_path / "rows.npy")
    assert mine.read_text() == "mine"
    assert found.data.tolist() == [[1, 0], [0, 1]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "rows.npy", "rows.npy.part"]
