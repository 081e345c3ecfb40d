"""Tables in memory: records, their id order and their indexes, in step. Knows no asyncio, HTTP, disks or Pydantic."""
