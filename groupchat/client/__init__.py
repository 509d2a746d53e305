"""The client: the same wires from the other end."""
