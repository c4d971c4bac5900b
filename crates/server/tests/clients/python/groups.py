"""Stories of persistent subscriptions: the consumer groups of the store, for a client that knows them."""

import json
import threading
from uuid import uuid4

from telling import *

LIMIT = {"timeout": 60}
QUICK = {"max_ack_delay": 0.01, "stopping_grace": 0.2}


def group():
    return f"g{uuid4().hex}"


def taken(subscription, count):
    return [next(subscription) for _ in range(count)]


def places(events):
    return [e.stream_position for e in events]


@story
def a_group_delivers_what_its_stream_holds_and_what_comes(client):
    name, own = stream(), group()
    client.append_to_stream(name, current_version=ANY, events=[event() for _ in range(3)])
    client.create_subscription_to_stream(own, name)
    with client.read_subscription_to_stream(own, name, **QUICK, **LIMIT) as subscription:
        assert subscription.subscription_id == f"{name}::{own}"
        events = taken(subscription, 3)
        assert places(events) == [0, 1, 2]
        assert [e.retry_count for e in events] == [0, 0, 0]
        client.append_to_stream(stream(), current_version=ANY, events=[event()])
        client.append_to_stream(name, current_version=2, events=[event("Last")])
        events += taken(subscription, 1)
        assert events[3].type == "Last"
        for each in events:
            subscription.ack(each)
    # What was acked does not come again.
    client.append_to_stream(name, current_version=3, events=[event("Next")])
    with client.read_subscription_to_stream(own, name, **QUICK, **LIMIT) as subscription:
        assert next(subscription).type == "Next"


@story
def a_group_begins_where_it_is_told(client):
    name = stream()
    client.append_to_stream(name, current_version=ANY, events=[event() for _ in range(4)])
    for where, first in [({"stream_position": 2}, 2), ({"from_end": True}, 4), ({"stream_position": 5}, 5)]:
        own = group()
        client.create_subscription_to_stream(own, name, **where)
        state = client.get_subscription_info(own, name)
        assert state.start_from == {2: "2", 4: "-1", 5: "5"}[first], state.start_from
        if first == 5:
            continue
        with client.read_subscription_to_stream(own, name, **QUICK, **LIMIT) as subscription:
            if first == 4:
                client.append_to_stream(name, current_version=3, events=[event()])
            got = next(subscription)
            assert got.stream_position == first, got
            subscription.ack(got)
    client.append_to_stream(name, current_version=4, events=[event()])
    with client.read_subscription_to_stream(own, name, **QUICK, **LIMIT) as subscription:
        got = next(subscription)
        assert got.stream_position == 5, "the events before it are none of the group's"
        subscription.ack(got)


@story
def what_is_given_back_comes_again_and_is_parked_in_the_end(client):
    name, own = stream(), group()
    client.append_to_stream(name, current_version=ANY, events=[event() for _ in range(3)])
    client.create_subscription_to_stream(own, name, max_retry_count=2)
    with client.read_subscription_to_stream(own, name, **QUICK, **LIMIT) as subscription:
        first, second, third = taken(subscription, 3)
        subscription.nack(second, action="skip")
        subscription.nack(third, action="park")
        for attempt in (1, 2):
            subscription.nack(first, action="retry" if attempt == 1 else "unknown")
            first = next(subscription)
            assert (first.stream_position, first.retry_count) == (0, attempt)
        subscription.nack(first, action="retry")
    parked = f"$persistentsubscription-{name}::{own}-parked"
    links = client.get_stream(parked)
    assert [link.type for link in links] == ["$>", "$>"], links
    assert sorted(link.data for link in links) == [f"0@{name}".encode(), f"2@{name}".encode()]
    assert json.loads(links[1].metadata)["reason"] == "its client parked it"
    followed = client.get_stream(parked, resolve_links=True)
    assert [(e.stream_name, e.stream_position) for e in followed] == [(name, 0), (name, 2)]
    backwards = client.get_stream(parked, resolve_links=True, backwards=True, limit=1)
    assert places(backwards) == [2]
    assert client.get_subscription_info(own, name).parked_message_count == 2
    client.replay_parked_events(own, name)
    with client.read_subscription_to_stream(own, name, **QUICK, **LIMIT) as subscription:
        again = taken(subscription, 2)
        assert sorted(places(again)) == [0, 2]
        assert [e.retry_count for e in again] == [0, 0], "as if for the first time"
        for each in again:
            subscription.ack(each)
    assert client.get_subscription_info(own, name).parked_message_count == 0
    raises(errors.NotFoundError, lambda: client.get_stream(parked))


