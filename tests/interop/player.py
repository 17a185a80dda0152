"""Plays a scene through a driver and checks every answer."""

import asyncio
import re
import time
from typing import Any

from google.protobuf.message import Message

from tests.interop.contract import as_json
from tests.interop.conversation import Conversation
from tests.interop.driver import Driver, Failure
from tests.interop.matching import at, differences, error_differences, filled
from tests.interop.schema import Error, Expected, Scene, Seen, Step
from tests.interop.scripted_server import ScriptedServer, script_of
from tests.interop.transcript import Said, Transcript
from tests.scenarios.live_target import LiveTarget

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def play_scene(scene: Scene, driver: Driver, prefix: str, address: str, script: ScriptedServer) -> list[Said]:
    """Play the scene with a new client and return the transcript. `address` is the live server's."""
    to = address if scene.server == "live" else script.address
    options = {"op": "connect", "client": scene.name, "addresses": [to], **scene.client}
    assert driver.ask(options) == {"ok": True}
    try:
        play = _Play(Conversation(driver, scene.name, Transcript(prefix)), prefix, script)
        for number, step in enumerate(scene.steps, 1):
            try:
                play.take(step)
            except Exception as error:
                error.add_note(f"in step {number} of {scene.name!r}: {step.model_dump(exclude_unset=True)}")
                raise
        return play.conversation.transcript.said
    finally:
        if scene.server == "live":
            asyncio.run(_clean(scene, Conversation(driver, scene.name, Transcript(prefix)), prefix))
        assert driver.ask({"op": "close", "client": scene.name}) == {"ok": True}


async def _clean(scene: Scene, conversation: Conversation, prefix: str) -> None:
    organizations = re.findall(r'"@(\w+)"', scene.model_dump_json())
    await LiveTarget(conversation.as_client(), prefix).clean(organizations)


class _Play:
    """One scene, with the answers to its steps so far."""

    def __init__(self, conversation: Conversation, prefix: str, script: ScriptedServer) -> None:
        self.conversation = conversation
        self._prefix = prefix
        self._script = script
        self._answers: dict[str, Any] = {}

    def take(self, step: Step) -> None:
        """Run one step."""
        request = filled(step.request, self._prefix, self._answers)
        self._script.begin(
            [
                script_of(step.method, each.model_copy(update={"response": self._filled(each.response)}))
                for each in step.answers
            ]
        )
        begun = time.monotonic()
        answer = self._ask(step, request)
        took_ms = (time.monotonic() - begun) * 1000
        self._compare(answer, step.expect)
        assert took_ms >= step.expect.at_least_ms, "too soon"
        assert step.expect.at_most_ms is None or took_ms <= step.expect.at_most_ms, "too late"
        if step.label is not None:
            assert isinstance(answer, Message)
            self._answers[step.label] = as_json(answer, defaults=True)
        if step.seen is not None:
            self._look(step.method, step.seen)

    def _ask(self, step: Step, request: dict[str, Any]) -> Any:
        if step.pages:
            return self.conversation.pages(step.method, request)
        if step.path:
            return self.conversation.statuses(step.method, request, step.path)
        if step.after_ms is not None:
            return self.conversation.cancel(step.method, request, step.after_ms)
        options = {} if step.timeout_ms is None else {"timeout_ms": step.timeout_ms}
        return self.conversation.call(step.method, request, **options)

    def _compare(self, answer: Any, expected: Expected) -> None:
        if expected.error is not None:
            assert isinstance(answer, Failure), f"answered {answer}"
            assert error_differences(answer, self._wanted(expected.error)) == []
            return
        assert not isinstance(answer, Failure), answer
        errors: Any = None
        if isinstance(answer, tuple):
            answer, errors = answer
        if expected.pages is not None:
            pages = [as_json(page, defaults=True) for page in answer]
            assert differences(pages, self._filled(expected.pages), "pages") == []
        if expected.response is not None:
            wanted = self._filled(expected.response)
            assert differences(as_json(answer, defaults=True), wanted, "response") == []
        if expected.errors is not None:
            assert len(errors) == len(expected.errors)
            for error, wanted in zip(errors, expected.errors, strict=True):
                assert (error is None) == (wanted is None), error
                if error is not None and wanted is not None:
                    assert error_differences(error, self._wanted(wanted)) == []

    def _look(self, method: str, seen: Seen) -> None:
        received = self._script.seen()
        assert [each.path for each in received] == [f"/{method}"] * seen.calls
        for each in received:
            # A retry must be the same call, including the fields that the client filled in.
            assert each.request == received[0].request
            assert differences(each.metadata, seen.metadata, "metadata") == []
            self.conversation.transcript.note_message(f"{method} as it was sent", each.request)
        if received:
            sent = as_json(received[0].request, defaults=True)
            assert differences(sent, self._filled(seen.request), "sent") == []
            for path in seen.made_up:
                assert _UUID.fullmatch(at(sent, path)), path

    def _wanted(self, error: Error) -> dict[str, Any]:
        wanted: dict[str, Any] = self._filled(error.model_dump(exclude_unset=True))
        return wanted

    def _filled(self, value: Any) -> Any:
        return filled(value, self._prefix, self._answers)
