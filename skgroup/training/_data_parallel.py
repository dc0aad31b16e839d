from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch.distributed as dist

from skgroup._data import TEAM
from skgroup.training._team import Team

__all__ = ["data_parallel"]


@contextmanager
def data_parallel(group: Any = None) -> Iterator[None]:
    """Inside the block, the processes of a group train each network together.

    Every process makes the same calls, with the same data and the same int `random_state`, and
    ends up with the same model. Each runs the network on its share of every batch; then the
    outputs of the whole batch are exchanged, so that every objective sees all of it: the group
    means, group weights and quantiles are those of one process that trains alone, and the
    gradients are the same up to rounding. Forward passes for validation and prediction are shared
    out as well.

    Parameters
    ----------
    group : torch.distributed.ProcessGroup, optional
        The processes that work together; None: all.

    Raises
    ------
    RuntimeError
        If no process group was initialised.
    ValueError
        If this process is not in `group`; and in `fit`, before training, if the processes were
        given different data, parameters or seeds.
    TypeError
        In `fit`, if the output of a part of a batch is no part of its output: with
        :class:`skgroup.MixupClassifier` and :class:`skgroup.LISAClassifier`, which mix rows, and
        :class:`skgroup.ULEClassifier` but for ``form="gram"``, which differentiates by the input.

    Notes
    -----
    A batch with fewer than two rows for each process goes to the first one as a whole. Batch
    normalisation takes its statistics from the rows of one process, unless the layers are
    :class:`torch.nn.SyncBatchNorm`; after each epoch all processes have those of the first.
    Dropout masks differ from those of a run alone. Skorch callbacks run in every process, and get
    the share of X in a batch with all of y; training ends everywhere when one of them ends it.
    Checkpoints are read and written by the first process. The processes exchange pickles, which run
    code: let none join that is not yours. It applies to the thread that entered
    the block, not to the workers of joblib.

    Examples
    --------
    Started by ``torchrun --nproc-per-node=2 script.py``, the group has two processes; here it is
    one:

    >>> import torch.distributed as dist
    >>> from skgroup import GroupDROClassifier
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.training import data_parallel
    >>> X, y, groups = make_group_blobs(20, random_state=0)
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> with data_parallel():
    ...     clf = GroupDROClassifier(max_epochs=2, random_state=0).fit(X, y, groups)
    >>> dist.destroy_process_group()
    >>> len(clf.history_["train_loss"])
    2
    """
    if not (dist.is_available() and dist.is_initialized()):
        raise RuntimeError(
            "data_parallel needs a process group and found none: call "
            'torch.distributed.init_process_group("gloo") first, in a script that torchrun starts '
            "once for each process, such as `torchrun --nproc-per-node=2 script.py`."
        )
    token = TEAM.set(Team(group))
    try:
        yield
    finally:
        TEAM.reset(token)
