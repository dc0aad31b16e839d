"""Networks and data that draw random numbers: seeds, the global generator, threads."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from skgroup._data import as_rows
from skgroup.modules import Standardize, mlp
from skgroup.objectives import MeanLoss
from skgroup.samplers import UniformSampler
from skgroup.training import TrainingData, train
from skgroup.training import _train as train_file

N = 30
torch.manual_seed(0)
X, Y = torch.randn(N, 4), torch.arange(N) % 2
DATA = TrainingData(as_rows(X), Y, Y, 2)


def plain():
    return mlp(4, 2, [6])


def noisy():
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.3), nn.Linear(6, 2))


def fit(module, data=DATA, **options):
    sampler = UniformSampler(N, 7, 5)
    return train(module, MeanLoss(), data, sampler=sampler, n_classes=2, max_epochs=4, **options)


def weights(module):
    return torch.cat([values.flatten() for values in module.state_dict().values()])


def noisy_fits(n_workers):
    """Final weights of two fits of networks that draw random numbers."""
    torch.manual_seed(1)
    modules = [noisy(), noisy()]
    with ThreadPoolExecutor(n_workers) as pool:
        tasks = [pool.submit(fit, m, seed=seed) for seed, m in enumerate(modules)]
        return [weights(task.result().module_) for task in tasks]


def test_noise_comes_from_the_seed_and_the_global_generator_stays_as_it_was():
    def result(seed):
        torch.manual_seed(1)
        module = noisy()
        before = torch.get_rng_state()
        fit(module, seed=seed)
        assert torch.equal(torch.get_rng_state(), before)
        return weights(module)

    assert torch.equal(result(0), result(0))
    assert not torch.equal(result(0), result(1))


def test_threads_do_not_disturb_each_other():
    for alone, together in zip(noisy_fits(1), noisy_fits(2), strict=True):
        assert torch.equal(alone, together)


class Augmented(Dataset):
    """Rows with fresh noise from torch's global generator, as image augmentations have it."""

    def __len__(self):
        return N

    def __getitem__(self, i):
        return X[i] + torch.randn(4), Y[i]


def test_a_dataset_may_draw_at_random_too():
    data = TrainingData(as_rows(Augmented()), Y, Y, 2)
    results = []
    for seed in (0, 0, 1):
        torch.manual_seed(1)
        module = plain()
        torch.manual_seed(len(results))
        results.append(weights(fit(module, data, seed=seed).module_))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_plain_layers_need_no_lock(monkeypatch):
    def forbidden(*args):
        raise AssertionError("several fits could not run at a time")

    monkeypatch.setattr(train_file, "isolated_torch_rng", forbidden)
    fit(nn.Sequential(Standardize(torch.zeros(4), torch.ones(4)), *plain()))
    with pytest.raises(AssertionError, match="at a time"):
        fit(noisy())