@story
def what_was_parked_is_given_up_with_its_stream(client):
    name, own = stream(), group()
    client.append_to_stream(name, current_version=ANY, events=[event() for _ in range(2)])
    client.create_subscription_to_stream(own, name)
    with client.read_subscription_to_stream(own, name, **QUICK, **LIMIT) as subscription:
        for each in taken(subscription, 2):
            subscription.nack(each, action="park")
    client.delete_stream(f"$persistentsubscription-{name}::{own}-parked", current_version=ANY)
    assert client.get_subscription_info(own, name).parked_message_count == 0


@story
def what_is_not_acked_in_time_comes_again(client):
    name, own = stream(), group()
    client.append_to_stream(name, current_version=ANY, events=[event()])
    client.create_subscription_to_stream(own, name, message_timeout=0.3)
    with client.read_subscription_to_stream(own, name, **QUICK, **LIMIT) as subscription:
        assert next(subscription).retry_count == 0
        late = next(subscription)
        assert late.retry_count == 1
        subscription.ack(late)


@story
def a_pinned_group_keeps_each_stream_in_order(client):
    category, own = f"c{uuid4().hex}", group()
    streams = [stream(category) for _ in range(4)]
    source = f"$ce-{category}"
    client.create_subscription_to_stream(
        own, source, consumer_strategy="Pinned", resolve_links=True, max_retry_count=100
    )
    for n in range(10):
        for name in streams:
            client.append_to_stream(name, current_version=ANY, events=[event()])
    seen = {name: [] for name in streams}
    connections = [connect() for _ in range(2)]
    readers = [c.read_subscription_to_stream(own, source, **QUICK, **LIMIT) for c in connections]
    tried = set()

    def read(reader):
        try:
            work(reader)
        except (errors.CancelledByClientError, errors.GrpcError):
            pass  # the other one finished

    def work(reader):
        for got in reader:
            # Each event is given back once, so that order would suffer if it could.
            if got.id not in tried:
                tried.add(got.id)
                reader.nack(got, action="retry")
                continue
            assert got.link.stream_name == source
            seen[got.stream_name].append(got.stream_position)
            reader.ack(got)
            if sum(map(len, seen.values())) == 40:
                break

    threads = [threading.Thread(target=read, args=[reader], daemon=True) for reader in readers]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) and sum(map(len, seen.values())) < 40:
        threads[0].join(0.05)
    assert seen == {name: list(range(10)) for name in streams}, seen
    for each in connections:
        each.close()


@story
def a_group_by_correlation_keeps_each_transaction_in_order(client):
    name, own, kinds = stream(), group(), ["a", "b"]
    made = [event(metadata=json.dumps({"$correlationId": k}).encode()) for k in kinds * 3]
    client.append_to_stream(name, current_version=ANY, events=made)
    client.create_subscription_to_stream(own, name, consumer_strategy="PinnedByCorrelation")
    assert client.get_subscription_info(own, name).consumer_strategy == "PinnedByCorrelation"
    with client.read_subscription_to_stream(own, name, **QUICK, **LIMIT) as subscription:
        held = taken(subscription, 2)
        assert sorted(places(held)) == [0, 1], "one of each at a time"
        subscription.ack(next(e for e in held if e.stream_position == 1))
        assert next(subscription).stream_position == 3, "a is still at its first"


@story
def a_group_that_dispatches_to_one_keeps_the_others_waiting(client):
    name, own = stream(), group()
    client.create_subscription_to_stream(own, name, consumer_strategy="DispatchToSingle")
    other = connect()
    one = client.read_subscription_to_stream(own, name, event_buffer_size=2, **QUICK, **LIMIT)
    two = other.read_subscription_to_stream(own, name, event_buffer_size=2, **QUICK, **LIMIT)
    for n in range(3):
        client.append_to_stream(name, current_version=ANY, events=[event()])
    assert places(taken(one, 2)) == [0, 1]
    assert places(taken(two, 1)) == [2], "the first holds as many as it may"
    if IS_NEW:
        connections = client.get_subscription_info(own, name).connections
        assert [c.in_flight_messages for c in connections] == [2, 1], connections
        assert [c.available_slots for c in connections] == [0, 1], connections
    one.stop()
    assert sorted(places(taken(two, 1))) == [0]
    two.stop()
    other.close()


