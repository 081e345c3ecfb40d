"""Every error that a caller can meet, as one tree.

    RamekinError
    ├── BadRequest            cannot be understood
    │   ├── MalformedJson     (DuplicateMember, NumberNotFinite, TooDeep)
    │   ├── MalformedCsv, MalformedPath
    │   ├── UnknownParameter, InvalidParameter (LimitTooLarge), ConflictingParameters, InvalidHeader
    │   ├── UnknownOperator, InvalidOperator, UnknownField, PathTooLong, InvalidValue, RepeatedCondition
    │   ├── ConditionRequired, InvalidWhere, InvalidSort, InvalidAggregate, InvalidCursor, InvalidKey
    │   └── PreconditionNotPossible, IdMismatch
    ├── Unauthorized
    ├── NotFound              (UnknownRoute, UnknownTable, RecordNotFound, UnknownProblem)
    ├── MethodNotAllowed, NotAcceptable, UnsupportedMediaType, BodyTooLarge, RateLimited
    ├── PreconditionFailed
    ├── Conflict              (RecordExists, DuplicateId, NotUnique, TooManyAffected, DefinitionBroken, ModelTable)
    ├── PreconditionRequired
    ├── Unprocessable         understood, but breaks the model or a rule
    │   ├── InvalidRecord, InvalidId, IntegerOutOfRange, InvalidTableName, InvalidOperation, InvalidDefinition
    │   └── KeyNotResolved, NameTaken, TooManyRows, SortValueTooLong
    ├── Unavailable           (Starting, JournalFailed, OutcomeUnknown)
    ├── StorageFull, MemoryLimit
    └── InternalError

Knows nothing of HTTP: the door keeps the one table from errors to status codes (``api/problems.py``). A message says
what was wrong and what to do; it never holds a record's value, a file path, a stack or a driver's name.
"""

from ramekin.errors.bad_request import (
    BadRequest,
    ConditionRequired,
    ConflictingParameters,
    DuplicateMember,
    IdMismatch,
    InvalidAggregate,
    InvalidCursor,
    InvalidHeader,
    InvalidKey,
    InvalidOperator,
    InvalidParameter,
    InvalidSort,
    InvalidValue,
    InvalidWhere,
    LimitTooLarge,
    MalformedCsv,
    MalformedJson,
    MalformedPath,
    NumberNotFinite,
    PathTooLong,
    PreconditionNotPossible,
    RepeatedCondition,
    TooDeep,
    UnknownField,
    UnknownOperator,
    UnknownParameter,
)
from ramekin.errors.base import (
    NAME_LIMIT,
    Fault,
    RamekinError,
    all_errors,
    did_you_mean,
    listing,
    pointer,
    shorten,
)
from ramekin.errors.refused import (
    BodyTooLarge,
    Conflict,
    DefinitionBroken,
    DuplicateId,
    IntegerOutOfRange,
    InternalError,
    InvalidDefinition,
    InvalidId,
    InvalidOperation,
    InvalidRecord,
    InvalidTableName,
    JournalFailed,
    KeyNotResolved,
    MemoryLimit,
    MethodNotAllowed,
    ModelTable,
    NameTaken,
    NotAcceptable,
    NotFound,
    NotUnique,
    OutcomeUnknown,
    PreconditionFailed,
    PreconditionRequired,
    RateLimited,
    RecordExists,
    RecordNotFound,
    SortValueTooLong,
    Starting,
    StorageFull,
    TooManyAffected,
    TooManyRows,
    Unauthorized,
    Unavailable,
    UnknownProblem,
    UnknownRoute,
    UnknownTable,
    Unprocessable,
    UnsupportedMediaType,
)

__all__ = [
    "NAME_LIMIT",
    "BadRequest",
    "BodyTooLarge",
    "ConditionRequired",
    "Conflict",
    "ConflictingParameters",
    "DefinitionBroken",
    "DuplicateId",
    "DuplicateMember",
    "Fault",
    "IdMismatch",
    "IntegerOutOfRange",
    "InternalError",
    "InvalidAggregate",
    "InvalidCursor",
    "InvalidDefinition",
    "InvalidHeader",
    "InvalidId",
    "InvalidKey",
    "InvalidOperation",
    "InvalidOperator",
    "InvalidParameter",
    "InvalidRecord",
    "InvalidSort",
    "InvalidTableName",
    "InvalidValue",
    "InvalidWhere",
    "JournalFailed",
    "KeyNotResolved",
    "LimitTooLarge",
    "MalformedCsv",
    "MalformedJson",
    "MalformedPath",
    "MemoryLimit",
    "MethodNotAllowed",
    "ModelTable",
    "NameTaken",
    "NotAcceptable",
    "NotFound",
    "NotUnique",
    "NumberNotFinite",
    "OutcomeUnknown",
    "PathTooLong",
    "PreconditionFailed",
    "PreconditionNotPossible",
    "PreconditionRequired",
    "RamekinError",
    "RateLimited",
    "RecordExists",
    "RecordNotFound",
    "RepeatedCondition",
    "SortValueTooLong",
    "Starting",
    "StorageFull",
    "TooDeep",
    "TooManyAffected",
    "TooManyRows",
    "Unauthorized",
    "Unavailable",
    "UnknownField",
    "UnknownOperator",
    "UnknownParameter",
    "UnknownProblem",
    "UnknownRoute",
    "UnknownTable",
    "Unprocessable",
    "UnsupportedMediaType",
    "all_errors",
    "did_you_mean",
    "listing",
    "pointer",
    "shorten",
]
