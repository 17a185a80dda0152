"""Performs each operation on the model and on the use cases, and compares the results."""

import asyncio
import contextlib
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from localdial_server.app.outbound_calls import Leg
from localdial_server.runtime.bootstrap import application
from localdial_server.settings.settings import read_settings
from tests.scenarios.explanations import require_explained, require_record_explained
from tests.scenarios.model import WITHHELD, Model, ModelCall, area_code
from tests.scenarios.target import Answer, Connection, Refused, refusals
from tests.scenarios.use_case_target import UseCaseTarget
from tests.support.databases import create_sqlite

T = TypeVar("T")


class ComparingMachine(RuleBasedStateMachine):
    """A model, and use cases with their own database."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        # Answers of the use cases: the newest revisions, and the first answer to each call.
        self.revisions: defaultdict[str, int] = defaultdict(int)
        self.answers: dict[tuple[str, str], Answer] = {}
        # For each callee and reason: the number that was shown, by its candidates.
        self.shown: defaultdict[tuple[str, str], dict[frozenset[str], str]] = defaultdict(dict)
        self.gone_for_good: set[str] = set()
        self.changed = True

        self.folder = tempfile.mkdtemp(prefix="localdial-")
        create_sqlite(Path(self.folder, "localdial.db"))
        self.runner = asyncio.Runner()
        self.exits = contextlib.AsyncExitStack()
        opened = application(read_settings(database_url=f"sqlite:///{self.folder}/localdial.db"))
        self.application = self.runner.run(self.exits.enter_async_context(opened))
        self.target = UseCaseTarget(self.application.use_cases)

    def teardown(self) -> None:
        self.runner.run(self.exits.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    def call(
        self, organization: str, user: str, callee: str, call_id: str | None, *, validate_only: bool
    ) -> None:
        revision = self.revisions[organization]
        answer = self.ask(
            self.target.resolve(
                Leg(
                    organization,
                    user,
                    callee,
                    call_id=call_id,
                    validate_only=validate_only,
                    # A call without an ID uses this process's snapshot, which must be the newest one.
                    min_revision=revision if call_id is not None else 0,
                )
            )
        )
        ids = [(call.organization, call.call_id) for call in self.model.calls]
        if call_id is not None and not validate_only and (organization, call_id) in ids:
            standing = self.model.calls[ids.index((organization, call_id))]
            same = (standing.user, standing.callee) == (user, callee)
            assert answer == (self.answers[organization, call_id] if same else "CALL_ID_REUSED")
            return
        reason, candidates = self.model.shown(organization, user, callee)
        if isinstance(answer, str):
            assert (answer, set()) == (reason, candidates)
            return
        assert answer.reason == reason
        assert answer.caller_id in candidates
        assert answer.callee_area_code == area_code(callee)
        assert answer.revision == revision
        assert call_id is None or answer.call_id == call_id
        self.compare_with_before(callee, reason, frozenset(candidates), answer.caller_id)
        if not validate_only:
            assert answer.call_id is not None
            self.model.calls.append(ModelCall(organization, answer.call_id, user, callee))
            self.answers[organization, answer.call_id] = answer

    def compare_with_before(
        self, callee: str, reason: str, candidates: frozenset[str], caller_id: str
    ) -> None:
        """Check that a callee is shown the same number unless it is gone or another one was added."""
        for before, was_shown in self.shown[callee, reason].items():
            if candidates <= before and was_shown in candidates:
                assert caller_id == was_shown
            if candidates >= before and caller_id in before:
                assert caller_id == was_shown
        self.shown[callee, reason][candidates] = caller_id

    def route(self, called: str, sent: str) -> None:
        answer = self.ask(self.target.route(called, sent))
        expected = self.model.destination(called, sent)
        if isinstance(expected, str):
            assert answer == expected
            return
        last = self.model.last_call(expected.organization, None if sent in WITHHELD else sent)
        assert answer == Connection(
            organization=expected.organization,
            destination=expected.number,
            reason=expected.reason,
            shown=called if sent in WITHHELD else sent,
            fallback=expected.fallback,
            user=expected.user,
            last_call=last.call_id if last is not None else None,
        )

    def explain(self, organization: str, user: str, callee: str) -> None:
        """Check that an explanation has the decision that a call would have."""
        assert self.ask(require_explained(self.target, Leg(organization, user, callee))) is None

    def explain_record(self, call: ModelCall) -> None:
        """Check that the explanation of a recorded call has its first answer, and the decision of now."""
        answer = self.answers[call.organization, call.call_id]
        checking = require_record_explained(
            self.target, Leg(call.organization, call.user, call.callee), answer
        )
        assert self.ask(checking) == self.unknown(call.organization)

    def ask(self, asking: Coroutine[Any, Any, T]) -> T | str:
        """Return the answer of the use case, or the reason of its refusal."""
        try:
            with refusals():
                # Runner.run would spend most of the time on signal handlers.
                return self.runner.get_loop().run_until_complete(asking)
        except Refused as refused:
            return refused.reason

    def done(self, organization: str, changing: Coroutine[Any, Any, int], error: str | None) -> bool:
        """Make a change that must fail with `error`, if given; return whether it succeeded."""
        revision = self.ask(changing)
        if isinstance(revision, str):
            assert revision == error
            return False
        assert error is None
        assert revision >= self.revisions[organization]
        self.revisions[organization] = revision
        self.changed = True
        return True

    async def import_one(self, organization: str, number: str) -> int:
        answer = await self.application.use_cases.importing.import_numbers(organization, [number])
        for failure in answer.failures:
            raise Refused(failure.error.reason, failure.error.message, failure.error.metadata)
        return answer.revision

    def unknown(self, organization: str) -> str | None:
        return None if organization in self.model.organization_numbers else "ORGANIZATION_NOT_FOUND"

    def not_its(self, organization: str, number: str) -> str | None:
        foreign = self.model.owners.get(number) != organization
        return self.unknown(organization) or ("NUMBER_NOT_FOUND" if foreign else None)
