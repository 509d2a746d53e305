"""
Acts that go wrong with several nodes: each happens to a node, the engine or the network between
them, and then is over.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import psycopg
from twisted.internet.threads import deferToThread

from tests.faults.group import PATIENCE, Group, Node
from tests.faults.nemesis import reset, stall
from tests.faults.proxy import Connection
from tests.faults.scenario import Scenario

#: Seconds for which something stands still: less than a lease, and more, with two beats.
SHORT, LONG = (1.0, 4.0), (13.0, 16.0)
DEAD = 16  #: seconds in which the others declare a node dead, at most


async def kill_node(group: Group) -> None:
    """SIGKILL, and a new start a little later, before the others have noticed or after."""
    node = group.rng.choice(group.nodes)
    group.withdraw(node)
    await node.kill()
    await group.wait(0.0, 5.0)
    await group.start_node(node)


async def term_node(group: Group) -> None:
    """SIGTERM, and a new start."""
    node = group.rng.choice(group.nodes)
    group.withdraw(node)
    await node.stop()
    await group.start_node(node)


async def freeze_node(group: Group) -> None:
    """SIGSTOP, and SIGCONT; the balancer notices it, or not."""
    node = group.rng.choice(group.nodes)
    notices = group.rng.random() < 0.5
    node.signal(signal.SIGSTOP)
    if notices:
        group.withdraw(node)
        for connection in group.balancer.to(node.port):
            connection.reset()
    await group.wait(*group.rng.choice((SHORT, LONG)))
    node.signal(signal.SIGCONT)
    if notices:
        group.balancer.targets.append(node.port)


async def outlive_lease(group: Group) -> None:
    """
    SIGSTOP of the node that has the most clients, until the others have declared it dead, and
    SIGCONT. The balancer does not notice it.
    """
    node = max(group.nodes, key=lambda node: len(group.balancer.to(node.port)))
    node.signal(signal.SIGSTOP)
    await _is_declared_dead(group)
    await group.wait(1.0, 2.0)  # they tell it to their clients
    node.signal(signal.SIGCONT)


async def _is_declared_dead(group: Group) -> None:
    """The others declare a node dead that stands still."""
    for _ in range(2 * DEAD):
        await group.wait(0.5, 0.5)
        if group.count_nodes() < len(group.nodes):
            break


async def freeze_twin(group: Group) -> None:
    """
    SIGSTOP of the node on which a program has the name for which it contends, until the others have
    declared the node dead and another program has the name; and SIGCONT. The balancer leads no new
    connections there.
    """
    await group.history.until(lambda: any(map(group.twin_of, group.nodes)), PATIENCE)
    node = next(node for node in group.nodes if group.twin_of(node))
    others = [other for other in group.nodes if other is not node]
    group.withdraw(node)
    node.signal(signal.SIGSTOP)
    await _is_declared_dead(group)
    await group.history.until(lambda: any(map(group.twin_of, others)), PATIENCE)
    node.signal(signal.SIGCONT)
    group.balancer.targets.append(node.port)


async def kill_engine(group: Group) -> None:
    """SIGKILL of all its processes, and a new start."""
    group.engine.kill()
    await group.wait(0.0, 3.0)
    await group.start_engine()


async def promote(group: Group) -> None:
    """
    SIGKILL of all processes of the primary, and its standby takes over; the old primary comes back
    as the standby.
    """
    group.engine.kill()
    await group.wait(0.0, 5.0)
    await deferToThread(group.pair.promote)
    await group.wait(0.0, 3.0)
    await deferToThread(group.pair.restore)


async def _is_quiet(group: Group) -> None:
    """Nobody says anything any more, and all is answered."""
    talkers = (*group.members, *group.posters)
    for talker in talkers:
        talker.talk(False)
    await group.history.until(lambda: not any(talker.unanswered for talker in talkers), PATIENCE)


async def put_back(group: Group) -> None:
    """An older copy of the database is put back, while nobody talks and somebody does not read."""
    engine, history, balancer = group.engine, group.history, group.balancer
    engine.kill()
    engine.copy()
    await group.start_engine()
    await history.until(group.answered(300), PATIENCE)
    await _is_quiet(group)
    targets, balancer.targets = balancer.targets, []
    balancer.reset()
    await balancer.emptied()
    await group.wait(0.3, 0.5)  # what was on its way to somebody has come
    group.logs.append(group.read_log(in_use=True))
    engine.kill()
    engine.put_back()
    history.note("nemesis", "old")
    absent = group.members[-1]
    absent.stop()
    await group.start_engine()
    balancer.targets = targets
    for talker in (*group.members[:4], *group.posters):
        talker.talk()
    await history.until(group.answered(600), PATIENCE)
    absent.start()


async def freeze_engine(group: Group) -> None:
    """SIGSTOP of all its processes, and SIGCONT."""
    group.engine.signal(signal.SIGSTOP)
    await group.wait(1.0, 11.0)
    group.engine.signal(signal.SIGCONT)


def _links(group: Group) -> list[Connection]:
    """Returns connections of nodes to the engine: all of them, those of one node, or some."""
    nodes: list[Node] = group.rng.choice((group.nodes, [group.rng.choice(group.nodes)]))
    those = [connection for node in nodes for connection in node.links]
    return group.rng.sample(those, group.rng.choice((len(those), group.rng.randint(0, len(those)))))


async def cut_links(group: Group) -> None:
    """Connections to the engine are reset, three times."""
    for _ in range(3):
        for connection in _links(group):
            connection.reset()
        await group.wait(0.0, 0.3)


async def lose_answers(group: Group) -> None:
    """The engine does what it was asked, but its connections end before a node hears the answer."""
    for connection in [connection for node in group.nodes for connection in node.links]:
        connection.loses_answer = True
    await group.wait(0.1, 0.5)


async def stall_links(group: Group) -> None:
    """Connections to the engine let nothing through."""
    those = _links(group)
    for connection in those:
        connection.stall()
    await group.wait(*group.rng.choice((SHORT, SHORT, LONG)))
    for connection in those:
        connection.go_on()


async def slow_links(group: Group) -> None:
    """Connections to the engine let something through only ten times a second."""
    for _ in range(group.rng.randint(10, 30)):
        those = _links(group)
        for connection in those:
            connection.stall()
        await group.wait(0.1, 0.1)
        for connection in those:
            connection.go_on()
        await group.wait(0.002, 0.01)


ACTS: dict[str, Callable[[Group], Awaitable[None]]] = {
    act.__name__.replace("_", "-"): act
    for act in (
        kill_node,
        term_node,
        freeze_node,
        outlive_lease,
        freeze_twin,
        kill_engine,
        promote,
        put_back,
        freeze_engine,
        cut_links,
        lose_answers,
        stall_links,
        slow_links,
        reset,
        stall,
    )
}

_WEIGHTS = {
    "kill-node": 5,
    "term-node": 2,
    "freeze-node": 3,
    "outlive-lease": 1,
    "kill-engine": 4,
    "promote": 3,
    "freeze-engine": 1,
    "cut-links": 6,
    "lose-answers": 4,
    "stall-links": 3,
    "slow-links": 2,
    "reset": 4,
    "stall": 2,
}


def nodes(count: int, standby: bool = True) -> Scenario:
    """
    Returns the scenario of this number of nodes.

    :param standby: whether their engine has one.
    """

    def scene(directory: Path, rng: Random, build: str) -> Group:
        return Group(directory, rng, build, count, standby)

    return Scenario(scene, ACTS, _WEIGHTS, PATIENCE, psycopg.Error)
