"""The addresses of a group, which are tried one after the other."""

from twisted.internet.defer import succeed

from groupchat.client.route import Route, Way


class Endpoint:
    def __init__(self, name, connected):
        self.name, self.connected = name, connected

    def connect(self, factory):
        self.connected.append(self.name)
        return succeed(factory)


def test_each_attempt_goes_the_next_way_and_after_the_last_the_first_again():
    connected = []
    route = Route([Way(name, Endpoint(name, connected)) for name in "abc"])
    assert (route.where, route.length()) == ("a", 3)
    for name in "abca":
        route.connect(None)
        assert route.where == name
    assert connected == list("abca")


def test_the_server_of_the_last_attempt_is_remembered():
    route = Route(
        [
            Way("a", Endpoint("a", []), lambda: "first time at a"),
            Way("b", Endpoint("b", []), lambda: "first time at b"),
            Way("c", Endpoint("c", [])),
        ]
    )
    told = []
    for _ in range(3):
        route.connect(None)
        told.append(route.remember())
    assert told == ["first time at a", "first time at b", ""]
