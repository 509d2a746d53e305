import pytest


@pytest.fixture
def known_hosts(tmp_path):
    """The path of a file of known hosts that doesn't exist yet."""
    return tmp_path / "state" / "groupchat" / "known_hosts"


@pytest.fixture
def write_known_hosts(known_hosts):
    """Write this into the file."""

    def write(text):
        known_hosts.parent.mkdir(parents=True, exist_ok=True)
        known_hosts.write_text(text)

    return write
