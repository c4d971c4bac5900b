"""Stories told by a Python client of KurrentDB, against the server at an address.

    python stories.py kurrentdbclient 127.0.0.1:2113 127.0.0.1:2114 ca.pem

The second address is that of the same contexts by TLS, with the file of the authority behind it.
What else is given is of a server that asks who asks: this client has no calls about users.
Each story uses streams of its own. What is printed is counted by whoever runs this.
"""

import json
import sys
import threading
import traceback
from uuid import uuid4

import groups  # noqa: F401  its stories are told, too
from telling import *
from telling import STORIES


@story
def events_come_back_as_they_were_appended(client):
    name, first = stream(), event(metadata=b'{"$correlationId":"c","n":[1]}')
    second = event("Scan", b"\x00\xff", content_type="application/octet-stream")
    third = event("Scan", b"", metadata=b"\xff\x00 no text")
    position = client.append_to_stream(name, current_version=NO_STREAM, events=[first, second])
    client.append_to_stream(name, current_version=1, events=third)
    read = client.get_stream(name)
    for asked, got in zip([first, second, third], read, strict=True):
        for field in ["id", "type", "data", "metadata", "content_type"]:
            assert getattr(asked, field) == getattr(got, field), (field, got)
        assert got.recorded_at is not None
    assert [e.stream_position for e in read] == [0, 1, 2]
    assert read[1].commit_position == position


@story
def a_stale_append_is_refused_with_both_versions(client):
    name = stream()
    wrong = errors.WrongCurrentVersionError
    raises(wrong, lambda: client.append_to_stream(name, current_version=3, events=[event()]))
    raises(wrong, lambda: client.append_to_stream(name, current_version=EXISTS, events=[event()]))
    client.append_to_stream(name, current_version=NO_STREAM, events=[event(), event()])
    for events in ([event()], event()):  # in a batch, and alone
        for version in (0, NO_STREAM):
            act = lambda: client.append_to_stream(name, current_version=version, events=events)
            error = raises(wrong, act)
            if IS_NEW and isinstance(events, list):
                assert error.actual_version == 1, vars(error)
    client.append_to_stream(name, current_version=ANY, events=[event()])
    assert client.get_current_version(name) == 2


@story
def the_same_append_again_answers_as_the_first_time(client):
    name, events = stream(), [event(), event()]
    first = client.append_to_stream(name, current_version=NO_STREAM, events=events)
    client.append_to_stream(name, current_version=1, events=[event()])
    for version in (NO_STREAM, ANY):
        again = client.append_to_stream(name, current_version=version, events=events)
        assert again == first
    assert len(client.get_stream(name)) == 3


@story
def a_stream_is_read_both_ways_from_any_place(client):
    name = stream()
    events = [event(data=json.dumps({"n": n}).encode()) for n in range(1300)]
    client.append_to_stream(name, current_version=NO_STREAM, events=events)
    numbers = lambda **options: [e.stream_position for e in client.get_stream(name, **options)]
    assert numbers() == list(range(1300))
    assert numbers(backwards=True) == list(range(1299, -1, -1))
    assert numbers(stream_position=1290, limit=5) == list(range(1290, 1295))
    assert numbers(stream_position=3, backwards=True) == [3, 2, 1, 0]
    assert numbers(limit=2, backwards=True) == [1299, 1298]
    assert numbers(stream_position=5000) == []
    raises(errors.NotFoundError, lambda: client.get_stream(stream()))
    assert client.get_current_version(stream()) == NO_STREAM


