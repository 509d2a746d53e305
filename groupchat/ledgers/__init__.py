"""
The ledgers: each gives drafts their place in a room's log and makes them durable. One module, one
kind of store.
"""
