"""Groups on their way through scikit-learn's pipelines and searches."""

import numpy as np
import pytest
import sklearn
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup import GroupDROClassifier, GroupedArray
from skgroup.exceptions import MissingGroupsWarning
from skgroup.model_selection import GroupStratifiedKFold


@pytest.fixture
def clf():
    return GroupDROClassifier(
        hidden_layer_sizes=(), max_epochs=2, early_stopping=False, random_state=0
    )


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_through_a_pipeline(clf, blobs):
    piped = make_pipeline(StandardScaler(), clf)
    piped.fit(blobs.X, blobs.y, groupdroclassifier__groups=blobs.groups)
    assert piped[-1].group_labels_.tolist() == [0, 1, 2, 3]


def test_carried_groups_survive_folds_and_searches(clf, blobs):
    X = GroupedArray(blobs.X, blobs.groups)
    search = GridSearchCV(clf, {"step_size": [0.0, 0.1]}, cv=3).fit(X, blobs.y)
    assert search.best_estimator_.group_labels_.tolist() == [0, 1, 2, 3]


def test_a_step_that_drops_the_groups_is_reported(clf, blobs):
    piped = make_pipeline(PCA(), clf)
    with pytest.warns(MissingGroupsWarning, match="got no groups.*between the group inferrer"):
        piped.fit(GroupedArray(blobs.X, blobs.groups), blobs.y)


def test_groups_for_the_splitter_only_are_reported(clf, blobs):
    search = GridSearchCV(clf, {"step_size": [0.1]}, cv=GroupKFold(2), refit=False)
    folds = np.arange(120) % 4
    with pytest.warns(MissingGroupsWarning, match="reaches only the splitter"):
        search.fit(blobs.X, blobs.y, groups=folds)


@pytest.mark.usefixtures("routing")
def test_routing_needs_no_request(clf, blobs):
    assert clf.get_metadata_routing().fit.requests["groups"] is True
    given = {"groups": blobs.groups}
    search = GridSearchCV(clf, {"step_size": [0.1]}, cv=GroupStratifiedKFold(2))
    search.fit(blobs.X, blobs.y, **given)
    assert search.best_estimator_.group_labels_.tolist() == [0, 1, 2, 3]
    found = cross_validate(clf, blobs.X, blobs.y, params=given, cv=2, return_estimator=True)
    assert [e.n_groups_ for e in found["estimator"]] == [4, 4]
    piped = make_pipeline(StandardScaler(), clf).fit(blobs.X, blobs.y, **given)
    assert piped[-1].n_groups_ == 4


@pytest.mark.usefixtures("routing")
def test_routing_to_a_group_splitter_too(clf, blobs):
    folds = np.arange(120) % 4  # groups that are no classes, so that whole ones can be held out
    scores = cross_val_score(clf, blobs.X, blobs.y, params={"groups": folds}, cv=GroupKFold(2))
    assert len(scores) == 2
    assert np.isfinite(scores).all()


@pytest.mark.usefixtures("routing")
def test_a_request_can_be_renamed_or_refused(clf, blobs):
    clf.set_fit_request(groups="shortcut")
    found = cross_validate(
        clf, blobs.X, blobs.y, params={"shortcut": blobs.groups}, cv=2, return_estimator=True
    )
    assert [e.n_groups_ for e in found["estimator"]] == [4, 4]
    refused = sklearn.clone(clf).set_fit_request(groups=False)
    with pytest.warns(MissingGroupsWarning, match="outermost `fit`"):
        make_pipeline(refused).fit(blobs.X, blobs.y)


@pytest.mark.usefixtures("routing")
def test_weights_are_routed_on_request(clf, blobs):
    clf.set_fit_request(sample_weight=True)
    weight = (blobs.groups != 1).astype(float)
    piped = make_pipeline(clf).fit(blobs.X, blobs.y, groups=blobs.groups, sample_weight=weight)
    assert piped[-1].group_labels_.tolist() == [0, 2, 3]
