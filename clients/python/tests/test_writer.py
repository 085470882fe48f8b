"""Goal: a writer loses nothing that it does not say, and doubles nothing. Method: the real service, killed with
signal 9 while it is written to; refusals; bad events among good ones."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from typing import Callable, Iterator, List

import httpx
import pytest
from faults import LosesAnswers, Refuses
from service import Service, free_port

from shelfmark import (
    AsyncClient,
    AsyncEventWriter,
    Client,
    Dropped,
    EventWriter,
    QueueFullError,
    RetryPolicy,
    WriterClosedError,
    WriterOptions,
)
from shelfmark.types import EventIn

COUNT = 4000
SMALL = WriterOptions(batch_events_max=20, linger_s=0.0, backoff_max_s=0.2)


@pytest.fixture
def mortal() -> Iterator[Service]:
    """A service that the test may kill."""
    running = Service()
    yield running
    running.stop()


def numbered(count: int) -> Iterator[EventIn]:
    for number in range(count):
        yield {"user": f"u{number % 7}", "item": f"i{number % 50}", "kind": "view", "event_id": f"e{number}"}


def logged(client: Client) -> List[str]:
    """The ids of all events in the log."""
    ids: List[str] = []
    after = 0
    while True:
        page = client.list_events(after=after, limit=1000)
        for record in page["records"]:
            if record.get("type") == "event":
                ids.append(str(record["event_id"]))
        following = page.get("next_after")
        if following is None:
            return ids
        after = following


def kill_while(mortal: Service, delivered: Callable[[], int], kills: int) -> threading.Thread:
    """Kills the service each time that some more events are delivered, and starts it again."""

    def run() -> None:
        for kill in range(1, kills + 1):
            while delivered() < COUNT * kill // (kills + 1):
                time.sleep(0.001)
            mortal.kill()
            mortal.start()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_killed_service_loses_and_doubles_nothing(mortal: Service) -> None:
    client = Client(mortal.url)
    writer = EventWriter(client, options=SMALL)
    killer = kill_while(mortal, lambda: writer.report.accepted, 3)
    writer.add_all(numbered(COUNT))
    killer.join()
    report = writer.close(120)
    assert report.dropped == 0 and report.accepted + report.duplicates == COUNT, report
    counted = Counter(logged(client))
    assert len(counted) == COUNT and set(counted.values()) == {1}
    model = client.session(report.position).get_model()
    assert model["position"] == report.position == COUNT


def test_an_asynchronous_writer_survives_a_killed_service(mortal: Service) -> None:
    async def write() -> None:
        async with AsyncClient(mortal.url) as client:
            writer = AsyncEventWriter(client, options=SMALL)
            killer = kill_while(mortal, lambda: writer.report.accepted, 1)
            for event in numbered(COUNT):
                await writer.add(event)
            report = await writer.close(120)
            killer.join()
            assert report.dropped == 0 and report.accepted + report.duplicates == COUNT, report

    asyncio.run(write())
    counted = Counter(logged(Client(mortal.url)))
    assert len(counted) == COUNT and set(counted.values()) == {1}


def test_lost_answers_and_refusals_do_not_double(client: Client, service: Service) -> None:
    for transport in (LosesAnswers(3), Refuses(2, 429, "0"), Refuses(3, 503, "0"), Refuses(2, 404, "0")):
        with httpx.Client(transport=transport) as http:
            writer = EventWriter(Client(service.url, model=client.model, http=http), options=SMALL)
            before = client.session(client.get_model()["position"]).get_model()["position"]
            for number in range(100):
                writer.add({"user": "u", "item": f"i{number % 9}", "kind": "click"})
            report = writer.close()
        assert report.dropped == 0 and report.accepted + report.duplicates == 100, report
        assert report.position == before + 100


def test_what_is_dropped_is_told_with_its_reason(client: Client) -> None:
    dropped: List[Dropped] = []
    with EventWriter(client, on_drop=dropped.append) as writer:
        writer.add({"user": "u", "item": "i", "kind": "click", "event_id": "good"})
        writer.add({"user": "u", "item": "i", "kind": "teleport", "event_id": "bad"})
        writer.add({"user": "u", "item": "x" * 300, "kind": "click", "event_id": "long"})
        report = writer.flush(30)
        assert (report.accepted, report.dropped) == (1, 2)
        # Only bad ones: the service refuses the batch, and each has its reason all the same.
        writer.add({"item": "i", "kind": "click", "event_id": "nobody"})
        assert writer.flush(30).dropped == 3
    told = [(drop.event.get("event_id"), drop.code, drop.field) for drop in dropped]
    assert told == [("bad", "unknown_kind", "kind"), ("long", "too_long", "item"), ("nobody", "missing", "user")]


def test_a_batch_that_is_too_large_is_halved(client: Client) -> None:
    dropped: List[Dropped] = []
    options = WriterOptions(batch_bytes_max=64 << 20)
    with EventWriter(client, options=options, on_drop=dropped.append) as writer:
        for number in range(40):
            big = {"text": "x" * 1_000_000} if number % 2 else {}
            writer.add({"user": "u", "item": "i", "kind": "click", "properties": big})
    assert writer.report.accepted == 20 and len(dropped) == 20
    assert {drop.field for drop in dropped} == {"properties"}


def test_a_full_queue_and_a_closed_writer_are_errors_and_what_is_left_is_told() -> None:
    nobody = Client(f"http://127.0.0.1:{free_port()}", retry=RetryPolicy(attempts_max=1))
    dropped: List[Dropped] = []
    writer = EventWriter(nobody, options=WriterOptions(queue_events_max=3), on_drop=dropped.append)
    for event in numbered(3):
        writer.add(event)
    with pytest.raises(QueueFullError):
        writer.add({"user": "u", "item": "i", "kind": "view"}, timeout_s=0.05)
    with pytest.raises(TimeoutError):
        writer.flush(0.05)
    report = writer.close(0.2)
    assert report.dropped == 3 and [drop.code for drop in dropped] == ["closed"] * 3
    with pytest.raises(WriterClosedError):
        writer.add({"user": "u", "item": "i", "kind": "view"})


def test_events_that_are_too_old_are_dropped_as_expired() -> None:
    nobody = Client(f"http://127.0.0.1:{free_port()}")
    dropped: List[Dropped] = []
    options = WriterOptions(event_age_max_s=0.1, backoff_max_s=0.05)
    with EventWriter(nobody, options=options, on_drop=dropped.append) as writer:
        writer.add({"user": "u", "item": "i", "kind": "view"})
        assert writer.flush(30).dropped == 1
    assert [drop.code for drop in dropped] == ["expired"]


def test_an_event_that_is_no_json_is_the_callers_error(client: Client) -> None:
    with EventWriter(client) as writer:
        with pytest.raises(ValueError):
            writer.add({"user": "u", "item": "i", "kind": "view", "value": float("nan")})
        with pytest.raises(TypeError):
            writer.add({"user": "u", "item": "i", "kind": "view", "properties": {"a": object()}})
    assert writer.report.accepted == writer.report.dropped == 0
