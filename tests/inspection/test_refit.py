import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_group_blobs
from skgroup.inspection._refit import (
    class_ari,
    refit,
    refit_groups,
    subsample_rows,
)


def test_the_share_of_each_class_without_replacement():
    codes = np.repeat([0, 1, 2], [50, 9, 1])
    rows = subsample_rows(codes, 0.8, np.random.RandomState(0))
    assert np.bincount(codes[rows]).tolist() == [40, 7, 1]
    assert (np.diff(rows) > 0).all()
    other = subsample_rows(codes, 0.8, np.random.RandomState(1))
    assert rows.tolist() != other.tolist()


def test_agreement_inside_each_class():
    rng = np.random.default_rng(0)
    codes, one, other = (rng.integers(k, size=60) for k in (3, 4, 2))
    expected = [adjusted_rand_score(one[codes == c], other[codes == c]) for c in range(3)]
    assert class_ari(one, other, codes).tolist() == expected


@pytest.mark.parametrize("part", [None, np.arange(0, 200, 2)])
def test_a_refit_is_a_seeded_clone_that_assigns_all_rows(part):
    X, y, _ = make_group_blobs(20, variance=0.1, random_state=0)
    inferrer = GradientGroupInferrer(k=2, random_state=3)
    rows = slice(None) if part is None else part
    expected = GradientGroupInferrer(k=2, random_state=7).fit(X[rows], y[rows]).predict(X, y)
    assert (refit_groups(inferrer, X, y, part, 7) == expected).all()
    assert (refit(inferrer, X[rows], y[rows], 7).predict(X, y) == expected).all()
    assert not hasattr(inferrer, "groups_")


def test_classes_that_stay_whole_are_no_news():
    X, y, _ = make_group_blobs(20, variance=0.1, random_state=0)
    inferrer = GradientGroupInferrer(clusterer="dbscan", eps=2.5, min_samples=5)
    assert len(np.unique(refit_groups(inferrer, X, y, None, 0))) == 2
