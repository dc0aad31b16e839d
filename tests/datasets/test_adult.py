import hashlib

import numpy as np
import pytest

from skgroup import cross_groups
from skgroup.datasets import _adult, fetch_adult
from skgroup.datasets._remote_file import RemoteFile

MORE = "Bachelors, 13, Divorced, Sales, Unmarried"
TRAIN = f"""\
39, State-gov, 77516, {MORE}, White, Male, 2174, 0, 40, United-States, <=50K
28, Private, 338409, {MORE}, Black, Female, 0, 0, 40, Cuba, >50K
53, ?, 234721, {MORE}, Asian-Pac-Islander, Male, 0, 5, 20, Cuba, <=50K

"""
TEST = f"""\
|1x3 Cross validator
25, Private, 226802, {MORE}, Black, Male, 0, 0, 40, ?, <=50K.
44, Private, 160323, {MORE}, Black, Female, 7688, 0, 41, United-States, >50K.

"""


@pytest.fixture
def source(web, monkeypatch):
    """The archive has a few rows only, with checksums that are known."""
    for name, text in {"TRAIN": TRAIN, "TEST": TEST}.items():
        real = getattr(_adult, name)
        content = text.encode()
        web[real.url] = content
        small = RemoteFile(real.name, real.url, hashlib.sha256(content).hexdigest())
        monkeypatch.setattr(_adult, name, small)
    return web


def test_both_parts_are_downloaded_once_and_joined(source, tmp_path):
    adult = fetch_adult(data_home=tmp_path)
    assert adult.data.shape[0] == 5
    assert adult.target.tolist() == [0, 1, 0, 0, 1]
    assert adult.train.tolist() == [0, 1, 2]
    assert adult.test.tolist() == [3, 4]
    assert adult.groups.tolist() == [
        "White, Male, 0",
        "Black, Female, 1",
        "Other, Male, 0",
        "Black, Male, 0",
        "Black, Female, 1",
    ]
    codes = cross_groups(adult.target, adult.attribute)
    assert adult.group_names[codes].tolist() == adult.groups.tolist()
    assert len(adult.target_names) == 2
    assert "48,842" in adult.DESCR
    fetch_adult(data_home=tmp_path, download_if_missing=False)
    assert len(source["asked"]) == 2


def test_columns(source, tmp_path):
    adult = fetch_adult(data_home=tmp_path)
    column = dict(zip(adult.feature_names, adult.data.T, strict=True))
    assert column["age"].tolist() == [39, 28, 53, 25, 44]
    assert column["fnlwgt"][0] == 77516
    assert column["sex_Male"].tolist() == [1, 0, 1, 1, 0]
    assert column["workclass_State-gov"].tolist() == [1, 0, 0, 0, 0]
    assert column["race_Asian-Pac-Islander"].tolist() == [0, 0, 1, 0, 0]
    assert column["native_country_United-States"].tolist() == [1, 0, 0, 0, 1]
    assert not any(name.endswith("?") for name in column)
    assert not any(name.startswith("income") for name in column)


def test_as_frame(source, tmp_path):
    adult = fetch_adult(data_home=tmp_path, as_frame=True)
    assert adult.data.shape == (5, 14)
    assert adult.data.isna().sum().sum() == 2
    assert adult.frame["income"].tolist() == [0, 1, 0, 0, 1]
    X, y = fetch_adult(data_home=tmp_path, return_X_y=True)
    assert (X.shape[0], y.tolist()) == (5, [0, 1, 0, 0, 1])


def test_another_file_is_refused(web, tmp_path):
    web[_adult.TRAIN.url] = TRAIN.encode()  # not the one whose checksum is in the package
    with pytest.raises(OSError, match="sent another file than expected"):
        fetch_adult(data_home=tmp_path)
    assert list((tmp_path / "adult").iterdir()) == []


def test_addresses_are_https_and_checksums_complete():
    for file in (_adult.TRAIN, _adult.TEST):
        assert file.url.startswith("https://")
        assert len(bytes.fromhex(file.sha256)) == 32


@pytest.mark.parametrize("parameters", [{"data_home": 3}, {"as_frame": "auto"}])
def test_errors(parameters):
    with pytest.raises(ValueError, match=f"'{next(iter(parameters))}' parameter"):
        fetch_adult(**parameters)


def test_missing_files_are_told_about(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"adult\.data, and download_if_missing is False"):
        fetch_adult(data_home=tmp_path, download_if_missing=False)
    assert np.size(list(tmp_path.iterdir())) == 0
