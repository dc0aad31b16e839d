"""
Outliers are not a minority
===========================

A model fails wrong labels as surely as it fails a minority, and both are few. To train for the
worst group when wrong labels fill that group is to learn them by heart.
:class:`skgroup.GradientGroupInferrer` therefore looks at the rows around each row. One whose
neighbours hardly ever have its label, while most of its cluster lies among its like, is set aside.
"""

# %%
# One label in a hundred is wrong, and five rows in a hundred break the shortcut.
import matplotlib.pyplot as plt
import numpy as np

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_shortcut_classification

X, clean, groups = make_shortcut_classification(
    2000, n_features=2, core_strength=1.5, random_state=0
)
rng = np.random.default_rng(0)
wrong = rng.random(len(clean)) < 0.01
y = np.where(wrong, 1 - clean, clean)
minority = np.isin(groups, [1, 2]) & ~wrong

# %%
# The same inferrer twice: without a look at the neighbours, and with it, which is the default. The
# first leaves all wrong labels among the minority. The second takes most of them out; a few rows of
# the minority that lie deep in the other class go with them, for nothing tells these from errors.
#
# The rule has a limit. Where wrong labels outnumber the minority they get a cluster of their own,
# in which *no* row lies among its like, and nothing is set aside: such a group looks like a
# minority that is hard to learn. Read the description of a small group before training on it.
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
    panel.scatter(
        *X[outliers].T, s=24, c="black", marker="x", label=f"set aside ({outliers.sum()})"
    )
    panel.set(title=name, xlabel="core", ylim=(-7, 9.5))
    panel.legend(fontsize=7, markerscale=1.5, loc="upper left", ncols=2)
panels[0].set_ylabel("shortcut")
plt.show()
