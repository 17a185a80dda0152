"""Pages of a list and their tokens."""

import base64
from types import SimpleNamespace

import pytest

from localdial.v1.call_routing_pb2 import ListOutboundCallsRequest
from localdial.v1.directory_pb2 import ListUsersRequest
from localdial.v1.number_inventory_pb2 import ListNumbersRequest
from localdial_server.domain.errors import InvalidFields
from localdial_server.rpc.paging import Page


def items(count: int) -> list[SimpleNamespace]:
    return [SimpleNamespace(key=f"{index:04}") for index in range(count)]


def token_of(request: ListUsersRequest) -> str:
    _, token = Page(request, ("",)).cut(items(100), lambda item: (item.key,))
    return token


def test_the_next_page_begins_after_the_last_item() -> None:
    request = ListUsersRequest(organization_id="acme", page_size=2)
    page, token = Page(request, ("",)).cut(items(3), lambda item: (item.key,))
    request.page_token = token
    assert ([item.key for item in page], Page(request, ("",)).cursor) == (["0000", "0001"], ("0001",))


def test_the_last_page_has_no_token_even_if_it_is_full() -> None:
    page = Page(ListUsersRequest(page_size=2), ("",))
    assert page.cut(items(2), lambda item: (item.key,)) == (items(2), "")
    assert page.cut([], lambda item: (item,)) == ([], "")


@pytest.mark.parametrize(("asked", "read"), [(0, 51), (1, 2), (1000, 1001), (1001, 1001), (2**31 - 1, 1001)])
def test_the_page_size_has_a_default_and_a_maximum(asked: int, read: int) -> None:
    assert Page(ListUsersRequest(page_size=asked), ("",)).limit == read


def test_the_page_size_may_change_between_pages() -> None:
    token = token_of(ListUsersRequest(organization_id="acme", page_size=2))
    assert Page(ListUsersRequest(organization_id="acme", page_size=9, page_token=token), ("",)).cursor == (
        "0001",
    )


@pytest.mark.parametrize(
    "request_",
    [
        ListUsersRequest(organization_id="other"),
        ListNumbersRequest(organization_id="acme"),
        ListOutboundCallsRequest(organization_id="acme"),
    ],
    ids=["of another organization", "of another list", "of a list with another cursor"],
)
def test_a_token_is_valid_only_for_its_own_query(request_: ListNumbersRequest) -> None:
    request_.page_token = token_of(ListUsersRequest(organization_id="acme", page_size=2))
    with pytest.raises(InvalidFields, match="page_token"):
        Page(request_, ("",))


@pytest.mark.parametrize("token", ["x", "=", "é", "AAAA", "bm90IG91cnM=", "\0", "A" * 1024])
def test_a_damaged_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidFields, match="page_token"):
        Page(ListUsersRequest(organization_id="acme", page_token=token), ("",))


def test_a_token_with_another_cursor_is_refused() -> None:
    token = token_of(ListUsersRequest(organization_id="acme", page_size=2))
    other = token_of(ListUsersRequest(organization_id="acme", page_size=3))
    mixed = other[: len(other) // 2] + token[len(other) // 2 :]
    assert mixed not in (token, other)
    with pytest.raises(InvalidFields, match="page_token"):
        Page(ListUsersRequest(organization_id="acme", page_token=mixed), ("",))


@pytest.mark.parametrize(
    "cursor", ["null", "[]", "[1]", '["a", 1]', '["\\ud800"]', '["\\u0000"]', '{"a": 1}', "[true]"]
)
def test_a_forged_token_is_refused(cursor: str) -> None:
    # Anyone who reads the source can compute the digest.
    request = ListUsersRequest(organization_id="acme")
    token = f"{Page(request, ('',))._digest(cursor)}{cursor}"
    request.page_token = base64.urlsafe_b64encode(token.encode()).decode()
    with pytest.raises(InvalidFields, match="page_token"):
        Page(request, ("",))


@pytest.mark.parametrize("cursor", [f'[{2**63}, "a"]', '[-1, "a"]', '[1.0, "a"]', "nonsense"])
def test_a_forged_token_with_values_that_the_database_cannot_store_is_refused(cursor: str) -> None:
    request = ListOutboundCallsRequest(organization_id="acme")
    token = f"{Page(request, (0, ''))._digest(cursor)}{cursor}"
    request.page_token = base64.urlsafe_b64encode(token.encode()).decode()
    with pytest.raises(InvalidFields, match="page_token"):
        Page(request, (0, ""))
