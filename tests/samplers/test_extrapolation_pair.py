import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skgroup.objectives import ExtrapolationLoss
from skgroup.samplers import ExtrapolationPairSampler

COUNTS = ["largest_remainder", "multinomial"]
each_counts = pytest.mark.parametrize("counts", COUNTS)
# Rows per attribute in each class, with and without gaps, from large to a single row.
TABLE = [[40, 6, 1], [3, 20, 0]]
TABLES = st.lists(
    st.lists(st.integers(0, 25), min_size=3, max_size=3).filter(any), min_size=1, max_size=3
)


def rows_of(table):
    """Classes and attributes of rows in scattered order, as tensors."""
    table = np.asarray(table)
    y, attribute = np.divmod(np.repeat(np.arange(table.size), table.ravel()), table.shape[1])
    order = np.random.default_rng(0).permutation(len(y))
    return torch.from_numpy(y[order]), torch.from_numpy(attribute[order])


def make(table=TABLE, **settings):
    y, attribute = rows_of(table)
    return ExtrapolationPairSampler(y, attribute, **({"group_batch_size": 8} | settings))


def pairs(sampler, n_steps=None):
    """Rows of every step of an epoch: (steps, 2 halves, rows of a half)."""
    sampler.n_steps = n_steps or sampler.n_steps  # a long epoch is quicker than many short ones
    return sampler.epoch().view(sampler.n_steps, 2, -1)


def cell_counts(sampler, rows):
    """How many rows of each cell there are in each line of `rows`."""
    n_cells = len(sampler.shares.data)
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(sampler.shares.cell), n_cells)
    return one_hot[rows].sum(dim=-2)


@given(TABLES, st.floats(0.05, 1), st.integers(1, 9), st.sampled_from(COUNTS), st.floats(0, 1))
def test_every_half_is_balanced_over_classes(table, c, size, counts, overlap):
    y, _ = rows_of(table)
    sampler = make(table, c=c, group_batch_size=size, counts=counts, overlap=overlap)
    present = np.unique(y)
    n_attributes = int((np.asarray(table) > 0).sum(axis=1).max())
    assert sampler.class_batch_size == n_attributes * size
    assert sampler.n_steps == int(np.ceil(len(y) / (len(present) * sampler.class_batch_size)))
    assert sampler.lengths == [2 * len(present) * sampler.class_batch_size] * sampler.n_steps
    epoch = sampler.epoch()
    assert epoch.dtype == torch.int64
    for half in epoch.split(sampler.lengths[0] // 2):
        of_class = y[half].bincount(minlength=int(y.max()) + 1)
        assert of_class[present].tolist() == [sampler.class_batch_size] * len(present)


@given(TABLES, st.floats(0.05, 1), st.integers(1, 9), st.floats(0, 1))
def test_rounded_counts_are_near_their_targets_and_as_reported(table, c, size, overlap):
    sampler = make(table, c=c, group_batch_size=size, overlap=overlap)
    n, shares = sampler.class_batch_size, sampler.shares
    targets = np.stack([shares.data, shares.less_biased(c)]) * n
    counts = cell_counts(sampler, pairs(sampler)).numpy()
    assert (np.abs(counts - targets) < 1).all()
    np.testing.assert_allclose(counts / n, np.stack([sampler.expected_shares()] * len(counts)))


def test_random_counts_are_right_on_average():
    sampler = make(counts="multinomial")
    counts = cell_counts(sampler, pairs(sampler, 5000)).double()
    n, shares = sampler.class_batch_size, np.stack(sampler.expected_shares())
    np.testing.assert_array_equal(shares, [sampler.shares.data, sampler.shares.less_biased(0.5)])
    error = np.sqrt(n * shares * (1 - shares) / len(counts))
    assert (np.abs(counts.mean(dim=0).numpy() - n * shares) <= 4 * error + 1e-12).all()
    np.testing.assert_allclose(  # as spread as a multinomial
        counts.var(dim=0).numpy(), n * shares * (1 - shares), rtol=0.12, atol=1e-12
    )


def test_the_halves_meet_at_the_ends_of_c():
    sampler = make([[30, 10], [15, 25]], c=1.0)
    counts = cell_counts(sampler, pairs(sampler))
    assert (counts[:, 1] == 8).all()  # group-balanced, class by class
    wanted = torch.from_numpy(sampler.shares.data * 16).round().long()
    assert torch.equal(counts[:, 0], wanted.expand(len(counts), -1))  # class-balanced, as biased


@each_counts
@pytest.mark.parametrize("overlap", [0.0, 0.4, 1.0])
def test_all_rows_of_a_cell_are_drawn_alike_in_both_halves(counts, overlap):
    sampler = make(counts=counts, overlap=overlap, c=0.6)
    steps = pairs(sampler, 6000)
    n_steps, cell = len(steps), torch.from_numpy(sampler.shares.cell)
    for half, shares in zip(steps.unbind(1), sampler.expected_shares(), strict=True):
        drawn = half.flatten().bincount(minlength=len(cell)).double()
        wanted = n_steps * torch.from_numpy(shares * sampler.class_batch_size) / cell.bincount()
        # At most as spread as independent draws, for rows that repeat as for those that do not.
        deviation = (drawn - wanted[cell]).abs() / (wanted[cell] * 1.2).clamp_min(1).sqrt()
        assert deviation.max() < 4.5


@each_counts
@pytest.mark.parametrize("overlap", [0.0, 0.5, 1.0])
def test_no_row_twice_in_a_half_that_its_cell_can_fill(counts, overlap):
    sampler = make([[400, 60], [90, 300]], counts=counts, overlap=overlap)
    for half in pairs(sampler, 30).flatten(0, 1):
        assert len(half.unique()) == len(half)


@each_counts
def test_cells_that_are_too_small_repeat_rows(counts):
    sampler = make([[50, 2]], c=1.0, counts=counts)
    small = torch.nonzero(rows_of([[50, 2]])[1] == 1).flatten()
    drawn = pairs(sampler, 200)[:, 1]
    rare = torch.isin(drawn, small).sum(dim=1)
    assert rare.double().mean().item() == pytest.approx(8, abs=0.5)
    # Independent draws: among eight, one of two rows alone now and then.
    alone = [len(set(half.tolist()) & set(small.tolist())) == 1 for half in drawn]
    assert 0 < np.mean(alone) < 0.1


def test_a_step_with_few_rows_of_a_cell_does_not_repeat_them_though_others_must():
    sampler = make([[60, 7]], c=1.0, counts="multinomial", overlap=0.5)
    _, attribute = rows_of([[60, 7]])
    kinds = set()
    for half in pairs(sampler, 60).flatten(0, 1):
        rows = half[attribute[half] == 1]
        kinds.add(len(rows) <= 7)
        if len(rows) <= 7:
            assert len(rows.unique()) == len(rows)
    assert kinds == {True, False}


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 1.0])
def test_the_overlap_is_that_of_what_both_need(overlap):
    sampler = make([[4000, 1000], [1500, 3500]], overlap=overlap, group_batch_size=40)
    n_biased, n_less = (torch.from_numpy(s * 80).round() for s in sampler.expected_shares())
    wanted = int(torch.round(overlap * torch.minimum(n_biased, n_less)).sum())
    steps = pairs(sampler, 100)
    common = [len(set(a.tolist()) & set(b.tolist())) for a, b in steps]
    assert min(common) >= wanted
    # What is drawn afresh meets the others by chance only, two or three rows of 160.
    assert np.mean(common) - wanted < 4


