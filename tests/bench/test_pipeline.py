from bench.pipeline import Cost, count_cost


def test_time_in_which_providers_are_asked_counts_once_and_within_the_call_only() -> None:
    served = [(9.0, 10.5), (11.0, 13.0), (12.0, 12.5), (12.0, 14.0), (19.0, 21.0)]

    assert count_cost(10.0, 20.0, served, 0.25) == Cost(10_000, 5_500, 250)


def test_a_call_without_requests_is_all_its_own() -> None:
    assert count_cost(1.0, 1.5, [], 0.0) == Cost(500, 500, 0)
