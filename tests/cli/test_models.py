import numpy as np
import pytest

from skgroup.cli._models import MODELS


@pytest.mark.parametrize("name", MODELS)
def test_models_read_text_and_missing_values(people, name):
    X, y = people.drop(columns="label"), people["label"].to_numpy()
    first, again = (MODELS[name](3).fit(X[:300], y[:300]) for _ in range(2))
    assert first.score(X[300:], y[300:]) > 0.7
    unseen = X[300:].assign(town="west")
    np.testing.assert_array_equal(first.predict_proba(unseen), again.predict_proba(unseen))


def test_numbers_alone_are_read_too(people):
    X, y = people[["core", "shortcut"]], people["label"]
    assert MODELS["logistic"](0).fit(X, y).score(X, y) > 0.7
