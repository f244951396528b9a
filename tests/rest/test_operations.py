"""Loading, running and cutting of persisted operations."""

from pathlib import Path

import pytest

from app.errors import CallNotFoundError, ScryonError
from app.resources import Resources
from rest.operations import Operations, StaleOperationsError, enum_values, find_operations_folder, load_operations
from scryon_graphql.context import Context
from scryon_graphql.schema import schema

GRAPHQL_SCHEMA = schema._schema


def _load(folder: Path, **files: str) -> None:
    for name, content in files.items():
        path = folder / f"{name}.graphql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    load_operations(folder, GRAPHQL_SCHEMA)


def test_every_operation_of_this_installation_fits() -> None:
    folder = find_operations_folder()

    operations = load_operations(folder, GRAPHQL_SCHEMA)

    assert {path.stem for path in folder.glob("*.graphql")} == set(operations)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("query Stale { body: nothing }", "Stale.graphql: Cannot query field 'nothing' on type 'Query'."),
        ("query Stale { body: me { id }", "Stale.graphql: Syntax Error: Expected Name, found <EOF>."),
        ("query Stale { me { id } }", "Stale.graphql: must have one field with the alias 'body', not 0"),
        ("query Stale { body: me { id } x: me { body: id } }",
         "Stale.graphql: must have one field with the alias 'body', not 2"),
        ("query Stale { body: me { ...Missing } }", "Stale.graphql: there is no fragment 'Missing'"),
        ("query Stale($id: ID) { body: call(id: $id) { id } }",
         "Stale.graphql: Variable '$id' of type 'ID' used in position expecting type 'ID!'."),
    ],
)  # fmt: skip
def test_stale_operations_stop_the_start(tmp_path: Path, content: str, problem: str) -> None:
    with pytest.raises(StaleOperationsError) as caught:
        _load(tmp_path, Stale=content, Fine="query Fine { body: me { id } }")

    assert str(caught.value) == problem


def test_empty_folder_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StaleOperationsError, match="There are no operations"):
        load_operations(tmp_path, GRAPHQL_SCHEMA)


async def test_errors_of_resolvers_keep_code_status_and_details(resources: Resources, tmp_path: Path) -> None:
    (tmp_path / "Get.graphql").write_text("query Get($id: ID!) { body: call(id: $id) { id } }")
    operations = Operations(tmp_path)

    with pytest.raises(ScryonError) as caught:
        await operations.run("Get", {"id": "x"}, Context(resources, await _any_user(resources), "r-1"))

    error = caught.value
    assert (error.code, error.status, error.message) == ("call_not_found", 404, CallNotFoundError.message)
    assert error.details == {}


async def test_operations_are_not_held_to_the_limits_for_strangers(resources: Resources, tmp_path: Path) -> None:
    aliases = " ".join(f"a{number}: id" for number in range(100))
    (tmp_path / "Many.graphql").write_text(f"query Many {{ body: me {{ {aliases} }} }}")

    body = await Operations(tmp_path).run("Many", {}, Context(resources, await _any_user(resources), "r-1"))

    assert len(body) == 100


async def _any_user(resources: Resources):  # type: ignore[no-untyped-def]
    from app.auth.local import local_identity
    from app.users.service import sign_in_user

    return (await sign_in_user(resources.database, local_identity(None))).id


def test_nulls_are_cut_along_the_selection_only(tmp_path: Path) -> None:
    (tmp_path / "Get.graphql").write_text(
        """
        query Get($id: ID!) {
          call(id: $id) {
            body: transcript {
              language
              shown: durationSeconds @keepNull
              speakers { ...S }
              pipeline { diarizationModel }
              document
            }
          }
        }
        fragment S on Speaker { displayName label }
        """
    )
    operation = load_operations(tmp_path, GRAPHQL_SCHEMA)["Get"]
    document = {"kept": None, "deep": [{"kept": None}]}
    speakers = [{"displayName": None, "label": "Speaker 1"}, {"displayName": "Ann", "label": "Speaker 2"}]

    body = operation.read_body(
        {
            "call": {
                "body": {
                    "language": None,
                    "shown": None,
                    "speakers": speakers,
                    "pipeline": {"diarizationModel": None},
                    "document": document,
                }
            }
        }
    )

    assert body == {
        "shown": None,
        "speakers": [{"label": "Speaker 1"}, {"displayName": "Ann", "label": "Speaker 2"}],
        "pipeline": {},
        "document": document,
    }


def test_enum_values_come_from_the_schema() -> None:
    assert enum_values("ActionStatus") == ("OPEN", "IN_PROGRESS", "DONE", "DISMISSED")
