"""
Generates the manual pages and the completions of shells, in ``etc/man`` and ``etc/completions``.

``python -m tests.generate`` writes them. They come from the tables that parse the command lines, so
that nothing is said twice.
"""
