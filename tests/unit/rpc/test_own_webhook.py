from unittest.mock import AsyncMock, Mock

from localdial_server.domain.principals import ANONYMOUS, Role
from localdial_server.rpc.own_webhook import OWN_WEBHOOK, WithOwnWebhook


def call_from(peer: str) -> Mock:
    return Mock(peer=lambda: peer)


async def test_a_call_on_the_unix_socket_is_the_own_webhooks_and_no_admins() -> None:
    others = AsyncMock()
    assert await WithOwnWebhook(others).authenticate(call_from("unix:")) is OWN_WEBHOOK
    assert OWN_WEBHOOK.role is Role.GATEWAY
    others.authenticate.assert_not_awaited()


async def test_every_other_call_is_authenticated_as_usual() -> None:
    others = AsyncMock()
    others.authenticate.return_value = ANONYMOUS
    for peer in "ipv4:127.0.0.1:50312", "ipv6:%5B::1%5D:50312":
        call = call_from(peer)
        assert await WithOwnWebhook(others).authenticate(call) is ANONYMOUS
        others.authenticate.assert_awaited_with(call)
