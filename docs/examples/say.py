"""Says its arguments in a room, and prints the id: python say.py HOST PORT ROOM TEXT."""

import sys

from twisted.internet import task

from groupchat.client import Chat, Ending, Refused


async def main(reactor, host, port, room, text):
    try:
        async with Chat(reactor, "script", host, int(port), rooms=[room]) as chat:
            print(await chat.say(room, text))
    except (Ending, Refused) as error:
        sys.exit(f"say.py: {error}")


task.react(main, sys.argv[1:])
