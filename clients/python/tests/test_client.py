"""Goal: the methods do what the HTTP API says, retries never count twice, sessions read their own writes.
Method: the real service, behind transports that lose or refuse."""

from __future__ import annotations

import asyncio
import time
from typing import List

import httpx
import numpy
import pytest
from faults import LosesAnswers, Refuses
from service import Service, free_port

from shelfmark import (
    AsyncClient,
    Client,
    InvalidError,
    NotFoundError,
    PositionNotReachedError,
    RetryPolicy,
    ShelfmarkError,
    TooManyRequestsError,
    UnreachableError,
    new_event_id,
)
from shelfmark.types import EventIn, Item


def events(count: int, user: str = "u") -> List[EventIn]:
    return [{"user": user, "item": f"i{number % 5}", "kind": "click"} for number in range(count)]


def test_items_and_users_are_written_and_read(client: Client) -> None:
    kettle: Item = {"id": "a/b c", "title": "Kettle", "properties": {"price": 24.5}}
    written = client.put_items([kettle, {"id": "pot"}])
    assert (written["accepted"], written["rejected"]) == (2, [])
    session = client.session(written["position"])
    read = session.get_item("a/b c")
    assert (read["id"], read["title"], read["properties"]) == ("a/b c", "Kettle", {"price": 24.5})
    session.patch_item("a/b c", {"properties": {"price": 19}})
    assert session.get_item("a/b c")["properties"] == {"price": 19}
    assert {item["id"] for item in session.list_items()["items"]} == {"a/b c", "pot"}
    session.remove_item("pot")
    with pytest.raises(NotFoundError) as none:
        session.get_item("pot")
    assert none.value.code == "item_not_found"
    session.put_user("ann", {"country": "NL", "age": "20-29"})
    session.patch_user("ann", {"age": None})
    assert session.get_user("ann")["labels"] == {"country": "NL"}
    session.append_event(session="visit-1", item="a/b c", kind="click")
    session.merge_user("ann", session="visit-1")
    assert session.get_user("ann")["events"] == 1
    assert [user["id"] for user in session.list_users()["users"]] == ["ann"]


def test_recommendations_and_embeddings_are_answered_from_one_state(client: Client) -> None:
    session = client.session()
    session.append_events(events(20) + events(20, "v"))
    answer = session.recommend("u", limit=3, with_=["explanation"], exclude=["i0"])
    assert len(answer["items"]) == 3 and answer["position"] >= session.position
    assert all(item["explanation"] for item in answer["items"])
    batch = session.recommend_batch([{"user": "u", "limit": 2}, {"item": "i1", "limit": 1}])
    assert len(batch["answers"]) == 2
    ranked = session.rank(["i3", "i1", "nobody"], user="u")
    assert {item["id"] for item in ranked["items"]} == {"i1", "i3"} and ranked["unknown"] == ["nobody"]
    assert len(session.similar_items("i1", limit=2)["items"]) == 2
    one = session.get_item_embedding("i1")
    assert one.dtype == numpy.float32 and one.shape == (16,)
    many = session.get_embeddings(items=["i1", "nobody", "i2"], users=["u"])
    assert (many.items.ids, many.missing_items, many.users.ids) == (["i1", "i2"], ["nobody"], ["u"])
    assert many.items.vectors.shape == (2, 16) and many.position >= session.position
    assert numpy.array_equal(many.items.vectors[0], one)
    assert session.get_user_embedding("u").shape == (16,)


def test_a_session_reads_what_it_wrote_every_time(client: Client) -> None:
    session = client.session()
    for count in range(1, 101):
        session.append_event(user="ann", item=f"i{count}", kind="click")
        assert session.get_user("ann")["events"] == count
    # Another one goes on where this one was, as from a cookie.
    assert client.session(session.position).get_user("ann")["events"] == 100


def test_a_session_is_answered_while_a_version_is_pinned_and_can_be_strict(client: Client) -> None:
    session = client.session()
    session.append_events(events(10))
    version = client.take_version(label="good")
    client.rollback({"version": version["version"]}, mode="pin", reason="test")
    session.append_events(events(10))
    answer = session.recommend("u", limit=2)
    assert answer["version"] == version["version"] and answer["position"] < session.position
    with pytest.raises(PositionNotReachedError) as late:
        client.session(session.position, strict=True).recommend("u", limit=2)
    assert late.value.position == answer["position"]


