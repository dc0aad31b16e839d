import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skgroup.samplers import LISAPairs, UniformSampler

# Classes 0, 0, 0, 1, 1, 1, 1 and attributes; each class has both.
Y = torch.tensor([0, 1, 0, 1, 0, 1, 1])
A = torch.tensor([1, 0, 0, 1, 1, 1, 0])


def pairs(sampler, n_epochs=1):
    """Anchors and partners of each batch."""
    drawn = [b for _ in range(n_epochs) for b in sampler.epoch().split(sampler.lengths)]
    return [batch.chunk(2) for batch in drawn]


def kinds(y, a, anchors, partners):
    same_class = (y[anchors] == y[partners]) & (a[anchors] != a[partners])
    same_attribute = (y[anchors] != y[partners]) & (a[anchors] == a[partners])
    return same_class, same_attribute, anchors == partners


def exist(y, a):
    """Which rows have partners of the two kinds, by comparing all rows."""
    same_y, same_a = y[:, None] == y, a[:, None] == a
    return (same_y & ~same_a).any(dim=1), (~same_y & same_a).any(dim=1)


CODES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=2, max_size=30)


@given(CODES, st.floats(0, 1), st.booleans(), st.integers(0, 5))
def test_every_pair_meets_its_condition(codes, p_same_class, weighted, seed):
    y, a = torch.tensor(codes).T
    weight = torch.rand(len(y)) + 1e-3 if weighted else None
    sampler = LISAPairs(y, a, 4, seed, p_same_class=p_same_class, sample_weight=weight)
    possible = exist(y, a)
    assert sampler.has_pairs == bool(possible[0].any() or possible[1].any())
    for anchors, partners in pairs(sampler, 3):
        found = kinds(y, a, anchors, partners)
        assert torch.stack(found).any(dim=0).all()
        # All of a batch are of one kind, and only rows without such partners stay alone.
        kind = [k for k in (0, 1) if torch.equal(found[k], possible[k][anchors])]
        assert kind
        if p_same_class == 1 and possible[0].any():
            assert 0 in kind
        if p_same_class == 0 and possible[1].any():
            assert 1 in kind


def test_every_row_is_an_anchor_once_in_the_uniform_order():
    sampler, plain = LISAPairs(Y, A, 3, seed=4), UniformSampler(7, 3, seed=4)
    assert sampler.lengths == [6, 8]
    for _ in range(3):
        assert torch.equal(torch.cat([a for a, _ in pairs(sampler)]), plain.epoch())


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_the_share_of_batches_of_one_class(p):
    sampler = LISAPairs(Y, A, 2, seed=0, p_same_class=p)
    same = [bool((Y[a] == Y[b]).all()) for a, b in pairs(sampler, 1000)]
    assert sum(same) / len(same) == pytest.approx(p, abs=0.03)


@pytest.mark.parametrize("weight", [None, torch.tensor([1.0, 2.0, 3.0, 1.0, 1.0, 3.0, 4.0])])
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_partners_are_drawn_in_proportion_to_their_weight(weight, p):
    sampler = LISAPairs(Y, A, 7, seed=0, p_same_class=p, sample_weight=weight)
    drawn = torch.cat([torch.stack(b, dim=1) for b in pairs(sampler, 1000)])
    own, other = (A, Y) if p == 0 else (Y, A)
    for row in range(7):
        allowed = torch.nonzero((own == own[row]) & (other != other[row])).flatten()
        share = (torch.ones(7) if weight is None else weight)[allowed]
        expected = 1000 * share / share.sum()
        counts = torch.bincount(drawn[drawn[:, 0] == row, 1], minlength=7)
        assert counts.sum() == counts[allowed].sum() == 1000
        chi2 = ((counts[allowed] - expected) ** 2 / expected).sum()
        assert chi2 < 16.3  # .999 quantile with 3 degrees of freedom


@pytest.mark.parametrize(
    ("y", "a", "kind"),
    [
        ([0, 0, 1, 1], [0, 1, 2, 3], 0),  # attributes inside classes
        ([0, 0, 1, 1], [0, 0, 0, 0], 1),  # one attribute
        ([0, 1, 2, 2], [0, 0, 0, 0], 1),
        ([0, 0, 0, 0], [0, 0, 1, 1], 0),  # one class
        ([0, 0, 1, 1], [1, 1, 0, 0], 2),  # attributes are classes
        ([0, 0, 0, 0], [0, 0, 0, 0], 2),
    ],
)
@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_where_one_kind_is_impossible_the_other_takes_its_place(y, a, kind, p):
    y, a = torch.tensor(y), torch.tensor(a)
    sampler = LISAPairs(y, a, 2, seed=0, p_same_class=p)
    assert sampler.has_pairs == (kind < 2)
    for anchors, partners in pairs(sampler, 5):
        assert kinds(y, a, anchors, partners)[kind].all()


def test_a_row_without_a_partner_is_its_own():
    y, a = torch.tensor([0, 0, 1, 1, 2]), torch.tensor([0, 1, 1, 0, 2])
    for anchors, partners in pairs(LISAPairs(y, a, 5, seed=0), 20):
        assert torch.equal(anchors == partners, anchors == 4)


def test_numbers_of_attributes_do_not_matter():
    a = torch.tensor([3, 0, 0, 1, 2, 1, 0, 3, 2, 2])
    y = torch.tensor([0, 1, 0, 1, 0, 0, 1, 1, 1, 0])
    one = LISAPairs(y, a, 3, seed=7)
    other = LISAPairs(y, torch.tensor([2, 5, 0, 1])[a], 3, seed=7)  # also with a gap
    for _ in range(5):
        assert torch.equal(one.epoch(), other.epoch())


def test_seed_and_state():
    first, again, other = (LISAPairs(Y, A, 2, seed) for seed in (1, 1, 2))
    before = torch.get_rng_state()
    epoch = first.epoch()
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(again.epoch(), epoch)
    assert not torch.equal(other.epoch(), epoch)
    state = first.state_dict()
    expected = [first.epoch() for _ in range(3)]
    other.load_state_dict(state)
    assert all(torch.equal(other.epoch(), order) for order in expected)
