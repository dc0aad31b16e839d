"""
Pictures of groups
==================

Every display of ``skgroup.displays`` on one small task. They work like those of scikit-learn:
``from_estimator`` or ``from_predictions`` computes and draws, ``plot`` draws again, ``ax=`` says
where, and the axes and artists are attributes to change afterwards.

In the training rows a shortcut agrees with the class nine times out of ten; in the test rows it
does not help.
"""

# %%
import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.pipeline import make_pipeline

from skgroup import ERMClassifier, GradientGroupInferrer, GroupDROClassifier
from skgroup.datasets import make_group_blobs, make_shortcut_classification
from skgroup.displays import (
    ClassSilhouetteDisplay,
    GradientSpaceDisplay,
    GroupContingencyDisplay,
    GroupScoresDisplay,
    SettingsHeatmapDisplay,
    TrainingHistoryDisplay,
)

parser = argparse.ArgumentParser(description="every display, once")
parser.add_argument("--output", type=Path, default=Path("demo_output"), help="folder for pictures")
output = parser.parse_args().output
output.mkdir(parents=True, exist_ok=True)

NAMES = ["0, usual", "0, misled", "1, misled", "1, usual"]
X, y, groups = make_shortcut_classification(1000, agreement=0.9, random_state=0)
X_test, y_test, groups_test = make_shortcut_classification(
    1000, agreement=0.5, subset="test", random_state=0
)

# %%
# Scores of each group, two models side by side. The dashed lines are averages, the dotted ones the
# worst groups, whose bars are hatched.
inferrer = GradientGroupInferrer(k=2, random_state=0)
robust = make_pipeline(inferrer, GroupDROClassifier(max_epochs=20, random_state=0)).fit(X, y)
models = {"ERM": ERMClassifier(max_epochs=20, random_state=0).fit(X, y), "inferred + DRO": robust}
named = pd.Series([NAMES[g] for g in groups_test], name="class and shortcut")
scores = GroupScoresDisplay.from_estimator(models, X_test, y_test, named)
scores.figure_.savefig(output / "displays_scores.png", dpi=100)

# %%
# The gradients that were clustered, one space for each class, on axes of our own.
figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
GradientSpaceDisplay.from_estimator(robust, X, y, ax=panels)
figure.suptitle("Gradients of the training rows")
figure.savefig(output / "displays_gradients.png", dpi=100)

# %%
# How well the clusters are separated: each row has its silhouette, and the dashed line is the mean
# of the class.
silhouettes = ClassSilhouetteDisplay.from_estimator(robust, X, y)
silhouettes.figure_.savefig(output / "displays_silhouettes.png", dpi=100)

# %%
# Made data know their true groups: were they found?
named = pd.Series([NAMES[g] for g in groups], name="class and shortcut")
agreement = GroupContingencyDisplay.from_estimator(robust, X, y, named)
agreement.figure_.savefig(output / "displays_agreement.png", dpi=100)

# %%
# The training: losses and accuracies of each group, and the weights that GroupDRO gives them.
history = TrainingHistoryDisplay.from_estimator(robust)
history.figure_.savefig(output / "displays_history.png", dpi=100)

# %%
# A density clusterer chooses its radius and its number of neighbours by the silhouette, here on
# blobs. The map shows what it chose among, grey what does not split the class; a frame is around
# the choice of each class.
blobs, labels, _ = make_group_blobs(60, variance=0.05, random_state=0)
density = GradientGroupInferrer(clusterer="dbscan", eps=None, min_samples=None, random_state=0).fit(
    blobs, labels
)
settings = SettingsHeatmapDisplay.from_estimator(density, blobs, labels)
settings.figure_.savefig(output / "displays_settings.png", dpi=100)
print(f"Pictures: displays_*.png in {output}")
