"""
IRC servers of others, as Debian packages them, where they are installed.

Their configuration is made here, with the protection against floods off: else they would be
throttled, not measured. With TLS they get a certificate like that of our daemon, made for the run.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.benchmarks.servers import LOOPBACK, PLACES, TLS, Server, certificate, free_port

#: the parameters of RFC 7919, which no client here uses
FFDHE2048 = """-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""


class IrcServer(Server):
    """:param encrypted: whether it speaks TLS."""

    wire = "irc"
    program_name = ""  #: that of its package, too
    options: list[str] = []
    configuration = ""
    listener = ""  #: a part of the configuration, without TLS
    tls_listener = ""  #: the same with TLS

    def __init__(self, encrypted: bool = False) -> None:
        self.name = self.program_name + (TLS if encrypted else "")
        self.encrypted = encrypted

    def missing(self) -> str:
        return "" if self.program() else f"it is not installed: install {self.program_name}"

    def program(self) -> str | None:
        return shutil.which(
            self.program_name,
            path=os.pathsep.join(
                [os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"]
            ),
        )

    def command(self, folder: Path, port: int) -> list[str]:
        file = folder / "configuration"
        values: dict[str, object] = {"port": port, "address": LOOPBACK, "places": PLACES}
        if self.encrypted:
            values |= self.tls_values(folder)
        text = self.configuration + (self.tls_listener if self.encrypted else self.listener)
        file.write_text(text % values)
        return [str(self.program()), *self.options, str(file)]

    def tls_values(self, folder: Path) -> dict[str, object]:
        """Returns the values that the configuration needs for TLS."""
        return {"certificate": certificate(folder)}


class Ngircd(IrcServer):
    program_name = "ngircd"
    options = ["--nodaemon", "--config"]
    configuration = """
[Limits]
    MaxConnections = 0
    MaxConnectionsIP = 0
    MaxNickLength = 20
    MaxPenaltyTime = 0
    PingTimeout = 3600
[Options]
    DNS = no
    Ident = no
    PAM = no
[Global]
    Name = benchmark.example
    Info = benchmark
    AdminInfo1 = benchmark
    AdminEMail = nobody@benchmark.example
    Listen = %(address)s
"""
    listener = """
    Ports = %(port)d
"""
    tls_listener = """
    Ports = %(unused)d
[SSL]
    DHFile = %(dh)s
    CertFile = %(certificate)s
    KeyFile = %(certificate)s
    Ports = %(port)d
"""

    def tls_values(self, folder: Path) -> dict[str, object]:
        # Without parameters for the old key exchange it makes some at each start, for seconds.
        file = folder / "dh.pem"
        file.write_text(FFDHE2048)
        return {**super().tls_values(folder), "dh": file, "unused": free_port()}


class Inspircd(IrcServer):
    program_name = "inspircd"
    configuration = """
<server name="benchmark.example" description="benchmark" network="benchmark">
<admin name="nobody" nick="nobody" email="nobody@benchmark.example">
<connect allow="*" timeout="60" pingfreq="3600"
    hardsendq="67108864" softsendq="67108864" recvq="16777216"
    threshold="1000000" commandrate="1000000000" fakelag="no"
    limit="%(places)d" localmax="%(places)d" globalmax="%(places)d"
    maxconnwarn="no" resolvehostnames="no" useident="no" usednsbl="no">
<performance softlimit="%(places)d" somaxconn="4096" netbuffersize="65534">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="inspircd.log">
<options defaultmodes="">
"""
    listener = """
<bind address="%(address)s" port="%(port)d" type="clients">
"""
    tls_listener = """
<module name="ssl_gnutls">
<sslprofile name="benchmark" provider="gnutls" certfile="%(certificate)s" keyfile="%(certificate)s">
<bind address="%(address)s" port="%(port)d" type="clients" sslprofile="benchmark">
"""

    @property
    def options(self) -> list[str]:  # type: ignore[override]
        return ["--nofork", "--nopid", *(["--runasroot"] if os.geteuid() == 0 else []), "--config"]
