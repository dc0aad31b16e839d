"""
The worst group of COMPAS, with and without group labels
========================================================

A classifier predicts recidivism from age, sex, race and criminal record. Trained the usual way
(ERM) it is right for most defendants and wrong for some groups of them: race x sex x outcome.
This example trains three networks that differ only in what they know of groups:

- **ERM** knows nothing;
- **inferred** finds groups itself, by clustering the gradients of a linear model;
- **oracle** is given the true groups.

All accuracies are those of held-out predictions from three-fold cross-validation, pooled, with 95 %
Wilson intervals.
"""

# %%
# The data ship with the package. The label is whether a defendant was charged again.
import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from skgroup import ERMClassifier, GradientGroupInferrer, GroupDROClassifier
from skgroup.datasets import load_compas
from skgroup.metrics import group_scores, worst_group_accuracy
from skgroup.model_selection import GroupStratifiedKFold

parser = argparse.ArgumentParser(description="ERM, inferred and true groups on COMPAS")
parser.add_argument("--output", type=Path, default=Path("demo_output"), help="folder for pictures")
output = parser.parse_args().output
output.mkdir(parents=True, exist_ok=True)

plt.style.use("tableau-colorblind10")
compas = load_compas(label="is_recid")
X, y, groups = compas.data, compas.target, compas.groups

# %%
# Three models. The middle one is the line to remember: scikit-learn's own ``make_pipeline``, an
# inferrer and a robust classifier, and no annotation anywhere. Twenty epochs end here where the
# default number does.
quick = {"max_epochs": 20, "random_state": 0}
models = {
    "ERM": ERMClassifier(**quick),
    "inferred": make_pipeline(GradientGroupInferrer(random_state=0), GroupDROClassifier(**quick)),
    "oracle": GroupDROClassifier(**quick),
}

# %%
# Every fold is predicted by models that have not seen it. Only the oracle gets the true groups.
predictions = {name: np.empty_like(y) for name in models}
folds = GroupStratifiedKFold(n_splits=3, shuffle=True, random_state=0)
for train, test in folds.split(X, y, groups):
    for name, model in models.items():
        known = {"groups": groups[train]} if name == "oracle" else {}
        model.fit(X[train], y[train], **known)
        predictions[name][test] = model.predict(X[test])

# %%
# Accuracy in each of the twelve groups.
scores = {name: group_scores(y, predicted, groups) for name, predicted in predictions.items()}
labels, sizes = scores["ERM"]["group"], scores["ERM"]["size"]

print(f"{'group':32}{'size':>6}" + "".join(f"{name:>20}" for name in models))
for i in np.argsort(scores["ERM"]["accuracy"]):
    cells = [
        f"{s['accuracy'][i]:.2f} [{s['accuracy_low'][i]:.2f}, {s['accuracy_high'][i]:.2f}]"
        for s in scores.values()
    ]
    print(f"{labels[i]:32}{sizes[i]:>6}" + "".join(f"{cell:>20}" for cell in cells))
for title, measure in {
    "worst group": lambda p: worst_group_accuracy(y, p, groups),
    "average": lambda p: np.mean(p == y),
}.items():
    cells = "".join(f"{measure(p):>20.3f}" for p in predictions.values())
    print(f"{title:38}{cells}")

# %%
# The same as a picture: one row a group, the three models side by side.
colours = dict(zip(models, ("#555555", "#0072b2", "#e69f00"), strict=True))
markers = dict(zip(models, "osD", strict=True))
order = np.argsort(scores["ERM"]["accuracy"])[::-1]
figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
for shift, (name, score) in zip((0.22, 0, -0.22), scores.items(), strict=True):
    value = score["accuracy"][order]
    error = [value - score["accuracy_low"][order], score["accuracy_high"][order] - value]
    axes.errorbar(
        value, np.arange(len(order)) + shift, xerr=error, fmt=markers[name],
        color=colours[name], capsize=2, label=name,
    )  # fmt: skip
    axes.axvline(value.min(), color=colours[name], linestyle=":", linewidth=1)
axes.set_yticks(np.arange(len(order)), [f"{labels[i]}  (n = {sizes[i]})" for i in order])
axes.set_xlabel("accuracy with 95 % interval; dotted: worst group of each model")
axes.set_title("COMPAS: accuracy per race, sex and outcome")
axes.legend(loc="upper right")
figure.savefig(output / "compas_groups.png", dpi=150)

# %%
# What the inferrer saw: gradients of the linear model, in the two directions in which they vary
# most, for each class.
inferrer = GradientGroupInferrer(random_state=0).fit(X, y)
Z = inferrer.embed(X, y)
figure, panels = plt.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
for c, panel in enumerate(panels):
    for group in np.unique(inferrer.groups_[y == c]):
        rows = (y == c) & (inferrer.groups_ == group)
        style = {"color": "black", "marker": "x"} if group < 0 else {}
        name = "outliers" if group < 0 else f"group {group}"
        panel.scatter(Z[rows, 0], Z[rows, 1], s=6, label=f"{name} ({rows.sum()})", **style)
    panel.set_title(f"{compas.target_names[c]}")
    panel.set_xlabel("first component")
    panel.legend(fontsize=7, markerscale=2, loc="best")
panels[0].set_ylabel("second component")
figure.suptitle("Inferred groups in gradient space")
figure.savefig(output / "compas_gradients.png", dpi=150)
print(f"\nPictures: {(output / 'compas_groups.png')}, {(output / 'compas_gradients.png')}")
