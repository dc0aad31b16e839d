from types import SimpleNamespace

import numpy as np
import pytest

from skgroup.inference._tell_groups import tell_groups


def said(capsys, verbose):
    groups = np.array([0, 0, 1, -1, 2, 2, 2])
    tell_groups(
        SimpleNamespace(
            verbose=verbose, classes_=np.array(["a", "b"]), groups_=groups, n_groups_=3,
            group_table_={
                "class": np.array(["a", "a", "a", "b"]), "group": np.array([0, 1, -1, 2]),
                "size": np.array([2, 1, 1, 3]),
            },
        )
    )  # fmt: skip
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("verbose", "expected"),
    [
        (0, []),
        (1, ["found 3 groups and 1 outliers"]),
        (2, ["class 'a': 2, 1, 1 outliers", "class 'b': 3", "found 3 groups and 1 outliers"]),
    ],
)
def test_what_is_said(capsys, verbose, expected):
    assert said(capsys, verbose) == [f"[SimpleNamespace] {line}" for line in expected]