@story
def all_events_are_read_in_order_and_by_filter(client):
    category, before = f"c{uuid4().hex}", client.get_commit_position()
    one, two = stream(category), stream(category)
    for name, kind in [(one, "Opened"), (two, "Opened"), (one, "Closed")]:
        client.append_to_stream(name, current_version=ANY, events=[event(kind)])
    read = lambda **options: list(client.read_all(commit_position=before, **options))
    own = lambda events: [(e.stream_name, e.type) for e in events if category in e.stream_name]
    told = [(one, "Opened"), (two, "Opened"), (one, "Closed")]
    events = read()
    assert own(events) == told
    positions = [e.commit_position for e in events]
    assert positions == sorted(set(positions))
    last = events[-1].commit_position
    assert client.get_commit_position() == last
    assert own(client.read_all(backwards=True, limit=3)) == told[::-1]
    # Forwards a position is in it, backwards it is not.
    assert [e.commit_position for e in client.read_all(commit_position=last)] == [last]
    assert last not in [e.commit_position for e in client.read_all(commit_position=last, backwards=True)]
    by_stream = {"filter_by_stream_name": True}
    assert own(read(filter_include=[f"{category}-.*"], **by_stream)) == told
    assert own(read(filter_include=["Closed"])) == told[2:]
    if IS_NEW:
        by_prefix = {"filter_by_prefix": True}
        assert own(read(filter_include=["Clo"], **by_prefix)) == told[2:]
        assert own(read(filter_include=[f"{category}-"], **by_prefix, **by_stream)) == told
    assert own(read(filter_exclude=["Opened", r"\$.+"])) == told[2:]
    assert own(read(filter_exclude=[f"{one}"], **by_stream)) == told[1:2]


@story
def a_subscription_to_all_goes_from_stored_to_live(client):
    name = stream()
    before = client.get_commit_position()
    client.append_to_stream(name, current_version=ANY, events=[event(), event()])
    options = {"include_caught_up": True}
    with client.subscribe_to_all(commit_position=before, **options) as subscription:
        seen = []
        for got in subscription:
            if got.is_caught_up:
                client.append_to_stream(name, current_version=1, events=[event()])
            elif got.stream_name == name:
                seen.append(got.stream_position)
            if len(seen) == 3:
                break
    assert seen == [0, 1, 2]
    assert subscription.subscription_id


@story
def a_subscription_to_a_stream_goes_from_stored_to_live(client):
    name = stream()
    client.append_to_stream(name, current_version=ANY, events=[event(), event(), event()])
    with client.subscribe_to_stream(name, stream_position=0, include_caught_up=True) as subscription:
        seen = []
        for got in subscription:
            if got.is_caught_up:
                assert got.stream_position == 2 or not IS_NEW
                client.append_to_stream(stream(), current_version=ANY, events=[event()])
                client.append_to_stream(name, current_version=2, events=[event()])
            else:
                seen.append(got.stream_position)
            if len(seen) == 3:
                break
    assert seen == [1, 2, 3], "behind the position, and each once"
    with client.subscribe_to_stream(name, from_end=True, include_caught_up=True) as subscription:
        assert next(subscription).is_caught_up
        client.append_to_stream(name, current_version=3, events=[event("Last")])
        assert next(subscription).type == "Last"


