import io
import tarfile

import pytest
from PIL import Image

from skgroup.datasets import ImageFiles, fetch_waterbirds
from skgroup.datasets._waterbirds import ARCHIVE, FOLDER

ROWS = [  # y, split, place
    (0, 0, 0),
    (0, 0, 1),
    (1, 1, 0),
    (1, 2, 1),
    (1, 0, 1),
]
HEADER = "img_id,img_filename,y,split,place,place_filename\n"


def files():
    """What the archive holds: a table and one image of a colour for each row."""
    table, found = HEADER, {}
    for i, (y, split, place) in enumerate(ROWS):
        name = f"00{i}.Bird/Bird_{i}.jpg"
        table += f"{i + 1},{name},{y},{split},{place},/forest/{i}.jpg\n"
        picture = io.BytesIO()
        Image.new("RGB", (9, 7), (50 * i, 0, 0)).save(picture, "JPEG")
        found[name] = picture.getvalue()
    return {"metadata.csv": table.encode(), **found}


def archive():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files().items():
            entry = tarfile.TarInfo(f"{FOLDER}/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def home(tmp_path):
    for name, content in files().items():
        path = tmp_path / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def test_paths_labels_and_groups(home):
    birds = fetch_waterbirds(data_home=home, download_if_missing=False)
    assert birds.data[1] == str(home / FOLDER / "001.Bird" / "Bird_1.jpg")
    assert birds.target.tolist() == [0, 0, 1, 1, 1]
    assert birds.groups.tolist() == ["land, 0", "water, 0", "land, 1", "water, 1", "water, 1"]
    assert birds.group_names.tolist() == ["land, 0", "water, 0", "land, 1", "water, 1"]
    assert birds.attribute.tolist() == ["land", "water", "land", "water", "water"]
    assert [birds[part].tolist() for part in ("train", "validation", "test")] == [
        [0, 1, 4],
        [2],
        [3],
    ]


def test_one_part(home):
    birds = fetch_waterbirds(data_home=home, split="train")
    assert birds.target.tolist() == [0, 0, 1]
    assert birds.groups.tolist() == ["land, 0", "water, 0", "water, 1"]
    assert "train" not in birds
    X, y = fetch_waterbirds(data_home=home, split="test", return_X_y=True)
    assert (len(X), y.tolist()) == (1, [1])


def test_images_are_those_of_the_rows(home):
    birds = fetch_waterbirds(data_home=home, split="train")
    image, label = ImageFiles(birds.data, birds.target, size=4)[2]
    assert label == 1
    assert float(image[0].mean()) == pytest.approx(200 / 255, abs=2 / 255)


@pytest.mark.parametrize("by_hand", [True, False])
def test_the_archive_is_unpacked(by_hand, tmp_path, web):
    if by_hand:
        (tmp_path / f"{FOLDER}.tar.gz").write_bytes(archive())
    else:
        web[ARCHIVE.url] = archive()
    birds = fetch_waterbirds(data_home=tmp_path, download_if_missing=not by_hand)
    assert birds.target.tolist() == [0, 0, 1, 1, 1]
    kept = {FOLDER, f"{FOLDER}.tar.gz", f"{FOLDER}.tar.gz.sha256"}
    assert {path.name for path in tmp_path.iterdir()} == kept
    fetch_waterbirds(data_home=tmp_path)
    assert web["asked"] == ([] if by_hand else [ARCHIVE.url])


def test_without_network_the_error_says_where_to_put_the_archive(tmp_path, web):
    with pytest.raises(OSError, match=rf"could not download https.* put it at .*{FOLDER}\.tar\.gz"):
        fetch_waterbirds(data_home=tmp_path)


def test_an_archive_of_something_else_is_told(tmp_path):
    with tarfile.open(tmp_path / f"{FOLDER}.tar.gz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("readme"))
    with pytest.raises(FileNotFoundError, match=r"holds no file metadata\.csv"):
        fetch_waterbirds(data_home=tmp_path)


def test_a_table_that_names_files_elsewhere_is_refused(home):
    table = home / FOLDER / "metadata.csv"
    table.write_text(table.read_text().replace("001.Bird/Bird_1.jpg", "../../secret.png"))
    with pytest.raises(ValueError, match=r"outside of it, '\.\./\.\./secret\.png'"):
        fetch_waterbirds(data_home=home)


def test_unknown_parts_are_refused(home):
    with pytest.raises(ValueError, match=r"'split' parameter .*'validation'.* Got 'val'"):
        fetch_waterbirds(data_home=home, split="val")
