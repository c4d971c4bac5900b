"""What all stories of a Python client share: the client under test, and how a story is told."""

import importlib
import sys
from uuid import uuid4

MODULE, ADDRESS, SECURE, AUTHORITY = sys.argv[1:5]
kurrent = importlib.import_module(MODULE)
exceptions = importlib.import_module(f"{MODULE}.exceptions")
NewEvent, StreamState = kurrent.NewEvent, kurrent.StreamState
ANY, NO_STREAM, EXISTS = StreamState.ANY, StreamState.NO_STREAM, StreamState.EXISTS
IS_NEW = MODULE == "kurrentdbclient"
Client = kurrent.KurrentDBClient if IS_NEW else kurrent.EventStoreDBClient
SCHEME = "kurrentdb" if IS_NEW else "esdb"


class Errors:
    """The older client's errors have the same names without "Error"."""

    def __getattr__(self, name):
        return getattr(exceptions, name, None) or getattr(exceptions, name.removesuffix("Error"))


errors = Errors()
STORIES = []


def story(tell):
    STORIES.append(tell)
    return tell


def connect(options="", scheme=SCHEME):
    return Client(f"{scheme}://{ADDRESS}?tls=false{options}")


def event(kind="OrderPlaced", data=b'{"n":1}', **more):
    return NewEvent(type=kind, data=data, **more)


def stream(category="order"):
    return f"{category}-{uuid4()}"


def raises(expected, act):
    try:
        act()
    except expected as error:
        # A subclass would be another answer.
        assert type(error) is expected, f"{type(error)}: {error}"
        return error
    raise AssertionError(f"{expected.__name__} was not raised")


def of_version_2(tell):
    return story(tell) if IS_NEW else tell
