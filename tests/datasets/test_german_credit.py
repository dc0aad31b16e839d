import hashlib

import pytest

from skgroup.datasets import _german_credit, fetch_german_credit
from skgroup.datasets._remote_file import RemoteFile

ROWS = """\
A11 6 A34 A43 1169 A65 A75 4 A93 A101 4 A121 67 A143 A152 2 A173 1 A192 A201 1
A12 48 A32 A43 5951 A61 A73 2 A92 A101 2 A121 22 A143 A152 1 A173 1 A191 A201 2
A14 12 A34 A46 2096 A61 A74 2 A95 A101 3 A121 49 A143 A151 1 A172 2 A191 A202 1
A11 42 A32 A42 7882 A61 A74 2 A91 A103 4 A122 45 A143 A153 1 A173 2 A191 A201 2
A11 24 A33 A40 4870 A61 A73 3 A94 A101 4 A124 53 A143 A153 2 A173 2 A191 A201 1
"""


@pytest.fixture
def home(web, monkeypatch, tmp_path):
    """An archive with five rows; four of them as in the real file."""
    real = _german_credit.FILE
    web[real.url] = ROWS.encode()
    checksum = hashlib.sha256(ROWS.encode()).hexdigest()
    monkeypatch.setattr(_german_credit, "FILE", RemoteFile(real.name, real.url, checksum))
    return tmp_path


def test_labels_groups_and_split(home):
    credit = fetch_german_credit(data_home=home)
    assert credit.target.tolist() == [0, 1, 0, 1, 0]
    assert credit.target_names.tolist() == ["good", "bad"]
    assert credit.groups.tolist() == ["male, 0", "female, 1", "female, 0", "male, 1", "male, 0"]
    assert credit.group_names.tolist() == ["female, 0", "male, 0", "female, 1", "male, 1"]
    assert [credit[part].tolist() for part in ("train", "validation", "test")] == [
        [0, 1, 2],
        [3],
        [4],
    ]


def test_columns(home):
    credit = fetch_german_credit(data_home=home)
    column = dict(zip(credit.feature_names, credit.data.T, strict=True))
    assert column["duration"].tolist() == [6, 48, 12, 42, 24]
    assert column["amount"].tolist() == [1169, 5951, 2096, 7882, 4870]
    assert column["foreign_worker_A202"].tolist() == [0, 0, 1, 0, 0]
    assert column["status_A11"].tolist() == [1, 0, 0, 1, 1]
    assert not any("risk" in name for name in column)


def test_frames_and_pairs(home):
    credit = fetch_german_credit(data_home=home, as_frame=True)
    assert credit.data.shape == (5, 20)
    assert credit.frame["credit_risk"].tolist() == [0, 1, 0, 1, 0]
    X, y = fetch_german_credit(data_home=home, as_frame=True, return_X_y=True)
    assert X["purpose"].tolist() == ["A43", "A43", "A46", "A42", "A40"]
    assert y.name == "credit_risk"


def test_another_file_is_refused(web, tmp_path):
    web[_german_credit.FILE.url] = ROWS.encode()
    with pytest.raises(OSError, match="sent another file than expected"):
        fetch_german_credit(data_home=tmp_path)
