import csv
import sys

import numpy as np
import pytest
import torch
from PIL import Image

FOLDER = "waterbird_complete95_forest2water2"
# Rows of (label, place) in the three parts: the shortcut holds in training rows only.
COUNTS = {
    0: {(0, 0): 24, (0, 1): 4, (1, 0): 4, (1, 1): 16},
    1: {(0, 0): 6, (0, 1): 6, (1, 0): 4, (1, 1): 4},
    2: {(0, 0): 7, (0, 1): 5, (1, 0): 3, (1, 1): 6},
}
GROUPS = {"land, 0": 7, "water, 0": 5, "land, 1": 3, "water, 1": 6}


def picture(label, place, rng):
    """A background of green or blue, and a bird that is dark or bright."""
    values = rng.integers(0, 40, size=(32, 32, 3))
    values[:, :, 1 + place] += 120
    values[12:20, 12:20] = 200 if label else 20
    return Image.fromarray(values.astype(np.uint8))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder of the real layout with a few small images."""
    root, rng = tmp_path_factory.mktemp("home"), np.random.default_rng(0)
    (root / FOLDER / "001.Bird").mkdir(parents=True)
    rows = []
    for split, counts in COUNTS.items():
        for (label, place), n in counts.items():
            for _ in range(n):
                name = f"001.Bird/{len(rows)}.jpg"
                picture(label, place, rng).save(root / FOLDER / name)
                rows.append([len(rows) + 1, name, label, split, place, "/f/forest/1.jpg"])
    with (root / FOLDER / "metadata.csv").open("w", newline="") as file:
        names = ["img_id", "img_filename", "y", "split", "place", "place_filename"]
        csv.writer(file).writerows([names, *rows])
    return root


def given(home, *more):
    return ["--data-home", str(home), "--arch", "small", "--size", "16", "--epochs", "2",
            "--batch-size", "16", "--verbose", "0", *more]  # fmt: skip


def test_every_method_is_reported_in_every_group(script, home, capsys):
    found = script.main(given(home))
    assert found.keys() == {"last", "whole"}
    for scores in found.values():
        assert len(scores) == 5
        for sets in scores.values():
            assert {name: n for name, (n, _) in sets.items()} == GROUPS
            for n, accuracy in sets.values():
                assert round(n * accuracy, 6) in range(n + 1)
    printed = capsys.readouterr().out
    assert "| water, 0 | 5 |" in printed
    assert "| average | 21 |" in printed


def test_no_method_takes_a_larger_step_than_asked(script, home, monkeypatch):
    steps, forward = [], script.Network.forward

    def counted(self, images):
        if torch.is_grad_enabled():
            steps.append(len(images))
        return forward(self, images)

    monkeypatch.setattr(script.Network, "forward", counted)
    script.main(given(home, "--train", "whole"))
    assert max(steps) == 16


def test_a_network_that_was_killed_ends_as_if_it_had_not_been(script, home, tmp_path, killed_after):
    whole = script.main(given(home, "--train", "whole"))
    again = given(home, "--train", "whole", "--checkpoints", str(tmp_path))
    left = killed_after(3, lambda: script.main(again))  # in the first epoch of the second fit
    assert left.exists()
    assert script.main(again) == whole
    assert not list(tmp_path.iterdir())


def test_mixed_precision_changes_the_body_by_rounding_only(script, home):
    networks = [script.build(options(amp)) for amp in (False, True)]
    images = torch.rand(5, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    exact, rounded = (network.eval()(images) for network in networks)
    assert rounded.dtype == torch.float32
    assert not torch.equal(exact, rounded)
    torch.testing.assert_close(rounded, exact, rtol=0.05, atol=0.05)


def options(amp):
    from argparse import Namespace

    return Namespace(seed=0, arch="small", amp=amp)


def test_blocks_without_gradients_give_what_one_batch_gives(script):
    network = script.build(options(amp=False)).eval()
    images = torch.rand(7, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    network.block = 3
    with torch.no_grad():
        in_blocks = network(images)
    torch.testing.assert_close(in_blocks, network(images), rtol=1e-5, atol=1e-6)


def test_images_are_normalised_as_the_pretrained_network_knows_them(script):
    layer = script.Normalized(torch.nn.Identity())
    found = layer(torch.full((1, 3, 2, 2), 0.5))[0, :, 0, 0]
    expected = [(0.5 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.5 - 0.406) / 0.225]
    assert found.tolist() == pytest.approx(expected, rel=1e-5)


def test_a_missing_torchvision_is_said_before_data_are_looked_for(script, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(SystemExit, match=r"needs torchvision.*--arch small"):
        script.main(["--data-home", str(tmp_path)])
