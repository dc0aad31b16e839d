"""Promises that many units share, on drawn examples: order, names and repetition of rows."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score
from torch import Tensor

import skgroup
from skgroup import (
    EIILGroupInferrer,
    ErrorGroupInferrer,
    FeatureGroupInferrer,
    GradientGroupInferrer,
)
from skgroup.datasets import make_group_blobs
from skgroup.modules import TwinOutput
from skgroup.objectives import (
    ExtrapolationLoss,
    GroupDROLoss,
    IRMLoss,
    LfFLoss,
    LogitCorrectionLoss,
    LossWeightedLoss,
    MeanLoss,
    TailLoss,
    VRExLoss,
)

# Objectives take a millisecond, fits take fifty.
many = settings(max_examples=settings().max_examples // 4)
few = settings(max_examples=settings().max_examples // 20)


@dataclass
class Batches:
    """Two batches of the same rows; the logits differ, so that what an objective keeps shows."""

    logits: Tensor
    y: Tensor
    groups: Tensor
    sizes: Tensor
    weight: Tensor | None = None

    def take(self, rows):
        rows = torch.as_tensor(rows)
        return replace(
            self, logits=self.logits[:, rows], y=self.y[rows], groups=self.groups[rows],
            weight=None if self.weight is None else self.weight[rows],
        )  # fmt: skip


@st.composite
def batches(draw):
    n = draw(st.integers(3, 10))
    # Integers make losses tie; the classes of a row never do.
    logits = draw(arrays(float, (2, n, 3), elements=st.integers(-3, 3)))
    logits += np.array([0, 0.25, 0.125])
    codes = arrays(int, n, elements=st.integers(0, 2))
    y, groups = draw(codes), draw(codes)
    y[:3] = groups[:3] = range(3)
    weight = draw(arrays(float, n, elements=st.integers(1, 3)))
    tensors = map(torch.from_numpy, (logits, y, groups))
    return Batches(*tensors, sizes=torch.tensor([9, 4, 1]), weight=torch.from_numpy(weight))


TWINS = ("lff", "lff without memory", "logit correction")
OBJECTIVES = {
    "mean": lambda b: MeanLoss(b.weight),
    "group dro": lambda b: GroupDROLoss(
        b.sizes, step_size=0.5, adjustment=2.0, sample_weight=b.weight
    ),
    "normalised group dro": lambda b: GroupDROLoss(
        b.sizes, step_size=3.0, normalize_losses=True, sample_weight=b.weight
    ),
    "cvar": lambda b: TailLoss(0.3, sample_weight=b.weight),
    "chi2": lambda b: TailLoss(0.5, divergence="chi2", sample_weight=b.weight),
    "doro": lambda b: TailLoss(0.3, outlier_share=0.35, sample_weight=b.weight),
    "power": lambda b: LossWeightedLoss("power", warmup_epochs=0, sample_weight=b.weight),
    "tilted": lambda b: LossWeightedLoss("tilted", warmup_epochs=0, sample_weight=b.weight),
    "top": lambda b: LossWeightedLoss("top", warmup_epochs=0, sample_weight=b.weight),
    "irm": lambda b: IRMLoss(3, penalty=5.0, anneal_steps=1, sample_weight=b.weight),
    "vrex": lambda b: VRExLoss(3, penalty=5.0, anneal_steps=1, sample_weight=b.weight),
    "lff": lambda b: LfFLoss(b.y, sample_weight=b.weight),
    "lff without memory": lambda b: LfFLoss(b.y, ema=None, sample_weight=b.weight),
    "logit correction": lambda b: LogitCorrectionLoss(3, sample_weight=b.weight),
}


def each(*but):
    return pytest.mark.parametrize("name", [name for name in OBJECTIVES if name not in but])


def run(name, batches):
    """Losses of the batches, their gradients by the logits, and the weights of groups if any."""
    objective, losses, gradients = OBJECTIVES[name](batches), [], []
    for values in batches.logits:
        logits = values.clone().requires_grad_()
        output = TwinOutput(logits, 0.7 * logits.roll(1, dims=1)) if name in TWINS else logits
        loss = objective(output, batches.y, batches.groups, torch.arange(len(logits)))
        losses.append(loss.item())
        gradients.append(torch.autograd.grad(loss, logits)[0])
    return np.array(losses), torch.stack(gradients), getattr(objective, "q", torch.ones(3))


def assert_close(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@each("irm")  # whose halves are alternate rows of a group
@many
@given(batches(), st.randoms(use_true_random=False))
def test_the_order_of_rows_means_nothing_to_objectives(name, batches, random):
    order = random.sample(range(len(batches.y)), len(batches.y))
    losses, gradients, q = run(name, batches)
    found = run(name, batches.take(order))
    if name == "doro":  # of rows that tie for the last place among the outliers, the first goes
        assert_close(found[:1], (losses,))
    else:
        assert_close(found, (losses, gradients[:, order], q))


@each()
@many
@given(batches(), st.permutations(range(3)))
def test_names_of_groups_mean_nothing_to_objectives(name, batches, names):
    names, sizes = torch.tensor(names), torch.empty_like(batches.sizes)
    sizes[names] = batches.sizes
    losses, gradients, q = run(name, replace(batches, groups=names[batches.groups], sizes=sizes))
    assert_close((losses, gradients, q[names]), run(name, batches))


# A share of more rows is another number of outliers, which is rounded down.
@each("irm", "doro")
@many
@given(batches())
def test_a_row_of_weight_two_is_two_rows_to_objectives(name, batches):
    rows = torch.arange(len(batches.y)).repeat_interleave(batches.weight.int())
    losses, gradients, q = run(name, replace(batches, weight=None).take(rows))
    of_row = torch.zeros_like(batches.logits).index_add_(1, rows, gradients)
    assert_close((losses, of_row, q), run(name, batches))


@each()
@many
@given(batches(), st.integers(-20, 20))
def test_only_ratios_of_weights_mean_something_to_objectives(name, batches, power):
    scaled = replace(batches, weight=2.0**power * batches.weight)
    assert_close(run(name, scaled), run(name, batches))


@many
@given(batches(), st.randoms(use_true_random=False))
def test_the_order_of_rows_inside_a_half_means_nothing_to_the_pair(batches, random):
    batches = batches.take(range(len(batches.y) // 2 * 2))
    half = len(batches.y) // 2
    order = random.sample(range(half), half) + random.sample(range(half, 2 * half), half)
    loss, rows = ExtrapolationLoss(0.8), torch.arange(2 * half)
    for logits in batches.logits:
        expected = loss(logits, batches.y, batches.groups, rows)
        found = loss(logits[order], batches.y[order], batches.groups[order], rows)
        assert float(found) == pytest.approx(float(expected), rel=1e-9, abs=1e-12)


X, Y, GROUPS = make_group_blobs(12, random_state=0)
SHUFFLED = np.random.default_rng(0).permutation(len(X))
X, Y, GROUPS = X[SHUFFLED], Y[SHUFFLED], GROUPS[SHUFFLED]
WEIGHT = np.random.default_rng(1).uniform(0.5, 2, len(X))
CLASSIFIERS = [name for name in skgroup.__all__ if name.endswith("Classifier")]
each_classifier = pytest.mark.parametrize("name", CLASSIFIERS)
# The same few rows for all: some methods say that they do not suit them.
told = pytest.mark.filterwarnings(
    "ignore:every group has rows of one class only", "ignore:no row is discarded"
)


def build(name, **options):
    small = {"hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0}
    return getattr(skgroup, name)(**(small | {"early_stopping": False} | options))


@cache
def classifier(name):
    return build(name).fit(X, Y, groups=GROUPS)


@cache
def expected(name, stop=False):
    return probabilities(name, early_stopping=stop)


def probabilities(name, rows=slice(None), groups=GROUPS, weight=WEIGHT, **options):
    model = build(name, **options)
    model.fit(X[rows], Y[rows], groups=groups[rows], sample_weight=weight[rows])
    return model.predict_proba(X)


@told
@each_classifier
@few
@given(st.permutations("abcd"), st.booleans())
def test_names_of_groups_mean_nothing_to_classifiers(name, names, stop):
    renamed = probabilities(name, groups=np.array(names)[GROUPS], early_stopping=stop)
    # VREx sums over the groups in their order.
    atol = 1e-6 if name == "VRExClassifier" else 0
    np.testing.assert_allclose(renamed, expected(name, stop), rtol=0, atol=atol)


@told
@each_classifier
@few
@given(st.lists(st.integers(0, len(X)), max_size=20), st.sampled_from(["outliers", "weights"]))
def test_rows_that_are_left_out_may_hold_anything(name, places, reason):
    """Outliers and rows without weight, anywhere among the others, move no bit of the model."""
    n, rng = len(places), np.random.default_rng(0)
    out = {"outliers": (-1, 1.0), "weights": (2, 0.0)}[reason]
    groups, weight = (
        np.insert(own, places, value) for own, value in zip((GROUPS, WEIGHT), out, strict=True)
    )
    model = build(name, early_stopping=True).fit(
        np.insert(X, places, 1e3 * rng.normal(size=(n, 2)), axis=0),
        np.insert(Y, places, rng.integers(0, 2, n)),
        groups=groups, sample_weight=weight,
    )  # fmt: skip
    np.testing.assert_array_equal(model.predict_proba(X), expected(name, stop=True))


@told
@each_classifier
def test_only_ratios_of_weights_mean_something_to_classifiers(name):
    np.testing.assert_array_equal(probabilities(name, weight=8 * WEIGHT), expected(name))
    assert not np.array_equal(probabilities(name, weight=WEIGHT**2), expected(name))


IN_ONE_BATCH = {
    "DOROClassifier": {"alpha": 0.3, "outlier_share": 0.1},
    "ERMClassifier": {},
    "GroupDROClassifier": {"sampler": "uniform"},
    "LfFClassifier": {},
    "LogitCorrectionClassifier": {},
    "LossReweightingClassifier": {},
    "ReweightingClassifier": {},
    "ULEClassifier": {},
}


@pytest.mark.parametrize("name", IN_ONE_BATCH)
@few
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_in_a_single_batch_means_nothing_to_classifiers(name, random):
    order = random.sample(range(len(X)), len(X))
    options = {"batch_size": len(X), "max_epochs": 6, "lr": 0.01} | IN_ONE_BATCH[name]
    plain = probabilities(name, **options)
    np.testing.assert_allclose(probabilities(name, order, **options), plain, rtol=0, atol=1e-5)


@told
@each_classifier
@few
@given(rows=st.lists(st.integers(0, len(X) - 1), min_size=1))
def test_a_prediction_looks_at_its_own_row_only(name, rows):
    model = classifier(name)
    whole = model.predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(X[rows]), whole[rows], atol=1e-6)


SEPARATE = make_group_blobs(20, variance=0.01, random_state=0)[:2]
INFERRERS = {
    "kmeans": GradientGroupInferrer(k=2),
    "kmeans, any k": GradientGroupInferrer(k=None),
    "gmm": GradientGroupInferrer(k=2, clusterer="gmm"),
    "dbscan": GradientGroupInferrer(clusterer="dbscan"),
    "features": FeatureGroupInferrer(),
    "eiil": EIILGroupInferrer(),
    "errors": ErrorGroupInferrer(),
}
each_inferrer = pytest.mark.parametrize("name", INFERRERS)


def fit_inferrer(name, X, y):
    return clone(INFERRERS[name]).set_params(random_state=0).fit(X, y)


@cache
def inferrer(name):
    return fit_inferrer(name, *SEPARATE)


@each_inferrer
@few
@given(
    random=st.randoms(use_true_random=False),
    n_copies=st.integers(1, 3),
    units=st.tuples(st.floats(1e-3, 1e3), st.floats(-1e3, -1e-3)),
    shift=st.tuples(st.floats(-9, 9), st.floats(-9, 9)),
    columns=st.permutations(range(3)),
    names=st.permutations(["no", "yes"]),
)
def test_inferred_groups_stay_when_the_data_are_told_in_another_way(
    name, random, n_copies, units, shift, columns, names
):
    """Rows in another order or repeated, columns in other units, a constant column, other names."""
    X, y = SEPARATE
    order = random.sample(range(n_copies * len(X)), n_copies * len(X))
    rows = np.tile(np.arange(len(X)), n_copies)[order]
    units, shift = np.array(units), np.array(shift) * np.abs(units)
    told = np.column_stack([units * X[rows] + shift, np.ones(len(rows))])[:, columns]
    found = fit_inferrer(name, told, np.array(names)[y[rows]])
    assert adjusted_rand_score(inferrer(name).groups_[rows], found.groups_) == 1
    assert found.n_groups_ == inferrer(name).n_groups_ >= 2
    assert sorted(found.group_table_["size"]) == sorted(
        n_copies * inferrer(name).group_table_["size"]
    )


@each_inferrer
@few
@given(rows=st.lists(st.integers(0, 199), min_size=1))
def test_the_group_of_a_new_row_depends_on_that_row_only(name, rows):
    X, y = SEPARATE
    whole = inferrer(name).predict(X, y)
    assert (inferrer(name).predict(X[rows], y[rows]) == whole[rows]).all()
    embedded = inferrer(name).embed(X, y)
    np.testing.assert_allclose(inferrer(name).embed(X[rows], y[rows]), embedded[rows], atol=1e-6)
