import csv

import numpy as np
import pytest

from skgroup.datasets import fetch_civilcomments
from skgroup.datasets._civilcomments import FILE, FOLDER, IDENTITIES

ROWS = [  # text, split, toxicity, what it names
    ("Fine, thanks.\nReally.", "train", 0.1, {}),
    ("a rude one", "train", 0.5, {"female": 0.5, "black": 1.0}),
    ("nearly rude", "val", 0.49, {"muslim": 0.4}),
    ("very rude", "test", 1.0, {"muslim": 0.6}),
]


@pytest.fixture
def home(tmp_path):
    (tmp_path / FOLDER).mkdir()
    with (tmp_path / FOLDER / FILE).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["", "id", "comment_text", "split", "toxicity", *IDENTITIES, "identity_any"])
        for i, (text, split, toxicity, named) in enumerate(ROWS):
            values = [named.get(name, 0.0) for name in IDENTITIES]
            rows.writerow([i, 100 + i, text, split, toxicity, *values, max(values)])
    return tmp_path


def test_texts_labels_and_groups(home):
    comments = fetch_civilcomments(data_home=home, download_if_missing=False)
    assert comments.data.tolist() == [text for text, *_ in ROWS]
    assert comments.target.tolist() == [0, 1, 0, 1]
    assert comments.groups.tolist() == [
        "no identity, 0",
        "identity, 1",
        "no identity, 0",
        "identity, 1",
    ]
    assert comments.group_names.tolist() == [
        "identity, 0",
        "no identity, 0",
        "identity, 1",
        "no identity, 1",
    ]
    named = [[IDENTITIES[j] for j in np.flatnonzero(row)] for row in comments.identities]
    assert named == [[], ["female", "black"], [], ["muslim"]]
    assert (comments.train.tolist(), comments.validation.tolist(), comments.test.tolist()) == (
        [0, 1],
        [2],
        [3],
    )


def test_one_part(home):
    comments = fetch_civilcomments(data_home=home, split="test")
    assert comments.data.tolist() == ["very rude"]
    assert comments.identities.shape == (1, 8)
    X, y = fetch_civilcomments(data_home=home, split="train", return_X_y=True)
    assert (len(X), y.tolist()) == (2, [0, 1])


def test_missing_files_are_told(tmp_path, web):
    with pytest.raises(FileNotFoundError, match=r"civilcomments_v1\.0\.tar\.gz"):
        fetch_civilcomments(data_home=tmp_path, download_if_missing=False)
    with pytest.raises(OSError, match="could not download https://worksheets"):
        fetch_civilcomments(data_home=tmp_path)
