"""
The wires: lines to commands, events to lines. Pure: no I/O, no clock, nothing remembered between
lines.

Server and client share them. A wire is one module here with the two functions of
`groupchat.wire.interfaces.IWire`.
"""
