import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skgroup import GradientGroupInferrer, GroupDROClassifier
from skgroup.inspection import describe_groups
from skgroup.inspection._inferrer_of import inferrer_of


@pytest.fixture(scope="module")
def table():
    """Ages and places; the place is a shortcut that misleads 4 of 40 rows of each class."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 40)
    wrong = np.tile(np.arange(40) < 4, 2)
    places = np.where(y ^ wrong, "sea", "land")
    return pd.DataFrame({"age": rng.normal(40 + 4 * y, 2).round(1), "place": places}), y


def steps():
    return (
        make_column_transformer((StandardScaler(), ["age"]), (OneHotEncoder(), ["place"])),
        GradientGroupInferrer(k=2, random_state=0),
        GroupDROClassifier(max_epochs=1, random_state=0),
    )


@pytest.mark.parametrize("nested", [False, True])
def test_a_pipeline_is_described_as_its_inferrer_by_hand(table, nested):
    X, y = table
    encode, *others = steps()
    rest = [make_pipeline(*others)] if nested else others
    pipe = make_pipeline(encode, *rest).fit(X, y)
    inferrer = pipe[1][0] if nested else pipe[1]
    names = pipe[0].get_feature_names_out()
    expected = describe_groups(inferrer, pipe[0].transform(X), y, names, random_state=0)
    assert str(describe_groups(pipe, X, y, random_state=0)) == str(expected)
    assert "place_sea = 1" in str(expected)
    own = describe_groups(pipe, X, y, ["age", "land", "sea"], random_state=0)
    assert "sea = 1" in str(own)
    assert "place_sea" not in str(own)


def test_names_that_a_step_does_not_know(table):
    X, y = table
    pipe = make_pipeline(FunctionTransformer(np.asarray), steps()[1]).fit(X[["age"]], y)
    inferrer, rows, names = inferrer_of(pipe, X[["age"]])
    assert inferrer is pipe[1]
    np.testing.assert_array_equal(rows, X[["age"]])
    assert names is None


def test_without_steps_before_nothing_changes(table):
    X = table[0][["age"]]
    pipe = make_pipeline(*steps()[1:]).fit(X, table[1])
    assert inferrer_of(pipe, X)[1] is X
    assert inferrer_of(pipe[0], X, ["a"]) == (pipe[0], X, ["a"])


@pytest.mark.parametrize("pipe", [make_pipeline(*steps()), make_pipeline(StandardScaler())])
def test_no_fitted_inferrer(table, pipe):
    with pytest.raises(ValueError, match="no fitted group inferrer among its steps: fit it first"):
        describe_groups(pipe, *table)
