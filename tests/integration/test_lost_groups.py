"""Groups that get lost between an inferrer or the caller and a classifier never do so silently."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skgroup import GroupedArray
from skgroup.exceptions import MissingGroupsWarning
from skgroup.model_selection import GroupStratifiedKFold

LOST = {
    "scaler between": lambda inferrer: [inferrer, StandardScaler()],
    "PCA between": lambda inferrer: [inferrer, PCA()],
    "function between": lambda inferrer: [inferrer, FunctionTransformer(np.square)],
    "in a branch": lambda inferrer: [make_union(inferrer, StandardScaler())],
    "in columns": lambda inferrer: [make_column_transformer((inferrer, [0, 1]))],
    "none": lambda inferrer: [StandardScaler()],
}


def fit_and_read(model, *args, **kwargs):
    """Fit and return the text of the warning."""
    with pytest.warns(MissingGroupsWarning) as caught:
        model.fit(*args, **kwargs)
    return str(caught[0].message)


@pytest.mark.parametrize("routed", [False, True])
@pytest.mark.parametrize("steps", LOST)
def test_steps_that_drop_the_groups(inferrer, clf, blobs, assert_same, steps, routed):
    line = make_pipeline(*LOST[steps](inferrer), clf)
    with sklearn.config_context(enable_metadata_routing=routed):
        text = fit_and_read(line, blobs.X, blobs.y)
    assert "put the inferrer directly before the classifier" in text
    assert "inside a ColumnTransformer or FeatureUnion" in text
    assert "the inferrer is missing" in text
    # What is trained are the classes, as the warning says.
    seen = line[:-1].transform(blobs.X)
    assert_same(line[-1], clone(clf).fit(seen, blobs.y, groups=blobs.y), seen)


def test_the_right_order_is_silent(inferrer, clf, blobs):
    for first in (StandardScaler(), PCA(), FunctionTransformer(np.square)):
        line = make_pipeline(first, clone(inferrer), clone(clf)).fit(blobs.X, blobs.y)
        assert line[-1].n_groups_ == 4


def test_a_function_that_changes_nothing_is_no_step(inferrer, clf, blobs):
    line = make_pipeline(inferrer, FunctionTransformer(), clf).fit(blobs.X, blobs.y)
    assert line[-1].n_groups_ == 4


@pytest.mark.parametrize("piped", [False, True])
def test_groups_for_the_splitter_only(clf, blobs, piped):
    model = make_pipeline(StandardScaler(), clf) if piped else clf
    search = GridSearchCV(model, {}, cv=GroupStratifiedKFold(2))
    text = fit_and_read(search, blobs.X, blobs.y, groups=blobs.groups)
    assert "`groups=` given to a search or to cross_validate reaches only the splitter" in text
    for fix in (
        "`groups=` to `fit`",
        "`<step>__groups=` through a pipeline",
        "hand a search `GroupedArray(X, g)`",
        "`sklearn.set_config(enable_metadata_routing=True)`",
        '`cross_validate(..., params={"groups": g})`',
    ):
        assert fix in text


def test_scikit_learn_s_own_warning_comes_first(clf, blobs):
    search = GridSearchCV(clf, {}, cv=2)
    with pytest.warns(UserWarning, match="groups parameter is ignored by StratifiedKFold"):
        fit_and_read(search, blobs.X, blobs.y, groups=blobs.groups)


def test_every_fix_of_the_text_works_without_a_warning(clf, blobs):
    X, y, g = blobs.X, blobs.y, blobs.groups
    assert clone(clf).fit(X, y, groups=g).n_groups_ == 4
    piped = make_pipeline(StandardScaler(), clf)
    assert clone(piped).fit(X, y, groupdroclassifier__groups=g)[-1].n_groups_ == 4
    search = GridSearchCV(piped, {}, cv=2).fit(X, y, groupdroclassifier__groups=g)
    assert search.best_estimator_[-1].n_groups_ == 4
    search = GridSearchCV(clf, {}, cv=2).fit(GroupedArray(X, g), y)
    assert search.best_estimator_.n_groups_ == 4
    with sklearn.config_context(enable_metadata_routing=True):
        assert clone(piped).fit(X, y, groups=g)[-1].n_groups_ == 4
        search = GridSearchCV(piped, {}, cv=GroupStratifiedKFold(2)).fit(X, y, groups=g)
        assert search.best_estimator_[-1].n_groups_ == 4
        found = cross_validate(piped, X, y, params={"groups": g}, cv=2, return_estimator=True)
        assert [e[-1].n_groups_ for e in found["estimator"]] == [4, 4]


@pytest.mark.usefixtures("routing")
def test_under_routing_the_text_names_what_works_there(clf, blobs):
    text = fit_and_read(make_pipeline(StandardScaler(), clf), blobs.X, blobs.y)
    assert "`groups=` was not given, or `set_fit_request(groups=False)` refuses it" in text
    assert "pass them as `groups=` to the outermost `fit`" in text
    assert 'cross_validate(..., params={"groups": g})' in text
    for no_use in ("__groups=", "set_config", "without metadata routing"):
        assert no_use not in text


@pytest.mark.usefixtures("routing")
def test_under_routing_groups_of_a_step_are_scikit_learn_s_error(clf, blobs):
    piped = make_pipeline(StandardScaler(), clf)
    with pytest.raises(TypeError, match=r"'groupdroclassifier__groups'.*not routed to any object"):
        piped.fit(blobs.X, blobs.y, groupdroclassifier__groups=blobs.groups)


@pytest.mark.usefixtures("routing")
def test_a_refused_request_is_reported(clf, blobs):
    search = GridSearchCV(clf.set_fit_request(groups=False), {}, cv=GroupKFold(2))
    text = fit_and_read(search, blobs.X, blobs.y, groups=np.arange(200) % 10)
    assert "set_fit_request(groups=False)" in text


def test_without_routing_scikit_learn_refuses_bare_groups(pipe, blobs):
    with pytest.raises(ValueError, match="does not accept the groups parameter"):
        pipe.fit(blobs.X, blobs.y, groups=blobs.groups)


def test_one_warning_a_fit(clf, blobs):
    search = GridSearchCV(clf, {"step_size": [0.0, 0.1]}, cv=GroupStratifiedKFold(2))
    with pytest.warns(MissingGroupsWarning) as caught:
        search.fit(blobs.X, blobs.y, groups=blobs.groups)
    assert [w.category for w in caught] == 5 * [MissingGroupsWarning]  # 2 x 2 fits and the refit
