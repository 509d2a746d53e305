"""The daemon as a service: systemd, failed starts, and leftovers of an earlier run."""