@story
def a_group_of_everything_takes_what_passes_its_filter(client):
    category, own = f"c{uuid4().hex}", group()
    before = client.get_commit_position()
    by_stream = {"filter_include": [f"{category}-.*"], "filter_by_stream_name": True}
    client.create_subscription_to_all(own, commit_position=before, **by_stream)
    assert client.get_subscription_info(own).start_from == f"C:{before}/P:{before}"
    one, two = stream(category), stream(category)
    for name in [one, stream(), two, one]:
        client.append_to_stream(name, current_version=ANY, events=[event()])
    with client.read_subscription_to_all(own, **QUICK, **LIMIT) as subscription:
        assert subscription.subscription_id == f"$all::{own}"
        events = taken(subscription, 3)
        assert sorted((e.stream_name, e.stream_position) for e in events) == sorted(
            [(one, 0), (two, 0), (one, 1)]
        )
        for each in events:
            subscription.ack(each)
    info = client.get_subscription_info(own)
    assert (info.event_source, info.parked_message_count) == ("$all", 0)
    last = int(info.last_known_event_position.split("/")[0].removeprefix("C:"))
    assert last == client.get_commit_position()
    client.delete_subscription(own)


@story
def a_group_says_how_it_stands_and_is_changed(client):
    name, own = stream(), group()
    asked = {
        "resolve_links": True,
        "consumer_strategy": "RoundRobin",
        "message_timeout": 7.5,
        "max_retry_count": 3,
        "min_checkpoint_count": 4,
        "max_checkpoint_count": 55,
        "checkpoint_after": 1.5,
        "max_subscriber_count": 6,
        "live_buffer_size": 111,
        "read_batch_size": 22,
        "history_buffer_size": 99,
        "extra_statistics": True,
    }
    client.append_to_stream(name, current_version=ANY, events=[event() for _ in range(3)])
    client.create_subscription_to_stream(own, name, **asked)
    info = client.get_subscription_info(own, name)
    for key, value in asked.items():
        assert getattr(info, key) == value, (key, getattr(info, key))
    assert (info.event_source, info.group_name) == (name, own)
    assert (info.last_checkpointed_event_position, info.last_known_event_position) == ("", "2")
    with client.read_subscription_to_stream(own, name, event_buffer_size=5, **QUICK, **LIMIT) as s:
        first, *_ = taken(s, 3)
        info = client.get_subscription_info(own, name)
        assert (info.total_in_flight_messages, info.total_items) == (3, 3)
        s.ack(first)
        if IS_NEW:
            [connection] = info.connections
            assert (connection.in_flight_messages, connection.available_slots) == (3, 2)
            while not connection.observed_measurements:
                [connection] = client.get_subscription_info(own, name).connections
            assert {m.key for m in connection.observed_measurements} >= {"Mean", "Median", "99%"}
    info = client.get_subscription_info(own, name)
    assert info.last_checkpointed_event_position == "0", info
    client.update_subscription_to_stream(own, name, max_retry_count=9, message_timeout=1)
    info = client.get_subscription_info(own, name)
    assert (info.max_retry_count, info.message_timeout) == (9, 1.0)
    names = [(i.event_source, i.group_name) for i in client.list_subscriptions()]
    assert (name, own) in names
    assert [i.group_name for i in client.list_subscriptions_to_stream(name)] == [own]
    assert client.list_subscriptions_to_stream(stream()) == []


@story
def what_is_wrong_about_a_group_has_its_own_error(client):
    name, own = stream(), group()
    gone = errors.NotFoundError
    raises(gone, lambda: client.get_subscription_info(own, name))
    raises(gone, lambda: client.read_subscription_to_stream(own, name))
    raises(gone, lambda: client.replay_parked_events(own, name))
    raises(gone, lambda: client.delete_subscription(own, name))
    client.create_subscription_to_stream(own, name, max_subscriber_count=1)
    exists = errors.AlreadyExistsError
    raises(exists, lambda: client.create_subscription_to_stream(own, name))
    client.append_to_stream(name, current_version=ANY, events=[event()])
    with client.read_subscription_to_stream(own, name, **QUICK, **LIMIT) as subscription:
        full = errors.MaximumSubscriptionsReachedError
        raises(full, lambda: client.read_subscription_to_stream(own, name))
        next(subscription)
        client.delete_subscription(own, name)
        # The older client knows no error of its own for it.
        dropped = errors.CancelledError if IS_NEW else errors.GrpcError
        error = raises(dropped, lambda: next(subscription))
        assert "was dropped" in str(error), error
    raises(gone, lambda: client.get_subscription_info(own, name))
    odd = lambda: client.create_subscription_to_stream(own, name, consumer_strategy="Mine")
    assert "does not exist" in str(raises(errors.GrpcError, odd))


@story
def the_projections_of_the_system_run(client):
    stats = client.get_projection_statistics(name="$by_category")
    assert (stats.name, stats.status) == ("$by_category", "Running"), stats
    client.enable_projection("$by_category")
    raises(errors.NotFoundError, lambda: client.get_projection_statistics(name="mine"))
