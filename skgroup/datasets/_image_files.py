"""Image files as a torch data set that reads them one by one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch.utils.data import Dataset

__all__ = ["ImageFiles"]

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")


class ImageFiles(Dataset):
    """Images on disk, each read when it is asked for: what estimators take as X.

    Parameters
    ----------
    paths : array-like of shape (n_samples,), of str or path-like
        Image files: BMP, GIF, JPEG, PNG, PPM, TIFF or WebP, whatever their names end in. Pillow
        reads more formats, one of them with another program; files from elsewhere do not choose.
    target : array-like of shape (n_samples,), of int, default=None
        Their labels. None: items are images alone.
    size : int or (height, width), default=64
        Without `transform`, images are brought to this size by area averaging, whatever their
        proportions.
    transform : callable, default=None
        From a PIL image in RGB to a tensor, such as those of torchvision. None: resizing, and
        float32 values from 0 to 1 of shape (3, height, width).

    Attributes
    ----------
    paths, target : ndarray
        As given; `target` may be None.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    ValueError
        If `paths` and `target` differ in length.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skgroup.datasets import ImageFiles
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "red.png"
    ...     Image.new("RGB", (30, 20), (255, 0, 0)).save(path)
    ...     image, label = ImageFiles([path], [1], size=8)[0]
    >>> image.shape, image[:, 0, 0].tolist(), label
    (torch.Size([3, 8, 8]), [1.0, 0.0, 0.0], 1)
    """

    def __init__(
        self,
        paths: ArrayLike | Sequence[os.PathLike],
        target: ArrayLike | None = None,
        *,
        size: int | tuple[int, int] = 64,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        _import_pillow()
        self.paths = np.array([os.fspath(path) for path in paths])  # type: ignore[union-attr, arg-type]
        self.target: NDArray | None = None if target is None else np.asarray(target)
        if self.target is not None and self.target.shape != self.paths.shape:
            raise ValueError(
                f"target has shape {self.target.shape}, but there are {len(self.paths)} paths: "
                "give one label per image."
            )
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Any:
        with _import_pillow().open(self.paths[index], formats=FORMATS) as file:
            image = file.convert("RGB")
        value = self._as_tensor(image) if self.transform is None else self.transform(image)
        return value if self.target is None else (value, int(self.target[index]))

    def _as_tensor(self, image: Any) -> torch.Tensor:
        height, width = self.size
        small = image.resize((width, height), _import_pillow().Resampling.BOX)
        values = np.asarray(small, dtype=np.float32) / 255
        return torch.from_numpy(values.transpose(2, 0, 1).copy())


def _import_pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "ImageFiles needs Pillow: install it (`pip install pillow`, or skgroup[images])."
        ) from error
    return Image
