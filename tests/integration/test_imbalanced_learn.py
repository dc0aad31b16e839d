"""Resamplers and groups: a group moves with its row, or is reported as lost."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone

from skgroup import GroupedArray, get_groups
from skgroup.exceptions import GroupsError, MissingGroupsWarning

pipeline = pytest.importorskip("imblearn.pipeline")
over = pytest.importorskip("imblearn.over_sampling")
under = pytest.importorskip("imblearn.under_sampling")

SAMPLERS = [
    over.RandomOverSampler(random_state=0),
    over.SMOTE(random_state=0),
    under.RandomUnderSampler(random_state=0),
]
each = pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda s: type(s).__name__)


@pytest.fixture
def rare(blobs):
    """Class 1 with half of its rows: 80, 20, 10 and 40."""
    return np.r_[
        :100, np.flatnonzero(blobs.groups == 2)[:10], np.flatnonzero(blobs.groups == 3)[:40]
    ]


@each
def test_inferred_after_the_resampling(inferrer, clf, blobs, rare, assert_same, sampler):
    line = pipeline.make_pipeline(clone(sampler), inferrer, clf).fit(blobs.X[rare], blobs.y[rare])
    X, y = clone(sampler).fit_resample(blobs.X[rare], blobs.y[rare])
    groups = clone(inferrer).fit_predict(X, y)
    assert len(groups) == len(X) != len(rare)
    assert_same(line, clone(clf).fit(X, y, groups), blobs.X)


@each
def test_a_resampler_behind_the_inferrer_is_reported(inferrer, clf, blobs, rare, sampler):
    line = pipeline.make_pipeline(inferrer, clone(sampler), clf)
    with pytest.warns(MissingGroupsWarning, match="directly before the classifier"):
        line.fit(blobs.X[rare], blobs.y[rare])


@each
def test_carried_groups_are_dropped(blobs, rare, sampler):
    X = GroupedArray(blobs.X, blobs.groups)[rare]
    assert get_groups(clone(sampler).fit_resample(X, blobs.y[rare])[0]) is None


@each
@pytest.mark.parametrize("routed", [False, True])
def test_given_groups_do_not_fit_the_rows(clf, blobs, rare, sampler, routed):
    line = pipeline.make_pipeline(clone(sampler), clf)
    name = "groups" if routed else "groupdroclassifier__groups"
    with (
        sklearn.config_context(enable_metadata_routing=routed),
        pytest.raises(GroupsError, match=r"150 entries, but there are \d+ samples"),
    ):
        line.fit(blobs.X[rare], blobs.y[rare], **{name: blobs.groups[rare]})


@pytest.mark.parametrize("sampler", [SAMPLERS[0], SAMPLERS[2]], ids=lambda s: type(s).__name__)
def test_rows_that_were_picked_keep_their_groups(clf, blobs, rare, assert_same, sampler):
    """The way to resample with known groups: fit the sampler once, and pick with its indices."""
    X = GroupedArray(blobs.X, blobs.groups)[rare]
    sampler = clone(sampler)
    values, y = sampler.fit_resample(X, blobs.y[rare])
    X = X[sampler.sample_indices_]
    np.testing.assert_array_equal(X, values)
    expected = clone(clf).fit(values, y, blobs.groups[rare][sampler.sample_indices_])
    assert_same(clone(clf).fit(X, y), expected, blobs.X)


def test_groups_can_be_balanced_instead_of_classes(blobs, rare):
    groups = blobs.groups[rare]
    X, balanced = over.RandomOverSampler(random_state=0).fit_resample(blobs.X[rare], groups)
    assert np.bincount(balanced).tolist() == 4 * [np.bincount(groups).max()]
    of_row = {tuple(row): g for row, g in zip(blobs.X, blobs.groups, strict=True)}
    assert [of_row[tuple(row)] for row in X] == balanced.tolist()
