"""
A table that stays on the disk
==============================

A table larger than memory can be trained on where it is. :func:`skgroup.datasets.memory_map` writes
it to one file, a batch at a time, and inferrers and classifiers read that file in blocks. The model
is the same to the last bit; what does not grow with the table is the memory.
"""

# %%
# Sixty columns in single precision, made in batches that are thrown away. A Parquet data set or
# an iterable of DataFrames does as well.
import tempfile
import tracemalloc
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skgroup import GroupDROClassifier
from skgroup.datasets import make_shortcut_classification, memory_map


def batches(n_batches):
    """25,000 rows at a time, the label in the last column."""
    for seed in range(n_batches):
        X, y, _ = make_shortcut_classification(25_000, n_features=60, random_state=seed)
        yield np.column_stack([X, y])


def peak_while(task):
    """What ``task`` returns, and the most memory that numpy held meanwhile, in megabytes."""
    tracemalloc.start()
    result = task()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return result, peak


def fit(read):
    """Fit a small network to what ``read`` opens, and tell the memory of both."""
    model = GroupDROClassifier(
        hidden_layer_sizes=(8,), max_epochs=1, batch_size=2048, early_stopping=False,
        random_state=0,
    )  # fmt: skip
    return peak_while(lambda: model.fit(read(), y, groups=y))


# %%
# The same fit twice for each size: with the table in memory, and with the table on the disk.
folder = tempfile.TemporaryDirectory()
sizes, in_memory, on_disk = [], [], []
for n_batches in (1, 3, 6, 12):
    path = Path(folder.name) / f"{n_batches}.npy"
    y = memory_map(batches(n_batches), path, target=60).target.astype(int)
    loaded, peak = fit(lambda path=path: np.load(path))
    in_memory.append(peak)
    mapped, peak = fit(lambda path=path: np.load(path, mmap_mode="r"))
    on_disk.append(peak)
    sizes.append(len(y))
    first = np.load(path)[:1000]
    same = np.array_equal(loaded.predict_proba(first), mapped.predict_proba(first))
    print(f"{sizes[-1]:6} rows: {in_memory[-1]:5.1f} MB, {on_disk[-1]:5.1f} MB; same model: {same}")
del mapped
folder.cleanup()

# %%
# From the disk at most 65,536 rows are read at a time. What still grows are a few numbers a row:
# labels, groups, the order of an epoch.
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.plot(sizes, in_memory, "s-", color="#555555", label="table in memory")
axes.plot(sizes, on_disk, "o-", color="#0072b2", label="table on the disk")
axes.set(xlabel="rows", ylabel="peak of numpy's memory during the fit, MB", ylim=(0, None))
axes.legend()
plt.show()
