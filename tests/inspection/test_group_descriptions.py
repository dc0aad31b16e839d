import json

import numpy as np
import pytest

from skgroup.inspection._feature_differences import FeatureDifference
from skgroup.inspection._group_descriptions import GroupDescription, GroupDescriptions
from skgroup.inspection._rules import Condition, Rule

CONDITIONS = Condition("age", 1, True, 41.0), Condition("priors", 0, False, 2.5)
RULES = (Rule(CONDITIONS, 0.81, 0.64, 50), Rule(CONDITIONS[:1], 0.5, 0.25, 4))
FEATURES = (
    FeatureDifference("priors", -1.2, 0.5, 3.0, False),
    FeatureDifference("female", 0.8, 0.6, 0.2, True),
    FeatureDifference("noise", 0.15, 0.1, 0.0, False),
)
MANY = GroupDescription(
    1, "recidivist", 213, 0.0801, 0.71, 0.28, 1.5, False, FEATURES, RULES, (3, 4), (5,), ()
)
ONE = GroupDescription(-1, "recidivist", 1, 0.0004, 1.0, 0.28, 9.0, True, extreme=(7,))
FEW = GroupDescription(2, 0, 8, 0.2, 0.5, 0.28, 1.0, False, FEATURES)
found = GroupDescriptions((MANY, ONE, FEW), np.zeros(3, dtype=bool))


def test_in_words():
    assert str(MANY) == (
        "Group 1: 213 rows, 8 % of class 'recidivist'. The reference gets 71 % of them wrong "
        "(class: 28 %). They have lower priors (-1.2 sd) and more often female = 1 (60 % against "
        "20 %). Rule: age > 41 and priors <= 2.5 (precision 0.81, recall 0.64)."
    )
    assert str(ONE) == (
        "Outliers: 1 row, less than 0.1 % of class 'recidivist'. The reference gets 100 % of it "
        "wrong (class: 28 %)."
    )


def test_text_is_silent_on_what_chance_gives():
    # Three standard errors of 8 rows against 32 are 1.19: the second column is no more news.
    assert "They have lower priors (-1.2 sd). " not in str(FEW)
    assert str(FEW).endswith("They have lower priors (-1.2 sd).")
    alone = GroupDescription(2, 0, 4, 0.1, 0.5, 0.28, 1.0, False, FEATURES)
    assert str(alone).endswith("No column sets them apart.")


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.0004, "less than 0.1 %"), (0.004, "0.4 %"), (0.0099, "1 %"), (1, "100 %")],
)
def test_shares_in_words(share, text):
    assert f"8 rows, {text} of class 0." in str(GroupDescription(2, 0, 8, share, 0, 0, 0))


def test_records_are_plain_data():
    record = json.loads(json.dumps(found.records))[0]
    assert record["features"][0] == {
        "name": "priors", "difference": -1.2, "mean": 0.5, "rest_mean": 3.0, "binary": False,
    }  # fmt: skip
    assert record["rules"][0] == {
        "rule": "age > 41 and priors <= 2.5", "precision": 0.81, "recall": 0.64, "n_rows": 50,
    }  # fmt: skip
    assert [record[name] for name in ("typical", "borderline", "extreme")] == [[3, 4], [5], []]


def test_a_row_a_group():
    frame = found.to_frame()
    assert frame["group"].tolist() == [1, -1, 2]
    assert frame["rule"][0] == "age > 41 and priors <= 2.5"
    assert frame["precision"][0] == 0.81
    assert frame["recall"][1:].isna().all()
    assert frame["features"][0].startswith("lower priors (-1.2 sd), more often female")
    assert frame["extreme"][1] == [7]
    assert "rules" not in frame


def test_a_sequence_with_a_note():
    assert len(found) == 3
    assert found[2] is FEW
    assert list(found) == [MANY, ONE, FEW]
    assert str(GroupDescriptions((ONE,), np.zeros(1, bool), "A note.")) == f"{ONE}\nA note."
