"""Iterate over the pages of a list."""

import copy
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Protocol, TypeVar

from localdial_client._method import Metadata


class PagedRequest(Protocol):
    """The request of a list: ListNumbersRequest, ListUsersRequest, ..."""

    page_token: str


class PagedResponse(Protocol):
    """The response of a list."""

    next_page_token: str


RequestT = TypeVar("RequestT", bound=PagedRequest)
ResponseT = TypeVar("ResponseT", bound=PagedResponse)
RequestT_contra = TypeVar("RequestT_contra", contravariant=True)
ResultT_co = TypeVar("ResultT_co", covariant=True)


class ListMethod(Protocol[RequestT_contra, ResultT_co]):
    """A method that returns pages, such as `client.number_inventory.list_numbers`."""

    def __call__(
        self, request: RequestT_contra, /, *, timeout: float | None = None, metadata: Metadata = ()
    ) -> ResultT_co:
        """Make the call; see `Method` and `AsyncMethod`."""


def pages(
    method: ListMethod[RequestT, ResponseT],
    request: RequestT,
    *,
    timeout: float | None = None,
    metadata: Metadata = (),
) -> Iterator[ResponseT]:
    """Yield the pages of `method` of a `Client`, from the page that `request` names to the last.

    Each page is fetched when it is needed. `timeout`, in seconds, and `metadata` apply to each page. Never
    changes the request. Raises what the method raises.
    """
    request = copy.deepcopy(request)
    while True:
        page = method(request, timeout=timeout, metadata=metadata)
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


async def async_pages(
    method: ListMethod[RequestT, Awaitable[ResponseT]],
    request: RequestT,
    *,
    timeout: float | None = None,  # noqa: ASYNC109 - sent to the server as the deadline of the call
    metadata: Metadata = (),
) -> AsyncIterator[ResponseT]:
    """Yield the pages of `method` of an `AsyncClient`, from the page that `request` names to the last.

    Each page is fetched when it is needed. `timeout`, in seconds, and `metadata` apply to each page. Never
    changes the request. Raises what the method raises.
    """
    request = copy.deepcopy(request)
    while True:
        page = await method(request, timeout=timeout, metadata=metadata)
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token
