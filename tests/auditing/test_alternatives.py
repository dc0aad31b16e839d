import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup import (
    ERMClassifier,
    GradientGroupInferrer,
    GroupDROClassifier,
    ResamplingClassifier,
    ReweightingClassifier,
)
from skgroup.auditing._alternatives import Candidate, alternatives_of, fit_model, name_of
from skgroup.datasets import make_shortcut_classification

X, Y, G = make_shortcut_classification(200, n_features=3, random_state=0)
ROWS = np.arange(0, 200, 2)


def names(model, given=None):
    return [c.name for c in alternatives_of(model, given)]


def test_the_default_is_two_networks_and_the_model_itself_reweighted():
    found = alternatives_of(make_pipeline(StandardScaler(), LogisticRegression()), None)
    assert [c.name for c in found] == ["ERM", "Group DRO", "LogisticRegression, reweighted"]
    assert isinstance(found[2].model.estimator[-1], LogisticRegression)
    assert [c.reads_numbers for c in found] == [True, True, False]


def test_a_network_of_ours_is_not_compared_with_itself():
    assert names(ERMClassifier()) == ["Group DRO", "reweighted"]
    assert names(GroupDROClassifier()) == ["ERM", "reweighted"]
    (found,) = alternatives_of(ERMClassifier(), ["resampling"])
    assert isinstance(found.model, ResamplingClassifier)
    assert found.model.estimator is None


def test_names_and_dicts():
    assert names(LogisticRegression(), "erm") == ["ERM"]
    assert names(LogisticRegression(), ["group_dro", "group_dro"]) == ["Group DRO"]
    assert names(LogisticRegression(), []) == []
    trees = HistGradientBoostingClassifier()
    assert alternatives_of(LogisticRegression(), {"trees": trees}) == [Candidate("trees", trees)]


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        (["erm", "dro"], ValueError, "'dro', but the names known are"),
        ([LogisticRegression()], ValueError, "a dict from names to classifiers"),
        ({"a": LinearRegression()}, TypeError, r"alternatives\['a'\] must be a scikit-learn"),
        ({"LogisticRegression": ERMClassifier()}, ValueError, "that of the audited model"),
    ],
)
def test_unknown_alternatives_are_an_error(given, error, match):
    with pytest.raises(error, match=match):
        alternatives_of(LogisticRegression(), given)


def test_models_are_called_by_their_last_step():
    assert name_of(make_pipeline(StandardScaler(), make_pipeline(ERMClassifier()))) == (
        "ERMClassifier"
    )


def test_a_fit_uses_the_rows_and_leaves_the_model_alone():
    model = LogisticRegression()
    fitted = fit_model(model, X, Y, G, ROWS, 0)
    np.testing.assert_array_equal(fitted.coef_, LogisticRegression().fit(X[ROWS], Y[ROWS]).coef_)
    assert not hasattr(model, "coef_")


def test_classifiers_of_ours_get_the_groups_of_their_rows():
    direct = ReweightingClassifier(LogisticRegression())
    expected = ReweightingClassifier(LogisticRegression()).fit(X[ROWS], Y[ROWS], groups=G[ROWS])
    for model in (direct, make_pipeline(StandardScaler(), direct)):
        fitted = fit_model(model, X, Y, G, ROWS, 0)
        last = fitted if model is direct else fitted[-1]
        np.testing.assert_array_equal(last.group_weights_, expected.group_weights_)


def test_a_pipeline_with_an_inferrer_keeps_its_own_groups():
    model = make_pipeline(GradientGroupInferrer(k=1), ReweightingClassifier(LogisticRegression()))
    assert fit_model(model, X, Y, G, ROWS, 0)[-1].n_groups_ == 2
