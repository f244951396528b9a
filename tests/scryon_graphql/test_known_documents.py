import pytest
import strawberry
from strawberry.schema.exceptions import CannotGetOperationTypeError

from scryon_graphql.known_documents import MAX_CHARS, MAX_KNOWN, KnownDocuments, KnownDocumentsExtension
from scryon_graphql.limits import LIMITS
from tests.scryon_graphql.conftest import Client


@strawberry.type
class Query:
    @strawberry.field
    def double(self, number: int, name: str | None = None) -> int:
        return 2 * number


@pytest.fixture
def known() -> KnownDocuments:
    return KnownDocuments()


@pytest.fixture
def schema(known: KnownDocuments) -> strawberry.Schema:
    return strawberry.Schema(query=Query, extensions=[lambda: KnownDocumentsExtension(known), *LIMITS])


QUERY = "query ($n: Int!) { double(number: $n) }"


async def test_known_document_answers_as_before(schema: strawberry.Schema, known: KnownDocuments) -> None:
    answers = [await schema.execute(QUERY, variable_values={"n": number}) for number in (1, 2)]
    refused = await schema.execute(QUERY, variable_values={})

    assert [answer.data for answer in answers] == [{"double": 2}, {"double": 4}]
    assert [error.message for error in refused.errors or ()] == [
        "Variable '$n' has invalid value: Expected a value of non-null type 'Int!' to be provided."
    ]
    assert len(known) == 1


async def test_operation_of_a_known_document_is_chosen_anew(schema: strawberry.Schema) -> None:
    text = "query One { double(number: 1) } query Two { double(number: 2) }"

    answers = [await schema.execute(text, operation_name=name) for name in ("One", "Two")]

    assert [answer.data for answer in answers] == [{"double": 2}, {"double": 4}]


async def test_operation_of_our_schema_is_chosen_anew(client: Client) -> None:
    one, two = "query One { contacts { id } }", "query Two { callPage { id } }"

    only = [(await client.run(one, operation_name=name)).data for name in ("One", None)]
    either = [(await client.run(f"{one} {two}", operation_name=name)).data for name in ("One", "Two", "One")]
    with pytest.raises(CannotGetOperationTypeError):
        await client.run(one, operation_name="Two")

    assert only == [{"contacts": []}] * 2
    assert either == [{"contacts": []}, {"callPage": []}, {"contacts": []}]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{ double(number: true) }", id="invalid"),
        pytest.param("{ double(number: ", id="no document"),
        pytest.param("{" + " ".join(f"a{n}: double(number: 1)" for n in range(51)) + "}", id="over a limit"),
        pytest.param('{ double(number: 1, name: "Tobias") }', id="with a text"),
        pytest.param("{ double(number: 1) }" + " " * MAX_CHARS, id="long"),
    ],
)
async def test_what_is_not_kept(schema: strawberry.Schema, known: KnownDocuments, text: str) -> None:
    answers = [await schema.execute(text) for _ in range(2)]

    assert [answer.data for answer in answers[1:]] == [answers[0].data]
    assert [str(error) for error in answers[1].errors or ()] == [str(error) for error in answers[0].errors or ()]
    assert len(known) == 0


async def test_number_of_documents_is_bounded(schema: strawberry.Schema, known: KnownDocuments) -> None:
    for number in range(MAX_KNOWN + 1):
        await schema.execute(f"{{ double(number: {number}) }}")

    assert len(known) == MAX_KNOWN
    assert known.find("{ double(number: 0) }") is None
    assert known.find("{ double(number: 1) }") is not None
