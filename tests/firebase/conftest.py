"""The real Firebase Auth emulator, where Node is at hand."""

from collections.abc import Iterator

import pytest

from tests.firebase.emulator import FirebaseEmulator, find_node, run_emulator


@pytest.fixture(scope="session")
def running_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirebaseEmulator]:
    """One emulator for the whole run, since it takes some eight seconds to start."""
    node = find_node()
    if node is None:
        pytest.skip("the Firebase emulator is not installed")
    with run_emulator(node, tmp_path_factory.mktemp("firebase")) as emulator:
        yield emulator


@pytest.fixture
def firebase_emulator(running_emulator: FirebaseEmulator) -> FirebaseEmulator:
    """The emulator, without users."""
    running_emulator.clear()
    return running_emulator
