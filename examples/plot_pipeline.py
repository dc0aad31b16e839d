"""
Infer groups and train for the worst, in one pipeline
=====================================================

Nobody wrote down which rows a shortcut misleads. An inferrer finds them from the gradients that
each row leaves in a model, and hands X with its groups to the next step. The two together are a
scikit-learn estimator like any other.
"""

# %%
# Annotations exist only for the test rows, to measure. Their groups are balanced.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from skgroup import ERMClassifier, GradientGroupInferrer, GroupDROClassifier
from skgroup.datasets import make_shortcut_classification
from skgroup.metrics import group_scores, within_class_ari

X, y, true_groups = make_shortcut_classification(3000, random_state=0)
X_test, y_test, groups_test = make_shortcut_classification(
    2000, agreement=0.5, subset="test", random_state=0
)

# %%
# The middle model is the pipeline. The last one knows the true groups and tells what could be had.
pipeline = make_pipeline(
    GradientGroupInferrer(k=2, random_state=0), GroupDROClassifier(random_state=0)
)
models = {
    "ERM, no groups": ERMClassifier(random_state=0).fit(X, y),
    "pipeline, inferred groups": pipeline.fit(X, y),
    "GroupDRO, true groups": GroupDROClassifier(random_state=0).fit(X, y, groups=true_groups),
}
found = pipeline[0].groups_
print(
    f"agreement with the true groups inside classes: {within_class_ari(true_groups, found, y):.2f}"
)

# %%
# Inferred groups do nearly what true ones do.
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
colours = ("#555555", "#0072b2", "#e69f00")
for shift, colour, (name, model) in zip((-0.25, 0, 0.25), colours, models.items(), strict=True):
    table = group_scores(y_test, model.predict(X_test), groups_test)
    value = table["accuracy"]
    error = [value - table["accuracy_low"], table["accuracy_high"] - value]
    axes.bar(
        np.arange(4) + shift, value, 0.22, yerr=error, capsize=3, color=colour,
        label=f"{name}: worst {value.min():.2f}",
    )  # fmt: skip
axes.set_xticks(
    range(4),
    ["class 0\nshortcut right", "class 0\nwrong", "class 1\nwrong", "class 1\nshortcut right"],
)
axes.set(ylabel="test accuracy, 95 % interval", ylim=(0, 1.35))
axes.legend(loc="upper center", ncols=3, fontsize=8)
plt.show()
