"""
One node of the chat: rooms, members and their permissions. No I/O, no clock: time and the reactor
are arguments.
"""
