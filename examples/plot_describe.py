"""
What is in a group
==================

A group is a set of row numbers until somebody says what sets it apart.
:func:`skgroup.inspection.describe_groups` compares each group with the rest of its class: how often
the model is wrong about it, which columns differ, and a rule that a person can read.
"""

# %%
# The shortcut gets a name: a made table of animals where the background agrees with the class.
import matplotlib.pyplot as plt
import numpy as np

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_shortcut_classification
from skgroup.inspection import describe_groups

names = ["shape", "background", "light", "size", "age"]
X, y, _ = make_shortcut_classification(2000, n_features=5, random_state=0)
inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
found = describe_groups(inferrer, X, y, names, max_features=2, random_state=0)

# %%
# In words, and as a table. Nothing here used an annotation.
print(found)
print(found.to_frame()[["group", "class", "size", "error_rate"]])

# %%
# The same for all columns: how far the mean of a group lies from the rest of its class, in standard
# deviations of the class without its groups' differences. Only one column stands out.
groups = inferrer.groups_
table = np.zeros((inferrer.n_groups_, len(names)))
for group in range(inferrer.n_groups_):
    rows = groups == group
    rest = (y == y[rows][0]) & ~rows
    spread = np.sqrt((X[rows].var(axis=0) + X[rest].var(axis=0)) / 2)
    table[group] = (X[rows].mean(axis=0) - X[rest].mean(axis=0)) / spread

figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
image = axes.imshow(table, cmap="RdBu_r", vmin=-6, vmax=6, aspect="auto")
for (i, j), value in np.ndenumerate(table):
    axes.text(
        j, i, f"{value:+.1f}", ha="center", va="center", color="w" if abs(value) > 3.5 else "k"
    )
sizes = np.bincount(groups[groups >= 0])
labels = inferrer.group_table_["class"]
axes.set_xticks(range(len(names)), names)
axes.set_yticks(
    range(len(sizes)), [f"group {g}: class {labels[g]}, {n} rows" for g, n in enumerate(sizes)]
)
figure.colorbar(image, label="difference from the rest of the class, sd")
plt.show()
