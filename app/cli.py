"""The command `scryon`: the composition root of every process."""

import gc
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from app.settings import DEFAULT_DATABASE_URL, Settings, SettingsError, load_settings

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console(highlight=False)

NO_SIGN_IN = "WARNING: listening on {host} without sign-in: whoever reaches this address sees and deletes every call."
SAMPLE_NAME = "sample.ogg"
SAMPLE_METADATA = {"direction": "OUTGOING"}
"""What a phone would send along with the bundled sample call."""

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of the embedded servers and of local storage.")
]
Port = Annotated[int | None, typer.Option("--port", help="Port of the API; 0 takes a free one.")]


def main() -> None:
    """Run the command line; what a person can mend is one line, never a traceback."""
    cli()


def _fail(message: object) -> NoReturn:
    typer.echo(f"scryon: {message}", err=True)
    raise typer.Exit(1)


def _settings(data_dir: Path | None = None, port: int | None = None) -> Settings:
    overrides: dict[str, Any] = {}
    if data_dir is not None:
        overrides["data_dir"] = data_dir
    if port is not None:
        overrides["server_port"] = port
    try:
        settings = load_settings(**overrides)
        _ = settings.configured_database_url
    except SettingsError as error:
        _fail(error)
    return settings


@contextmanager
def _loading() -> Iterator[None]:
    """Load what stays as long as the process. The garbage collector looks at nothing of it, neither now nor later.

    Looking took a fifth of a start, and then 90 ms at a time, in which nobody was answered.
    """
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


@cli.command()
def dev(data_dir: DataDir = None, port: Port = None) -> None:
    """Run everything on this machine: API, workers, and embedded Postgres and Redis where none are configured."""
    from app.development import StartError, run_stack
    from app.embedded.errors import EmbeddedServersError
    from app.supervisor import PortTakenError

    settings = _settings(data_dir, port)
    try:
        with run_stack(settings) as stack:
            typer.echo(f"Scryon is ready: {stack.base_url}/api, GraphiQL at {stack.base_url}/graphql. Ctrl-C stops it.")
            status = stack.supervisor.wait()
    except (EmbeddedServersError, PortTakenError, StartError) as error:
        _fail(error)
    raise typer.Exit(status)


@cli.command()
def demo(
    data_dir: DataDir = None,
    port: Port = None,
    once: Annotated[bool, typer.Option("--once", help="Stop after printing the results.")] = False,
) -> None:
    """Run everything, submit the bundled sample call, show each stage and the results, and keep serving."""
    from app.client.api import ApiError
    from app.client.console import upload_and_show
    from app.development import StartError, run_stack
    from app.embedded.errors import EmbeddedServersError
    from app.supervisor import PortTakenError

    settings = _settings(data_dir, port)
    if settings.firebase_project_id:
        _fail("the demo cannot sign in; unset FIREBASE_PROJECT_ID for it")
    console.print("Starting Postgres, Redis, the API and a worker …")
    try:
        with (
            run_stack(settings, {"LOGGING_LEVEL_COM_SCRYON": "WARNING"}) as stack,
            as_file(files("app.demo") / SAMPLE_NAME) as sample,
        ):
            stopping = lambda: stack.supervisor.is_stopping  # noqa: E731
            completed = upload_and_show(console, stack.client, sample, SAMPLE_METADATA, should_stop=stopping)
            status = 0 if completed else 1
            if not once and not stack.supervisor.is_stopping:
                console.print(f"\nStill serving: {stack.base_url}/graphql is a playground. Ctrl-C stops it.")
                status = stack.supervisor.wait()
    except (ApiError, EmbeddedServersError, PortTakenError, StartError) as error:
        _fail(error)
    raise typer.Exit(status)


