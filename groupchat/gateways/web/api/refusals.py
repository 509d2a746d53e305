"""
Refusals of the core as answers to requests, with the wire's codes.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, TimeoutError

from groupchat.gateways.web.message import Handler, Reply, Request, SessionReply
from groupchat.gateways.web.problem import Problem
from groupchat.wire.errors import BadPassword, Disconnect, HelloFirst, Refused

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

__all__ = ["CHALLENGE", "NO_STORE", "PATIENCE", "STATUSES", "answering", "problem"]

CHALLENGE = {"WWW-Authenticate": 'Basic realm="groupchat", charset="UTF-8", Bearer'}
NO_STORE = {"Cache-Control": "no-store"}
PATIENCE = 30.0  #: seconds; while the ledger is away, what is said waits, but no connection for it
RETRY = 5  #: seconds, where the refusal does not tell them

#: The status of the answer for each code of the wire; 400 for every other.
STATUSES = {
    "name-taken": 409,
    "name-reserved": 409,
    "bad-password": 401,
    "hello-first": 401,
    "no-such-name": 404,
    "not-allowed": 403,
    "muted": 403,
    "banned": 403,
    "members-only": 403,
    "conflict": 409,
    "too-many": 409,
    "too-often": 429,
    "storage-full": 503,
    "unavailable": 503,
    "full": 503,
    "stopping": 503,
}


_LATE = (
    "The server can't answer just now. If that was a message, it may be stored or not:"
    " send it again with the same Idempotency-Key."
)


def answering(handler: Handler, clock: IReactorTime) -> Handler:
    """
    Return a handler whose answers are not stored, whose refusals are problems, and which answers
    within `PATIENCE`.
    """

    async def asked(request: Request) -> Reply:
        return await handler(request)

    @wraps(handler)
    async def answer(request: Request) -> Reply:
        try:
            reply = await Deferred.fromCoroutine(asked(request)).addTimeout(PATIENCE, clock)
        except (Refused, Disconnect) as refused:
            raise problem(refused) from None
        except TimeoutError:
            raise Problem(503, "unavailable", _LATE, retry=RETRY) from None
        if not isinstance(reply, SessionReply):
            reply.headers = {**NO_STORE, **reply.headers}
        return reply

    return answer


def problem(refused: Refused | Disconnect) -> Problem:
    """Return the answer to a request that the core refuses."""
    retry: float | None
    if isinstance(refused, Disconnect):
        code, text, retry = refused.bye.code, refused.bye.text, refused.bye.retry
    else:
        code, text, retry = refused.code, refused.text, refused.retry
    status = STATUSES.get(code, 400)
    headers = CHALLENGE if isinstance(refused, (BadPassword, HelloFirst)) else {}
    return Problem(
        status, code, text, retry=(retry or RETRY) if status == 503 else retry, headers=headers
    )
