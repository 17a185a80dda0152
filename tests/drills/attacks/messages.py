"""Floods of bad requests, each over every method of the contract. Each function is an attack of a scene."""

import itertools
import random
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc

from tests.drills.attacks import schema
from tests.drills.attacks.scene import Report

# As many calls at a time as the review had attackers.
CALLERS = 8

# Longer than any call takes, the purchase of 100 numbers included.
_TIMEOUT_SECONDS = 30.0


def mutated(address: str, _seconds: float, number: int, *, count: int = 115_000) -> Report:
    """Send so many messages that are broken at random."""
    chance = random.Random(number)

    def requests() -> Iterator[tuple[str, bytes]]:
        seeds = [
            (method.path, schema.good_request(method).SerializeToString()) for method in schema.methods()
        ]
        for path, seed in itertools.islice(itertools.cycle(seeds), count):
            yield path, schema.mutated(seed, chance)

    return _call(address, requests())


def bad_fields(address: str, _seconds: float, _number: int, *, each: int = 1) -> Report:
    """Send a request for each field of each method with each value that may be a problem, or every n-th."""

    def requests() -> Iterator[tuple[str, bytes]]:
        for method in schema.methods():
            for request in schema.bad_requests(method):
                yield method.path, request.SerializeToString()

    return _call(address, itertools.islice(requests(), 0, None, each))


def _call(address: str, requests: Iterable[tuple[str, bytes]]) -> Report:
    """Make the calls, `CALLERS` at a time."""
    report = Report()
    options = [("grpc.enable_retries", 0)]
    # Only one thread at a time may advance a generator.
    parts = _batched(requests, 200)
    with grpc.insecure_channel(address, options) as channel, ThreadPoolExecutor(CALLERS) as pool:

        def make(request: tuple[str, bytes]) -> tuple[str, str, float]:
            path, data = request
            begun = time.monotonic()
            method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
            call = method.future(data, timeout=_TIMEOUT_SECONDS)
            status = call.code().name
            return status, call.details() or "", time.monotonic() - begun

        for part in parts:
            for status, text, seconds in pool.map(make, part):
                report.add(status, text, seconds)
    return report


def _batched(items: Iterable[tuple[str, bytes]], size: int) -> Iterator[list[tuple[str, bytes]]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
