"""Waterbirds or CelebA through a ResNet-50: its last layer, then the whole network.

    python waterbirds_resnet50.py --data-home FOLDER --device cuda --amp --checkpoints checkpoints

FOLDER holds `waterbird_complete95_forest2water2` (or, with `--data celeba`, `celeba`). Groups are
inferred from gradients of the last layer on features of the network as it is given, before any
training here. The best epoch is chosen on the validation part: by average accuracy for ERM, by
the worst group, true or inferred, for the rest.

`--arch resnet50` needs torchvision. `--weights imagenet` downloads its weights, a path loads a
state dict of them, and `none` starts anew. Images are brought to one size without a crop and
without random changes, so that figures are not those of the literature to the last digit.
"""

import argparse

import numpy as np
import torch
from _compare import Network, Part, compare, parser
from torch import Tensor, nn

from skgroup.datasets import ImageFiles, fetch_celeba, fetch_waterbirds

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, known to the weights


class Normalized(nn.Module):
    """Values from 0 to 1 as the pretrained network knows them."""

    def __init__(self, body: nn.Module):
        super().__init__()
        self.body = body
        for name, values in (("mean", MEAN), ("deviation", DEVIATION)):
            self.register_buffer(name, torch.tensor(values).reshape(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.body((images - self.mean) / self.deviation)


class Bottleneck(nn.Module):
    """Three convolutions, narrow in the middle, beside a shortcut."""

    def __init__(self, n_in: int, width: int, stride: int):
        super().__init__()
        n_out = 4 * width
        self.path = nn.Sequential(
            nn.Conv2d(n_in, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, n_out, 1, bias=False), nn.BatchNorm2d(n_out),
        )  # fmt: skip
        self.beside = nn.Sequential(
            nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out)
        )

    def forward(self, images: Tensor) -> Tensor:
        return torch.relu(self.path(images) + self.beside(images))


def small() -> tuple[nn.Module, int]:
    """Two blocks of the kind that a ResNet-50 has sixteen of, to try things out."""
    stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
    blocks = Bottleneck(8, 4, 2), Bottleneck(16, 8, 2)
    return nn.Sequential(stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten()), 32


def resnet50(weights: str) -> tuple[nn.Module, int]:
    """The network of torchvision without its last layer."""
    try:
        from torchvision import models
    except (ImportError, RuntimeError) as error:  # the latter where it does not fit torch
        raise SystemExit(
            f"--arch resnet50 needs torchvision, and importing it failed: {error}. Install the "
            "version that belongs to your torch, or try things out with --arch small."
        ) from error
    known = models.ResNet50_Weights.IMAGENET1K_V1 if weights == "imagenet" else None
    net = models.resnet50(weights=known)
    if weights not in ("imagenet", "none"):
        net.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    n_features, net.fc = net.fc.in_features, nn.Identity()
    return net, n_features


def build(options: argparse.Namespace) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(options.seed)
        body, n_features = small() if options.arch == "small" else resnet50(options.weights)
        return Network(Normalized(body), n_features, amp=options.amp)


def load(options: argparse.Namespace) -> dict[str, Part]:
    """Paths, classes and groups of the three parts."""
    parts = {}
    for split in ("train", "validation", "test"):
        if options.data == "celeba":
            found = fetch_celeba(data_home=options.data_home, split=split)
        else:
            found = fetch_waterbirds(
                data_home=options.data_home, split=split, download_if_missing=options.download
            )
        kept = slice(options.max_rows)
        y, groups = found.target[kept], found.groups[kept]
        sets = {str(name): groups == name for name in np.unique(groups)}
        X = ImageFiles(found.data[kept], y, size=options.size)
        parts[split] = Part(X, y, groups, sets)
    return parts


def main(given: list[str] | None = None) -> dict:
    options = parser(__doc__, optimizer="sgd", lr=1e-3, weight_decay=1e-4, batch_size=128)
    options.add_argument("--data", choices=["waterbirds", "celeba"], default="waterbirds")
    options.add_argument("--arch", choices=["resnet50", "small"], default="resnet50")
    options.add_argument("--weights", default="imagenet", help="imagenet, none, or a path")
    options.add_argument("--size", type=int, default=224)
    options = options.parse_args(given)
    network = build(options)  # what is missing is said before images are looked for
    return compare(load(options), network, options)


if __name__ == "__main__":
    main()
