"""Constraints are data: one loop checks every parameter of every classifier."""

import pathlib

import numpy as np
import pytest
import torch
from sklearn.utils._param_validation import InvalidParameterError
from torch import nn

from skgroup import classifiers
from skgroup.modules import mlp

EVERY = [
    pytest.param(getattr(classifiers, cls), name, id=f"{cls}-{name}")
    for cls in classifiers.__all__
    for name in getattr(classifiers, cls)().get_params()
]


@pytest.mark.parametrize(("cls", "name"), EVERY)
def test_a_wrong_type_is_refused(cls, name, blobs):
    text = f"The '{name}' parameter of {cls.__name__} must be"
    with pytest.raises(InvalidParameterError, match=text):
        cls(**{name: object()}).fit(blobs.X, blobs.y, groups=blobs.groups)


OUT_OF_RANGE = {
    "optimizer": ["rmsprop"],
    "lr": [0, -1e-3],
    "weight_decay": [-1e-9],
    "max_epochs": [0, 1.5],
    "batch_size": [0, 2.0],
    "hidden_layer_sizes": [10, "10"],
    "early_stopping": ["on", None],
    "validation_fraction": [0.0, 1.0],
    "patience": [0],
    "scoring": ["f1"],
    "callbacks": ["log"],
    "random_state": [-1],
    "verbose": [-1],
    "step_size": [-0.1],
    "adjustment": [-1.0],
    "sampler": ["balanced"],
    "c": [0, 1.5],
    "beta": [-1.01, "best"],
    "attributes": ["guessed"],
    "minority_share": [0.0, 1.0],
    "group_batch_size": [0, 1.5],
    "counts": ["rounded"],
    "overlap": [-0.1, 1.1],
    "module": ["mlp"],
    "standardize": ["yes"],
    "by": ["groups"],
    "normalize": ["sum", True],
    "b": [-0.1, 1.0],
    "strategy": ["oversample"],
    "identification_epochs": [-0.5, float("inf")],
    "upweight": [0.5, float("inf")],
    "count": ["both"],
    "mode": ["repeated"],
    "threshold": [-1.1, 1.1],
    "k": [0, 2.5],
    "min_cluster_share": [-0.1, 1.0],
    "q": [-0.1, 1.1],
    "ema": [-0.1, 1.0],
    "eta": [-1.0],
    "momentum": [-0.1, 1.0],
    "ce_weight": [-0.1, 1.1],
    "form": ["features"],
    "saliency_class": ["true"],
    "saliency_score": ["probability"],
    "magnitude": ["log"],
    "student": ["mlp"],
    "alpha": [0, -0.1],
    "outlier_share": [-0.1, 1.0],
    "divergence": ["kl"],
    "c_factor": [0, -1.0],
    "scheme": ["linear"],
    "gamma": [-0.1],
    "tau": [0, -1.0],
    "clip": [0.5],
    "refresh": ["step"],
    "warmup_epochs": [-1, 1.5],
    "penalty": [-0.1],
    "anneal_steps": [-1, 1.5],
    "p_same_class": [-0.1, 1.1],
    "net": ["mlp", 3],
    "reweighting": ["validation"],
    "C": [0, -1.0, "1"],
    "n_retrains": [0, 1.5],
}


def test_a_value_out_of_range_is_refused(Classifier, blobs):
    for name in OUT_OF_RANGE.keys() & Classifier().get_params().keys():
        for value in OUT_OF_RANGE[name]:
            with pytest.raises(InvalidParameterError, match=f"'{name}' parameter"):
                Classifier(**{name: value}).fit(blobs.X, blobs.y, groups=blobs.groups)


