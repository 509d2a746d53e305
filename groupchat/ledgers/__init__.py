"""
The ledgers: each gives entries their positions in a room's log and makes them durable. ``memory``
and ``sqlite`` are the two; what they have in common is in modules of its own.
"""
