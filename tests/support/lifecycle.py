"""What runs inside a context."""

from abc import ABC, abstractmethod
from typing import Self


class Lifecycle(ABC):
    """A context manager that starts on entry, and is closed on exit or if the start fails."""

    @abstractmethod
    def start(self) -> None:
        """Start, and wait until it serves."""

    @abstractmethod
    def close(self) -> None:
        """Stop what runs, if anything does."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
