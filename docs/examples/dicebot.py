import random
import re

from twisted.internet import task

from groupchat.client import Chat


async def main(reactor):
    async with Chat(reactor, "dicebot", "localhost", 9000) as chat:
        async for message in chat:
            found = re.fullmatch(r"roll (\d{1,2})d(\d{1,3})", message.text)
            if found:
                dice = [random.randint(1, int(found[2])) for _ in range(int(found[1]))]
                await chat.say(message.room, f"{message.sender}: {sum(dice)} {dice}")
            elif message.text == "goodbye, dicebot":
                return


task.react(main)
