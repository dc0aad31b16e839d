import numpy as np
import pytest
from scipy.stats import kstest
from sklearn.metrics import log_loss
from torch import nn

from skgroup import EIILGroupInferrer, FeatureGroupInferrer, GradientGroupInferrer
from skgroup.inspection._label_test import label_p_value, mean_loss


def p_of(inferrer, X, y, n_null=19):
    rng = np.random.RandomState(0)
    return label_p_value(inferrer, X, y, n_null=n_null, rng=rng, n_jobs=None)


def noise(n_rows, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_rows, 4)), rng.integers(2, size=n_rows)


@pytest.mark.parametrize("cls", [GradientGroupInferrer, EIILGroupInferrer])
def test_the_loss_is_that_of_the_reference(cls, blobs):
    names = np.array(["no", "yes"])[blobs.y]
    inferrer = cls(random_state=0).fit(blobs.X, names)
    expected = log_loss(names, inferrer._probabilities(blobs.X))
    assert mean_loss(inferrer) == pytest.approx(expected)


def test_by_brute_force():
    X, y = noise(60, 3)
    inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
    losses = []
    for seed in np.random.RandomState(0).randint(np.iinfo(np.int32).max, size=19):
        labels = np.random.RandomState(seed).permutation(y)
        again = GradientGroupInferrer(k=2, random_state=seed).fit(X, labels)
        losses.append(log_loss(labels, again._probabilities(X)))
    expected = (1 + np.count_nonzero(np.array(losses) <= mean_loss(inferrer))) / 20
    assert p_of(inferrer, X, y) == expected


def test_random_labels_give_uniform_p_values():
    found = []
    for seed in range(30):
        X, y = noise(60, seed)
        found.append(p_of(GradientGroupInferrer(k=2, random_state=0).fit(X, y), X, y))
    # Steps of 1 / 20, which lie up to 1 / 20 above the uniform distribution.
    assert kstest(np.array(found) - 1 / 40, "uniform").pvalue > 0.05
    assert 0.35 < np.mean(found) < 0.7


@pytest.mark.parametrize(
    "make",
    [
        lambda: GradientGroupInferrer(clusterer="hdbscan", min_samples=10, random_state=0),
        lambda: FeatureGroupInferrer(random_state=0),
    ],
)
def test_labels_that_are_learnt(make, blobs):
    """Whatever is clustered, and however many clusters X has by itself."""
    assert p_of(make().fit(blobs.X, blobs.y), blobs.X, blobs.y) == 1 / 20


def test_a_net_that_stays_as_it_is(blobs):
    net = nn.Linear(2, 2)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    inferrer = GradientGroupInferrer(k=2, reference=net, random_state=0).fit(blobs.X, blobs.y)
    assert mean_loss(inferrer) == pytest.approx(np.log(2))
    assert p_of(inferrer, blobs.X, blobs.y) == 1  # it says the same whatever the labels are
