"""Other protocols on the same port, one module each, imported only when an option asks for it."""
