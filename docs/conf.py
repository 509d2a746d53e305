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

extensions = ["optiontable", "sphinx.ext.autodoc"]
autodoc_class_signature = "separated"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
exclude_patterns = ["_build", "_ext"]
nitpicky = True
# Types in signatures: Python's, Twisted's, and those of modules without a page.
nitpick_ignore_regex = [("py:(class|obj|data)", ".*")]
smartquotes_action = "qe"  # not the dashes: options begin with two

html_theme = "alabaster"
html_theme_options = {
    "description": "A group chat that one command starts",
    "fixed_sidebar": True,
    "page_width": "1100px",
}
html_copy_source = False
html_show_sphinx = False
