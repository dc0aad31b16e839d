import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import skgroup
from skgroup.datasets import make_shortcut_classification

NAMES = ["core", "shortcut", "a", "b", "c"]


@pytest.fixture(scope="session")
def planted():
    """Frame, labels and groups: the shortcut misleads one row in ten."""
    X, y, groups = make_shortcut_classification(1200, n_features=5, agreement=0.9, random_state=0)
    return pd.DataFrame(X, columns=NAMES), np.array(["no", "yes"])[y], groups


@pytest.fixture(scope="session")
def inferred(planted):
    """An audit with inferred groups, and all that is optional."""
    X, y, _ = planted
    return skgroup.audit(
        LogisticRegression(), X, y, alternatives=["reweighting"], n_refits=2, n_null=0,
        random_state=0,
    )  # fmt: skip


@pytest.fixture(scope="session")
def given(planted):
    """An audit with known groups."""
    X, y, groups = planted
    names = np.array(["land", "water", "field", "sea"])[groups]
    return skgroup.audit(LogisticRegression(), X, y, names, alternatives=[], random_state=0)
