"""What only tests of REST need."""

from collections.abc import Callable

import pytest

from app.resources import Resources


@pytest.fixture
def break_store(resources: Resources) -> Callable[[], None]:
    """Lets every access to the object store fail from now on: the folder of all users leads to itself."""

    def break_it() -> None:
        users = resources.settings.storage_path / "users"
        if users.exists():
            users.rename(users.with_name("away"))
        users.symlink_to("users")

    return break_it
