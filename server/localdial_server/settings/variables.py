"""The names of the environment variables that hold settings."""

ENV_PREFIX = "LOCALDIAL_"
CONFIG_ENV = "LOCALDIAL_CONFIG"


def env_name(setting: str) -> str:
    """Return the name of a setting's environment variable."""
    return f"{ENV_PREFIX}{setting.upper()}"
