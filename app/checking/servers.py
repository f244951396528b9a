"""Postgres and Redis, configured or where `scryon serve` would look for them otherwise."""

import asyncpg
import redis
import redis.asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.checking.verdicts import Verdict, failed, off, ok, warning
from app.db import MIGRATIONS, UNREACHABLE_ERRORS, Database, is_unreachable
from app.queue import SOCKET_TIMEOUT_SECONDS
from app.settings import DEFAULT_DATABASE_URL, DEFAULT_REDIS_URL, Settings

_LOGIN_ERRORS = (asyncpg.InvalidAuthorizationSpecificationError, redis.AuthenticationError, redis.ResponseError)


async def check_database(settings: Settings, default_url: str = DEFAULT_DATABASE_URL) -> Verdict:
    """Whether Postgres takes the login, has the present schema, and knows vectors."""
    url = settings.configured_database_url
    database = Database(url or default_url, pool_size=1)
    try:
        async with database.engine.connect() as connection:
            return await _look_at(connection, settings)
    except (DBAPIError, asyncpg.PostgresError, *UNREACHABLE_ERRORS) as error:
        return _explain(error) if url else off("embedded: started by scryon dev", "elsewhere, set DB_URL")
    except TypeError:
        # What stands in the query of the address becomes an argument of asyncpg, which has not all of libpq's.
        return failed("DB_URL holds an option that asyncpg does not know", "remove it; for TLS it is ?ssl=require")
    finally:
        await database.close()


def _explain(error: BaseException) -> Verdict:
    if _is_behind(error, _LOGIN_ERRORS):
        return failed("Postgres refuses the login", "check user and password of DB_URL, DB_USERNAME, DB_PASSWORD")
    if _is_behind(error, asyncpg.InvalidCatalogNameError):
        return failed("Postgres has no such database", "create it, or check the name at the end of DB_URL")
    if not is_unreachable(error):
        raise error
    return failed("Postgres cannot be reached", "check host and port of DB_URL, and that it runs")


def _is_behind(error: BaseException | None, kinds: type[Exception] | tuple[type[Exception], ...]) -> bool:
    """Whether an exception or one of its causes is of that kind: both clients wrap what the server said."""
    while error is not None and not isinstance(error, kinds):
        error = error.__cause__ or error.__context__
    return error is not None


async def _look_at(connection: AsyncConnection, settings: Settings) -> Verdict:
    version = (await connection.execute(text("SHOW server_version_num"))).scalar_one()
    name = f"Postgres {int(version) // 10_000}"
    known, newest = _read_revisions()
    present = await _read_revision(connection)
    if present is not None and present not in known:
        return warning(f"{name}, with the schema of a newer version", "update Scryon")
    if present != newest:
        if settings.migrate_at_start:
            return warning(f"{name}, not migrated yet", "run scryon migrate, or start the API, which does it")
        return failed(f"{name}, not migrated", "run scryon migrate")
    if not await _has_vectors(connection):
        return warning(f"{name}, migrated, without pgvector", "install pgvector before searching by meaning")
    return ok(f"{name}, migrated, with pgvector")


async def _read_revision(connection: AsyncConnection) -> str | None:
    """The revision of the schema; None before the first migration."""
    if (await connection.execute(text("SELECT to_regclass('alembic_version')"))).scalar_one() is None:
        return None
    revision = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    return None if revision is None else str(revision)


def _read_revisions() -> tuple[set[str], str | None]:
    """All revisions that this version knows, and the newest one."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(MIGRATIONS))
    return {script.revision for script in scripts.walk_revisions()}, scripts.get_current_head()


async def _has_vectors(connection: AsyncConnection) -> bool:
    found = await connection.execute(text("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'"))
    return bool(found.scalar_one())


async def check_redis(settings: Settings, default_url: str = DEFAULT_REDIS_URL) -> Verdict:
    """Whether Redis answers and takes the password."""
    try:
        client = redis.asyncio.Redis.from_url(
            settings.redis_url or default_url,
            socket_timeout=SOCKET_TIMEOUT_SECONDS,
            socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
        )
    except ValueError:
        return _explain_option()
    try:
        await client.ping()
    except (redis.RedisError, OSError) as error:
        if not settings.redis_url:
            return off("embedded: started by scryon dev", "elsewhere, set REDIS_URL")
        if _is_behind(error, _LOGIN_ERRORS):
            return failed("Redis refuses the login", "check user and password of REDIS_URL")
        return failed("Redis cannot be reached", "check host and port of REDIS_URL, and that it runs")
    except TypeError:
        return _explain_option()
    except ValueError:
        return failed("what answers at REDIS_URL is no Redis", "check host and port of REDIS_URL")
    finally:
        await client.aclose()
    return ok("answers")


def _explain_option() -> Verdict:
    """What stands in the query of the address becomes an argument of the client."""
    return failed("REDIS_URL holds an option that its client does not take", "set it to redis://host:port/0")
