"""The plan, for any two listings: carried out, it makes one side the other, and a second plan is empty."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bc_pipelines.media.listing import Item
from bc_pipelines.media.plan import Action, Wanted, make_plan

NOW = datetime(2026, 11, 2, tzinfo=UTC)
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=4)
SIDES = st.dictionaries(KEYS, st.tuples(st.integers(0, 3), st.sampled_from(("a1", "b2", "c3"))))


def listed(side: dict[str, tuple[int, str]]) -> list[Item]:
    """A listing in S3's order."""
    return [Item(key, *side[key], NOW) for key in sorted(side, key=lambda key: key.encode())]


@given(source=SIDES, target=SIDES)
def test_a_plan_makes_one_side_the_other(
    source: dict[str, tuple[int, str]], target: dict[str, tuple[int, str]]
) -> None:
    """Every key is copied, replaced, deleted or kept, once; afterwards both sides are the same."""
    plan = make_plan(listed(source), listed(target))
    assert len(plan.changes) + plan.kept == len(source.keys() | target.keys())
    result = dict(target)
    for change in plan.changes:
        if change.action is Action.DELETE:
            del result[change.key]
        else:
            assert (change.action is Action.REPLACE) is (change.key in target)
            result[change.key] = source[change.key]
    assert result == source
    assert not make_plan(listed(source), listed(result)).changes


@given(source=SIDES, target=SIDES, prefix=KEYS)
def test_what_is_excluded_is_left_alone(
    source: dict[str, tuple[int, str]], target: dict[str, tuple[int, str]], prefix: str
) -> None:
    """No change touches a key below an excluded prefix, on either side."""
    plan = make_plan(listed(source), listed(target), excluded=(prefix,))
    assert not [change for change in plan.changes if change.key.startswith(prefix)]
    assert sum(plan.excluded.values()) == sum(key.startswith(prefix) for key in source)


@given(source=SIDES, target=SIDES, named=st.sets(KEYS), withheld=st.sets(KEYS))
def test_what_a_database_names_decides(
    source: dict[str, tuple[int, str]], target: dict[str, tuple[int, str]], named: set[str], withheld: set[str]
) -> None:
    """The target ends with what is named and not withheld; what the source lacks of it stays, and is told."""
    plan = make_plan(listed(source), listed(target), wanted=Wanted(named, withheld))
    result = dict(target)
    for change in plan.changes:
        if change.action is Action.DELETE:
            del result[change.key]
        else:
            result[change.key] = source[change.key]
    wanted = named - withheld
    assert result == {key: source.get(key, target.get(key)) for key in wanted & (source.keys() | target.keys())}
    assert plan.absent == sorted(wanted - source.keys())
    assert plan.absent_count == len(plan.absent)
    assert plan.unnamed_count == len(source.keys() - named - withheld)
    assert plan.withheld_count == len(source.keys() & withheld)
    assert plan.source_count == len(source)