ALLOWED = {
    "optimizer": ["adam", "adamw", "sgd", torch.optim.Adagrad],
    "lr": [np.float32(0.1), 1],
    "weight_decay": [0, 0.5],
    "max_epochs": [1, np.int64(2)],
    "batch_size": [1, 10**9],
    "hidden_layer_sizes": [(), [3], np.array([3, 2])],
    "standardize": [True, False, np.bool_(False)],
    "early_stopping": [True, False, np.bool_(True), np.bool_(False), "auto"],
    "patience": [1],
    "scoring": ["worst_group", "group_balanced", "worst_class", "accuracy", lambda *codes: 0.0],
    "callbacks": [[], None],
    "device": ["cpu", torch.device("cpu")],
    "random_state": [None, 0, np.random.RandomState(0)],
    "module": [mlp, nn.Linear(2, 2), None],
    "step_size": [0, 10.0],
    "adjustment": [0, 2.5, {}, {0: 1.0}],
    "sampler": ["group_balanced", "class_balanced", "uniform"],
    "normalize_losses": [True, False],
    "c": [0.1, 1],
    "beta": [-1, 0, 1.5, "auto"],
    "attributes": ["known", "unknown"],
    "minority_share": [0.001, 0.999],
    "group_batch_size": [1, 1000],
    "counts": ["largest_remainder", "multinomial"],
    "overlap": [0, 0.5, 1],
    "allow_beyond_bound": [True, False],
    "freeze_batch_norm": [True, False],
    "ReweightingClassifier.scheme": ["inverse", "sqrt", "class_balanced"],
    "by": ["group", "class"],
    "normalize": ["mean1", "groups"],
    "b": [0, 0.5],
    "strategy": ["balanced", "subsample"],
    "identification_epochs": [0, 0.5, np.int64(2)],
    "upweight": [1, np.int64(3), 4.0],
    "count": ["paper", "code"],
    "mode": ["repeat", "sample", "weight"],
    "threshold": [-1, 0.5, 1],
    "k": [1, np.int64(3), None],
    "min_cluster_share": [0, 0.2],
    "q": [0, 0.7, 1],
    "ema": [0, 0.9, None],
    "eta": [0, 2.0],
    "momentum": [0, 0.99],
    "ce_weight": [0, 0.5, 1],
    "form": ["input", "feature", "gram"],
    "saliency_class": ["pred", "label"],
    "saliency_score": ["margin", "logit"],
    "magnitude": ["decade", "ratio", "fixed", "none"],
    "student": [mlp, nn.Linear(2, 2), None],
    "alpha": [0.05, 1],
    "outlier_share": [0, 0.5],
    "divergence": ["cvar", "chi2"],
    "c_factor": [2, 0.5],
    "scheme": ["power", "tilted", "top"],
    "gamma": [0.5, 2],
    "tau": [0.1, float("inf")],
    "clip": [1, 2.5, None],
    "refresh": ["batch", "epoch"],
    "warmup_epochs": [0, np.int64(2)],
    "penalty": [0.5, 10],
    "anneal_steps": [0, np.int64(3)],
    "p_same_class": [0, 0.3, 1],
    "reweighting": ["held_out", "train"],
    "C": [1, 0.5, [0.1], np.array([1.0, 0.1])],
    "n_retrains": [1, np.int64(2)],
    "DFRClassifier.penalty": ["l1", "l2"],
}


def allowed(cls, name):
    """Values of a parameter; one whose meaning depends on the class has an entry of its own."""
    return ALLOWED.get(f"{cls.__name__}.{name}", ALLOWED.get(name, []))


@pytest.mark.parametrize(("cls", "name"), [case for case in EVERY if allowed(*case.values)])
def test_every_value_of_the_documentation_works(cls, name, blobs):
    settings = {"max_epochs": 1, "hidden_layer_sizes": (4,), "random_state": 0}
    settings["early_stopping"] = name == "scoring"
    for value in allowed(cls, name):
        clf = cls(**(settings | {name: value})).fit(blobs.X, blobs.y, groups=blobs.groups)
        assert np.isfinite(clf.predict_proba(blobs.X)).all()


def test_a_path_may_be_a_string(quick, blobs, tmp_path):
    for folder in (tmp_path / "a", str(tmp_path / "b")):
        quick(checkpoint_dir=folder).fit(blobs.X, blobs.y, groups=blobs.groups)
        assert pathlib.Path(folder).is_dir()


def test_verbose_writes_to_stderr_only(quick, blobs, capsys):
    quick(verbose=1).fit(blobs.X, blobs.y, groups=blobs.groups)
    out, err = capsys.readouterr()
    assert out == ""
    assert "worst group" in err
    quick().fit(blobs.X, blobs.y, groups=blobs.groups)
    assert capsys.readouterr() == ("", "")


def test_scoring_selects_the_epoch(quick, blobs):
    """The criterion decides which epoch is kept, here the third by decree."""
    scores = iter([0.1, 0.2, 0.9, 0.3, 0.4])
    chosen = quick(max_epochs=5, early_stopping=True, scoring=lambda *codes: next(scores))
    chosen.fit(blobs.X, blobs.y, groups=blobs.groups)
    same = quick(max_epochs=3, early_stopping=True, scoring=lambda *codes: 0.0, patience=9)
    ascending = iter([1, 2, 3])
    same.set_params(scoring=lambda *codes: next(ascending))
    same.fit(blobs.X, blobs.y, groups=blobs.groups)
    np.testing.assert_array_equal(chosen.predict_proba(blobs.X), same.predict_proba(blobs.X))
    assert chosen.history_["valid_score"].tolist() == [0.1, 0.2, 0.9, 0.3, 0.4]


@pytest.mark.parametrize(
    ("scoring", "groups_known", "name"),
    [("auto", True, "group"), ("auto", False, "class"), ("accuracy", True, "accuracy")],
)
@pytest.mark.filterwarnings("ignore::skgroup.exceptions.MissingGroupsWarning")
def test_what_the_criterion_is(quick, blobs, scoring, groups_known, name):
    held_out = {"X_val": blobs.X, "y_val": blobs.y}
    if groups_known:
        held_out["groups_val"] = blobs.groups
    clf = quick(scoring=scoring, max_epochs=1).fit(
        blobs.X, blobs.y, groups=blobs.groups if groups_known else None, **held_out
    )
    if hasattr(clf, "coef_"):
        pytest.skip("it predicts with a last layer that came after the score")
    right = clf.predict(blobs.X) == blobs.y
    expected = {
        "group": min(right[blobs.groups == g].mean() for g in range(4)),
        "class": min(right[blobs.y == c].mean() for c in range(2)),
        "accuracy": right.mean(),
    }[name]
    assert clf.history_["valid_score"][0] == pytest.approx(expected)
