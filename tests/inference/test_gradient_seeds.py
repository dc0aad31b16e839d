"""Repeated fits, copies and parallel jobs give the same groups."""

import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier

from skgroup import ERMClassifier
from skgroup.datasets import make_group_blobs
from skgroup.modules import mlp

SEEDED = [
    {},
    {"clusterer": "gmm", "k": None},
    {"module": mlp, "epochs": 1.5},
    {"reference": RandomForestClassifier(5, max_depth=2)},
    {"reference": ERMClassifier(hidden_layer_sizes=(4,), max_epochs=1)},
]


@pytest.mark.parametrize("options", SEEDED)
def test_a_seed_repeats_the_fit_and_leaves_the_global_state(make, options):
    X, y, _ = make_group_blobs(10, random_state=0)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    first, again = (make(**options, random_state=4).fit(X, y) for _ in range(2))
    assert (np.random.get_state()[1] == before[0]).all()
    assert torch.equal(torch.get_rng_state(), before[1])
    assert (first.groups_ == again.groups_).all()
    np.testing.assert_array_equal(first.embed(X, y), again.embed(X, y))


@pytest.mark.parametrize("options", SEEDED[2:])
def test_other_seeds_start_elsewhere(make, blobs, options):
    X, y, _ = blobs
    spaces = [make(**options, random_state=seed).fit(X, y).embed(X, y) for seed in (0, 1)]
    assert not np.allclose(*spaces)


def test_without_a_seed_numpy_decides(make, blobs):
    X, y, _ = blobs
    spaces = []
    for seed in (0, 0, 1):
        np.random.seed(seed)
        spaces.append(make(module=mlp, random_state=None).fit(X, y).embed(X, y))
    np.testing.assert_array_equal(spaces[0], spaces[1])
    assert not np.allclose(spaces[0], spaces[2])


def test_jobs_change_nothing(make):
    X, y, _ = make_group_blobs(10, random_state=0)
    with joblib.parallel_config(backend="threading"):
        two = make(n_jobs=2, k=None).fit(X, y)
    one = make(n_jobs=1, k=None).fit(X, y)
    assert (two.groups_ == one.groups_).all()
    np.testing.assert_array_equal(two.embed(X, y), one.embed(X, y))


@pytest.mark.parametrize("options", [{}, {"module": mlp, "epochs": 2}])
def test_pickles_and_clones(make, blobs, options):
    X, y, _ = blobs
    inferrer = make(**options).fit(X, y)
    again = pickle.loads(pickle.dumps(inferrer))
    assert (again.predict(X, y) == inferrer.groups_).all()
    assert again.score(X, y) == inferrer.score(X, y)
    copied = clone(inferrer)
    assert not hasattr(copied, "reference_")
    assert (copied.fit_predict(X, y) == inferrer.groups_).all()
