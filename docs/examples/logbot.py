"""Appends everything that is said in the lobby to a file; a second run goes on where it stopped."""

import sys
from pathlib import Path

import msgspec
from twisted.internet import task

from groupchat.client import Chat, Ending, Position

LOG, PLACE, NEW = Path("lobby.log"), Path("lobby.place"), Path("lobby.place.new")


async def main(reactor, host, port):
    since = {}
    if PLACE.exists():
        since = msgspec.json.decode(PLACE.read_bytes(), type=dict[str, Position])
    try:
        async with Chat(reactor, "logbot", host, int(port), since=since) as chat:
            with LOG.open("a") as log:
                async for message in chat:
                    log.write(f"{message.at} {message.sender}: {message.text}\n")
                    log.flush()
                    NEW.write_bytes(msgspec.json.encode(chat.positions))
                    NEW.replace(PLACE)
    except Ending as ending:
        sys.exit(f"logbot: {ending}")


task.react(main, sys.argv[1:])
