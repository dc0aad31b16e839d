"""
When clusters mean nothing
==========================

A clusterer always finds clusters. :func:`skgroup.inspection.stability` asks what chance would have
found: it refits the inferrer on parts of the rows, on permuted labels, and on draws in which each
class is a single cloud. Here are two data sets, one with a shortcut and one of pure noise.
"""

# %%
# The inferrer splits both into four groups, without complaint.
import warnings

import matplotlib.pyplot as plt
import numpy as np

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_shortcut_classification
from skgroup.exceptions import UnstableGroupsWarning
from skgroup.inspection import stability

rng = np.random.default_rng(0)
data = {
    "a shortcut": make_shortcut_classification(600, n_features=10, random_state=0)[:2],
    "pure noise": (rng.normal(size=(600, 10)), rng.integers(2, size=600)),
}

# %%
# The warnings are the point: they name what speaks against the groups. Those of the noise are
# printed here instead.
figure, panels = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
for panel, (name, (X, y)) in zip(panels, data.items(), strict=True):
    inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UnstableGroupsWarning)
        report = stability(inferrer, X, y, n_resamples=4, n_null=19, random_state=0)
    print(f"{name}\n{report}")
    for warning in caught:
        print(f"Warning: {warning.message}")
    Z = inferrer.embed(X, y)[y == 0]
    found = inferrer.groups_[y == 0]
    for group in np.unique(found):
        panel.scatter(*Z[found == group, :2].T, s=8, label=f"group {group}")
    verdict = "more than chance" if not caught else "no more than chance"
    panel.set(title=f"{name}: {verdict}", xlabel="first component of the gradients")
    panel.legend()
panels[0].set_ylabel("second component")
figure.suptitle("Class 0, as the inferrer sees it")
plt.show()
