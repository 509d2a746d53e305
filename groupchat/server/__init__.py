"""The TCP port: connections before and after login, framing, TLS and the way out."""