@story
def racing_writers_and_one_subscription_agree(client):
    name, count = stream(), 200
    with client.subscribe_to_stream(name) as subscription:
        def write():
            own = connect()
            for _ in range(count // 4):
                own.append_to_stream(name, current_version=ANY, events=[event()])
            own.close()

        writers = [threading.Thread(target=write) for _ in range(4)]
        for writer in writers:
            writer.start()
        seen = [next(subscription).stream_position for _ in range(count)]
        for writer in writers:
            writer.join()
    assert seen == list(range(count))


@story
def a_filtered_subscription_tells_how_far_it_has_come(client):
    kind = f"T{uuid4().hex}"
    before = client.get_commit_position()
    filtered = {"filter_include": [kind], "window_size": 1, "checkpoint_interval_multiplier": 2}
    subscription = client.subscribe_to_all(
        commit_position=before, include_checkpoints=True, **filtered
    )
    with subscription:
        client.append_to_stream(stream(), current_version=ANY, events=[event() for _ in range(4)])
        got = next(subscription)
        assert got.is_checkpoint and got.commit_position > before
        client.append_to_stream(stream(), current_version=ANY, events=[event(kind)])
        while got.is_checkpoint:
            place, got = got.commit_position, next(subscription)
        assert got.type == kind and got.commit_position > place


@story
def settings_are_kept_to_the_letter_and_take_effect(client):
    name = stream()
    assert client.get_stream_metadata(name) == ({}, NO_STREAM)
    client.append_to_stream(name, current_version=ANY, events=[event() for _ in range(5)])
    settings = {"$maxCount": 2, "$maxAge": 3600, "$acl": {"$r": ["$all"]}, "mine": {"a": [1, None]}}
    client.set_stream_metadata(name, metadata=settings, current_version=NO_STREAM)
    assert client.get_stream_metadata(name) == (settings, 0)
    assert [e.stream_position for e in client.get_stream(name)] == [3, 4]
    wrong = errors.WrongCurrentVersionError
    raises(wrong, lambda: client.set_stream_metadata(name, metadata={}, current_version=NO_STREAM))
    client.set_stream_metadata(name, metadata={"$tb": 4}, current_version=0)
    assert [e.stream_position for e in client.get_stream(name)] == [4]


@story
def a_deleted_stream_is_gone_until_it_is_written_to(client):
    name = stream()
    gone = errors.NotFoundError
    raises(gone, lambda: client.delete_stream(name, current_version=ANY))
    raises(gone, lambda: client.delete_stream(name, current_version=1))
    client.set_stream_metadata(name, metadata={"mine": 1})
    client.append_to_stream(name, current_version=ANY, events=[event(), event()])
    wrong = errors.WrongCurrentVersionError
    raises(wrong, lambda: client.delete_stream(name, current_version=0))
    client.delete_stream(name, current_version=1)
    raises(gone, lambda: client.get_stream(name))
    metadata, version = client.get_stream_metadata(name)
    assert (metadata["mine"], metadata["$tb"], version) == (1, 2**63 - 1, 1)
    client.delete_stream(name, current_version=ANY)
    client.append_to_stream(name, current_version=NO_STREAM, events=[event()])
    assert [e.stream_position for e in client.get_stream(name)] == [2]
    # Who reads the settings to change them must not delete the stream by writing them back.
    metadata, version = client.get_stream_metadata(name)
    client.set_stream_metadata(name, metadata={**metadata, "mine": 2}, current_version=version)
    assert [e.stream_position for e in client.get_stream(name)] == [2]


@story
def a_tombstone_is_for_ever(client):
    name, ended = stream(), errors.StreamIsDeletedError
    raises(errors.NotFoundError, lambda: client.tombstone_stream(name, current_version=1))
    client.append_to_stream(name, current_version=ANY, events=[event(), event()])
    raises(
        errors.WrongCurrentVersionError, lambda: client.tombstone_stream(name, current_version=0)
    )
    client.tombstone_stream(name, current_version=1)
    raises(ended, lambda: client.get_stream(name))
    raises(ended, lambda: client.append_to_stream(name, current_version=ANY, events=[event()]))
    # Alone, an event is appended by another call, whose refusal this client knows by its code only.
    alone = errors.FailedPreconditionError
    raises(alone, lambda: client.append_to_stream(name, current_version=ANY, events=event()))
    raises(ended, lambda: client.delete_stream(name, current_version=ANY))
    raises(ended, lambda: client.tombstone_stream(name, current_version=ANY))
    raises(ended, lambda: client.get_stream_metadata(name))
    client.set_stream_metadata(name, metadata={"mine": 1})
    last = list(client.read_all(backwards=True, limit=3, filter_exclude=()))
    assert ("$streamDeleted", name) in [(e.type, e.stream_name) for e in last]


@story
def a_subscriber_is_told_of_a_tombstone(client):
    name = stream()
    client.append_to_stream(name, current_version=ANY, events=[event()])
    with client.subscribe_to_stream(name) as subscription:
        assert next(subscription).stream_position == 0
        client.tombstone_stream(name, current_version=0)
        raises(errors.StreamIsDeletedError, lambda: next(subscription))


@story
def links_are_followed_where_that_is_asked(client):
    one, other = stream(), stream("list")
    client.append_to_stream(one, current_version=ANY, events=[event("Kept")])
    link = event("$>", f"0@{one}".encode(), content_type="application/octet-stream")
    client.append_to_stream(other, current_version=ANY, events=[link])
    plain = client.get_stream(other)[0]
    assert (plain.type, plain.is_resolved_event) == ("$>", False)
    followed = client.get_stream(other, resolve_links=True)[0]
    assert (followed.type, followed.stream_name) == ("Kept", one)
    assert (followed.link.id, followed.link.stream_name) == (link.id, other)


@story
def derived_streams_are_there_without_projections(client):
    category, kind = f"c{uuid4().hex}", f"T{uuid4().hex}"
    correlation = str(uuid4())
    metadata = json.dumps({"$correlationId": correlation}).encode()
    one, two = stream(category), stream(category)
    client.append_to_stream(one, current_version=ANY, events=[event(), event(kind)])
    client.append_to_stream(two, current_version=ANY, events=[event(kind, metadata=metadata)])
    read = lambda name, **more: client.get_stream(name, resolve_links=True, **more)
    places = lambda events: [(e.stream_name, e.stream_position) for e in events]
    assert places(read(f"$ce-{category}")) == [(one, 0), (one, 1), (two, 0)]
    assert places(read(f"$ce-{category}", backwards=True, limit=2)) == [(two, 0), (one, 1)]
    assert places(read(f"$et-{kind}")) == [(one, 1), (two, 0)]
    assert places(read(f"$bc-{correlation}")) == [(two, 0)]
    assert places(read(f"$category-{category}")) == [(one, 0), (two, 0)]
    assert (two, 0) in places(read("$streams"))
    links = client.get_stream(f"$ce-{category}")
    assert [link.data.decode() for link in links] == [f"0@{one}", f"1@{one}", f"0@{two}"]
    resumed = read(f"$ce-{category}", stream_position=links[1].stream_position)
    assert places(resumed) == [(one, 1), (two, 0)]
    raises(errors.NotFoundError, lambda: read(f"$ce-{uuid4().hex}"))
    act = lambda: client.append_to_stream(f"$ce-{category}", current_version=ANY, events=[event()])
    raises(errors.BadRequestError, act)
    position = links[-1].stream_position
    with client.subscribe_to_stream(
        f"$ce-{category}", stream_position=position, resolve_links=True
    ) as subscription:
        client.append_to_stream(two, current_version=0, events=[event("Next")])
        assert next(subscription).type == "Next"


@story
def what_cannot_be_meant_is_refused_in_words(client):
    bad = errors.BadRequestError
    act = lambda: client.append_to_stream("a\nb", current_version=ANY, events=[event()])
    assert "control character" in str(raises(bad, act))
    act = lambda: client.append_to_stream(f"$${stream()}", current_version=ANY, events=[event()])
    assert "$metadata" in str(raises(bad, act))
    too_large = event(data=b"x" * (4 * 1024 * 1024 + 1))
    act = lambda: client.append_to_stream(stream(), current_version=ANY, events=[too_large])
    assert "maximum" in str(raises(bad, act))
    act = lambda: list(client.read_all(filter_include=["("]))
    error = raises(errors.GrpcError, act)
    assert "expression cannot be used" in str(error)


@story
def a_client_finds_the_server_by_gossip(client):
    found = connect("&nodePreference=leader", SCHEME)
    name = stream()
    found.append_to_stream(name, current_version=NO_STREAM, events=[event()])
    found.close()
    members = client.read_gossip()
    assert len(members) == 1, members
    host, port = ADDRESS.rsplit(":", 1)
    assert (members[0].address, members[0].port) == (host, int(port)), members
    discovering = connect(scheme=f"{SCHEME}+discover")
    assert len(discovering.get_stream(name)) == 1
    discovering.close()


@of_version_2
def indexes_are_read_and_followed(client):
    category, kind = f"c{uuid4().hex}", f"T{uuid4().hex}"
    one, two = stream(category), stream(category)
    client.append_to_stream(one, current_version=ANY, events=[event(), event(kind)])
    client.append_to_stream(two, current_version=ANY, events=[event(kind)])
    places = lambda events: [(e.stream_name, e.stream_position, e.link) for e in events]
    by_category = list(client.read_index(f"ce-{category}"))
    assert places(by_category) == [(one, 0, None), (one, 1, None), (two, 0, None)]
    assert places(client.read_index(f"et-{kind}")) == [(one, 1, None), (two, 0, None)]
    after = by_category[1].commit_position
    with client.subscribe_to_index(f"ce-{category}", commit_position=after) as subscription:
        assert places([next(subscription)]) == [(two, 0, None)]
        client.append_to_stream(two, current_version=0, events=[event()])
        assert places([next(subscription)]) == [(two, 1, None)]
    raises(errors.NotFoundError, lambda: list(client.read_index("user-nobody-made-it")))


@of_version_2
def several_streams_are_one_append(client):
    events = lambda name, version, count: kurrent.NewEvents(
        stream_name=name, current_version=version, events=[event() for _ in range(count)]
    )
    one, two = stream(), stream()
    position = client.multi_append_to_stream([events(one, NO_STREAM, 2), events(two, ANY, 1)])
    assert client.get_stream(two)[0].commit_position == position
    assert [e.stream_position for e in client.get_stream(one)] == [0, 1]
    wrong = [events(two, 0, 1), events(one, NO_STREAM, 1)]
    error = raises(
        errors.WrongCurrentVersionError, lambda: client.multi_append_to_stream(wrong)
    )
    said = (error.stream_name, error.expected_version, error.actual_version)
    assert said == (one, NO_STREAM, 1), said
    assert len(client.get_stream(two)) == 1, "all of it or nothing"
    twice = [events(one, ANY, 1), events(one, ANY, 1)]
    raises(
        errors.MultiAppendToSameStreamError, lambda: client.multi_append_to_stream(twice)
    )
    client.tombstone_stream(two, current_version=0)
    ended = [events(one, ANY, 1), events(two, ANY, 1)]
    raises(errors.StreamTombstonedError, lambda: client.multi_append_to_stream(ended))
    large = kurrent.NewEvents(
        stream_name=one, current_version=ANY, events=[event(data=b"x" * (4 * 1024 * 1024 + 1))]
    )
    raises(errors.RecordMaxSizeExceededError, lambda: client.multi_append_to_stream([large]))


@story
def the_same_streams_are_there_by_tls(client):
    name = stream()
    client.append_to_stream(name, current_version=NO_STREAM, events=[event()])
    # Who a client says it is matters where the server asks.
    uri = f"{SCHEME}://ana:secret@{SECURE}?Tls=true&TlsCaFile={AUTHORITY}"
    secure = Client(uri=uri)
    assert len(secure.get_stream(name)) == 1
    secure.append_to_stream(name, current_version=0, events=[event()])
    secure.close()
    assert len(client.get_stream(name)) == 2
    unknown = Client(uri=uri.split("&")[0])
    raises(errors.SSLError, lambda: unknown.get_stream(name))
    unknown.close()


@of_version_2
def records_are_appended_if_all_checks_hold(client):
    one, two, three = stream(), stream(), stream()
    record = lambda name, **more: kurrent.NewRecord(
        stream_name=name, type="Moved", data=b"{}", **more
    )
    check = lambda name, state: kurrent.StreamStateCheck(stream_name=name, expected_state=state)
    metadata = b'{"by": "me"}'
    done = client.append_records([record(one, metadata=metadata), record(two), record(one)])
    places = {p.stream_name: p.stream_position for p in done.stream_positions}
    assert places == {one: 1, two: 0}
    order = [client.get_stream(name)[n].commit_position for name, n in [(one, 0), (two, 0), (one, 1)]]
    assert order == sorted(order), "in the order of everything as they were sent"
    read = client.get_stream(one)[0]
    assert json.loads(read.metadata)["by"] == "me"
    client.append_records([record(two)], [check(one, 1), check(three, NO_STREAM)])
    failing = [check(one, 0), check(two, 1), check(three, EXISTS)]
    act = lambda: client.append_records([record(two)], failing)
    error = raises(errors.ConsistencyChecksFailedError, act)
    assert len(error.failures) == 2, error.failures
    assert len(client.get_stream(two)) == 2


def main():
    client = connect()
    passed = failed = 0
    for tell in STORIES:
        try:
            tell(client)
            passed += 1
            print(f"test {MODULE}::{tell.__name__} ... ok", flush=True)
        except Exception:
            failed += 1
            print(f"test {MODULE}::{tell.__name__} ... FAILED", flush=True)
            traceback.print_exc(file=sys.stdout)
    client.close()
    verdict = "FAILED" if failed else "ok"
    print(f"test result: {verdict}. {passed} passed; {failed} failed; 0 ignored")
    sys.exit(1 if failed else 0)


main()
