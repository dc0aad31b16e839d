"""Errors and warnings of skgroup."""

__all__ = [
    "CheckpointError",
    "GroupsError",
    "MissingGroupsWarning",
    "SettingsWarning",
    "SlowPathWarning",
    "UnstableGroupsWarning",
    "UnusableGroupsWarning",
    "UnusableSplitWarning",
]


class CheckpointError(OSError):
    """A file in `checkpoint_dir` that is damaged, and is not read.

    Examples
    --------
    >>> from skgroup.exceptions import CheckpointError
    >>> issubclass(CheckpointError, OSError)
    True
    """


class GroupsError(ValueError):
    """Group labels that cannot be used: wrong length, type, index, or nothing but outliers.

    Examples
    --------
    >>> from skgroup import cross_groups
    >>> from skgroup.exceptions import GroupsError
    >>> try:
    ...     cross_groups([0, 1, 1], ["a", "b"])
    ... except GroupsError as error:
    ...     print(error)
    groups has 2 entries, but there are 3 samples: give one label per row.
    """


class MissingGroupsWarning(UserWarning):
    """A method that trains on groups received none and fell back to the classes of `y`."""


class SettingsWarning(UserWarning):
    """A parameter that does nothing with these data, or something that is seldom meant."""


class SlowPathWarning(UserWarning):
    """A result is right, but comes slowly, and another setting would be faster."""


class UnusableGroupsWarning(UserWarning):
    """Groups with which a method cannot do what it is for, or a group that has no say in it."""


class UnusableSplitWarning(UserWarning):
    """A class could not be split into groups and was kept as one group."""


class UnstableGroupsWarning(UserWarning):
    """Inferred groups that change with the sample, or that chance explains as well."""
