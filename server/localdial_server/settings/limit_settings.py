"""The settings for how much callers may use."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LimitSettings(BaseSettings):
    """The part of `Settings` for how much callers may use."""

    model_config = SettingsConfigDict(use_attribute_docstrings=True)

    max_connections: int = Field(0, ge=0, le=65_536)
    """The most connections that each worker accepts; further ones are closed at once. 0: 1,000, or fewer if
    the limit on open files is low."""
    connection_age_seconds: float = Field(1_800.0, ge=1, le=604_800)
    """How long a connection may live, in seconds, with a random tenth more or less. The server then asks the
    client to connect anew, and calls under way have 90 s to finish. So clients spread over servers that were
    added."""
