import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup import ErrorGroupInferrer, GradientGroupInferrer
from skgroup.datasets import make_group_blobs
from skgroup.displays._find_inferrer import find_inferrer

X, Y, _ = make_group_blobs(30, variance=0.01, random_state=0)


def test_an_inferrer_is_found_with_the_x_that_it_saw():
    inferrer = ErrorGroupInferrer(random_state=0).fit(X, Y)
    assert find_inferrer(inferrer, X)[0] is inferrer
    assert find_inferrer(inferrer, X)[1] is X
    first = make_pipeline(ErrorGroupInferrer(random_state=0), LogisticRegression()).fit(X, Y)
    assert find_inferrer(first, X)[0] is first[0]
    assert find_inferrer(first, X)[1] is X
    pipe = make_pipeline(StandardScaler(), ErrorGroupInferrer(random_state=0)).fit(X, Y)
    found, seen = find_inferrer(pipe, X)
    assert found is pipe[1]
    np.testing.assert_array_equal(seen, pipe[0].transform(X))


def test_the_best_of_a_search_is_taken():
    grid = {"k": [2, 3]}
    search = GridSearchCV(GradientGroupInferrer(random_state=0), grid, cv=2).fit(X, Y)
    assert find_inferrer(search, X)[0] is search.best_estimator_


def test_what_has_no_fitted_inferrer_is_refused():
    with pytest.raises(TypeError, match="must be a group inferrer"):
        find_inferrer(LogisticRegression().fit(X, Y), X)
    with pytest.raises(TypeError, match="got Pipeline"):
        find_inferrer(make_pipeline(StandardScaler()), X)
    with pytest.raises(NotFittedError):
        find_inferrer(GradientGroupInferrer(), X)
