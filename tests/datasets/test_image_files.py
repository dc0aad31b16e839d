import sys

import numpy as np
import pytest
import torch
from PIL import Image, UnidentifiedImageError
from torch import nn

from skgroup import ERMClassifier
from skgroup.datasets import ImageFiles


@pytest.fixture
def paths(tmp_path):
    """Four images, black or white, in two formats and modes."""
    found = []
    for i, (value, suffix, mode) in enumerate(
        [(0, "png", "RGB"), (255, "png", "L"), (0, "bmp", "RGB"), (255, "png", "RGBA")]
    ):
        color = {"L": value, "RGB": (value,) * 3, "RGBA": (value,) * 4}[mode]
        path = tmp_path / f"{i}.{suffix}"
        Image.new(mode, (6, 4), color).save(path)
        found.append(path)
    return found


def test_images_are_tensors_in_rgb(paths):
    images = ImageFiles(paths, [0, 1, 0, 1], size=(2, 3))
    assert len(images) == 4
    for i in range(4):
        image, label = images[i]
        assert label == i % 2
        assert torch.equal(image, torch.full((3, 2, 3), float(label)))


def test_resizing_averages_areas(tmp_path):
    values = np.array([[0, 255, 255, 255], [255, 255, 255, 0]], dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png")
    image = ImageFiles([tmp_path / "a.png"], size=(1, 2))[0]
    # Each half has one black pixel in four; Pillow rounds to whole values after either axis.
    assert torch.allclose(image, torch.tensor(0.75), rtol=0, atol=1 / 255)


def test_a_transform_gets_the_image(paths):
    images = ImageFiles(paths, transform=lambda image: (image.mode, image.size))
    assert images[3] == ("RGB", (6, 4))


def test_nothing_is_read_before_it_is_asked_for(tmp_path):
    images = ImageFiles([tmp_path / "missing.png"], [0])
    with pytest.raises(FileNotFoundError, match=r"missing\.png"):
        images[0]


def test_a_classifier_trains_on_files(paths):
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    images = ImageFiles(paths, [0, 1, 0, 1], size=2)
    model = ERMClassifier(module=net, max_epochs=100, lr=0.1, random_state=0)
    model.fit(images, None)
    assert model.predict(images).tolist() == [0, 1, 0, 1]


def test_labels_must_fit(paths):
    with pytest.raises(ValueError, match=r"target has shape \(1,\), but there are 4 paths"):
        ImageFiles(paths, [0])


def test_without_pillow_the_error_says_what_to_install(paths, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"needs Pillow: install it .*skgroup\[images\]"):
        ImageFiles(paths)


@pytest.mark.parametrize("kind", ["EPS", "PDF", "TGA"])
def test_formats_that_no_data_set_has_are_not_opened(kind, tmp_path):
    """EPS runs Ghostscript, and the content of a file decides, not its name."""
    Image.new("RGB", (6, 4)).save(tmp_path / "a.png", format=kind)
    with pytest.raises(UnidentifiedImageError):
        ImageFiles([tmp_path / "a.png"])[0]
