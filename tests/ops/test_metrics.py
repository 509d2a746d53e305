"""
The metrics of a server, as Prometheus reads them: right, named as promtool wants them, and in the
dashboard and the alert rules under the names that they have.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.testing import StringTransport

from groupchat.ops.health import TICK, Health
from groupchat.ops.histogram import Histogram
from groupchat.ops.metrics import Metrics, ObservedOwner
from groupchat.ops.metrics_http import metrics_site
from groupchat.server.tls import Certificate
from tests.support import Server, every_wire

ETC = Path(__file__).parents[2] / "etc"
DOCUMENT = Path(__file__).parents[2] / "docs" / "monitoring.rst"


class Watched:
    """A server in memory with its metrics."""

    def __init__(self, ledger="", **settings):
        self.server = Server(**settings)
        self.health = Health(self.server.ledger, self.server.reactor)
        self.metrics = Metrics(self.server.hub, self.server.factory, self.health, ledger)
        owner = ObservedOwner(self.server.hub, self.metrics, self.server.reactor.seconds)
        self.server.ledger.open(owner)
        self.site = metrics_site(self.metrics, self.health, self.server.reactor)

    def families(self):
        return {
            family.name: family
            for family in text_string_to_metric_families(self.metrics.text().decode())
        }

    def samples(self, name):
        """The values of a family by their labels."""
        return {
            tuple(value for _, value in sorted(sample.labels.items())): sample.value
            for sample in self.families()[name].samples
            if not sample.name.endswith("_created")
        }

    def value(self, name):
        (value,) = self.samples(name).values()
        return value

    def get(self, request):
        """Returns the response to a request."""
        transport = StringTransport()
        protocol = self.site.buildProtocol(None)
        protocol.makeConnection(transport)
        protocol.dataReceived(f"{request} HTTP/1.0\r\n\r\n".encode())
        head, _, body = transport.value().decode().partition("\r\n\r\n")
        return head.split("\r\n")[0], body


@pytest.fixture
def watched():
    return Watched(max=20)


@pytest.fixture
def promtool(needs):
    program = needs("promtool", "prometheus")

    def promtool(*arguments, input=b""):
        done = subprocess.run(
            [program, *map(str, arguments)],
            input=input,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode, done.stdout.decode()

    return promtool


# Values.


@every_wire
def test_members_and_rooms_are_counted(watched, wire):
    for name in ("alice", "bob"):
        watched.server.join(wire, name)
    assert watched.value("groupchat_members") == 2
    assert watched.value("groupchat_members_limit") == 20
    assert watched.value("groupchat_rooms") == 1
    assert watched.samples("groupchat_logins") == {("guest",): 2}


@every_wire
def test_messages_and_their_deliveries_are_counted_once_for_each_member(watched, wire):
    alice, *_ = (watched.server.join(wire, name) for name in ("alice", "bob", "carol"))
    before = watched.value("groupchat_deliveries")
    for _ in range(5):
        alice.say("hello")
        watched.server.run()
    assert watched.value("groupchat_messages") == 5
    assert watched.value("groupchat_deliveries") - before == 15
    assert watched.value("groupchat_sent_bytes") > 15 * len("hello")
    assert watched.value("groupchat_received_bytes") > 5 * len("hello")


def test_a_message_that_is_sent_again_is_no_new_one(watched):
    alice = watched.server.json("alice")
    for _ in range(2):
        alice.say("hello", n=1)
        watched.server.run()
    assert watched.value("groupchat_messages") == 1


def test_connections_are_counted_by_protocol_and_outcome():
    certificate = Certificate(None, own=True)
    certificate.open()
    watched = Watched()
    server = watched.server = Server(certificate=certificate)
    watched.metrics = Metrics(server.hub, server.factory, watched.health, "")
    clients = [server.join(wire, wire.replace(", ", "-")) for wire in ("plain", "json, tls")]
    silent, nosy = server.connect("json"), server.connect("plain")
    nosy.send(b"/who\n")
    server.run()
    assert watched.samples("groupchat_connections") == {
        ("pending",): 2,
        ("visiting",): 0,
        ("joined",): 2,
    }
    for client in (*clients, silent, nosy):
        client.close()
    server.run()
    assert {*watched.samples("groupchat_connections").values()} == {0}
    assert watched.samples("groupchat_connections_closed") == {
        ("joined", "plain", "no"): 1,
        ("joined", "json", "yes"): 1,
        ("no_login", "plain", "no"): 1,
        ("no_login", "unknown", "no"): 1,
    }
    assert watched.value("groupchat_tls_handshakes") == 1
    assert watched.value("groupchat_tls_handshakes_waiting") == 0


def test_refusals_are_counted_by_code(watched):
    alice = watched.server.json("alice")
    watched.server.json("bob")
    alice.rename("bob")
    alice.tell("nobody", "hello")
    alice.send(b"nonsense\n")
    watched.server.run()
    assert watched.samples("groupchat_refusals") == {
        ("name-taken",): 1,
        ("no-such-name",): 1,
        ("bad-json",): 1,
    }


def test_those_who_are_turned_away_are_counted_by_code():
    watched = Watched(max=1)
    watched.server.json("alice")
    watched.server.connect("json").hello("bob")
    watched.server.run()
    assert watched.samples("groupchat_byes") == {("full",): 1}


def test_a_reader_that_is_behind_is_counted_with_what_it_lacks(watched):
    alice, bob = (watched.server.json(name) for name in ("alice", "bob"))
    assert watched.value("groupchat_slow_reader_lag_messages") == 0
    bob.stall()
    for _ in range(50):
        alice.say("x" * 4000)
        watched.server.run()
    assert watched.value("groupchat_slow_readers") == 1
    assert 25 < watched.value("groupchat_slow_reader_lag_messages") < 50
    bob.flow()
    watched.server.run(1)
    assert watched.value("groupchat_slow_readers") == 0
    assert watched.value("groupchat_slow_reader_lag_messages") == 0


def test_batches_are_measured(watched):
    alice = watched.server.json("alice")
    for _ in range(3):
        alice.say("hello")
    watched.server.run()
    text = watched.metrics.text().decode()
    assert 'groupchat_batch_entries_bucket{le="4"} 2.0' in text
    assert "groupchat_batch_entries_sum 5.0" in text, "login, join, and three messages"
    assert "groupchat_fan_out_seconds_count 2.0" in text


def test_the_sizes_of_the_files_are_told(tmp_path):
    (tmp_path / "chat.db").write_bytes(b"x" * 1000)
    (tmp_path / "chat.db-wal").write_bytes(b"x" * 10)
    watched = Watched(str(tmp_path / "chat.db"))
    assert watched.value("groupchat_ledger_size_bytes") == 1000
    assert watched.value("groupchat_ledger_wal_size_bytes") == 10
    (tmp_path / "chat.db-wal").unlink()
    assert watched.value("groupchat_ledger_wal_size_bytes") == 0


def test_the_lag_of_the_reactor_is_measured(watched):
    watched.health.start()
    watched.server.run(TICK * 3)
    watched.health.stop()
    text = watched.metrics.text().decode()
    assert "groupchat_reactor_lag_seconds_count 3.0" in text


def test_a_histogram_counts_up_to_each_bound():
    histogram = Histogram((1, 2.5))
    for value in (0.5, 1, 2, 3):
        histogram.observe(value)
    assert histogram.buckets() == [("1", 2), ("2.5", 3), ("+Inf", 4)]
    assert histogram.sum == 6.5


# Pages.


def test_the_pages_answer(watched):
    status, body = watched.get("GET /metrics")
    assert status == "HTTP/1.0 200 OK"
    assert "groupchat_members 0.0\n" in body
    assert watched.get("GET /healthz") == ("HTTP/1.0 200 OK", "ok\n")
    assert watched.get("GET /")[0] == "HTTP/1.0 200 OK"
    assert watched.get("GET /nothing")[0] == "HTTP/1.0 404 Not Found"
    assert watched.get("POST /metrics")[0].startswith("HTTP/1.0 405 ")


def test_a_server_that_is_not_healthy_says_so_by_status_and_in_words(watched):
    watched.health.start()
    watched.health.problems = lambda: ["The ledger refuses messages: the disk is full."]
    assert watched.get("GET /healthz") == (
        "HTTP/1.0 503 Service Unavailable",
        "The ledger refuses messages: the disk is full.\n",
    )
    assert watched.value("groupchat_healthy") == 0
    watched.health.stop()


# Names.


def busy():
    """A server of which every metric has a value."""
    watched = Watched("groupchat.db", max=2)
    alice = watched.server.json("alice")
    watched.server.json("bob").tell("nobody", "x")
    watched.server.connect("json").hello("carol")
    alice.say("hello")
    watched.server.run()
    return watched


def test_promtool_finds_no_fault_with_the_names(promtool):
    assert promtool("check", "metrics", input=busy().metrics.text()) == (0, "")


def test_the_page_describes_every_metric():
    terms = re.findall(r"^``groupchat_.*", DOCUMENT.read_text(), re.MULTILINE)
    described = set(re.findall(r"\w+", " ".join(terms)))
    own = {
        f"{name}_total" if family.type == "counter" else name
        for name, family in busy().families().items()
        if name.startswith("groupchat_")
    }
    assert described == own | {"groupchat_build_info"} - {"groupchat_build"}


def mentioned(text):
    """The metrics in an expression, as families."""
    return {
        re.sub("_(bucket|sum|count)$", "", name) for name in re.findall(r"groupchat_[a-z_]+", text)
    }


def test_the_alerts_are_good_rules_on_metrics_that_exist(promtool):
    rules = ETC / "groupchat.rules.yml"
    status, said = promtool("check", "rules", rules)
    assert status == 0, said
    assert "SUCCESS" in said
    families = busy().families()
    known = {f"{name}_total" if it.type == "counter" else name for name, it in families.items()}
    expressions = "\n".join(re.findall(r"expr: (.*)", rules.read_text()))
    assert mentioned(expressions) <= known


def test_the_alerts_fire_when_they_should(promtool):
    status, said = promtool("test", "rules", Path(__file__).with_name("alerts.yml"))
    assert status == 0, said


def test_the_dashboard_shows_metrics_that_exist(promtool):
    dashboard = json.loads((ETC / "groupchat.grafana.json").read_text())
    families = busy().families()
    known = {f"{name}_total" if it.type == "counter" else name for name, it in families.items()}
    expressions = [
        target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())
    ]
    assert len(expressions) > 10
    for expression in expressions:
        assert mentioned(expression) <= known
        rule = f"groups: [{{name: x, rules: [{{record: x, expr: {json.dumps(expression)}}}]}}]"
        rule = rule.replace("$__rate_interval", "5m")
        assert promtool("check", "rules", "/dev/stdin", input=rule.encode())[0] == 0, expression
