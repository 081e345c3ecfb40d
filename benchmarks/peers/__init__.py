"""The contestants, ours first; the others are compared with it. Each is one file."""

from benchmarks.peers import (
    bare,
    fastapi_dicts,
    fastapi_typed,
    json_server,
    kinto,
    ramekin,
    ramekin_kept,
    ramekin_typed,
    webdis,
)

PEERS = (
    ramekin.PEER,
    ramekin_kept.PEER,
    ramekin_typed.PEER,
    bare.PEER,
    fastapi_dicts.PEER,
    fastapi_typed.PEER,
    webdis.PEER,
    json_server.PEER,
    kinto.PEER,
)
