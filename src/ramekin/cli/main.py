"""The commands and their options. Each is a few lines; the work is in the module of its name.

Imports only what the chosen command needs, so that `ramekin health` is quick.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from ramekin.cli import streams
from ramekin.cli.options import with_options
from ramekin.settings import JSON_SERVER

app = typer.Typer(
    help="An in-memory database served over REST.",
    add_completion=False,
    rich_markup_mode=None,  # whose tables cut long options off, and whose markup takes "[default: ...]" for its own
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

keys = typer.Typer(help="Make keys of a server.", rich_markup_mode=None, pretty_exceptions_enable=False)
app.add_typer(keys, name="key")

DEMO_OPTIONS = [
    "host",
    "port",
    "insecure",
    "rate_limit",
    "api_key",
    "keys_file",
    "docs",
    "console",
    "access_log",
    "dev",
    "delay",
    "seed",
]

FileArguments = Annotated[
    list[Path] | None, typer.Argument(help="db.json, or users.json, .ndjson, .csv, .tsv: the name is the table's.")
]
Delimiter = Annotated[str | None, typer.Option(help="Between cells of CSV files: , ; tab or |.  [default: ,]")]
CsvTypes = Annotated[str | None, typer.Option(help="How columns of CSV files are read: auto or text.  [default: auto]")]
Url = Annotated[
    str | None, typer.Option(help="The server.  [default: RAMEKIN_URL, RAMEKIN_HOST and _PORT, http://127.0.0.1:8000]")
]
ClientKey = Annotated[str | None, typer.Option(help="Key to send.  [default: the first of RAMEKIN_API_KEY]")]


@app.command()
@with_options()
def serve(*, files: FileArguments = None, **given: Any) -> None:
    """Serve tables, empty or from files. Without --data-dir they are gone when the server stops."""
    _serve(files or [], given)


@app.command()
@with_options(DEMO_OPTIONS)
def demo(**given: Any) -> None:
    """Serve the sample models (User, Order, Shop) with the sample datasets."""
    _serve([], given, is_demo=True)


@app.command("json-server")
@with_options(own=JSON_SERVER)
def json_server(
    *,
    file: Annotated[Path | None, typer.Argument(help="db.json: an object of arrays, and of single objects.")] = None,
    dialect: Annotated[str | None, typer.Option(help="Version of json-server: 1.x or 0.17.  [default: 1.x]")] = None,
    static: Annotated[
        list[Path] | None, typer.Option("--static", "-s", help="Directory of files to serve besides ./public.")
    ] = None,
    watch: Annotated[bool | None, typer.Option("--watch", "-w", help="Read the file again when it changes.")] = None,
    save: Annotated[bool | None, typer.Option("--save", help="Write what is written back into the file.")] = None,
    **given: Any,
) -> None:
    """Serve a file at the addresses of json-server, /posts and /posts/1, beside our own."""
    theirs = {"file": file, "dialect": dialect, "static": static, "watch": watch, "save": save}
    _serve([], given, theirs=theirs)


@app.command()
def load(
    files: Annotated[list[Path] | None, typer.Argument(help="Files as for `serve`.")] = None,
    url: Url = None,
    stdin: Annotated[str | None, typer.Option(help="Name of the file that is piped in: users.ndjson.")] = None,
    mode: Annotated[str, typer.Option(help="merge: the rest stays; replace: no other record stays.")] = "merge",
    ttl: Annotated[str | None, typer.Option(help="Seconds after which the records are gone; none: never.")] = None,
    delimiter: Delimiter = None,
    csv_types: CsvTypes = None,
    api_key: ClientKey = None,
) -> None:
    """Send files to a running server, all or nothing, with a progress bar on a terminal."""
    from ramekin.cli.transfer import load_files

    form = _csv_form(delimiter, csv_types)
    _guard(lambda: load_files(files or [], stdin, _server(url, api_key), mode, form, ttl))


@app.command()
def dump(
    table: Annotated[str | None, typer.Argument(help="A table; without it, the whole database.")] = None,
    url: Url = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.  [default: stdout]")] = None,
    format: Annotated[str, typer.Option(help="json, ndjson or csv.")] = "json",
    api_key: ClientKey = None,
) -> None:
    """Fetch a table, or the whole database, from a running server."""
    from ramekin.cli.transfer import dump_tables

    _guard(lambda: dump_tables(table, output, format, _server(url, api_key)))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to write; it must not be there.")],
    url: Url = None,
    api_key: ClientKey = None,
) -> None:
    """Fetch every table as it is at one moment from a running server, as a file that --data-dir can start from."""
    from ramekin.cli.transfer import fetch_backup

    _guard(lambda: fetch_backup(file, _server(url, api_key)))


@app.command()
def changes(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables; all of them if none is named.")] = None,
    url: Url = None,
    since: Annotated[str | None, typer.Option(help="A position: what has happened behind it.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens.")] = False,
    where: Annotated[str | None, typer.Option(help="A condition on the records of one table, as JSON.")] = None,
    api_key: ClientKey = None,
) -> None:
    """Print what happens to records and tables, a line of JSON for each change."""
    from ramekin.cli.transfer import tell_changes

    _guard(lambda: tell_changes(tables or [], since, where, _server(url, api_key), follows=follow))


@app.command()
def copy(
    source: Annotated[str, typer.Argument(help="db.json, backup.db, a data directory, http://... or valkey://...")],
    target: Annotated[str, typer.Argument(help="The same; it is made where it is a file or a directory.")],
    replace: Annotated[bool, typer.Option("--replace", help="Take away what the source does not have.")] = False,
    api_key: ClientKey = None,
) -> None:
    """Copy every table, with what is said of it, and prove by digests that both hold the same."""
    from ramekin.cli.copy import copy as copy_tables

    settings = _settings({})
    key = _key(api_key, settings)
    _guard(lambda: copy_tables(source, target, settings, key, is_replacing=replace))


@app.command()
def check(directory: Annotated[Path, typer.Argument(help="A data directory that no server uses.")]) -> None:
    """Verify every checksum of a data directory: exit code 0 when all is right, 4 when something is damaged."""
    from ramekin.cli.directories import check_directory

    raise typer.Exit(_guard(lambda: check_directory(directory)))


@app.command()
def repair(
    directory: Annotated[Path, typer.Argument(help="A data directory that no server uses; it is not changed.")],
    to: Annotated[Path | None, typer.Option(help="New directory for what is right.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be lost.")] = False,
) -> None:
    """Save what is right in a damaged data directory into a new one."""
    from ramekin.cli.directories import repair_directory

    _guard(lambda: repair_directory(directory, None if dry_run else to, is_dry=dry_run))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup, as `ramekin backup` writes it.")],
    data_dir: Annotated[Path, typer.Option(help="New directory, or an empty one.")],
) -> None:
    """Make a data directory from a backup, after checking all of it."""
    from ramekin.cli.directories import restore_directory

    _guard(lambda: restore_directory(file, data_dir))


@keys.command("create")
def key_create(
    name: Annotated[str, typer.Argument(help="What the key is called, in logs and errors: a-z, 0-9 and -.")],
    role: Annotated[str, typer.Option(help="read, write or admin.")],
    tables: Annotated[
        str | None, typer.Option(help="Tables that it reaches, such as users,order*.  [default: all]")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="When it ends, such as 2027-01-01T00:00:00Z.  [default: never]")
    ] = None,
) -> None:
    """Print a new secret, which is shown this once, and the lines for the file of --keys-file."""
    from ramekin.cli.key_settings import create_key

    typer.echo(_guard(lambda: create_key(name, role, tables, expires)), nl=False)


@app.command()
def health(url: Url = None) -> None:
    """Exit 0 when the server is ready, 1 when it is not."""
    from ramekin.cli.container import flags_of_first_process, is_ready

    given = {} if url else flags_of_first_process("host", "port")
    is_fine = _guard(lambda: is_ready(_server(url, None, given).url))
    typer.echo("ready" if is_fine else "not ready", err=not is_fine)
    raise typer.Exit(0 if is_fine else 1)


def _version(is_asked: bool) -> None:
    if is_asked:
        from ramekin.version import __version__

        typer.echo(f"ramekin {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """An in-memory database served over REST."""


def _serve(
    files: list[Path], given: dict[str, Any], *, is_demo: bool = False, theirs: dict[str, Any] | None = None
) -> None:
    from ramekin.cli.signals import Signals, Stopped
    from ramekin.storage.collector import at_rest

    signals = Signals()
    try:
        with at_rest():
            from ramekin.cli.descriptors import raise_limit
            from ramekin.cli.serve import serve_forever

        _guard(raise_limit)  # before anything is opened
        json_server = None
        if theirs is not None:
            from ramekin.cli.configuration import json_server_defaults
            from ramekin.cli.json_server import read_json_server

            given = {**json_server_defaults(), **{name: value for name, value in given.items() if value is not None}}
            json_server = _guard(lambda: read_json_server(**theirs))
        settings = _settings(given)
        if settings.workers > 1:
            _serve_with_workers(files, settings, signals, is_alone=is_demo or theirs is not None)
        _guard(lambda: serve_forever(files, settings, signals, is_demo=is_demo, json_server=json_server))
    except Stopped:
        typer.echo("ramekin: stopped before it served", err=True)


def _serve_with_workers(files: list[Path], settings: Any, signals: Any, *, is_alone: bool) -> NoReturn:
    from ramekin.cli.workers import serve_with_workers

    if is_alone:
        _fail("--workers: several processes are for `ramekin serve`")
    raise typer.Exit(_guard(lambda: serve_with_workers(files, settings, signals)))


def _settings(given: dict[str, Any]) -> Any:
    from ramekin.cli.configuration import read_settings

    return _guard(lambda: read_settings({name: value for name, value in given.items() if value is not None}))


def _csv_form(delimiter: str | None, csv_types: str | None) -> Any:
    from ramekin.formats.record_text import CsvForm

    settings = _settings({"delimiter": delimiter, "csv_types": csv_types})
    return CsvForm(settings.delimiter, settings.csv_types)


def _server(url: str | None, api_key: str | None, given: dict[str, str] | None = None) -> Any:
    from ramekin.cli.configuration import URL
    from ramekin.cli.transfer import ServerAddress

    settings = _settings(given or {})
    if given is None:  # who asks for the health of a container means its own server
        url = url or os.environ.get(URL, "").strip()
    host = settings.host.strip("[]")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # read here, not bound
    host = f"[{host}]" if ":" in host else host
    return ServerAddress(url or f"http://{host}:{settings.port}", _key(api_key, settings))


def _key(given: str | None, settings: Any) -> Any:
    """Return the key to send: the one that is given, else the first of the settings. None: there is none."""
    from ramekin.cli.key_settings import secret_of

    shown = given or (settings.api_key[0] if settings.api_key else None)
    return None if shown is None else _guard(lambda: secret_of(shown))


def _guard(work: Any) -> Any:
    """Run a command's work; what it refuses becomes one line and exit code 2, or that of a data directory."""
    from ramekin.cli.configuration import Refused
    from ramekin.cli.files import FileFault
    from ramekin.durability.failures import Unusable

    try:
        return work()
    except (Refused, FileFault) as error:
        _fail(str(error))
    except Unusable as error:
        _fail(str(error), error.exit_code)


def _fail(line: str, exit_code: int = 2) -> None:
    _say(line)
    raise typer.Exit(exit_code)


def _say(line: str) -> None:
    typer.echo(f"ramekin: {' '.join(line.split())}", err=True)


def _empty_in(arguments: list[str]) -> str | None:
    """Return what to call the first argument that says nothing, as an unset variable leaves it: --data-dir "$DIR"."""
    for before, argument in zip(["", *arguments], arguments, strict=False):
        name, sign, value = argument.partition("=") if argument.startswith("--") else (before, "=", argument)
        if sign and not value.strip():
            return name if name.startswith("-") else "an argument"
    return None


def run() -> None:
    """Run the command line. Whatever ends a command early is one line at the most."""
    streams.prepare()
    if (empty := _empty_in(sys.argv[1:])) is not None:
        _say(f"{empty} is empty; give it a value or leave it out")
        sys.exit(2)
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="ramekin", standalone_mode=False)
        sys.stdout.flush()
    except streams.ReaderLeft as left:
        code = left.exit_code
    except (typer.TyperException, streams.Unprinted) as error:
        _say(error.format_message() if isinstance(error, typer.TyperException) else str(error))
        code = 2
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
