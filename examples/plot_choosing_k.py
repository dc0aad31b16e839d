"""
How many groups, without annotations
====================================

``k`` is the number of groups in a class. Left at None, it is chosen by the silhouette of the
clusters: how much closer rows are to their own cluster than to the next. Here the shortcut has one
value for each of three classes, so that every class hides three groups. The picture shows what the
silhouette sees, and what only the annotations could have told.
"""

# %%
# Three classes, and a shortcut that is right for 80 % of the rows.
import matplotlib.pyplot as plt
import numpy as np

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_shortcut_classification
from skgroup.metrics import within_class_ari

X, y, true_groups = make_shortcut_classification(
    3000, n_classes=3, agreement=0.8, shortcut_strength=4.0, random_state=0
)
candidates = np.arange(2, 9)
fitted = [GradientGroupInferrer(k=int(k), random_state=0).fit(X, y) for k in candidates]

# %%
# ``score`` needs no annotation; the agreement does, and is here for comparison only.
silhouette = [inferrer.score(X, y) for inferrer in fitted]
agreement = [within_class_ari(true_groups, inferrer.groups_, y) for inferrer in fitted]
chosen = GradientGroupInferrer(random_state=0).fit(X, y)
n_groups = chosen.n_groups_ // 3
print(f"k=None chose {n_groups} groups in each class")

figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.plot(candidates, silhouette, "o-", color="#0072b2", label="silhouette (needs no annotation)")
axes.plot(candidates, agreement, "s--", color="#e69f00", label="agreement with the true groups")
axes.axvline(n_groups, color="#555555", linestyle=":", label=f"chosen by k=None: {n_groups}")
axes.set(xlabel="k, groups in each class", ylim=(0, 1.05))
axes.legend()
plt.show()
