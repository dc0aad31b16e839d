"""
What a shortcut is
==================

In the training rows two columns tell the class: the *core*, which always does but is noisy, and the
*shortcut*, which is easy to read and right for 95 of 100 rows. A network that minimises the average
loss takes the easy one. Where the shortcut is wrong, so is the network, and the average hides it.
"""

# %%
# In the test rows the shortcut is right for one half only, so that every group is well measured. A
# group is a class with a value of the shortcut: 0 and 3 follow it, 1 and 2 break it.
import matplotlib.pyplot as plt
import numpy as np

from skgroup import ERMClassifier, GroupDROClassifier
from skgroup.datasets import make_shortcut_classification
from skgroup.metrics import group_scores

data = {"n_features": 2, "core_strength": 1.5, "random_state": 0}
X, y, groups = make_shortcut_classification(2000, **data)
X_test, y_test, groups_test = make_shortcut_classification(
    2000, agreement=0.5, subset="test", **data
)

# %%
# The same network twice: trained for the average row, and for the worst group.
models = {
    "average (ERM)": ERMClassifier(random_state=0).fit(X, y),
    "worst group (GroupDRO)": GroupDROClassifier(random_state=0).fit(X, y, groups=groups),
}
for name, model in models.items():
    table = group_scores(y_test, model.predict(X_test), groups_test)
    pairs = zip(table["group"], table["accuracy"], strict=True)
    cells = "  ".join(f"{group}: {accuracy:.2f}" for group, accuracy in pairs)
    print(f"{name:24} accuracy by group  {cells}")

# %%
# The boundary of the first runs across the shortcut and cuts the crosses off; that of the second
# turns towards the core, and both classes keep most of their crosses.
figure, panels = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained", sharey=True)
grid = np.stack(np.meshgrid(np.linspace(-5, 5, 150), np.linspace(-7, 7, 150)), axis=-1)
for panel, (name, model) in zip(panels, models.items(), strict=True):
    share = model.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(150, 150)
    panel.contourf(grid[..., 0], grid[..., 1], share, levels=20, cmap="RdBu_r", alpha=0.35)
    panel.contour(grid[..., 0], grid[..., 1], share, levels=[0.5], colors="black")
    for label, colour in enumerate(("#0072b2", "#d55e00")):
        follows = (y == label) & np.isin(groups, [0, 3])
        breaks = (y == label) & np.isin(groups, [1, 2])
        panel.scatter(
            *X[follows].T, s=4, c=colour, alpha=0.4, label=f"class {label}, shortcut right"
        )
        panel.scatter(*X[breaks].T, s=30, c=colour, marker="x", label=f"class {label}, wrong")
    panel.set(title=name, xlabel="core", xlim=(-5, 5), ylim=(-7, 7))
panels[0].set_ylabel("shortcut")
panels[1].legend(fontsize=7, loc="lower right")
plt.show()
