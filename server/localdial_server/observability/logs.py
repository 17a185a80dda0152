"""The log: one line per event, as text for people or as JSON for machines.

Modules log through the standard library; what they pass as `extra` becomes fields of the line. No caller can
forge a line, or cause the same one more than once in ten seconds.
"""

import json
import logging
import sys
import threading
import traceback
from typing import Any, Literal, TextIO

from localdial_server.observability.log_limit import LibraryLimit, LimitedLog

# If Rich is there, structlog loads 6 MB in 0.05 s, for tracebacks with variables, which this log never has.
_hides_rich = "rich" not in sys.modules
if _hides_rich:
    sys.modules["rich"] = None  # type: ignore[assignment]  # means that it cannot be imported
try:
    import structlog
    from structlog.typing import EventDict, ExcInfo, Processor
finally:
    if _hides_rich:
        del sys.modules["rich"]

_limited_log = LimitedLog(logging.getLogger(__name__))


def configure_logging(level: str, log_format: Literal["console", "json"]) -> None:
    """Log events of at least this level to standard error in this format."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        # Several workers write to one log; the process ID tells them apart.
        structlog.processors.CallsiteParameterAdder([structlog.processors.CallsiteParameter.PROCESS]),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _escape_fields,
    ]
    renderer: list[Processor] = (
        [
            # Variables may hold requests and phone numbers, so tracebacks do not show them.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(serializer=_json),
        ]
        if log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_write_traceback)]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(LibraryLimit())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # We log migrations ourselves.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    _log_what_python_prints()


def _log_what_python_prints() -> None:
    """Log what Python itself would print to standard error: warnings, and exceptions that nothing catches."""
    logging.captureWarnings(capture=True)
    sys.unraisablehook = lambda hook: _log_uncaught("an exception cannot be raised", hook.exc_value)
    threading.excepthook = lambda hook: _log_uncaught("a thread failed", hook.exc_value)


def _log_uncaught(event: str, error: BaseException | None) -> None:
    if error is not None:
        _limited_log.exception(event, kind=type(error).__name__, error=error)


def _json(fields: EventDict, **options: Any) -> str:
    """Return one line of ASCII. JSON escapes all control characters but DEL."""
    return json.dumps(fields, **options).replace("\x7f", r"\u007f")


def _escape_fields(_logger: Any, _name: str, fields: EventDict) -> EventDict:
    """Escape the event and each field that is text, other than the traceback."""
    for name, value in fields.items():
        if isinstance(value, str) and not value.isprintable():
            fields[name] = escaped(value)
    return fields


def _write_traceback(stream: TextIO, exc_info: ExcInfo) -> None:
    """Write the traceback, indented so that no text in it can look like a line of the log."""
    lines = "".join(traceback.format_exception(*exc_info)).rstrip("\n").split("\n")
    stream.writelines(f"\n  {escaped(line)}" for line in lines)


def escaped(text: str) -> str:
    r"""Return the text with whatever cannot be printed escaped as in Python: `\n`, `\x1b`, `\u202e`."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
