"""Texts that are hard to show: wide, joined, right to left, with marks and with controls."""

from hypothesis import strategies as st

HARD = (
    "👩‍👩‍👧",
    "🇨🇦",
    "❤️",
    "👋🏻",
    "e\u0301",
    "早上好",
    "שלום",
    "مرحبا",
    "\u0301",
    "\u200b",
    "\u200d",
    "\ufe0f",
    "ก็",
    "\x1b[31m",
    "\x9b",
    "\x07",
    "\t",
    "\u202e",
    "https://ci.example.org/job/group-chat/1123/",
    " ",
    "   ",
    "\ud800",
)

hard_texts = st.lists(st.sampled_from(HARD) | st.text(max_size=12), max_size=12).map("".join)
