"""
Your own network, on images
===========================

Handwritten digits are coloured so that the colour tells small digits from large ones in 95 of 100
pictures. A convolutional network reads the colour. Any torch module that returns logits goes into
every inferrer and classifier through ``module=``.
"""

# %%
# Pictures have three channels of 8 x 8; test pictures are coloured at random.
import matplotlib.pyplot as plt
import torch
from torch import nn

from skgroup import ERMClassifier, GradientGroupInferrer, GroupDROClassifier
from skgroup.datasets import make_colored_digits
from skgroup.metrics import worst_group_accuracy

X, y, true_groups = make_colored_digits(as_images=True, random_state=0)
X_test, y_test, groups_test = make_colored_digits(
    subset="test", agreement=0.5, as_images=True, random_state=0
)


def network(n_features, n_classes):
    """Build a fresh network; a ready ``nn.Module`` would be copied for each fit instead."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Flatten(),
        nn.Linear(32 * 4 * 4, n_classes),
    )  # fmt: skip


# %%
# The network early in its training has learnt the colour and little else: that is when the
# gradients of its last layer tell the groups best. ``groups_`` goes to the classifier by hand,
# since pictures are often kept in forms that carry no groups.
torch.set_num_threads(1)
inferrer = GradientGroupInferrer(k=2, module=network, epochs=2, random_state=0).fit(X, y)
shared = {"module": network, "max_epochs": 30, "random_state": 0}
models = {
    "ERM": ERMClassifier(**shared).fit(X, y),
    "inferred groups": GroupDROClassifier(**shared).fit(X, y, groups=inferrer.groups_),
    "true groups": GroupDROClassifier(**shared).fit(X, y, groups=true_groups),
}
for name, model in models.items():
    predicted = model.predict(X_test)
    worst = worst_group_accuracy(y_test, predicted, groups_test)
    print(f"{name:16} worst group {worst:.2f}  average {(predicted == y_test).mean():.2f}")

# %%
# Six training pictures of each inferred group. In two of the groups the colour is that of the other
# class.
figure, panels = plt.subplots(4, 6, figsize=(7, 5), layout="constrained")
for group, row in enumerate(panels):
    members = (inferrer.groups_ == group).nonzero()[0]
    for picture, panel in zip(X[members[:6]], row, strict=True):
        panel.imshow(picture.transpose(1, 2, 0))
        panel.set(xticks=[], yticks=[])
    label = inferrer.group_table_["class"][group]
    row[0].set_ylabel(f"group {group}\nclass {label}\n{len(members)} rows", fontsize=8)
plt.show()