def test_rows_spread_over_an_epoch():
    # 80 % of a class of 100 rows, 16 of 20 places: the five steps take every row once.
    sampler = make([[80, 20]], group_batch_size=10)
    biased = pairs(sampler)[:, 0].flatten()
    assert sorted(biased.tolist()) == list(range(100))


@each_counts
@pytest.mark.parametrize("overlap", [0.0, 0.5])
def test_names_do_not_matter(counts, overlap):
    y, attribute = rows_of(TABLE)
    settings = {"counts": counts, "overlap": overlap, "seed": 3, "group_batch_size": 8}
    expected = ExtrapolationPairSampler(y, attribute, **settings).epoch()
    others = [
        (y, torch.tensor([5, 0, 3])[attribute]),
        (1 - y, attribute),
        (y, y * 3 + attribute),  # groups that live inside classes
        (y, torch.where(y == 0, attribute, 2 - attribute)),
    ]
    for names in others:
        assert torch.equal(ExtrapolationPairSampler(*names, **settings).epoch(), expected)


def test_weights_move_the_shares():
    y, attribute = rows_of([[10, 10], [4, 16]])
    weight = torch.where(attribute == 0, 3.0, 1.0)
    sampler = ExtrapolationPairSampler(y, attribute, group_batch_size=8, sample_weight=weight)
    shares = dict(zip(zip(sampler.shares.y, sampler.shares.attribute, strict=True),
                      sampler.shares.data.tolist(), strict=True))  # fmt: skip
    assert shares == pytest.approx({(0, 0): 30 / 40, (0, 1): 10 / 40, (1, 0): 12 / 28,
                                    (1, 1): 16 / 28})  # fmt: skip


