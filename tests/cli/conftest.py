import numpy as np
import pandas as pd
import pytest

from skgroup.datasets import make_shortcut_classification


@pytest.fixture(scope="session")
def people():
    """A small table: a shortcut, a column of text, missing values, and an attribute."""
    X, y, groups = make_shortcut_classification(400, n_features=3, random_state=0)
    frame = pd.DataFrame(X.round(3), columns=["core", "shortcut", "noise"])
    frame["town"] = np.where(np.arange(400) % 3, "north", "south")
    frame.loc[:9, "noise"] = np.nan
    frame["side"] = np.where(groups % 2, "b", "a")
    frame["label"] = y
    return frame


@pytest.fixture
def table(people, tmp_path):
    path = tmp_path / "people.csv"
    people.to_csv(path, index=False)
    return path
