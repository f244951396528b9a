"""Whatever the GraphQL schema allows, and much that it does not, sent to a real server.

Source: rest.md, section 1.11.
"""

import schemathesis

from tests.contract.conftest import LEAVER, MEERA, Belongings, Door
from tests.contract.running import CASES, configure, run

CHECKS_OF_GRAPHQL = {
    "graphql_errors_are_dressed",
    "max_response_time",
    "negative_data_rejection",
    "not_a_server_error",
    "positive_data_acceptance",
    "response_schema_conformance",
}
"""Those that schemathesis has for GraphQL, and ours."""


def test_server_keeps_to_its_schema(door: Door, belongings: Belongings) -> None:
    headers = dict(door.headers[MEERA])
    leaving = {"include-name": "Mutation.deleteMe", "headers": dict(door.headers[LEAVER])}
    config = configure(belongings, leaving, headers=headers)
    schema = schemathesis.graphql.from_url(f"{door.url}/graphql", config=config)

    report = run(schema, config)

    print(f"\nGraphQL: {report}")
    assert not report.failures, "\n\n".join(report.failures)
    assert report.checks == CHECKS_OF_GRAPHQL
    assert report.cases.total() >= CASES
