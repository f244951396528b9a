"""Which tests show each rule on privacy and deletion, so that no rule is without one and no name here is stale.

Source: pipeline.md, sections 8 (D1 to D7), 11.2 (L1 to L7) and 14 (P1 to P13).
"""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

RULES: Mapping[str, tuple[str, ...]] = {
    # The order of a deletion.
    "D1": (
        "app/calls/test_deletion.py::test_worker_is_fenced_before_objects_go_and_rows_go_last",
        "app/calls/test_deletion.py::test_call_stays_when_its_objects_cannot_be_deleted_and_its_worker_is_fenced",
    ),
    # What goes with a call.
    "D2": (
        "app/calls/test_deletion.py::test_nothing_mentions_a_deleted_call",
        "app/calls/test_deletion.py::test_neighbours_of_a_deleted_call_stay",
        "rest/test_idempotency.py::test_deleting_a_call_drops_the_answers_that_name_it",
        "scryon_graphql/test_idempotency.py::test_deletion_is_answered_alike_and_nothing_kept_names_the_call",
        "privacy/test_account_deletion.py::test_deleted_calls_leave_nothing_one_by_one",
        "privacy/test_account_deletion.py::test_deleted_calls_leave_nothing_all_at_once",
    ),
    # A worker stops within a stage.
    "D3": (
        "privacy/test_deletion_at_any_moment.py::test_deleted_call_leaves_nothing",
        "app/pipeline/test_claims.py::test_heartbeat_stops_the_run_whose_claim_is_gone",
        "app/pipeline/test_pyannote.py::test_call_deleted_while_its_job_runs_leaves_nothing",
    ),
    # It deletes what it wrote, says CALL_CANCELLED, tells nobody.
    "D4": (
        "privacy/test_deletion_at_any_moment.py::test_deleted_call_leaves_nothing",
        "app/pipeline/test_orchestrator.py::test_beat_while_a_deleted_call_is_cleaned_up_keeps_nothing_of_it",
        "app/pipeline/test_finishing.py::test_call_that_is_deleted_while_it_runs_is_not_told_of",
        "app/storage/test_store.py::test_cancelled_put_that_has_begun_adds_nothing_later",
    ),
    # Nothing mentions the call.
    "D5": (
        "privacy/test_deletion_at_any_moment.py::test_deleted_call_leaves_nothing",
        "app/pipeline/test_finishing.py::test_message_that_is_sent_after_the_deletion_does_not_stay",
        "app/push/test_service.py::test_nothing_stays_of_what_is_deleted_while_its_owner_is_told",
        "app/pipeline/test_dispatcher.py::test_call_that_is_deleted_while_it_is_sent_leaves_no_message",
    ),
    # Objects that cannot be deleted keep the row.
    "D6": (
        "rest/test_calls.py::test_calls_stay_while_the_store_fails",
        "app/pipeline/test_bucket.py::test_call_stays_while_the_bucket_deletes_nothing_and_goes_at_the_next_try",
        "rest/test_users.py::test_account_stays_when_objects_cannot_be_removed",
    ),
    # The same for an account.
    "D7": (
        "privacy/test_deletion_at_any_moment.py::test_call_of_a_deleted_account_leaves_nothing",
        "privacy/test_account_deletion.py::test_upload_under_way_is_lost_with_the_account",
        "privacy/test_account_deletion.py::test_uploads_at_the_same_time_leave_nothing",
        "rest/test_voice_profiles.py::test_account_that_goes_meanwhile_leaves_no_profile",
    ),
    # No line of a run holds what was said.
    "L1": (
        "app/pipeline/test_orchestrator.py::test_no_log_line_holds_what_was_said_or_who_said_it",
        "app/calls/test_reanalysis.py::test_no_log_line_holds_what_was_said_or_who_said_it",
        "rest/test_webhooks.py::test_no_log_line_holds_the_signature_or_what_was_said",
        "privacy/test_written.py::test_nothing_that_is_marked_is_written_anywhere",
    ),
    # Numbers and addresses are masked, also in exceptions, whose texts are not logged at all.
    "L2": (
        "app/observability/test_redaction.py::test_numbers_and_addresses_are_masked",
        "app/observability/test_logging.py::test_texts_are_masked",
        "app/observability/test_logging.py::test_exceptions_show_types_and_places_but_no_texts",
    ),
    # No names, titles, notes.
    "L3": ("privacy/test_written.py::test_nothing_that_is_marked_is_written_anywhere",),
    # No keys, tokens, signed addresses.
    "L4": (
        "privacy/test_written.py::test_nothing_that_is_marked_is_written_anywhere",
        "app/observability/test_requests.py::test_access_log_has_the_template_and_no_query",
        "app/push/test_sender.py::test_no_log_line_holds_token_bearer_or_key",
        "rest/test_webhooks.py::test_no_log_line_holds_the_signature_or_what_was_said",
    ),
    # No bodies of providers.
    "L5": (
        "privacy/test_written.py::test_nothing_that_is_marked_is_written_anywhere",
        "app/observability/test_logging.py::test_chatter_of_libraries_is_silent",
    ),
    # Nothing that was said is logged at DEBUG either, so that there is nothing to allow.
    "L6": ("privacy/test_written.py::test_nothing_that_is_marked_is_written_anywhere",),
    # Redis knows ids.
    "L7": (
        "app/pipeline/test_dispatcher.py::test_messages_hold_ids_only",
        "privacy/test_written.py::test_nothing_that_is_marked_is_written_anywhere",
    ),
    # Raw audio is not kept.
    "P1": (
        "app/pipeline/test_orchestrator.py::test_completed_call_has_everything_and_no_audio",
        "app/pipeline/test_orchestrator.py::test_run_that_broke_in_a_stage_resumes_and_asks_nobody_twice",
        "privacy/test_audio.py::test_no_recording_outlives_a_failed_call",
        "privacy/test_audio.py::test_no_recording_outlives_a_call_of_which_nothing_could_be_heard",
        "app/sweeps/test_temp_audio.py::test_recording_goes_with_its_call_or_its_time",
    ),
    # No audio on disk.
    "P2": (
        "privacy/test_audio.py::test_upload_and_pipeline_need_no_place_for_temporary_files",
        "rest/test_server.py::test_large_upload_costs_no_memory_and_no_temporary_file",
        "app/providers/local/test_privacy.py::test_engines_work_without_a_temporary_directory",
    ),
    # No audio in Postgres or Redis.
    "P3": (
        "privacy/test_audio.py::test_database_has_no_place_for_bytes",
        "app/pipeline/test_dispatcher.py::test_messages_hold_ids_only",
        "privacy/test_written.py::test_nothing_that_is_marked_is_written_anywhere",
    ),
    # Voice embeddings are opaque.
    "P4": (
        "privacy/test_documents.py::test_what_was_learned_of_a_voice_is_only_handed_on",
        "rest/test_voice_profiles.py::test_what_was_learned_is_told_to_nobody",
        "privacy/test_written.py::test_nothing_that_is_marked_is_written_anywhere",
    ),
    # Voice samples live in the request.
    "P5": (
        "rest/test_voice_profiles.py::test_profile_is_made_of_a_sample",
        "rest/test_voice_profiles.py::test_provider_that_fails_leaves_the_earlier_profile",
    ),
    # No phone number in a transcript.
    "P6": (
        "privacy/test_documents.py::test_transcript_has_at_most_four_digits_of_a_phone_number",
        "app/pipeline/speakers/test_resolve.py::test_phone_label_of_a_contact_without_name",
    ),
    # Nothing of people in what operators and other users see.
    "P7": (
        "privacy/test_written.py::test_nothing_that_is_marked_is_written_anywhere",
        "app/push/test_sender.py::test_data_holds_nothing_of_the_call_but_its_id",
        "app/observability/test_metrics.py::test_value_that_is_on_no_list_is_no_tag",
        "jobs/test_tracing.py::test_whole_call_is_one_tree",
        "app/observability/test_error_events.py::test_scrubber_drops_everything_that_is_not_on_its_list",
    ),
    # No address of an object, from no endpoint and no field; none of a provider's is kept.
    "P8": (
        "privacy/test_foreign_ids.py::test_what_is_shown_and_changed_is_the_users_own",
        "app/pipeline/test_bucket.py::test_call_lies_in_the_bucket_until_it_is_deleted",
        "privacy/test_written.py::test_nothing_that_is_marked_is_written_anywhere",
    ),
    # Keys of ids and fixed words.
    "P9": (
        "privacy/test_documents.py::test_keys_hold_ids_and_fixed_words_only",
        "app/pipeline/test_bucket.py::test_call_lies_in_the_bucket_until_it_is_deleted",
        "rest/test_analyze.py::test_keys_of_stored_objects_hold_no_names",
    ),
    # Foreign data is invisible.
    "P10": (
        "privacy/test_foreign_ids.py::test_ids_of_another_user_are_unknown_ids",
        "privacy/test_foreign_ids.py::test_pages_of_another_user_begin_where_ones_own_do",
        "privacy/test_nobody.py::test_what_others_own_changes_no_list_and_no_figure",
        "privacy/test_cases.py::test_every_route_is_tried",
    ),
    # Deletion is real.
    "P11": (
        "privacy/test_account_deletion.py::test_deleted_account_leaves_nothing",
        "privacy/test_deletion_at_any_moment.py::test_deleted_call_leaves_nothing",
        "privacy/test_deletion_at_any_moment.py::test_call_of_a_deleted_account_leaves_nothing",
    ),
    # The model is told nothing of the context.
    "P12": (
        "app/providers/openai/test_prompt.py::test_request_holds_nothing_of_the_context",
        "app/providers/openai/test_prompt.py::test_name_is_told_only_when_all_of_it_was_spoken",
        "app/providers/openai/test_prompt.py::test_title_is_told_only_without_name_and_number",
        "app/providers/openai/test_naming_prompt.py::test_question_does_not_depend_on_the_context_of_the_call",
    ),
    # A voiceprint can always be removed.
    "P13": (
        "rest/test_voice_profiles.py::test_profile_can_be_removed_after_the_feature",
        "rest/test_voice.py::test_profile_is_removed_and_may_be_missing",
    ),
}
"""Tests by rule, as `file::function` below `tests/`."""


@cache
def list_tests(file: str) -> frozenset[str]:
    module = ast.parse((TESTS / file).read_text())
    return frozenset(node.name for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_each_rule_has_a_test() -> None:
    numbers = {"D": 7, "L": 7, "P": 13}

    expected = {f"{letter}{number}" for letter, last in numbers.items() for number in range(1, last + 1)}

    assert set(RULES) == expected
    assert [rule for rule, tests in RULES.items() if not tests] == []


@pytest.mark.parametrize("rule", RULES)
def test_named_tests_are_there(rule: str) -> None:
    named = [test.split("::") for test in RULES[rule]]

    assert [name for file, name in named if not name.startswith("test_") or name not in list_tests(file)] == []
