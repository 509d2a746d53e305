"""
Names that are somebody's own, operators, bans and mutes: the file in which they are kept, and how
passwords are checked.
"""
