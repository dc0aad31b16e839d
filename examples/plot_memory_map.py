"""
A table that stays on the disk
==============================

A table that is larger than memory can be trained on where it is.
:func:`skgroup.datasets.memory_map` turns files into one array on the disk, and inferrers and
classifiers read it in blocks and batches. The model is the same, to the last bit.
"""

# %%
# Twenty numbers a row, in single precision. Here the rows come from an array; a path to Parquet
# files, an iterable of frames or batches does as well.
import tempfile
import tracemalloc
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skgroup import GroupDROClassifier
from skgroup.datasets import make_shortcut_classification

folder = tempfile.TemporaryDirectory()
sizes = [2_000, 8_000, 32_000]
fit = {"max_epochs": 1, "early_stopping": False, "random_state": 0}
