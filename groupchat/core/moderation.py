"""
The operators' commands: each is recorded in the audit log first, then posted, so that every node
applies it to the sessions that it concerns (`orders.py`), and can be undone.

An act answers with a sentence for the operator. `Permissions` says which names are operators'.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from twisted.logger import Logger

from groupchat.core.group_entries import EndEntry, MaxEntry, NoticeEntry
from groupchat.core.operators import Operator
from groupchat.core.orders import Orders, is_in
from groupchat.core.permissions import BAN, MUTE, Account, AuditEntry, Restriction
from groupchat.interfaces import IAccounts, ILedger
from groupchat.wire import addresses, commands, errors, events, names
from groupchat.wire.commands import OperatorCommand, PersonCommand, TargetCommand
from groupchat.wire.timestamps import stamp

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from groupchat.core.entries import Entry
    from groupchat.core.member import Member
    from groupchat.core.members import Members
    from groupchat.core.session import Session

__all__ = ["Moderation"]

PAGE = 1000  #: lines in an answer to bans and mutes
MAX_SECONDS = 100 * 366 * 86_400  #: seconds; what is to last longer lasts for ever


class Moderation:
    """
    Carries out the commands of operators, and answers their questions.

    :param orders: tells whom a ban concerns.
    :param rule: what people may be called.
    :param ledger: tells which node this is.
    :param post: gives an entry to the ledger.
    :param posted: likewise; fires once it has come back.
    :param now: the time in milliseconds since 1970.
    """

    log = Logger()

    def __init__(
        self,
        members: Members,
        orders: Orders,
        accounts: IAccounts,
        rule: names.Rule,
        ledger: ILedger,
        post: Callable[[Entry], None],
        posted: Callable[[Entry], Deferred[None]],
        now: Callable[[], int],
    ) -> None:
        self._members = members
        self._orders = orders
        self._accounts = accounts
        self._rule = rule
        self._ledger = ledger
        self._post = post
        self._posted = posted
        self._now = now

    def moderate(self, by: Session, command: OperatorCommand) -> None:
        """
        Carry out a command, and answer with a sentence about it.

        :param by: the session that gave it.
        :raises Refused: it can't be done, or the session is no operator's.
        """
        _check_operator(by)
        done = self.carry_out(Operator(by.name, by), command)
        by.await_reply(done, lambda text: by.send(events.Moderated(text, command.ref)), command)

    def carry_out(self, by: Operator, command: OperatorCommand) -> Deferred[str]:
        """
        Carry out the command of an operator. Returns a Deferred of a sentence about it.

        :raises Refused: it can't be done.
        """
        return _ACTS[type(command)](self, by, command)

    def answer(self, by: Session, query: commands.OperatorQuery) -> None:
        """
        Answer a question.

        :raises NotAllowed: the session that asked is no operator's.
        """
        _check_operator(by)
        by.send(self._answer(query))

    def _answer(self, query: commands.OperatorQuery) -> events.Event:
        if isinstance(query, commands.AskBans):
            return events.Bans(*self._listed(BAN, query.after), query.ref)
        if isinstance(query, commands.AskMutes):
            return events.Mutes(*self._listed(MUTE, query.after), query.ref)
        return events.Places(self._members.max, self._members.count, query.ref)

    def _listed(self, kind: str, after: str | None) -> tuple[list[events.RestrictionEntry], int]:
        """Return the next `PAGE` restrictions after a target, and the number of all."""
        held = self._accounts.permissions.restrictions(kind, self._now())
        after = "" if after is None else _listed_target(after)
        return [_as_event(one) for one in held if one.target > after][:PAGE], len(held)

    def _audit(
        self, by: Operator, verb: str, target: str = "", until: int | None = None, text: str = ""
    ) -> AuditEntry:
        self.log.info(
            "{by}: {verb} {target} {text}", by=by.name, verb=verb, target=target, text=text
        )
        return AuditEntry(self._now(), by.name, verb, target, until, text)

    def _until(self, seconds: int | None) -> int | None:
        return None if seconds is None or seconds > MAX_SECONDS else self._now() + seconds * 1000

    # Kicks and bans.

    def _kick(self, by: Operator, command: commands.Kick) -> Deferred[str]:
        member = self._members.present(command.name)
        name, why = member.name, _why(command)
        bye = errors.kicked(by.shown, why)
        entry = EndEntry(
            names.key(name), member.first.number, bye, False, self._node(),
            events.Departure(bye.code, why, by.shown),
        )  # fmt: skip
        kept = self._accounts.save(None, self._audit(by, "kick", name, text=why))
        return self._then(kept, entry, f"{name} is sent out.")

    def _ban(self, by: Operator, command: commands.Ban) -> Deferred[str]:
        target, until, why = self._target(command), self._until(command.seconds), _why(command)
        if by.session in self._orders.concerned(target):
            raise errors.NotAllowed("That would ban yourself.")
        member = self._members.named(target)
        answer = self._banned(by, target, until, why, member)
        restriction = Restriction(BAN, target, by.name, _client(member), until, why)
        bye = errors.banned(why, stamp(until) if until else None)
        seat = member.first.number if member is not None else 0
        departure = events.Departure(bye.code, why, by.shown)
        entry = EndEntry(target, seat, bye, True, self._node(), departure)
        kept = self._accounts.save(restriction, self._audit(by, "ban", target, until, why))
        return self._then(kept, entry, answer)

    def _banned(
        self, by: Operator, target: str, until: int | None, why: str, member: Member | None
    ) -> str:
        """Return the answer to a ban: its target, its end and its reason."""
        answer = f"{addresses.format_address(target)} {_lasts('banned', until, why)}"
        if "/" not in target:
            unknown = member is None and self._accounts.permissions.owner(target) is None
            return f"{answer} (Nobody here is called so.)" if unknown else answer
        if is_in(by.address, ipaddress.ip_network(target)):
            return f"{answer} (You are there, too; operators still get in.)"
        return answer

    def _then(self, saved: Deferred[None], entry: Entry, answer: str) -> Deferred[str]:
        """Post an entry once its act is saved, and answer once it has come back."""
        return saved.addCallback(lambda _: self._posted(entry)).addCallback(lambda _: answer)

    def _node(self) -> int:
        return self._ledger.node

    def _unban(self, by: Operator, command: commands.Unban) -> Deferred[str]:
        restriction = self._held(BAN, self._target(command))
        kept = self._accounts.delete(restriction, self._audit(by, "unban", restriction.target))
        return kept.addCallback(
            lambda _: f"{addresses.format_address(restriction.target)} may log in again."
        )

    def _target(self, command: commands.Ban | commands.Unban) -> str:
        """Return the key of a name, or a network."""
        if command.address is None:
            return names.key(self._rule.person(command.name or ""))
        try:
            return addresses.network(command.address)
        except ValueError:
            address = names.printable(command.address)
            raise errors.BadField(
                f'"{address}" is no address and no network. Write 10.0.0.7 or 10.0.0.0/24.'
            ) from None

    def _held(self, kind: str, target: str) -> Restriction:
        restriction: Restriction | None = self._accounts.permissions.restriction(kind, target)
        if restriction is None or not restriction.is_active(self._now()):
            raise errors.NoSuchName(f'There is no {kind} on "{target}".')
        return restriction

    # Mutes.

    def _mute(self, by: Operator, command: commands.Mute) -> Deferred[str]:
        member = self._members.named(command.name)
        if member is None and self._accounts.permissions.owner(command.name) is None:
            self._members.present(command.name)
        until, why = self._until(command.seconds), _why(command)
        name = member.name if member else command.name
        restriction = Restriction(MUTE, names.key(name), by.name, _client(member), until, why)
        kept = self._accounts.save(
            restriction, self._audit(by, "mute", restriction.target, until, why)
        )
        return kept.addCallback(lambda _: self._tell(by, name, _lasts("muted", until, why)))

    def _unmute(self, by: Operator, command: commands.Unmute) -> Deferred[str]:
        member = self._members.named(command.name)
        held = member and self._accounts.permissions.on_person(
            MUTE, member.name, member.first.client, self._now()
        )
        restriction = held or self._held(
            MUTE, names.key(command.name)
        )  # a muted member may have another name by now
        kept = self._accounts.delete(restriction, self._audit(by, "unmute", restriction.target))
        return kept.addCallback(lambda _: self._tell(by, command.name, "may speak again."))

    def _tell(self, by: Operator, name: str, what: str) -> str:
        """Tell a member, if logged in, what was done. Returns the same for the operator."""
        member = self._members.named(name)
        if member is not None and member is not by.member:
            self._post(NoticeEntry(member.name, f"You {_are(what)}", by.shown))
        return f"{member.name if member else names.printable(name)} {what}"

    # The rest.

    def _op(self, by: Operator, command: commands.Op) -> Deferred[str]:
        return self._set_operator(by, command.name, True, "is an operator now.")

    def _deop(self, by: Operator, command: commands.Deop) -> Deferred[str]:
        return self._set_operator(by, command.name, False, "is no operator any more.")

    def _set_operator(self, by: Operator, name: str, operator: bool, what: str) -> Deferred[str]:
        account: Account | None = self._accounts.permissions.owner(name)
        if account is None:
            raise errors.NoSuchName(
                f'"{names.printable(name)}" is not registered. '
                "Only a registered person can be an operator."
            )
        changed = msgspec.structs.replace(account, operator=operator)
        kept = self._accounts.save(
            changed, self._audit(by, "op" if operator else "deop", account.name)
        )
        return kept.addCallback(lambda _: self._tell(by, account.name, what))

    def _max(self, by: Operator, command: commands.Max) -> Deferred[str]:
        people = "person" if command.max == 1 else "people"
        kept = self._accounts.save(None, self._audit(by, "max", str(command.max)))
        return self._then(kept, MaxEntry(command.max), f"{command.max} {people} can be in now.")

    def _announce(self, by: Operator, command: commands.Announce) -> Deferred[str]:
        text = names.message_text(command.text)

        kept = self._accounts.save(None, self._audit(by, "notice", text=text))
        return self._then(kept, NoticeEntry(None, text, by.shown), "All were told.")


def _check_operator(session: Session) -> None:
    if not session.operator:
        raise errors.NotAllowed("Only an operator may do that.")


def _client(member: Member | None) -> bytes:
    """Return the client that a restriction on a member concerns, whatever name it gives."""
    return member.first.client if member is not None else b""


def _listed_target(after: str) -> str:
    """Return a listed target in the form in which it is stored."""
    return addresses.network(after) if addresses.is_network(after) else names.key(after)


def _as_event(restriction: Restriction) -> events.RestrictionEntry:
    until = stamp(restriction.until) if restriction.until else None
    address = addresses.format_address(restriction.target) if "/" in restriction.target else None
    name = restriction.target if address is None else None
    return events.RestrictionEntry(restriction.by, name, address, until, restriction.text)


def _why(command: PersonCommand | TargetCommand) -> str:
    return names.topic_text(command.text or "")


def _lasts(what: str, until: int | None, why: str) -> str:
    lasts = f"until {stamp(until)[:16].replace('T', ' ')} UTC" if until else "for ever"
    return f"is {what} {lasts}{f': {why}' if why else '.'}"


def _are(what: str) -> str:
    return f"are{what[2:]}" if what.startswith("is ") else what


#: Any: each takes the commands of its own type.
_ACTS: dict[type[OperatorCommand], Callable[[Moderation, Operator, Any], Deferred[str]]] = {
    commands.Kick: Moderation._kick,
    commands.Ban: Moderation._ban,
    commands.Unban: Moderation._unban,
    commands.Mute: Moderation._mute,
    commands.Unmute: Moderation._unmute,
    commands.Op: Moderation._op,
    commands.Deop: Moderation._deop,
    commands.Max: Moderation._max,
    commands.Announce: Moderation._announce,
}
