"""
Several methods on one task
===========================

All classifiers share one network and one training loop, so that what differs is the method. Some
need a group for every training row, others need none. Look at the average beside the worst group,
and at methods that know nothing beside those that do: a gain that needs annotations is bought.
"""

# %%
# Every method has its default settings; only the network is smaller and the training shorter.
import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

import skgroup as sg
from skgroup.datasets import make_shortcut_classification
from skgroup.metrics import worst_group_accuracy, worst_group_interval

X, y, groups = make_shortcut_classification(2000, random_state=0)
X_test, y_test, groups_test = make_shortcut_classification(
    2000, agreement=0.5, subset="test", random_state=0
)
quick = {"hidden_layer_sizes": (32,), "max_epochs": 20, "lr": 3e-3, "random_state": 0}
inferrer = sg.GradientGroupInferrer(k=2, random_state=0)
with_groups = {
    "GroupDRO": sg.GroupDROClassifier(**quick),
    "GERNE": sg.GERNEClassifier(**quick),
    "Reweighting": sg.ReweightingClassifier(**quick),
    "Resampling": sg.ResamplingClassifier(**quick),
    "DFR": sg.DFRClassifier(**quick),
}
without = {
    "inferrer + GroupDRO": make_pipeline(inferrer, sg.GroupDROClassifier(**quick)),
    "inferrer + Reweighting": make_pipeline(inferrer, sg.ReweightingClassifier(**quick)),
    "JTT": sg.JTTClassifier(upweight=10, **quick),
    "LfF": sg.LfFClassifier(**quick),
    "ERM": sg.ERMClassifier(**quick),
}

# %%
# Each is fitted once, on the same rows.
predictions = {name: m.fit(X, y, groups=groups).predict(X_test) for name, m in with_groups.items()}
predictions |= {name: model.fit(X, y).predict(X_test) for name, model in without.items()}

figure, axes = plt.subplots(figsize=(8, 4.8), layout="constrained")
order = sorted(predictions, key=lambda n: worst_group_accuracy(y_test, predictions[n], groups_test))
for i, name in enumerate(order):
    colour = "#e69f00" if name in with_groups else "#0072b2"
    worst = worst_group_accuracy(y_test, predictions[name], groups_test)
    low, high = worst_group_interval(y_test, predictions[name], groups_test)
    average = (predictions[name] == y_test).mean()
    axes.plot([worst, average], [i, i], color=colour, alpha=0.4)
    axes.errorbar(worst, i, xerr=[[worst - low], [high - worst]], fmt="o", color=colour, capsize=3)
    axes.plot(average, i, "|", color=colour, markersize=14)
    print(f"{name:24} worst group {worst:.2f} [{low:.2f}, {high:.2f}]  average {average:.2f}")
axes.set_yticks(range(len(order)), order)
axes.plot([], [], "o", color="#e69f00", label="trained with true groups")
axes.plot([], [], "o", color="#0072b2", label="trained without")
axes.plot([], [], "|", color="#555555", markersize=14, label="average accuracy")
axes.set(xlabel="accuracy on test rows (dot: worst group with 95 % interval)", xlim=(0, 1))
axes.legend(loc="upper left")
plt.show()
