"""
The options of ``twistd groupchat``: their help, their defaults, and the check of their values.
"""
