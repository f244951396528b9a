"""Whatever the OpenAPI document allows, much that it does not, and its links, sent to a real server.

Source: rest.md, section 6 (T21).
"""

from pathlib import Path

import schemathesis
from schemathesis.checks import CHECKS

from tests.contract.conftest import LEAVER, MEERA, TOBIAS, Belongings, Door
from tests.contract.running import CASES, configure, run


def test_server_keeps_to_its_document(door: Door, belongings: Belongings, tmp_path: Path) -> None:
    # The first user asks; what is theirs is asked for by the second one, too (`object_level_authorization`). Whoever
    # deletes an account is somebody else, so that the first user keeps what they make.
    identities = str(door.write_identities(tmp_path / "identities.json", MEERA, TOBIAS))
    authentication = {"wfc": {"path": identities, "user": MEERA, "peers": [MEERA, TOBIAS]}}
    leaving = {"include-operation-id": "deleteMe", "headers": dict(door.headers[LEAVER])}
    config = configure(belongings, leaving, auth=authentication)
    schema = schemathesis.openapi.from_url(f"{door.url}/openapi.json", config=config)

    report = run(schema, config)

    print(f"\nOpenAPI: {report}")
    assert not report.failures, "\n\n".join(report.failures)
    assert report.checks == {*CHECKS.get_all_names(), "max_response_time"} - {"graphql_errors_are_dressed"}
    assert report.cases.total() >= CASES
