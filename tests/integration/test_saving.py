"""Fitted models in files, and back: pickles, skops where there is no network, else weights."""

import io
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup import (
    DFRClassifier,
    ERMClassifier,
    GroupDROClassifier,
    JTTClassifier,
    ReweightingClassifier,
)
from skgroup.datasets import make_shortcut_classification

X, Y, GROUPS = make_shortcut_classification(200, agreement=0.9, n_features=3, random_state=0)
SMALL = {"hidden_layer_sizes": (4,), "max_epochs": 2, "random_state": 0}


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("copied", [through_joblib, through_pickle])
@pytest.mark.parametrize("Classifier", [ERMClassifier, JTTClassifier, DFRClassifier])
def test_pickles_predict_the_same(Classifier, copied):
    model = make_pipeline(StandardScaler(), Classifier(**SMALL))
    last = Classifier.__name__.lower()
    model.fit(X, Y, **{f"{last}__groups": GROUPS})
    np.testing.assert_array_equal(copied(model).predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(
    ("estimator", "others"),
    [
        (LogisticRegression(), []),
        (RandomForestClassifier(5, random_state=0), ["sklearn.tree._tree.Tree"]),
    ],
)
def test_skops_takes_what_has_no_network(estimator, others):
    skops = pytest.importorskip("skops.io")
    model = make_pipeline(StandardScaler(), ReweightingClassifier(estimator, random_state=0))
    model.fit(X, Y, reweightingclassifier__groups=GROUPS)
    data = skops.dumps(model)
    own = "skgroup.classifiers._reweighting.ReweightingClassifier"
    assert skops.get_untrusted_types(data=data) == [own, *others]
    loaded = skops.loads(data, trusted=[own, *others])
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_weights_inside_a_pipeline(tmp_path):
    """The steps before by skops, the network by its weights: no pickle anywhere."""
    skops = pytest.importorskip("skops.io")
    pytest.importorskip("safetensors")
    from skgroup.saving import load_weights, save_weights

    model = make_pipeline(StandardScaler(), GroupDROClassifier(**SMALL))
    model.fit(X, Y, groupdroclassifier__groups=GROUPS)
    data = skops.dumps(model[:-1])
    save_weights(model[-1], tmp_path / "model.safetensors")
    assert skops.get_untrusted_types(data=data) == []
    last = load_weights(clone(model[-1]), tmp_path / "model.safetensors")
    loaded = make_pipeline(*skops.loads(data), last)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
