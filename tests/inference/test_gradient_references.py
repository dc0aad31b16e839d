"""Models that the user brings as the reference."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup import ERMClassifier
from skgroup.datasets import make_group_blobs
from skgroup.metrics import group_agreement
from skgroup.modules import mlp


def within_class_ari(truth, groups, y):
    return group_agreement(truth, groups, y)["within_class_ari"]


def exact():
    return make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, tol=1e-8))


@pytest.mark.parametrize("fitted", [False, True])
def test_a_logistic_regression_gives_the_groups_of_the_linear_reference(make, fitted):
    X, y, _ = make_group_blobs(20, variance=0.1, random_state=0)
    reference = exact().fit(X, y) if fitted else exact()
    inferrer, linear = make(reference=reference).fit(X, y), make(reference="linear").fit(X, y)
    assert (inferrer.groups_ == linear.groups_).all()
    assert (inferrer.predict(X) == linear.predict(X)).all()
    assert (inferrer.reference_ is reference) == fitted


REFERENCES = {
    "forest": RandomForestClassifier(20, min_samples_leaf=30),
    "erm": ERMClassifier(hidden_layer_sizes=(), max_epochs=2, early_stopping=False),
    "module": mlp(2, 2),
}


@pytest.mark.parametrize("reference", REFERENCES.values(), ids=REFERENCES)
def test_other_references(make, blobs, reference):
    X, y, _ = blobs
    inferrer = make(reference=reference).fit(X, y)
    assert inferrer.n_groups_ == 4
    assert (inferrer.predict(X, y) == inferrer.groups_).all()
    assert hasattr(inferrer.reference_, "predict_proba")
    again = clone(inferrer).fit(X, y)
    assert (again.groups_ == inferrer.groups_).all()


def test_a_surrogate_finds_what_a_weak_forest_gets_wrong(make, blobs):
    # Stumps on the first column only know the shortcut.
    X, y, truth = blobs
    shortcut = RandomForestClassifier(5, max_depth=1, max_features=None, random_state=0)
    inferrer = make(reference=shortcut).fit(X, y)
    assert within_class_ari(truth, inferrer.groups_, y) == 1
    with pytest.raises(ValueError, match="needs a network, but the reference is a RandomForest"):
        make(reference=shortcut, source="all").fit(X, y)


def test_a_frame_and_a_reference_that_was_fitted_on_it(make, blobs):
    X, y, _ = blobs
    frame = pd.DataFrame(X, columns=["shortcut", "core"])
    inferrer = make(reference=exact().fit(frame, y)).fit(frame, y)
    assert (inferrer.groups_ == make().fit(X, y).groups_).all()
    with pytest.raises(ValueError, match="fitted on the features"):
        make(reference=exact().fit(frame, y)).fit(frame[["core", "shortcut"]], y)
