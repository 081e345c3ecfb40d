"""Every error that a caller can meet, as one tree.

    RamekinError
    ├── BadRequest            cannot be understood
    │   ├── MalformedJson     (DuplicateMember, NumberNotFinite, TooDeep)
    │   ├── MalformedCsv, MalformedRequest, MalformedPath
    │   ├── UnknownParameter, InvalidParameter (LimitTooLarge), ConflictingParameters, InvalidHeader, UnexpectedBody
    │   ├── UnknownOperator, InvalidOperator, UnknownField, PathTooLong, InvalidValue, RepeatedCondition
    │   ├── ConditionRequired, InvalidWhere, InvalidSort, InvalidSelect, InvalidAggregate, InvalidCursor, InvalidKey
    │   └── PreconditionNotPossible, IdMismatch
    ├── Unauthorized
    ├── Forbidden             (ForeignHost, ForeignOrigin)
    ├── NotFound              (UnknownRoute, UnknownTable, RecordNotFound, UnknownBranch, UnknownProblem)
    ├── MethodNotAllowed, NotAcceptable, ChangesGone, UnsupportedMediaType, BodyTooLarge, BodyTooSlow,
    │   AddressTooLong, HeadTooLarge, HeadTooSlow, RangeNotSatisfiable, RateLimited
    ├── PreconditionFailed, PreconditionRequired
    ├── Conflict              what is there is in the way
    │   ├── RecordExists, DuplicateId, NotUnique, TooManyAffected, DefinitionBroken, ModelTable, ModelMissing
    │   └── BranchExists, MainStays, NoCheckpoint, ClockStays
    ├── Unprocessable         understood, but breaks the model or a rule
    │   ├── InvalidRecord, InvalidId, IntegerOutOfRange, InvalidTableName, InvalidOperation, InvalidDefinition
    │   ├── InvalidBranch, InvalidClock, InvalidFault
    │   └── KeyNotResolved, NameTaken, TooManyRows, SortValueTooLong
    ├── Unavailable           (Redefined, Starting, Overloaded, Deadline, JournalFailed, OutcomeUnknown)
    ├── StorageFull, MemoryLimit, TooManyTables, TooManyBranches
    └── OnPurpose, InternalError

Knows nothing of HTTP: the door keeps the one table from errors to status codes (``api/http/problems.py``). A message
says what was wrong and what to do; it never holds a record's value, a file path, a stack or a driver's name. What the
tree names can be imported from here.
"""

from ramekin.errors.bad_request import *
from ramekin.errors.conflicts import *
from ramekin.errors.error import *
from ramekin.errors.refused import *
from ramekin.errors.unable import *
