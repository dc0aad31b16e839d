"""The CivilComments texts."""

import os
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skgroup._sklearn import StrOptions, validate_params
from skgroup.datasets._data_home import data_home_folder
from skgroup.datasets._file_table import PARTS, fetch_folder, read_columns, take_part
from skgroup.datasets._remote_file import RemoteFile
from skgroup.datasets._table_bunch import named_groups

__all__ = ["fetch_civilcomments"]

FOLDER, FILE = "civilcomments_v1.0", "all_data_with_identities.csv"
ARCHIVE = RemoteFile(
    f"{FOLDER}.tar.gz",
    "https://worksheets.codalab.org/rest/bundles/0x8cd3de0634154aeaad2ee6eb96723c6e/contents/blob/",
)
IDENTITIES = (
    "male",
    "female",
    "LGBTQ",
    "christian",
    "muslim",
    "other_religions",
    "black",
    "white",
)

DESCRIPTION = """\
CivilComments, as in WILDS
--------------------------

:Rows: 448,000 comments on news articles; 269,038 train, 45,180 validate, 133,782 test
:Label: 1 for a comment that at least half of its annotators called toxic
:Groups: whether it names an identity x label, 4

Eight identities overlap, so that they make no partition: `identities` has a column for each. The
literature judges the worst of the 16 sets of an identity and a label.

D. Borkan, L. Dixon, J. Sorensen, N. Thain and L. Vasserman, "Nuanced Metrics for Measuring
Unintended Bias", WWW 2019; P. W. Koh, S. Sagawa and others, "WILDS: A Benchmark of in-the-Wild
Distribution Shifts", ICML 2021. CC0. The comments hold insults and hatred.
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
def fetch_civilcomments(
    *,
    data_home: Any = None,
    split: str = "all",
    download_if_missing: bool = True,
    return_X_y: bool = False,
) -> Any:
    """Load CivilComments: 448,000 comments, 4 groups of naming an identity and toxicity.

    Parameters
    ----------
    data_home : path-like, default=None
        Folder with ``civilcomments_v1.0/all_data_with_identities.csv``, or with the archive
        ``civilcomments_v1.0.tar.gz``, or where they go. None: that in the environment variable
        SKGROUP_DATA, or else ``~/skgroup_data``.
    split : {"train", "validation", "test", "all"}, default="all"
        Rows to return, by the split of WILDS.
    download_if_missing : bool, default=True
        Download the archive (90 MB) if it is not there. Its authors publish no checksum: that of
        the first download is written beside it, and holds from then on. False: a missing file is
        an error.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    data : Bunch
        Dictionary-like, with the keys

        data : ndarray of object of shape (n_samples,)
            The comments, each a str.
        target : ndarray of shape (n_samples,), int64
            1 for a toxic comment.
        groups : ndarray of str of shape (n_samples,)
            Attribute and label of each row, e.g. ``"identity, 1"``.
        attribute : ndarray of str of shape (n_samples,)
            "identity" where at least half of the annotators saw one of the eight identities
            named, else "no identity".
        group_names, attribute_names : ndarray of shape (4,) and (2,)
            The groups in class-major order, and the values of `attribute`, sorted.
        identities : ndarray of shape (n_samples, 8), bool
            Which identities at least half of the annotators saw named.
        identity_names : list of str
            Their names.
        feature_names : list of str
            ``["comment_text"]``.
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
        If the table is not what it should be.

    Examples
    --------
    >>> from skgroup.datasets import fetch_civilcomments
    >>> comments = fetch_civilcomments(split="train")  # doctest: +SKIP
    >>> comments.identities.sum(axis=0)  # doctest: +SKIP
    """
    folder = fetch_folder(
        data_home_folder(data_home), FOLDER, FILE, ARCHIVE,
        download_if_missing=download_if_missing,
    )  # fmt: skip
    table = read_columns(
        folder / FILE, ["comment_text", "split", "toxicity", *IDENTITIES], objects=True
    )
    target = (table["toxicity"].astype(np.float64) >= 0.5).astype(np.int64)
    identities = np.column_stack([table[i].astype(np.float64) >= 0.5 for i in IDENTITIES])
    named = np.where(identities.any(axis=1), "identity", "no identity")
    bunch = Bunch(
        data=table["comment_text"],
        target=target,
        **named_groups(target, named),
        identities=identities,
        identity_names=list(IDENTITIES),
        feature_names=["comment_text"],
        target_names=np.array(["not toxic", "toxic"]),
        DESCR=DESCRIPTION,
    )
    take_part(bunch, split, table["split"], ("train", "val", "test"))
    return (bunch.data, bunch.target) if return_X_y else bunch