@cli.command()
def serve(
    data_dir: DataDir = None,
    port: Port = None,
    listen_fd: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run the API."""
    with _loading():
        import uvicorn

        from app.bounded_http import BoundedHttpProtocol, BoundedServer, find_max_connections
        from app.main import create_app
        from app.observability.logging import configure_logging
        from app.supervisor import PortTakenError, bind, follow_parent
        from app.uploads.body import MAX_JSON_BYTES

    follow_parent()
    settings = _settings(data_dir, port)
    configure_logging(settings)
    try:
        listener = socket.socket(fileno=listen_fd) if listen_fd else bind(settings.server_host, settings.server_port)
    except PortTakenError as error:
        _fail(error)
    if settings.is_open and not settings.is_loopback:
        typer.echo(f"scryon: {NO_SIGN_IN.format(host=settings.server_host)}", err=True)
    if listen_fd is None:
        typer.echo(f"Listening on {settings.server_host}:{listener.getsockname()[1]}", err=True)
    config = uvicorn.Config(
        create_app(settings),
        http=BoundedHttpProtocol,
        ws="websockets-sansio",
        ws_max_size=MAX_JSON_BYTES,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.forwarded_allow_ips),
        forwarded_allow_ips=list(settings.forwarded_allow_ips),
        timeout_graceful_shutdown=10,
    )
    server = BoundedServer(config, find_max_connections())
    server.run(sockets=[listener])
    raise typer.Exit(0 if server.started else 1)


@cli.command()
def worker(
    data_dir: DataDir = None,
    single: Annotated[bool, typer.Option(hidden=True)] = False,
    number: Annotated[int, typer.Option(hidden=True)] = 0,
) -> None:
    """Run the workers: SCRYON_WORKER_PROCESSES of them."""
    with _loading():
        from app.observability.logging import configure_logging
        from app.supervisor import Supervisor, follow_parent
        from jobs.worker import run_worker

    follow_parent()
    settings = _settings(data_dir)
    if single or settings.worker_processes == 1:
        configure_logging(settings)
        run_worker(settings.of_worker(number))
        return
    supervisor = Supervisor()
    with supervisor.until_signalled():
        for index in range(settings.worker_processes):
            supervisor.start(["worker", "--single", "--number", str(index)])
        supervisor.configure({"SCRYON_DATA_DIR": str(settings.data_dir)})
        status = supervisor.wait()
    raise typer.Exit(status)


@cli.command()
def migrate() -> None:
    """Bring the database to the present schema."""
    from sqlalchemy.exc import SQLAlchemyError

    from app.db import migrate_now

    settings = _settings()
    try:
        migrate_now(settings.configured_database_url or DEFAULT_DATABASE_URL)
    except (SQLAlchemyError, OSError) as error:
        _fail(f"the database cannot be migrated: {type(error).__name__}")
    console.print("The database is up to date.")


@cli.command()
def sweep(data_dir: DataDir = None) -> None:
    """Do the sweeps once, now, and say how much each has found; 1 when one fails. Workers do them all the time."""
    import asyncio

    from app.observability.logging import configure_logging
    from app.sweeps.runner import SWEEPS, sweep_now

    settings = _settings(data_dir)
    configure_logging(settings)
    try:
        found = asyncio.run(sweep_now(settings))
    except Exception as error:
        _fail(f"nothing was swept: {type(error).__name__}")
    if found is None:
        console.print("A worker is sweeping just now.")
        return
    for name in SWEEPS:
        console.print(f"{name}: {found.get(name, 'failed')}")
    raise typer.Exit(0 if found.keys() == SWEEPS.keys() else 1)


@cli.command()
def check(
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Say for each server and provider whether it is configured, reachable and takes the key; 1 when one fails."""
    import asyncio

    from app.checking.running import check_everything
    from app.checking.showing import has_failed, print_findings, to_json
    from app.observability.logging import configure_logging

    settings = _settings(data_dir)
    configure_logging(settings)
    findings = asyncio.run(check_everything(settings))
    if as_json:
        typer.echo(to_json(findings))
    else:
        print_findings(console, findings)
    raise typer.Exit(1 if has_failed(findings) else 0)


@cli.command()
def upload(
    recordings: Annotated[list[Path], typer.Argument(help="Recordings to submit.", show_default=False)],
    url: Annotated[str, typer.Option(help="Where Scryon runs.", envvar="SCRYON_URL")] = "http://127.0.0.1:8080",
    api_key: Annotated[
        str | None, typer.Option(help="A key of the server.", envvar="SCRYON_CLIENT_KEY", show_default=False)
    ] = None,
    token: Annotated[
        str | None, typer.Option(help="A Firebase ID token.", envvar="SCRYON_TOKEN", show_default=False)
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title of the call.")] = None,
    contact_name: Annotated[str | None, typer.Option(help="Name of the other party.")] = None,
    direction: Annotated[str | None, typer.Option(help="INCOMING, OUTGOING or UNKNOWN.")] = None,
    recorded_at: Annotated[str | None, typer.Option(help="When, as ISO-8601 with an offset.")] = None,
) -> None:
    """Submit recordings to a running server, follow their stages, print the results."""
    from app.client.api import ApiError, ScryonClient
    from app.client.console import upload_and_show

    known = {"title": title, "contactName": contact_name, "direction": direction, "recordedAt": recorded_at}
    metadata = {name: value for name, value in known.items() if value is not None}
    client = ScryonClient(url.rstrip("/"), api_key=api_key, token=token)
    failed = 0
    for recording in recordings:
        try:
            failed += not upload_and_show(console, client, recording, metadata)
        except ApiError as error:
            typer.echo(f"scryon: {recording.name}: {error}", err=True)
            failed += 1
    client.close()
    raise typer.Exit(1 if failed else 0)


@cli.command()
def schema(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file is not current.")] = False,
) -> None:
    """Write `schema.graphql` and `openapi.json` into the present folder."""
    from app.exports import export_schemas

    exported = export_schemas()
    if not check:
        for path, content in exported.items():
            path.write_bytes(content)
        return
    stale = [str(path) for path, content in exported.items() if not path.exists() or path.read_bytes() != content]
    if stale:
        _fail(f"not current: {', '.join(stale)}; run 'scryon schema'")


if __name__ == "__main__":
    main()
