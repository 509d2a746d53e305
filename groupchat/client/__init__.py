"""
The client as a library: a chat over one connection after the other, for bots, scripts and programs.

`Chat` is where to begin; all names listed here are public.
"""

from __future__ import annotations

from groupchat.client.chat import Chat
from groupchat.client.directory import ChatRoom
from groupchat.client.displays import BlankDisplay
from groupchat.client.errors import AnswerLost, ClientError, Ending, Refused
from groupchat.client.interfaces import Display
from groupchat.client.parts import Policy
from groupchat.client.reader import Reader, Received
from groupchat.client.states import Connecting, Ended, Online, State, Waiting
from groupchat.wire.commands import Position

__all__ = [
    "AnswerLost",
    "BlankDisplay",
    "Chat",
    "ChatRoom",
    "ClientError",
    "Connecting",
    "Display",
    "Ended",
    "Ending",
    "Online",
    "Policy",
    "Position",
    "Reader",
    "Received",
    "Refused",
    "State",
    "Waiting",
]
