"""
Search settings for the worst group
===================================

``GridSearchCV`` takes the whole pipeline, inferrer included. What decides is the scorer: average
accuracy picks the model that uses the shortcut. Without annotations the worst *inferred* group is
the next best: :data:`skgroup.metrics.worst_pseudo_group_scorer`.
"""

# %%
# Two settings of the pipeline: how strongly large weights are penalised, and whether small groups
# are seen as often as large ones.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skgroup import GradientGroupInferrer, GroupDROClassifier
from skgroup.datasets import make_shortcut_classification
from skgroup.metrics import worst_group_accuracy, worst_pseudo_group_scorer

X, y, _ = make_shortcut_classification(1500, random_state=0)
X_test, y_test, groups_test = make_shortcut_classification(
    2000, agreement=0.5, subset="test", random_state=0
)
pipeline = make_pipeline(
    GradientGroupInferrer(k=2, random_state=0),
    GroupDROClassifier(hidden_layer_sizes=(32,), max_epochs=20, random_state=0),
)
grid = {
    "groupdroclassifier__sampler": ["uniform", "group_balanced"],
    "groupdroclassifier__weight_decay": [1e-4, 1e-2, 3e-1],
}

# %%
# Both criteria in one search. ``refit`` names the one that chooses.
criteria = {"average": "accuracy", "worst inferred group": worst_pseudo_group_scorer}
search = GridSearchCV(pipeline, grid, scoring=criteria, refit="worst inferred group", cv=3)
search.fit(X, y)
settings = search.cv_results_["params"]
print("chosen:", search.best_params_)

# %%
# What the test annotations say about every setting. Average accuracy in the cross-validation hardly
# tells them apart; the worst inferred group does.
truth = [
    worst_group_accuracy(y_test, pipeline.set_params(**s).fit(X, y).predict(X_test), groups_test)
    for s in settings
]
figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
styles = {"average": ("s", "#555555"), "worst inferred group": ("o", "#0072b2")}
for name, (marker, colour) in styles.items():
    score = search.cv_results_[f"mean_test_{name}"]
    axes.scatter(score, truth, marker=marker, c=colour, label=f"{name}, cross-validated")
    best = int(np.argmax(score))
    axes.scatter(
        score[best], truth[best], s=170, facecolors="none", edgecolors=colour, linewidths=2
    )
axes.set(xlabel="what the search sees", ylabel="worst true group of the test rows", xlim=(0, 1.02))
axes.set_title("Each dot is a setting; circles: the choice of each criterion")
axes.legend(loc="upper left")
plt.show()
