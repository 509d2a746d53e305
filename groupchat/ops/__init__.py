"""What concerns the daemon as a service: systemd, and what an earlier run left behind."""
