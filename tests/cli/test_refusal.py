import pytest

from skgroup.cli._refusal import no_such_column


@pytest.mark.parametrize("name", ["two_year_recids", "Two_Year_Recid", "two_yaer_recid"])
def test_a_column_that_may_be_meant_is_named(name):
    said = str(no_such_column("--target", name, ["age", "two_year_recid"]))
    assert said == f"--target: there is no column {name!r}. Did you mean 'two_year_recid'?"


def test_otherwise_the_columns_are_listed_and_not_without_end():
    said = str(no_such_column("--groups", "zzz", ["age", "sex"]))
    assert said == "--groups: there is no column 'zzz'. Columns: 'age', 'sex'."
    said = str(no_such_column("--groups", "zzz", [f"c{i}" for i in range(99)]))
    assert said.endswith("'c10', 'c11', ....")
