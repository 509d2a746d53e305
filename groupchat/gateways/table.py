"""
The gateways by their names. One that no option asks for is not imported.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from groupchat.server.sniff import HTTP_METHODS, Opening
from groupchat.server.tls import HTTP

if TYPE_CHECKING:
    from groupchat.server.factory import ChatFactory

__all__ = ["GATEWAYS", "web"]

#: a request of any method; people, too, type two words
_REQUEST = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^ ]+ HTTP/[0-9.]+\r?")


def web(
    factory: ChatFactory, names: Collection[str] = (), proxies: Collection[str] = ()
) -> Opening:
    """
    Return the opening of the web gateway.

    Everything is read now: the program's files may be replaced while the server runs.

    :param names: names by which the server may be asked for, beside those of its certificate.
    :param proxies: the addresses or networks of the proxies that are trusted.
    """
    from groupchat.gateways.web.site import make_site

    site = make_site(factory, names, proxies)
    return Opening(HTTP_METHODS, site.accept, alpn=HTTP, first_line=_REQUEST)


#: Each makes the opening of a gateway.
GATEWAYS = {"web": web}
