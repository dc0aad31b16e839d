import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup.displays._score_models import (
    check_some_rows,
    named_models,
    responses,
    score_models,
)
from skgroup.exceptions import GroupsError

X, Y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])


def test_models_have_the_names_given_or_that_of_their_class():
    model = LogisticRegression()
    assert named_models({1: model}, "estimator") == {"1": model}
    assert list(named_models(model, "estimator")) == ["LogisticRegression"]
    pipe = make_pipeline(StandardScaler(), model)
    assert named_models(pipe, "estimator") == {"LogisticRegression": pipe}
    assert list(named_models([0, 1], "y_pred")) == ["model"]
    with pytest.raises(ValueError, match="y_pred is an empty mapping"):
        named_models({}, "y_pred")


def test_of_two_probabilities_the_second_is_taken():
    model = LogisticRegression().fit(X, Y)
    models = {"a": model}
    np.testing.assert_array_equal(responses(models, X, "predict")["a"], model.predict(X))
    expected = model.predict_proba(X)[:, 1]
    np.testing.assert_array_equal(responses(models, X, "predict_proba")["a"], expected)
    with pytest.raises(TypeError, match="has no transform"):
        responses(models, X, "transform")


def test_the_average_is_that_of_the_rows_that_have_a_group():
    y_true, groups = [0, 0, 0, 0, 1], ["a", "a", "a", "b", None]
    name, scores, averages = score_models(
        y_true, {"m": [0, 0, 1, 1, 0]}, groups, {"metrics": "accuracy", "interval": "wilson"}
    )
    assert name == "accuracy"
    np.testing.assert_allclose(scores["m"]["accuracy"], [2 / 3, 0])
    assert "accuracy_low" in scores["m"]
    assert averages == {"m": 0.5}


def test_nothing_to_draw_is_an_error():
    assert check_some_rows("y_true", [1, 2]) == 2
    with pytest.raises(GroupsError, match="y_true is empty"):
        check_some_rows("y_true", [])
    with pytest.raises(GroupsError, match="array-like, got int"):
        check_some_rows("y_true", 3)
