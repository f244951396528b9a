"""What a seed draws."""

from collections import defaultdict

from tests.chaos.plan import FaultKind, Target, draw_plan


def test_a_seed_draws_the_same_plan_each_time() -> None:
    assert draw_plan(7, calls=50, faults=20) == draw_plan(7, calls=50, faults=20)
    assert draw_plan(7, calls=50, faults=20) != draw_plan(8, calls=50, faults=20)


def test_a_run_of_sixty_faults_has_all_kinds_of_them() -> None:
    plan = draw_plan(1, calls=300, faults=60)

    assert {fault.kind for fault in plan.faults} == set(FaultKind)
    assert (len(plan.submissions), len(plan.faults)) == (300, 60)


def test_faults_of_one_target_do_not_overlap() -> None:
    ends: defaultdict[Target, float] = defaultdict(float)

    for fault in draw_plan(3, calls=300, faults=60).faults:
        assert fault.at_seconds >= ends[fault.kind.target]
        ends[fault.kind.target] = fault.at_seconds + fault.seconds
