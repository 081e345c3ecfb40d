"""Every setting, once: its name, type, default and what it does. Flags and variables ``RAMEKIN_*`` are made of these.

Read once, by the command line, and handed down as plain arguments. Knows nothing of what the settings do, and not where
they come from; see ``cli/configuration.py`` for how they are read and ``cli/options.py`` for the flags.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from ramekin.limits import MIB

TIB = 1024 * 1024 * MIB
DAY_S = 24 * 60 * 60


def _setting(default: Any, told: str, *, ge: int = 0, le: int = 0) -> Any:
    """Return a setting with its default, what users are told of it, and the range of a number."""
    return field(default=default, metadata={"told": told, "ge": ge, "le": le})


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings of a server, with their defaults."""

    host: str = _setting("127.0.0.1", "Address to listen on; 0.0.0.0 for all of the machine's.")
    port: int = _setting(8000, "Port to listen on; 0 takes a free one.", ge=0, le=65535)
    insecure: bool = _setting(False, "Listen beyond this machine without keys: everybody may do everything.")
    models: str | None = _setting(
        None, "Modules whose Pydantic models become tables: shop.models, or shop.models:User,Order for some."
    )
    data_dir: Path | None = _setting(None, "Directory to keep the tables in; without it they are in memory only.")  # noqa: RUF009  # a field
    fsync: Literal["always", "everysec", "no"] = _setting(
        "everysec", "When a write is synced to the disk, with --data-dir: always, everysec or no."
    )
    engine: str | None = _setting(
        None, "Nodes of Valkey or Redis that keep the tables for many servers: valkey://HOST:PORT[,HOST:PORT...]."
    )
    engine_password: str | None = _setting(None, "The password of the nodes, where --engine does not say it.")
    database: str = _setting("main", "Which of the databases that the nodes keep, with --engine.")
    ack: Literal["auto", "primary", "replicas"] = _setting(
        "auto",
        "Who has a write when it is answered, with --engine: primary, replicas, or auto: replicas if there are any.",
    )
    reads: Literal["fresh", "local"] = _setting(
        "fresh", "fresh: a request finds what any server has answered; local: what has come to this one."
    )
    rate_limit: str | None = _setting(
        None, "Requests per client, such as 1000/second or 60/minute; no limit without it."
    )
    api_key: tuple[str, ...] = _setting(
        (), "Keys, SECRET or NAME:ROLE[:TABLES]=SECRET, of which requests must carry one; without, anyone may enter."
    )
    keys_file: Path | None = _setting(None, "TOML file with hashes of keys; read again on SIGHUP.")  # noqa: RUF009  # a field
    allow_host: tuple[str, ...] = _setting(
        (), "Extra host names to accept when the server listens on this machine only."
    )
    cors_origin: tuple[str, ...] = _setting((), "Origins whose pages may read answers and send requests; * for all.")
    root_path: str | None = _setting(None, "What a proxy takes off the front of every path, such as /db.")
    trusted_proxy: tuple[str, ...] = _setting(
        (), "Addresses or networks of proxies that are believed when they say whom a request came from."
    )
    docs: bool = _setting(True, "Serve /docs, /redoc and /openapi.json.")
    console: bool = _setting(True, "Serve the console at / and /console.")
    access_log: bool = _setting(False, "Write a log line for every request.")
    log_format: Literal["auto", "json", "text"] = _setting("auto", "json, text, or auto: text on a terminal.")
    memory_limit: str = _setting(
        "60%", "What tables may take: 512MiB, 2GiB, a share of what the process leaves, or none."
    )
    max_record_bytes: int = _setting(MIB, "Bytes of one record at the most.", ge=1, le=TIB)
    max_bulk_bytes: int = _setting(16 * MIB, "Bytes of a bulk or a batch at the most.", ge=1, le=TIB)
    max_load_bytes: int = _setting(1024 * MIB, "Bytes of a body sent to /api/v1/load at the most.", ge=1, le=TIB)
    max_page_rows: int = _setting(10_000, "Rows of one page at the most.", ge=1, le=10**9)
    max_sorted_rows: int = _setting(100_000, "Rows that one query may hold to put them in order.", ge=1, le=10**9)
    record_deadline: int = _setting(
        5, "Seconds of work on a single record, and of waiting before it is begun.", ge=1, le=DAY_S
    )
    query_deadline: int = _setting(
        30, "Seconds of work on one request that looks at many records, or changes them.", ge=1, le=DAY_S
    )
    kept_changes: int = _setting(
        100_000, "Changes that are kept for whoever follows what happens, once somebody has asked.", ge=1, le=10**9
    )
    kept_changes_bytes: int = _setting(64 * MIB, "Bytes of kept changes at the most.", ge=1, le=TIB)
    index_idle_seconds: int = _setting(3600, "Seconds after which an unused index is dropped.", ge=1, le=366 * DAY_S)
    fast_path: Literal["protocol", "asgi", "off"] = _setting(
        "protocol", "Short way to records: protocol (below ASGI), asgi, or off."
    )
    delimiter: Literal[",", ";", "tab", "|"] = _setting(
        ",", "What stands between the cells of a CSV file: one of , ; | or tab."
    )
    csv_types: Literal["auto", "text"] = _setting(
        "auto", "auto, or text: columns of CSV files stay text where no schema says what they hold."
    )
    keep_alive_seconds: int = _setting(5, "An idle connection stays open at least this many seconds.", ge=1, le=DAY_S)
    head_seconds: int = _setting(
        10, "Seconds for a connection's first byte, and for the whole head of a request.", ge=1, le=DAY_S
    )
    body_seconds: int = _setting(
        30, "Seconds for the body of a request, unless it brings 1 KiB a second.", ge=1, le=DAY_S
    )
    reader_seconds: int = _setting(
        30, "Seconds for which a reader may take less than 1 KiB a second of its answer.", ge=1, le=DAY_S
    )
    max_connections: int = _setting(10_000, "Connections at the most.", ge=1, le=10**9)
    max_address_connections: int = _setting(
        1_000, "Connections from one address at the most, a trusted proxy's apart.", ge=1, le=10**9
    )
    dev: bool = _setting(False, "For tests and demos: branches, checkpoints and resets, faults and a clock on purpose.")
    delay: str | None = _setting(None, "Hold up every request on purpose, with --dev, such as 200ms or 1s.")
    seed: int | None = _setting(None, "Make the same ids in every run, with --dev: any whole number.", le=2**53)
    max_branches: int = _setting(64, "Branches at once, with --dev.", ge=1, le=10_000)
    shutdown_seconds: int = _setting(10, "Seconds of a stop; requests get 70 %, or all but 3.", ge=0, le=DAY_S)
    workers: int = _setting(1, "Processes that serve the port; more than one with --engine alone.", ge=1, le=256)


ENDING_S, ENDING_SHARE = 3.0, 0.3
"""What requests do not get of the seconds of a stop: so many, or this share of them if that is less."""


def ending_s(shutdown_seconds: int) -> float:
    """Return the seconds of a stop in which what is kept is synced, and files are closed."""
    return min(ENDING_S, ENDING_SHARE * shutdown_seconds)


SETTINGS = {each.name: each for each in fields(Settings)}
"""All settings by name."""

JSON_SERVER: dict[str, Any] = {"port": "3000", "cors_origin": ["*"]}
"""What `ramekin json-server` takes in place of some defaults, as flags say it: json-server's own."""
