"""
Which groups does my model fail?
================================

Boosted trees predict recidivism from age, sex, race and criminal record. They are right about two
defendants in three. Whom do they fail? :func:`skgroup.audit` finds groups from the errors of the
model itself, judges it on rows that were held out, and compares it with models that were trained
for the worst group.
"""

# %%
# The data ship with the package. The trees read the frame as it is, categories and all.
import argparse
from pathlib import Path

from sklearn.ensemble import HistGradientBoostingClassifier

import skgroup
from skgroup.datasets import load_compas

parser = argparse.ArgumentParser(description="An audit of boosted trees on COMPAS")
parser.add_argument("--output", type=Path, default=Path("demo_output"), help="folder for the page")
output = parser.parse_args().output

compas = load_compas(as_frame=True)
trees = HistGradientBoostingClassifier(categorical_features="from_dtype", max_iter=50)

# %%
# One call. Nobody says what the groups are: they are clusters of the gradients of the model's
# errors on rows that it was not fitted on, told apart by the columns of the table. ``n_null=0``
# leaves the slowest part out, the tests of the groups against chance.
report = skgroup.audit(
    trees, compas.data, compas.target, alternatives=["group_dro", "reweighting"],
    n_refits=2, n_null=0, random_state=0,
)  # fmt: skip
print(report)

# %%
# Older defendants who did offend again are missed by three in four, as the worst group says. Models
# that are trained for the worst group mend much of that, at a price on average and in the group
# of older defendants who did not. Whether it is worth it, figures do not decide.
#
# The scores as a table:
frame = report.to_frame().pivot(index="group", columns="model", values="accuracy")
print(frame.round(2).to_string())

# %%
# Groups that are known are judged by the same call, here race x sex x outcome. The trees are fitted
# on a part of the rows and judged on the rest.
known = skgroup.audit(
    trees, compas.data, compas.target, compas.groups, alternatives=[], random_state=0
)
print(known.to_frame().drop(columns="model").round(2).to_string(index=False))

# %%
# At the end of a cell of a notebook a report is shown as a page. It can be saved as well, to be
# sent around: the page has no scripts, fetches nothing, and holds no rows of the data.
output.mkdir(parents=True, exist_ok=True)
report.to_html(output / "compas_audit.html")
print(f"The page: {output / 'compas_audit.html'}")
