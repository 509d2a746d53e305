"""
Records the animated picture of README.rst, from a real session: a real server that is killed, real
members, and the screen of groupchat-connect, each in a terminal of tmux.

``python -m tests.recording`` makes ``docs/recording.svg`` again.
"""
