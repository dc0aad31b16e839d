"""
Outliers are not a minority
===========================

A model fails wrong labels as surely as it fails a minority, and both are few. To train for the
worst group when that group is made of wrong labels is to learn them by heart.
:class:`skgroup.GradientGroupInferrer` looks at the rows around each row: one whose neighbours
hardly ever have its label, while the rest of its cluster lies among its like, is set aside.
"""

# %%
# Five per cent of the labels are wrong, and five per cent of the rows break the shortcut.
import matplotlib.pyplot as plt
import numpy as np

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_shortcut_classification

data = {"n_features": 2, "core_strength": 3.0, "shortcut_strength": 3.0, "random_state": 0}
X, clean, groups = make_shortcut_classification(2000, **data)
rng = np.random.default_rng(0)
wrong = rng.random(len(clean)) < 0.05
y = np.where(wrong, 1 - clean, clean)
minority = np.isin(groups, [1, 2]) & ~wrong

# %%
# Twice the same inferrer: without a look at the neighbours, and with it, which is the default.
inferrers = {
    "noise_neighbors=None": GradientGroupInferrer(k=2, noise_neighbors=None, random_state=0),
    "default": GradientGroupInferrer(k=2, random_state=0),
}
figure, panels = plt.subplots(1, 2, figsize=(9, 4.4), layout="constrained", sharey=True)
for panel, (name, inferrer) in zip(panels, inferrers.items(), strict=True):
    outliers = inferrer.fit(X, y).groups_ == -1
    print(
        f"{name:22} set aside: {outliers[wrong].mean():4.0%} of the wrong labels, "
        f"{outliers[minority].mean():4.0%} of the minority"
    )
    for group in range(inferrer.n_groups_):
        rows = inferrer.groups_ == group
        panel.scatter(*X[rows].T, s=6, alpha=0.6, label=f"group {group} ({rows.sum()})")
    panel.scatter(*X[outliers].T, s=22, c="black", marker="x", label=f"set aside ({outliers.sum()})")
    panel.set(title=name, xlabel="core")
    panel.legend(fontsize=7, markerscale=1.5, loc="upper left")
panels[0].set_ylabel("shortcut")
plt.show()
