"""
The HTTP API: messages, streams, rooms. A module here adds rows to the table of routes.
"""
