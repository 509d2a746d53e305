"""The daemon as a service: systemd, reload, health, metrics, failed starts and leftovers."""
