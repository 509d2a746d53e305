"""
Registered names, operators, bans and mutes: their file, and the check of passwords.
"""
