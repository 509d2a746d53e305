"""The client as a library: connections, rooms and messages, without a terminal."""