def test_errors_carry_code_field_and_detail(client: Client) -> None:
    with pytest.raises(InvalidError) as bad:
        client.append_event(user="u", item="i", kind="teleport")
    assert (bad.value.status, bad.value.code, bad.value.field) == (422, "invalid", "kind")
    assert bad.value.errors[0]["code"] == "unknown_kind" and "teleport" in bad.value.detail
    assert bad.value.request_id
    with pytest.raises(InvalidError) as none:
        client.append_events([{"user": "u", "item": "i", "kind": "teleport"}, {"item": "i", "kind": "click"}])
    assert none.value.code == "nothing_taken"
    assert [rejection["field"] for rejection in none.value.rejected] == ["kind", "user"]
    with pytest.raises(InvalidError) as limit:
        client.recommend("u", limit=0)
    assert limit.value.field == "limit"
    with pytest.raises(ValueError):
        client.get_item("..")


def test_a_retried_post_counts_once(client: Client, service: Service) -> None:
    lossy = LosesAnswers(3)
    with httpx.Client(transport=lossy) as http:
        through = Client(service.url, model=client.model, http=http, retry=RetryPolicy(backoff_s=0.01))
        answer = through.append_events(events(7))
    assert len(lossy.sent) == 4
    assert (answer["accepted"], answer["duplicates"], answer["rejected_count"]) == (0, 7, 0)
    assert answer["event_ids"] is not None and len(set(answer["event_ids"])) == 7
    assert client.session(answer["position"]).get_user("u")["events"] == 7


def test_what_must_not_be_done_twice_is_not_sent_twice(client: Client, service: Service) -> None:
    client.append_events(events(5))
    lossy = LosesAnswers(1)
    with httpx.Client(transport=lossy) as http, pytest.raises(UnreachableError):
        Client(service.url, model=client.model, http=http).take_version(label="once")
    assert len(lossy.sent) == 1
    assert [version["label"] for version in client.list_versions()["versions"]].count("once") == 1


def test_retry_after_is_kept_to_and_bounded(client: Client, service: Service) -> None:
    refusing = Refuses(1, 429, "1")
    with httpx.Client(transport=refusing) as http:
        began = time.monotonic()
        Client(service.url, model=client.model, http=http).append_events(events(1))
        assert time.monotonic() - began >= 1.0 and refusing.sent == 2
    refusing = Refuses(1, 429, "3600")
    with httpx.Client(transport=refusing) as http, pytest.raises(TooManyRequestsError) as refused:
        Client(service.url, model=client.model, http=http).append_events(events(1))
    assert refusing.sent == 1 and refused.value.retry_after_s == 3600
    refusing = Refuses(100, 503, "0")
    with httpx.Client(transport=refusing) as http, pytest.raises(ShelfmarkError):
        policy = RetryPolicy(attempts_max=4, backoff_s=0.001)
        Client(service.url, model=client.model, http=http, retry=policy).append_events(events(1))
    assert refusing.sent == 4


def test_no_service_is_an_error_after_bounded_attempts() -> None:
    client = Client(f"http://127.0.0.1:{free_port()}", retry=RetryPolicy(attempts_max=3, backoff_s=0.01))
    with pytest.raises(UnreachableError):
        client.recommend("u")


def test_the_asynchronous_client_does_the_same(client: Client, service: Service) -> None:
    async def ask() -> None:
        async with AsyncClient(service.url, model=client.model) as asynchronous:
            session = asynchronous.session()
            await session.append_events(events(10))
            assert (await session.get_user("u"))["events"] == 10
            answers = await asyncio.gather(*(session.recommend("u", limit=2) for _ in range(20)))
            assert all(answer["position"] >= session.position for answer in answers)
            assert (await session.get_item_embedding("i1")).shape == (16,)
            with pytest.raises(NotFoundError):
                await session.get_item("nobody")

    asyncio.run(ask())


def test_event_ids_are_unique_and_sort_by_time() -> None:
    ids = []
    for _ in range(100):
        ids.append(new_event_id())
        time.sleep(0.002)
    assert ids == sorted(set(ids)) and all(text[14] == "7" and text[19] in "89ab" for text in ids)
