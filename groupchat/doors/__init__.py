"""The doors: Twisted protocols on the port. They frame, and hand over lines; they know no room."""
