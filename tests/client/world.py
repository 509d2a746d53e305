"""Chats of the library beside a whole server, in memory."""

from twisted.internet.defer import Deferred, ensureDeferred

from groupchat.client import Chat, Policy
from tests.client.test_tls import Network, says
from tests.support import Server, secret


class World:
    """A server, and the networks between it and its chats."""

    def __init__(self, **settings):
        self.server = Server(**settings)
        self.clock = self.server.reactor
        self.nets = []
        self._holding = False

    def chat(self, name="alice", rooms=("lobby",), device="", **options):
        """Returns a chat that has not begun."""
        policy = Policy(random=lambda: 0.5)
        options = {"secret": secret(name + device), "policy": policy, **options}
        return Chat(self.clock, name, rooms=rooms, endpoint=self.network(), **options)

    def network(self):
        """Returns an endpoint at which the server is."""
        self.nets.append(Network(self.server.factory))
        return self.nets[-1]

    def join(self, name="alice", **options):
        """Returns a chat that has joined."""
        chat = self.chat(name, **options)
        self.get(chat.start())
        return chat

    def restart(self, server=None):
        """Every connection is lost; another server may be there afterwards."""
        self._holding = False
        if server is not None:
            self.server = server
        for net in self.nets:
            net.behind = self.server.factory
            net.cut()

    def shut(self):
        """Every connection is lost, and no other is made."""
        for net in self.nets:
            net.behind = says(close=True)
            net.cut()

    def hold(self):
        """Carry nothing until `deliver` or `restart` is called."""
        self._holding = True

    def deliver(self):
        """Carry to the server what was sent, but nothing of its answers."""
        for net in self.nets:
            for _, near, there in net.pumps:
                data, near.stream[:] = b"".join(near.stream), []
                if data:
                    there.protocol.dataReceived(data)
        self.run()

    def _carry(self):
        return not self._holding and sum(net.carry() for net in self.nets)

    def run(self, seconds=0.0):
        end = self.clock.rightNow + seconds
        while True:
            while self._carry() or self.clock.turn():
                pass
            if self.clock.rightNow >= end:
                return
            self.clock.rightNow = min(end, self.clock.rightNow + 0.1)

    def wait(self, awaitable, seconds=0.0):
        """Returns the results so far of something that is awaited: none or one of them."""
        found = []
        waiting = awaitable if isinstance(awaitable, Deferred) else ensureDeferred(awaitable)
        waiting.addBoth(found.append)
        self.run(seconds)
        return found

    def get(self, awaitable, seconds=0.0):
        """Returns the result of something that is awaited, or raises its error."""
        (found,) = self.wait(awaitable, seconds)
        if hasattr(found, "raiseException"):
            found.raiseException()
        return found

    def end(self, *chats):
        """End the chats, so that nothing is left in the reactor."""
        for chat in chats:
            chat.close()
        self.run(1)