@pytest.mark.parametrize("table", [[[30], [20]], [[1, 1]], [[1], [1]]])
@each_counts
def test_degenerate_tables(table, counts):
    y, _ = rows_of(table)
    sampler = make(table, counts=counts, overlap=0.5)
    for half in pairs(sampler).flatten(0, 1):
        assert y[half].bincount().tolist() == [sampler.class_batch_size] * len(table)


def test_the_seed_decides():
    first, again, other = (make(seed=seed) for seed in (1, 1, 2))
    for _ in range(3):
        order = first.epoch()
        assert torch.equal(again.epoch(), order)
        assert not torch.equal(other.epoch(), order)


def test_the_callers_codes_and_the_global_generator_are_left_alone():
    y, attribute = rows_of(TABLE)
    copied, before = (y.clone(), attribute.clone()), torch.get_rng_state()
    ExtrapolationPairSampler(y, attribute, counts="multinomial", overlap=0.5).epoch()
    assert torch.equal(y, copied[0])
    assert torch.equal(attribute, copied[1])
    assert torch.equal(torch.get_rng_state(), before)


@each_counts
@pytest.mark.parametrize("on_disk", [False, True])
def test_a_saved_state_goes_on_as_if_nothing_had_happened(counts, on_disk):
    sampler = make(counts=counts, overlap=0.3)
    sampler.epoch()
    state = sampler.state_dict()
    if on_disk:
        torch.save(state, file := io.BytesIO())
        file.seek(0)
        state = torch.load(file, weights_only=True)
    expected = [sampler.epoch() for _ in range(3)]
    other = make(counts=counts, overlap=0.3, seed=9)
    other.load_state_dict(state)
    assert all(torch.equal(other.epoch(), order) for order in expected)


def drawn_losses(overlap, counts):
    """Mean losses of both halves in many steps, for fixed random losses of the rows."""
    sampler = make([[60, 12], [10, 50]], counts=counts, overlap=overlap, group_batch_size=4)
    generator = torch.Generator().manual_seed(0)
    losses = torch.rand(132, generator=generator, dtype=torch.float64) * 5
    biased, less_biased = losses[pairs(sampler, 20_000)].mean(dim=2).T
    return sampler, losses, biased, less_biased


@each_counts
@pytest.mark.parametrize("overlap", [0.0, 0.5, 1.0])
def test_the_loss_is_right_on_average_and_its_variance_is_that_of_the_pair(counts, overlap):
    beta = 0.8
    sampler, losses, biased, less_biased = drawn_losses(overlap, counts)
    loss = (1 + beta) * less_biased - beta * biased
    cell = torch.from_numpy(sampler.shares.cell)
    of_cell = torch.stack([losses[cell == i].mean() for i in range(4)]).numpy()
    shares = sampler.expected_shares()
    expected = (((1 + beta) * shares[1] - beta * shares[0]) * of_cell).sum() / 2
    error = loss.std().item() / len(loss) ** 0.5
    assert abs(loss.mean().item() - expected) < 4 * error
    if counts == "multinomial":
        exact = sampler.shares.extrapolated(0.5, beta)
        assert expected == pytest.approx((exact * of_cell).sum() / 2)
    (var_b, cov), (_, var_lb) = np.cov(biased, less_biased)
    identity = (1 + beta) ** 2 * var_lb + beta**2 * var_b - 2 * beta * (1 + beta) * cov
    assert loss.var().item() == pytest.approx(identity, rel=1e-10)


def test_more_overlap_makes_less_noise():
    variance, covariance = [], []
    for overlap in (0.0, 0.5, 1.0):
        _, _, biased, less_biased = drawn_losses(overlap, "largest_remainder")
        variance.append((2 * less_biased - biased).var().item())
        covariance.append(np.cov(biased, less_biased)[0, 1])
    assert variance == sorted(variance, reverse=True)
    assert covariance == sorted(covariance)
    assert variance[2] < 0.5 * variance[0]


def test_the_objective_splits_batches_where_the_sampler_joins_them():
    sampler = make([[60, 12], [10, 50]])
    y, _ = rows_of([[60, 12], [10, 50]])
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(132, 2, dtype=torch.float64, generator=generator)
    losses = torch.nn.functional.cross_entropy(logits, y, reduction="none")
    for rows in sampler.epoch().split(sampler.lengths):
        loss = ExtrapolationLoss(0.8)(logits[rows], y[rows], y[rows], rows)
        counts = cell_counts(sampler, rows.view(2, -1))
        assert counts.tolist() == [
            (share * 16).round().astype(int).tolist() for share in sampler.expected_shares()
        ]
        biased, less_biased = losses[rows].view(2, -1).mean(dim=1)
        torch.testing.assert_close(loss, 1.8 * less_biased - 0.8 * biased)
