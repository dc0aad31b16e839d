"""Validation rows of GradientGroupInferrer: clustered with the training rows, or assigned."""

import numpy as np
import pytest
import torch
from sklearn.cluster import DBSCAN
from sklearn.linear_model import LogisticRegression
from torch import nn

from skgroup.datasets import make_group_blobs
from skgroup.metrics import group_agreement

GRASP = {"clusterer": "dbscan", "scale": "centred_unit", "pca": None, "eps": 0.1, "min_samples": 6}


@pytest.fixture
def parts(blobs):
    """X, y, X_val, y_val: rows of the same four groups."""
    X, y, _ = make_group_blobs(10, variance=0.01, random_state=1)
    return *blobs[:2], X, y


@pytest.mark.parametrize("options", [GRASP, {"validation": "joint"}])
def test_joint_groups_are_those_of_all_rows_at_the_same_reference(make, parts, options):
    X, y, X_val, y_val = parts
    inferrer = make(**options).fit(X, y, X_val, y_val)
    together = make(**options, reference=inferrer.reference_.module_)
    together.fit(np.vstack([X, X_val]), np.concatenate([y, y_val]))
    found = np.concatenate([inferrer.groups_, inferrer.groups_val_])
    np.testing.assert_array_equal(found, together.groups_)
    assert sorted(set(inferrer.groups_) - {-1}) == list(range(inferrer.n_groups_))


def test_the_reference_never_sees_validation_rows(make, parts):
    X, y, X_val, y_val = parts
    models = [make(**GRASP).fit(X, y, *val).reference_.module_ for val in ((), (X_val, 1 - y_val))]
    first, second = (torch.cat([p.flatten() for p in m.parameters()]) for m in models)
    assert torch.equal(first, second)


def test_grasp_by_hand(make, parts):
    X, y, X_val, y_val = parts
    model = LogisticRegression().fit(X, y)
    inferrer = make(**GRASP, reference=model).fit(X, y, X_val, y_val)
    rows, labels = np.vstack([X, X_val]), np.concatenate([y, y_val])
    inputs = np.column_stack([(rows - X.mean(axis=0)) / X.std(axis=0), np.ones(len(rows))])
    found = np.concatenate([inferrer.groups_, inferrer.groups_val_])
    for c in (0, 1):
        residual = model.predict_proba(rows[labels == c])[:, 1] - c
        # The gradient of the other logit is the same with the opposite sign.
        G = residual[:, None] * inputs[labels == c]
        Z = G - G.mean(axis=0)
        Z /= np.linalg.norm(Z, axis=1, keepdims=True)
        expected = DBSCAN(eps=0.1, min_samples=6, metric="cosine").fit_predict(Z)
        pairs = set(zip(found[labels == c], expected, strict=True))
        assert len(pairs) == len(set(expected)) == len(set(found[labels == c])) > 1


@pytest.mark.parametrize("options", [GRASP, {}])
def test_assigned_groups_are_predictions(make, parts, options):
    X, y, X_val, y_val = parts
    inferrer = make(**options, validation="assign").fit(X, y, X_val, y_val)
    alone = make(**options).fit(X, y)
    np.testing.assert_array_equal(inferrer.groups_, alone.groups_)
    np.testing.assert_array_equal(inferrer.groups_val_, alone.predict(X_val, y_val))


def test_auto_is_joint_for_density_clusterers_only(make, parts):
    hdbscan = GRASP | {"clusterer": "hdbscan"}
    for options, same in ((GRASP, "joint"), (hdbscan, "joint"), ({}, "assign")):
        other = {"joint": "assign", "assign": "joint"}[same]
        auto, expected, different = (
            make(**options, validation=validation).fit(*parts)
            for validation in ("auto", same, other)
        )
        np.testing.assert_array_equal(auto.groups_val_, expected.groups_val_)
        np.testing.assert_array_equal(auto.embed(*parts[:2]), expected.embed(*parts[:2]))
        assert abs(auto.embed(*parts[:2]) - different.embed(*parts[:2])).max() > 1e-6


def test_true_groups_of_validation_rows_are_found(make, parts):
    X, y, X_val, y_val = parts
    truth = make_group_blobs(10, variance=0.01, random_state=1)[2]
    for options in ({"validation": "joint"}, {"validation": "assign"}):
        groups = make(**options).fit(X, y, X_val, y_val).groups_val_
        assert group_agreement(truth, groups, y_val)["within_class_ari"] == 1


def test_rows_that_only_the_user_s_module_can_read(make, parts):
    X, y, X_val, y_val = parts
    module = nn.Linear(2, 2)
    tensors = [torch.tensor(part).float() for part in (X, X_val)]
    inferrer = make(**GRASP, module=module).fit(tensors[0], y, tensors[1], y_val)
    arrays = make(**GRASP, module=module).fit(X, y, X_val, y_val)
    np.testing.assert_array_equal(inferrer.groups_val_, arrays.groups_val_)
    with pytest.raises(ValueError, match="In X_val and y_val: X has 100 samples, but y has 3"):
        inferrer.fit(tensors[0], y, tensors[1], [0, 1, 1])
