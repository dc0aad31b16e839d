"""The Waterbirds images."""

import os
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skgroup._sklearn import StrOptions, validate_params
from skgroup.datasets._data_home import data_home_folder
from skgroup.datasets._file_table import PARTS, fetch_folder, paths_below, read_columns, take_part
from skgroup.datasets._remote_file import RemoteFile
from skgroup.datasets._table_bunch import named_groups

__all__ = ["fetch_waterbirds"]

FOLDER = "waterbird_complete95_forest2water2"
ARCHIVE = RemoteFile(f"{FOLDER}.tar.gz", f"https://nlp.stanford.edu/data/dro/{FOLDER}.tar.gz")

DESCRIPTION = """\
Waterbirds
----------

:Rows: 11,788 images of birds before a background; 4,795 train, 1,199 validate, 5,794 test
:Label: 1 for a water bird
:Groups: background x label, 4; in the training part 95 % of the water birds are before water and
    95 % of the land birds before land, in the other parts half of them

S. Sagawa, P. W. Koh, T. B. Hashimoto and P. Liang, "Distributionally Robust Neural Networks for
Group Shifts", ICLR 2020, cut birds out of Caltech-UCSD Birds-200-2011 and put them before
backgrounds of Places. Those data have terms of their own, for research.
"""


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "split": [StrOptions(set(PARTS))],
        "download_if_missing": ["boolean"],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_waterbirds(
    *,
    data_home: Any = None,
    split: str = "all",
    download_if_missing: bool = True,
    return_X_y: bool = False,
) -> Any:
    """Load Waterbirds: paths of 11,788 images, 4 groups of background and bird.

    Images are not read: :class:`skgroup.datasets.ImageFiles` turns paths into a torch data set.

    Parameters
    ----------
    data_home : path-like, default=None
        Folder with the unpacked folder ``waterbird_complete95_forest2water2``, or with the archive
        of that name and ``.tar.gz``, or where they go. None: that in the environment variable
        SKGROUP_DATA, or else ``~/skgroup_data``.
    split : {"train", "validation", "test", "all"}, default="all"
        Rows to return, by the split of the authors.
    download_if_missing : bool, default=True
        Download the archive (half a gigabyte) if it is not there. Its authors publish no
        checksum: that of the first download is written beside it, and holds from then on. False:
        a missing file is an error.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    data : Bunch
        Dictionary-like, with the keys

        data : ndarray of str of shape (n_samples,)
            Paths of the images.
        target : ndarray of shape (n_samples,), int64
            1 for a water bird.
        groups : ndarray of str of shape (n_samples,)
            Background and label of each row, e.g. ``"water, 0"``.
        attribute : ndarray of str of shape (n_samples,)
            The background, "land" or "water".
        group_names, attribute_names : ndarray of shape (4,) and (2,)
            The groups in class-major order, and the values of `attribute`, sorted.
        feature_names : list of str
            ``["path"]``.
        target_names : ndarray of shape (2,)
            What 0 and 1 mean.
        train, validation, test : ndarray of int64
            With ``split="all"``, the row positions of the parts.
        DESCR : str
            Description of the data.

    (data, target) : tuple, with ``return_X_y=True``
        The first two of these entries.

    Raises
    ------
    OSError
        If the files are neither there nor can be downloaded, or were changed.
    ValueError
        If the table of the images is not what it should be.

    Examples
    --------
    >>> from skgroup.datasets import ImageFiles, fetch_waterbirds
    >>> birds = fetch_waterbirds(split="train")  # doctest: +SKIP
    >>> X = ImageFiles(birds.data, birds.target, size=224)  # doctest: +SKIP
    """
    folder = fetch_folder(
        data_home_folder(data_home), FOLDER, "metadata.csv", ARCHIVE,
        download_if_missing=download_if_missing,
    )  # fmt: skip
    table = read_columns(folder / "metadata.csv", ["img_filename", "y", "split", "place"])
    target = table["y"].astype(np.int64)
    background = np.where(table["place"].astype(np.int64) == 1, "water", "land")
    bunch = Bunch(
        data=paths_below(folder, table["img_filename"].tolist()),
        target=target,
        **named_groups(target, background),
        feature_names=["path"],
        target_names=np.array(["land bird", "water bird"]),
        DESCR=DESCRIPTION,
    )
    take_part(bunch, split, table["split"], ("0", "1", "2"))
    return (bunch.data, bunch.target) if return_X_y else bunch
