"""What inferred groups are made of, and whether they are more than chance."""

from skgroup.inspection._describe_groups import describe_groups
from skgroup.inspection._group_descriptions import GroupDescriptions
from skgroup.inspection._stability import stability
from skgroup.inspection._stability_report import Stability

__all__ = ["GroupDescriptions", "Stability", "describe_groups", "stability"]
