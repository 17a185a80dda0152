"""All pages of a list, one after the other."""

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
AnswerT_co = TypeVar("AnswerT_co", covariant=True)


class ListMethod(Protocol[RequestT_contra, AnswerT_co]):
    """A method that lists, such as `client.number_inventory.list_numbers`."""

    def __call__(
        self, request: RequestT_contra, /, *, timeout: float | None = None, metadata: Metadata = ()
    ) -> AnswerT_co:
        """Make the call; see `Method` and `AsyncMethod`."""


def pages(
    method: ListMethod[RequestT, ResponseT],
    request: RequestT,
    *,
    timeout: float | None = None,
    metadata: Metadata = (),
) -> Iterator[ResponseT]:
    """Fetch the pages that `method` of a `Client` answers, from that of the request to the last.

    A page is fetched when it is asked for. `timeout`, in seconds, and `metadata` hold for each page; the
    request is not changed. Raises what the method raises.
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
    timeout: float | None = None,  # noqa: ASYNC109 - it goes to the server, as the deadline of the call
    metadata: Metadata = (),
) -> AsyncIterator[ResponseT]:
    """Fetch the pages that `method` of an `AsyncClient` answers, from that of the request to the last.

    A page is fetched when it is asked for. `timeout`, in seconds, and `metadata` hold for each page; the
    request is not changed. Raises what the method raises.
    """
    request = copy.deepcopy(request)
    while True:
        page = await method(request, timeout=timeout, metadata=metadata)
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token
