"""An address on which the daemon listens, with the endpoints that can provide it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.python.failure import Failure

from groupchat.ops.listen_errors import cannot_listen, clears_socket, is_taken

__all__ = ["Binding"]


class Binding:
    """
    :param name: the address, as errors name it.
    :param endpoints: to try in order: IPv6 with IPv4, then IPv4 alone.
    :param factory: of the connections.
    :param listening: called with the port once it is bound.
    """

    def __init__(
        self,
        name: str,
        endpoints: Sequence[IStreamServerEndpoint],
        factory: IProtocolFactory,
        listening: Callable[[IListeningPort], object],
    ) -> None:
        self._name = name
        self._endpoints = endpoints
        self._factory = factory
        self._listening = listening

    def open(self) -> None:
        """
        Listen on the first of the endpoints that this machine supports (IPv4 if it lacks IPv6).

        :raises CannotStart: the address cannot be had.
        """
        for endpoint in self._endpoints:
            failure = self._listen(endpoint)
            if failure is not None and clears_socket(failure):
                failure = self._listen(endpoint)
            if failure is None:
                return
            if is_taken(failure):
                break
        assert failure is not None
        raise cannot_listen(self._name, failure)

    def _listen(self, endpoint: IStreamServerEndpoint) -> Failure | None:
        failures: list[Failure] = []
        endpoint.listen(self._factory).addCallbacks(self._listening, failures.append)
        return failures[0] if failures else None
