"""
The web gateway: the page, WebSocket and HTTP on the chat's own port.

A module that answers requests adds rows to the table of routes (`routes.py`). A handler is
``async def handler(request: Request) -> Reply``; it raises `Problem` where it refuses.
"""
