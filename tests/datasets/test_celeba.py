import pytest

from skgroup.datasets import fetch_celeba

ATTRIBUTES = {"Blond_Hair": [1, -1, -1, 1], "Male": [-1, 1, -1, 1], "Smiling": [1, 1, -1, -1]}
NAMES = [f"00000{i}.jpg" for i in range(1, 5)]
PARTITION = [0, 2, 0, 1]


def write(folder, kind, nested=False):
    images = folder / "img_align_celeba"
    (images / "img_align_celeba" if nested else images).mkdir(parents=True)
    rows = [[n, *map(str, v)] for n, *v in zip(NAMES, *ATTRIBUTES.values(), strict=True)]
    parts = [[n, str(p)] for n, p in zip(NAMES, PARTITION, strict=True)]
    if kind == "txt":
        # As published: the number of rows, names without the first, and columns padded by spaces.
        table = [str(len(NAMES)), " ".join(ATTRIBUTES), *("  ".join(row) for row in rows)]
        (folder / "list_attr_celeba.txt").write_text("\n".join(table) + "\n")
        (folder / "list_eval_partition.txt").write_text("\n".join(map(" ".join, parts)) + "\n")
    else:
        table = [["image_id", *ATTRIBUTES], *rows]
        (folder / "list_attr_celeba.csv").write_text("\n".join(map(",".join, table)) + "\n")
        parts = [["image_id", "partition"], *parts]
        (folder / "list_eval_partition.csv").write_text("\n".join(map(",".join, parts)) + "\n")


@pytest.mark.parametrize(("kind", "nested"), [("txt", False), ("csv", True)])
def test_both_layouts(kind, nested, tmp_path):
    write(tmp_path / "celeba", kind, nested)
    faces = fetch_celeba(data_home=tmp_path)
    inner = "img_align_celeba/img_align_celeba" if nested else "img_align_celeba"
    assert faces.data[0] == str(tmp_path / "celeba" / inner / "000001.jpg")
    assert faces.target.tolist() == [1, 0, 0, 1]
    assert faces.groups.tolist() == ["not Male, 1", "Male, 0", "not Male, 0", "Male, 1"]
    assert faces.group_names.tolist() == ["Male, 0", "not Male, 0", "Male, 1", "not Male, 1"]
    assert faces.target_names.tolist() == ["not Blond_Hair", "Blond_Hair"]
    assert (faces.train.tolist(), faces.validation.tolist(), faces.test.tolist()) == (
        [0, 2],
        [3],
        [1],
    )


def test_other_attributes_and_parts(tmp_path):
    write(tmp_path / "celeba", "txt")
    faces = fetch_celeba(data_home=tmp_path, target="Smiling", attribute="Blond_Hair")
    assert faces.target.tolist() == [1, 1, 0, 0]
    assert faces.groups[0] == "Blond_Hair, 1"
    X, y = fetch_celeba(data_home=tmp_path, split="train", return_X_y=True)
    assert [path[-5:] for path in X] == ["1.jpg", "3.jpg"]
    assert y.tolist() == [1, 0]


@pytest.mark.parametrize("kind", ["txt", "csv"])
def test_unknown_attributes_are_told_with_those_that_exist(kind, tmp_path):
    write(tmp_path / "celeba", kind)
    with pytest.raises(ValueError, match=r"no column 'Blond': it has image_id, Blond_Hair, Male"):
        fetch_celeba(data_home=tmp_path, target="Blond")


@pytest.mark.parametrize("kind", ["txt", "csv"])
def test_tables_that_name_files_elsewhere_are_refused(kind, tmp_path):
    write(tmp_path / "celeba", kind)
    for path in (tmp_path / "celeba").glob("list_*"):
        path.write_text(path.read_text().replace("000002.jpg", "/secret.jpg"))
    with pytest.raises(ValueError, match="outside of it, '/secret"):
        fetch_celeba(data_home=tmp_path)


def test_missing_files_are_told_with_where_they_come_from(tmp_path):
    told = r"there is no list_attr_celeba\.txt in .*celeba: download .* unpack them there"
    with pytest.raises(FileNotFoundError, match=told):
        fetch_celeba(data_home=tmp_path)
    write(tmp_path / "celeba", "csv")
    (tmp_path / "celeba" / "img_align_celeba").rmdir()
    with pytest.raises(FileNotFoundError, match="there is no img_align_celeba in"):
        fetch_celeba(data_home=tmp_path)


def test_tables_that_do_not_fit_are_refused(tmp_path):
    write(tmp_path / "celeba", "txt")
    path = tmp_path / "celeba" / "list_eval_partition.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:3]))
    with pytest.raises(ValueError, match="list other images"):
        fetch_celeba(data_home=tmp_path)
    path.write_text("\n".join([*lines[:3], "000004.jpg"]))
    with pytest.raises(ValueError, match="cut short"):
        fetch_celeba(data_home=tmp_path)
