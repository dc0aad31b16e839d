"""Methods of the leaderboard, and the settings that each may choose among."""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

import skgroup as sg

EPOCHS = (5, 20, 50)  # as good as early stopping, and the same for every network
LINEAR = {"C": (0.01, 1.0, 100.0)}
BOOSTED = {"max_iter": (10, 30, 100), "max_leaf_nodes": (7, 31)}


class Method(NamedTuple):
    """`make` builds a classifier from a seed and settings; `groups` is what it trains on.

    "none" trains on classes alone, "groups" on groups, "attribute" on what groups of different
    classes share, which IRM, VREx and LISA compare.
    """

    make: Callable
    space: dict
    groups: str = "none"


def network(cls, groups="none", space=None, **fixed):
    """Epochs and what the method is most sensitive to; no epoch is chosen inside a fit."""

    def make(seed, **settings):
        return cls(**fixed, **settings, early_stopping=False, random_state=seed)

    return Method(make, {"max_epochs": EPOCHS} | (space or {"lr": (1e-3, 3e-3)}), groups)


class Plain:
    """A scikit-learn classifier whose `fit` takes groups and looks at none."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y, groups=None):
        self.estimator.fit(X, y)
        return self

    def predict(self, X):
        return self.estimator.predict(X)


def linear(weights):
    def make(seed, C):
        by_class = "balanced" if weights == "class" else None
        model = LogisticRegression(C=C, class_weight=by_class, max_iter=1000)
        return by_group(model, seed) if weights == "group" else Plain(model)

    return Method(make, LINEAR, "groups" if weights == "group" else "none")


def boosted(weights):
    def make(seed, **settings):
        by_class = "balanced" if weights == "class" else None
        model = HistGradientBoostingClassifier(
            class_weight=by_class, early_stopping=False, random_state=seed, **settings
        )
        return by_group(model, seed) if weights == "group" else Plain(model)

    return Method(make, BOOSTED, "groups" if weights == "group" else "none")


def by_group(model, seed):
    return sg.ReweightingClassifier(model, random_state=seed)


METHODS = {
    "Logistic regression": linear(None),
    "Logistic regression, class weights": linear("class"),
    "Logistic regression, group weights": linear("group"),
    "Boosted trees": boosted(None),
    "Boosted trees, class weights": boosted("class"),
    "Boosted trees, group weights": boosted("group"),
    "ERM": network(sg.ERMClassifier),
    "Reweighting, classes": network(sg.ReweightingClassifier, by="class"),
    "Group DRO": network(sg.GroupDROClassifier, "groups", {"step_size": (0.01, 0.1)}),
    "GERNE": network(sg.GERNEClassifier, "groups", {"c": (0.5, 0.8)}),
    "Reweighting": network(sg.ReweightingClassifier, "groups"),
    "Resampling": network(sg.ResamplingClassifier, "groups"),
    "DFR": network(sg.DFRClassifier, "groups", n_retrains=5),
    "LISA": network(sg.LISAClassifier, "attribute", {"p_same_class": (0.5, 1.0)}),
    "IRM": network(sg.IRMClassifier, "attribute", {"penalty": (1.0, 100.0)}, anneal_steps=100),
    "VREx": network(sg.VRExClassifier, "attribute", {"penalty": (1.0, 10.0)}, anneal_steps=100),
    "GERNE, no groups": network(sg.GERNEClassifier, space={"c": (0.5, 0.8)}, attributes="unknown"),
    "JTT": network(sg.JTTClassifier, space={"upweight": (5.0, 20.0)}),
    "LfF": network(sg.LfFClassifier),
    "ULE": network(sg.ULEClassifier, space={"ce_weight": (0.3, 0.5)}),
    "DORO": network(sg.DOROClassifier, space={"alpha": (0.2, 0.5)}),
    "Loss reweighting": network(sg.LossReweightingClassifier, space={"gamma": (0.5, 1.0)}),
    "SPARE": network(sg.SPAREClassifier),
    "Logit correction": network(sg.LogitCorrectionClassifier),
    "Mixup": network(sg.MixupClassifier, space={"alpha": (0.2, 1.0)}),
}

# What somebody would use who has not heard of groups.
PLAIN = frozenset(
    {
        "Logistic regression",
        "Logistic regression, class weights",
        "Boosted trees",
        "Boosted trees, class weights",
        "ERM",
        "Reweighting, classes",
    }
)


def configurations(method, budget, seed):
    """`budget` settings drawn from the space without replacement; fewer where it is smaller."""
    names, values = zip(*method.space.items(), strict=True)
    grid = [dict(zip(names, chosen, strict=True)) for chosen in product(*values)]
    order = np.random.default_rng(seed).permutation(len(grid))
    return [grid[i] for i in sorted(order[:budget].tolist())]
