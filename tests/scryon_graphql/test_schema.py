"""The schema as a whole. Source: architecture.md, "The public schema"; style.md, section 7."""

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, build_schema

from scryon_graphql.schema import print_schema, schema


def test_everything_has_a_description() -> None:
    silent: list[str] = []
    for name, type_ in schema._schema.type_map.items():
        if name.startswith("__"):
            continue
        members = [(name, type_)]
        if isinstance(type_, GraphQLEnumType):
            members += [(f"{name}.{value}", definition) for value, definition in type_.values.items()]
        if isinstance(type_, GraphQLObjectType | GraphQLInputObjectType):
            for field_name, field in type_.fields.items():
                members.append((f"{name}.{field_name}", field))
                arguments = getattr(field, "args", {})
                members += [(f"{name}.{field_name}({argument})", arguments[argument]) for argument in arguments]
        silent += [path for path, member in members if not member.description]

    assert silent == []


def test_roots_offer_what_the_page_says() -> None:
    roots = {root: set(schema._schema.type_map[root].fields) for root in ("Query", "Mutation")}

    assert roots == {
        "Query": {
            "me",
            "stats",
            "call",
            "callTranscript",
            "callAnalysis",
            "calls",
            "callPage",
            "callStatuses",
            "actionItems",
            "contacts",
            "contact",
            "vibe",
            "voiceProfile",
        },
        "Mutation": {
            "analyzeCall",
            "reanalyzeCall",
            "updateCall",
            "assignContact",
            "deleteCall",
            "deleteCalls",
            "setActionItemStatus",
            "createActionItem",
            "replaceActionItem",
            "deleteActionItem",
            "createContact",
            "replaceContact",
            "deleteContact",
            "updateMe",
            "updateConsent",
            "deleteMe",
            "putVoiceProfile",
            "deleteVoiceProfile",
        },
    }


def test_client_directives_take_a_field() -> None:
    directives = {directive.name: directive for directive in schema._schema.directives}

    assert [location.name for location in directives["keepNull"].locations] == ["FIELD"]
    assert str(directives["describedBy"].args["type"].type) == "String!"


def test_client_directives_cost_nothing_at_run_time() -> None:
    names = [type(extension).__name__ for extension in schema.get_extensions()]

    assert names == [
        "KnownDocumentsExtension",
        "OperationChoice",
        "LengthLimiter",
        "FragmentsLimiter",
        "FieldsLimiter",
        "QueryDepthLimiter",
        "MaxAliasesLimiter",
        "MaxTokensLimiter",
        "ObjectsLimiter",
    ]


def test_printed_schema_is_whole_and_always_the_same() -> None:
    printed = print_schema()

    assert printed == print_schema()
    assert printed.endswith("}\n") or printed.endswith("\n")
    assert "directive @keepNull on FIELD" in printed
    assert set(build_schema(printed).type_map) == set(schema._schema.type_map)
