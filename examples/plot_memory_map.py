"""
A table that stays on the disk
==============================

A table larger than memory can be trained on where it is. :func:`skgroup.datasets.memory_map` writes
it to one file, a batch at a time; inferrers and classifiers take from that file the rows that they
need next. The model is the same to the last bit, and more rows are most welcome where they are few:
in the worst group.
"""

# %%
# The batches are made here and thrown away. A Parquet data set or an iterable of DataFrames does as
# well.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from skgroup import GradientGroupInferrer, GroupDROClassifier
from skgroup.datasets import make_shortcut_classification, memory_map
from skgroup.metrics import worst_group_accuracy, worst_group_interval


def batches(n_batches):
    """Make two thousand rows at a time, with the label in the last column."""
    for seed in range(n_batches):
        X, y, _ = make_shortcut_classification(2000, random_state=seed)
        order = np.random.default_rng(seed).permutation(len(X))
        yield np.column_stack([X, y])[order]


folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "rows.npy"
table = memory_map(batches(8), path, target=20)
print(
    f"{type(table.data).__name__} of shape {table.data.shape}, {path.stat().st_size / 1e6:.1f} MB"
)

# %%
# The first rows of the file are a view of it, not a copy, so that a learning curve costs no memory.
# The groups are inferred each time: nobody annotated this table.
X_test, y_test, groups_test = make_shortcut_classification(
    4000, agreement=0.5, subset="test", random_state=0
)
pipeline = make_pipeline(
    GradientGroupInferrer(k=2, random_state=0),
    GroupDROClassifier(hidden_layer_sizes=(), max_epochs=10, random_state=0),
)
sizes = [500, 1000, 2000, 4000, 8000, 16000]
worst, bounds, average = [], [], []
for n in sizes:
    predicted = pipeline.fit(table.data[:n], table.target[:n]).predict(X_test)
    worst.append(worst_group_accuracy(y_test, predicted, groups_test))
    bounds.append(worst_group_interval(y_test, predicted, groups_test))
    average.append((predicted == y_test).mean())
    print(f"{n:6} rows: worst group {worst[-1]:.2f}, average {average[-1]:.2f}")

# %%
# The same rows in memory give the same model.
n = sizes[2]
mapped = pipeline.fit(table.data[:n], table.target[:n]).predict_proba(X_test)
loaded = pipeline.fit(np.load(path)[:n, :], table.target[:n]).predict_proba(X_test)
print("equal to the last bit:", np.array_equal(mapped, loaded))

figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
low, high = np.array(bounds).T
axes.fill_between(sizes, low, high, color="#0072b2", alpha=0.2, label="95 % interval")
axes.plot(sizes, worst, "o-", color="#0072b2", label="worst group")
axes.plot(sizes, average, "s--", color="#555555", label="average")
axes.set(
    xscale="log", xlabel="rows of the file that were used", ylabel="test accuracy", ylim=(0, 1)
)
axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
axes.minorticks_off()
axes.legend(loc="lower right")
del table
folder.cleanup()
plt.show()
