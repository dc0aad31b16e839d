import copy

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn.functional import cross_entropy

from skgroup._inputs import feature_statistics
from skgroup.inference._effect_scale import scale_by_effect
from skgroup.inference._linear_reference import fit_linear


def linear(X, y, *, standardize=True, weight_decay=0.0, **options):
    settings = {"standardize": standardize, "weight_decay": weight_decay, "device": "cpu"}
    return fit_linear(X, y, **settings, **options)


def weights(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()])


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_linear_reference_is_an_unpenalised_logistic_regression(n_classes, standardize, draw):
    X, y = draw(n_classes)
    expected = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, tol=1e-8)).fit(X, y)
    reference = linear(X, y, standardize=standardize)
    np.testing.assert_allclose(reference.probabilities(X), expected.predict_proba(X), atol=2e-5)
    in_net = reference.model.predict_proba(X.astype(np.float32))
    np.testing.assert_allclose(in_net, expected.predict_proba(X), atol=2e-5)


@pytest.mark.parametrize("sparse_rows", [False, True])
@pytest.mark.parametrize("weight_decay", [0.0, 0.05])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_linear_reference_is_where_torch_would_stop(n_classes, weight_decay, sparse_rows, draw):
    X, y = draw(n_classes)
    reference = linear(sparse.csr_matrix(X) if sparse_rows else X, y, weight_decay=weight_decay)
    module = copy.deepcopy(reference.model.module_).double()
    loss = cross_entropy(module(torch.tensor(X)), torch.tensor(y))
    head = module.head
    for_weight, for_bias = torch.autograd.grad(loss, [head.weight, head.bias])
    assert (for_weight + weight_decay * head.weight).norm() < 1e-4
    assert for_bias.norm() < 1e-4
    assert head.weight.norm() > 0.1


@pytest.mark.parametrize("standardize", [True, False])
def test_linear_reference_of_sparse_rows_is_that_of_dense_rows(standardize, draw):
    X, y = draw(3)
    X[X < 0.05] = 0
    dense = linear(X, y, standardize=standardize, weight_decay=0.01)
    found = linear(sparse.csr_matrix(X), y, standardize=standardize, weight_decay=0.01)
    head, expected = found.model.module_.head, dense.model.module_.head
    torch.testing.assert_close(head.weight, expected.weight, rtol=0, atol=1e-4)
    torch.testing.assert_close(head.bias, expected.bias, rtol=0, atol=1e-4)
    found_p = found.probabilities(sparse.csr_matrix(X))
    np.testing.assert_allclose(found_p, dense.probabilities(X), atol=1e-5)


def test_linear_reference_of_separable_classes_is_finite_and_right():
    y = np.repeat([0, 1], 30)
    X = np.column_stack([2.0 * y - 1, np.random.default_rng(0).normal(size=60)])
    reference = linear(X, y)
    assert weights(reference.model.module_).isfinite().all()
    assert reference.probabilities(X)[np.arange(60), y].min() > 0.99


def test_a_constant_column_changes_nothing(draw):
    X, y = draw()
    more = np.column_stack([X, np.full(len(X), 7.0)])
    expected = linear(X, y).probabilities(X)
    np.testing.assert_allclose(linear(more, y).probabilities(more), expected, atol=1e-5)


@pytest.mark.parametrize("sparse_rows", [False, True])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_ridge_is_a_logistic_regression_on_scaled_columns(
    n_classes, standardize, sparse_rows, draw
):
    X, y = draw(n_classes)
    mean, scale = feature_statistics(X)
    inputs = (X - mean) / scale_by_effect(X, y, mean, scale, standardize=standardize)
    # With a single logit for two classes, its weights have twice the squared norm of both.
    strength = (2 if n_classes == 2 else 1) / (0.5 * len(y))
    expected = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000).fit(inputs, y)
    rows = sparse.csr_matrix(X) if sparse_rows else X
    found = linear(rows, y, by_effect=True, standardize=standardize, weight_decay=0.5)
    np.testing.assert_allclose(found.probabilities(rows), expected.predict_proba(inputs), atol=2e-5)


def test_ridge_is_where_an_independent_solver_stops(draw):
    X, y = draw()
    mean, scale = feature_statistics(X)
    H = np.column_stack([(X - mean) / scale_by_effect(X, y, mean, scale), np.ones(len(X))])

    def loss(flat):
        W = flat.reshape(2, 4)
        logits = H @ W.T
        fit = np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(y)), y]
        return fit.mean() + (W[:, :3] ** 2).sum() / 2

    best = minimize(loss, np.zeros(8), method="BFGS", options={"gtol": 1e-7}).x.reshape(2, 4)
    head = linear(X, y, by_effect=True, weight_decay=1.0).model.module_.head
    np.testing.assert_allclose(head.weight.detach(), best[:, :3], atol=1e-4)
    difference = head.bias[1] - head.bias[0]  # what both share changes nothing
    np.testing.assert_allclose(difference.item(), best[1, 3] - best[0, 3], atol=1e-4)


def test_ridge_does_not_use_a_column_without_effect():
    y = np.repeat([0, 1], 60)
    other = np.tile([-1.0, 1.0], 60)  # as often with each class
    X = np.column_stack([y + np.random.default_rng(0).normal(size=120), other])
    for rows in (X, sparse.csr_matrix(X)):
        found = linear(rows, y, by_effect=True, weight_decay=1.0)
        changed = X.copy()
        changed[:, 1] *= -1
        np.testing.assert_array_equal(found.probabilities(X), found.probabilities(changed))


def test_ridge_in_other_units(draw):
    X, y = draw(3)
    found = linear(X, y, by_effect=True, weight_decay=1.0).probabilities(X)
    moved = X * [100.0, 0.01, 3.0] - [5.0, 1.0, 0.0]
    again = linear(moved, y, by_effect=True, weight_decay=1.0).probabilities(moved)
    np.testing.assert_allclose(again, found, atol=1e-5)
    units = linear(moved, y, by_effect=True, standardize=False, weight_decay=1.0)
    assert abs(units.probabilities(moved) - found).max() > 0.01


def test_ridge_of_separable_classes_keeps_residuals():
    y = np.repeat([0, 1], 30)
    X = np.column_stack([2.0 * y - 1, np.random.default_rng(0).normal(size=60)])
    wrong = 1 - linear(X, y, by_effect=True, weight_decay=1.0).probabilities(X)[np.arange(60), y]
    assert wrong.min() > 0.001
