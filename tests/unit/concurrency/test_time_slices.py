import asyncio

from localdial_server.concurrency.time_slices import SECONDS, TimeSlices


async def test_the_loop_is_let_go_when_a_slice_is_over_and_not_before() -> None:
    now = 0.0
    slices = TimeSlices(lambda: now)
    ran = asyncio.Event()
    asyncio.get_running_loop().call_soon(ran.set)

    await slices.pause()
    assert not ran.is_set()
    now += SECONDS
    await slices.pause()
    assert ran.is_set()
