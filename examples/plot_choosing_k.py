"""
How many groups, without annotations
====================================

``k`` is the number of groups in a class. Left at None it is chosen by the silhouette of the
clusters: how much closer rows are to their own cluster than to the next. The pictures show what the
silhouette sees, and beside it what only annotations could tell.
"""

# %%
# Two tasks. In the first a shortcut has two values, so that each class hides two groups. In the
# second there are three classes and three values.
import matplotlib.pyplot as plt
import numpy as np

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_shortcut_classification
from skgroup.metrics import within_class_ari

tasks = {
    "two values": make_shortcut_classification(1500, random_state=0),
    "three values": make_shortcut_classification(
        1500, n_classes=3, agreement=0.8, shortcut_strength=4.0, random_state=0
    ),
}
candidates = np.arange(2, 7)

# %%
# ``score`` needs no annotation; the agreement does, and is here for comparison only. The first task
# is clear. In the second the true number is three, but rows with either wrong value pull the model
# the same way: it serves them alike, and two groups agree better with the truth than three. The
# groups that gradients show are those that a model tells apart.
figure, panels = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", sharey=True)
for panel, (name, (X, y, true_groups)) in zip(panels, tasks.items(), strict=True):
    fitted = [GradientGroupInferrer(k=int(k), random_state=0).fit(X, y) for k in candidates]
    silhouette = [inferrer.score(X, y) for inferrer in fitted]
    agreement = [within_class_ari(true_groups, inferrer.groups_, y) for inferrer in fitted]
    chosen = GradientGroupInferrer(random_state=0).fit(X, y).n_groups_ // len(np.unique(y))
    print(f"{name}: k=None chose {chosen} groups in each class")
    panel.plot(candidates, silhouette, "o-", color="#0072b2", label="silhouette, no annotation")
    panel.plot(candidates, agreement, "s--", color="#e69f00", label="agreement with the truth")
    panel.axvline(chosen, color="#555555", linestyle=":", label="chosen by k=None")
    panel.set(title=f"a shortcut with {name}", xlabel="k, groups in each class", ylim=(0, 1.05))
panels[0].legend()
plt.show()
