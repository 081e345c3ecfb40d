"""Every setting: environment ``RAMEKIN_*``, the same names as the command line's flags.

Read once, by the command line, and handed down as plain arguments. Knows nothing of what the settings do, and not where
they come from; see ``cli/configuration.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ramekin.limits import MIB

TIB = 1024 * 1024 * MIB
DAY_S = 24 * 60 * 60


class Settings(BaseModel):
    """The settings of a server, with their defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all of the machine's.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    insecure: bool = Field(False, description="Listen beyond this machine without keys: everybody may do everything.")
    models: str | None = Field(
        None,
        description="Modules whose Pydantic models become tables: shop.models, or shop.models:User,Order for some; "
        "several with spaces between.",
    )
    data_dir: Path | None = Field(
        None, description="Directory that keeps the tables; in memory only without. See durability.md."
    )
    fsync: Literal["always", "everysec", "no"] = Field(
        "everysec", description="When a write is synced to the disk, with a data_dir: always, everysec or no."
    )
    rate_limit: str | None = Field(
        None, description="Requests per client, such as 1000/second or 60/minute; off without."
    )
    api_key: tuple[str, ...] = Field(
        (),
        description="Keys, SECRET or NAME:ROLE[:TABLES]=SECRET, with commas between; without, anyone may enter.",
    )
    keys_file: Path | None = Field(None, description="TOML file with the hashes of keys; read again on SIGHUP.")
    allow_host: tuple[str, ...] = Field(
        (), description="Extra host names to accept when the server listens on this machine only."
    )
    cors_origin: tuple[str, ...] = Field(
        (), description="Origins whose pages may read answers and send requests; * for all."
    )
    root_path: str | None = Field(None, description="What a proxy takes off the front of every path, such as /db.")
    trusted_proxy: tuple[str, ...] = Field(
        (), description="Addresses or networks of proxies that are believed when they say whom a request came from."
    )
    docs: bool = Field(True, description="Serve /docs, /redoc and /openapi.json.")
    access_log: bool = Field(False, description="Write a log line for every request.")
    log_format: Literal["auto", "json", "text"] = Field("auto", description="json, text, or by the terminal.")
    memory_limit: str = Field(
        "60%", description="What tables may take: 512MiB, 2GiB, a share of what the process leaves, or none."
    )
    max_record_bytes: int = Field(MIB, ge=1, le=TIB, description="Bytes of one record at the most.")
    max_bulk_bytes: int = Field(16 * MIB, ge=1, le=TIB, description="Bytes of a bulk or a batch at the most.")
    max_load_bytes: int = Field(
        1024 * MIB, ge=1, le=TIB, description="Bytes of a body sent to /api/v1/load at the most."
    )
    max_page_rows: int = Field(10_000, ge=1, le=10**9, description="Rows of one page at the most.")
    max_sorted_rows: int = Field(
        100_000, ge=1, le=10**9, description="Rows that one query may hold to put them in order."
    )
    query_deadline: int = Field(
        30, ge=1, le=DAY_S, description="Seconds of work on one request that looks at many records, or changes them."
    )
    index_idle_seconds: int = Field(
        3600, ge=1, le=366 * DAY_S, description="Seconds after which an unused index is dropped."
    )
    fast_path: Literal["protocol", "asgi", "off"] = Field(
        "protocol", description="Short way to records: below ASGI, in it, or none."
    )
    delimiter: Literal[",", ";", "tab", "|"] = Field(",", description="What stands between the cells of a CSV file.")
    csv_types: Literal["auto", "text"] = Field(
        "auto", description="text: columns of CSV files stay text where no schema says what they hold."
    )
    keep_alive_seconds: int = Field(
        5, ge=1, le=DAY_S, description="An idle connection stays open at least this many seconds."
    )
    head_seconds: int = Field(
        10, ge=1, le=DAY_S, description="Seconds for a connection's first byte, and for the whole head of a request."
    )
    body_seconds: int = Field(
        30, ge=1, le=DAY_S, description="Seconds for the body of a request, unless it brings 1 KiB a second."
    )
    reader_seconds: int = Field(
        30, ge=1, le=DAY_S, description="Seconds for which a reader may take less than 1 KiB a second of its answer."
    )
    max_connections: int = Field(10_000, ge=1, le=10**9, description="Connections at the most.")
    max_address_connections: int = Field(
        1_000, ge=1, le=10**9, description="Connections from one address at the most, a trusted proxy's apart."
    )
    shutdown_seconds: int = Field(
        10, ge=0, le=DAY_S, description="Seconds that requests get to finish when the server stops."
    )
    workers: int = Field(1, ge=1, le=1, description="One process owns the tables: run more servers for more tables.")
