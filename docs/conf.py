"""
The settings of Sphinx. ``sphinx-build -W -b html docs build/docs`` builds the documentation.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import groupchat

project = "groupchat"
copyright = "the authors of groupchat"
version = release = groupchat.__version__

extensions = ["optiontable"]
exclude_patterns = ["_build", "_ext"]
nitpicky = True
smartquotes_action = "qe"  # not the dashes: options begin with two

html_theme = "alabaster"
html_theme_options = {
    "description": "A group chat that one command starts",
    "fixed_sidebar": True,
    "page_width": "1100px",
}
html_copy_source = False
html_show_sphinx = False
