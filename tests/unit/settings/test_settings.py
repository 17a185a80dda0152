import re
from pathlib import Path

import pytest

from localdial_server.settings.errors import SettingsError
from localdial_server.settings.settings import Settings, describe_settings, read_settings, unknown_variables
from scripts.lib import settings_page

PAGE = Path(__file__).parents[3] / "docs/settings.md"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "localdial.toml"


def problems(**flags: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings(None, **flags)
    return str(caught.value).splitlines()


def test_the_defaults_are_loopback_sqlite_and_the_simulator() -> None:
    settings = read_settings()
    assert settings.listen == "127.0.0.1:50051"
    assert settings.shown_database_url == f"sqlite:///{settings.state_directory}/localdial.db"
    assert settings.spool_directory == settings.state_directory / "spool"
    assert settings.carrier == "simulator"


def test_the_state_directory_is_set_or_systemds_or_in_the_users_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    assert read_settings().state_directory == Path("/home/ann/.local/state/localdial")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert read_settings().state_directory == Path("/state/localdial")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/localdial:/var/lib/second")
    assert read_settings().state_directory == Path("/var/lib/localdial")
    monkeypatch.setenv("LOCALDIAL_STATE_DIRECTORY", "elsewhere")
    settings = read_settings()
    assert settings.shown_database_url == "sqlite:///elsewhere/localdial.db"
    assert settings.spool_directory == Path("elsewhere/spool")


def test_a_user_without_a_home_is_asked_for_a_state_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.delenv("XDG_STATE_HOME")
    assert problems() == ["LOCALDIAL_STATE_DIRECTORY: must be set, because this user has no home directory"]
    assert read_settings(state_directory="/srv/localdial").spool_directory == Path("/srv/localdial/spool")


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("twilio_auth_token", "s3cret\n", "LINE FEED (U+000A) at the end"),
        ("twilio_auth_token", "\ufeffs3cret", "BYTE ORDER MARK (U+FEFF) at the start"),
        ("twilio_auth_token", "s3 cret", "SPACE (U+0020) as character 3"),
        ("twilio_auth_token", "s3\u200bcret", "ZERO WIDTH SPACE (U+200B) as character 3"),
        ("twilio_auth_token", "s3\x00cret", "NULL (U+0000) as character 3"),
        ("twilio_auth_token", '"s3cret"', "QUOTATION MARK (U+0022) at the start"),
        ("twilio_auth_token", "s3cret\u201d", "RIGHT DOUBLE QUOTATION MARK (U+201D) at the end"),
        ("twilio_api_key_secret", "s3cret\x7f", "DELETE (U+007F) at the end"),
        ("webhook_account_tokens", "AC1:a\tAC2:b", "TAB (U+0009) as character 6"),
        ("webhook_account_tokens", "AC1:a ", "SPACE (U+0020) at the end"),
        ("database_url", "sqlite:///var/a.db\r", "CARRIAGE RETURN (U+000D) at the end"),
        ("database_url", "sqlite:///var/a\u00ad.db", "SOFT HYPHEN (U+00AD) as character 16"),
        ("database_url", "postgresql://u:p@h/x y", "SPACE (U+0020) as character 21"),
        ("webhook_public_url", "https://example.com\u00a0", "NO-BREAK SPACE (U+00A0) at the end"),
        ("twilio_voice_url", "'https://example.com/voice'", "APOSTROPHE (U+0027) at the start"),
        ("twilio_base_url", "https://example.com\n", "LINE FEED (U+000A) at the end"),
        ("listen", "127.0.0.1:50051\n", "LINE FEED (U+000A) at the end"),
        ("spool_directory", "/var/spool\n", "LINE FEED (U+000A) at the end"),
        ("state_directory", " /var/state", "SPACE (U+0020) at the start"),
        ("log_level", "info\r", "CARRIAGE RETURN (U+000D) at the end"),
        ("allow_insecure", "true\r", "CARRIAGE RETURN (U+000D) at the end"),
        ("workers", "1 ", "SPACE (U+0020) at the end"),
    ],
)
def test_a_character_that_was_copied_along_is_named(setting: str, value: str, problem: str) -> None:
    option = "--insecure" if setting == "allow_insecure" else f"--{setting.replace('_', '-')}"
    assert problems(**{setting: value}) == [
        f"{option}: has {problem}, which does not belong there; remove it"
    ]


def test_paths_may_have_spaces_and_quotes_and_tokens_spaces_between_them() -> None:
    settings = read_settings(state_directory="/home/o'brien/local dial", webhook_account_tokens="AC1:a AC2:b")
    assert settings.shown_database_url == "sqlite:////home/o'brien/local dial/localdial.db"
    assert settings.webhook_account_tokens.get_secret_value() == "AC1:a AC2:b"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("state_directory", "~"),
        ("state_directory", "~/state"),
        ("spool_directory", "~localdial/spool"),
        ("database_url", "sqlite:///~/localdial.db"),
    ],
)
def test_a_path_for_a_shell_is_refused(setting: str, value: str) -> None:
    option = f"--{setting.replace('_', '-')}"
    assert problems(**{setting: value}) == [
        f"{option}: begins with ~, which only a shell replaces; write the path of the home directory"
    ]


def test_a_file_may_begin_with_a_byte_order_mark(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbflog_level = 'debug'\r\n")
    assert read_settings(file).log_level == "debug"


def test_variables_of_a_service_are_not_taken_for_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("LOCALDIAL_SERVICE_HOST", "10.0.0.1"),
        ("LOCALDIAL_SERVICE_PORT", "50051"),
        ("LOCALDIAL_SERVICE_PORT_GRPC", "50051"),
        ("LOCALDIAL_PORT", "tcp://10.0.0.1:50051"),
        ("LOCALDIAL_PORT_50051_TCP", "tcp://10.0.0.1:50051"),
        ("LOCALDIAL_PORT_50051_TCP_PROTO", "tcp"),
        ("LOCALDIAL_PORT_50051_TCP_PORT", "50051"),
        ("LOCALDIAL_PORT_50051_TCP_ADDR", "10.0.0.1"),
        ("LOCALDIAL_WEBHOOK_SERVICE_HOST", "10.0.0.2"),
        ("LOCALDIAL_WEBHOOK_PORT", "tcp://10.0.0.2:8080"),
    ):
        monkeypatch.setenv(name, value)
    assert unknown_variables() == []
    monkeypatch.setenv("LOCALDIAL_PORT", "50051")
    assert unknown_variables() == [("LOCALDIAL_PORT", None)]


def test_a_variable_that_nothing_reads_is_found_with_the_most_similar_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in "LOCALDIAL_METRICS_LISTNE", "LOCALDIAL_ZZZ", "localdial_listen", "LOCALDIAL_TEST_X":
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("LOCALDIAL_CONFIG", "x")
    monkeypatch.setenv("LOCALDIAL_SERVER", "x")
    assert unknown_variables("LOCALDIAL_SERVER") == [
        ("LOCALDIAL_METRICS_LISTNE", "LOCALDIAL_METRICS_LISTEN"),
        ("LOCALDIAL_ZZZ", None),
    ]


def test_an_option_wins_over_the_environment_and_that_over_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('listen = "127.0.0.1:1"\nlog_format = "json"\ndrain_seconds = 1\nlog_level = "debug"\n')
    monkeypatch.setenv("LOCALDIAL_LISTEN", "127.0.0.1:2")
    monkeypatch.setenv("LOCALDIAL_LOG_FORMAT", "console")
    monkeypatch.setenv("LOCALDIAL_DRAIN_SECONDS", "")
    settings = read_settings(file, listen="127.0.0.1:3")
    assert settings.listen == "127.0.0.1:3"
    assert settings.log_format == "console"
    assert settings.drain_seconds == 1, "an empty variable counts as not set"
    assert settings.log_level == "debug"


def test_an_empty_variable_leaves_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALDIAL_DRAIN_SECONDS", "")
    monkeypatch.setenv("LOCALDIAL_CONFIG", "")
    assert read_settings().drain_seconds == 10


def test_the_config_option_wins_over_the_file_named_by_the_environment(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("drain_seconds = 1")
    other = tmp_path / "other.toml"
    other.write_text("drain_seconds = 2")
    monkeypatch.setenv("LOCALDIAL_CONFIG", str(file))
    assert read_settings().drain_seconds == 1
    assert read_settings(other).drain_seconds == 2


def test_all_problems_are_reported_at_once_each_with_its_source(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('drain_seconds = -1\nlisten_on = "x"\nlisten = 7\n')
    monkeypatch.setenv("LOCALDIAL_CONFIG", str(file))
    monkeypatch.setenv("LOCALDIAL_LOG_FORMAT", "xml")
    assert problems(listen="nowhere") == [
        "--listen: must be host:port, such as 127.0.0.1:50051 or [::1]:50051; port 0 takes any free port",
        "LOCALDIAL_LOG_FORMAT: must be 'console' or 'json'",
        f"drain_seconds in {file}: must be greater than or equal to 0",
        f"listen_on in {file}: there is no such setting; did you mean listen?",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"listen = ", "is not TOML"),
        (b'carrier = "\xff"', "is not UTF-8 text"),
        (None, "cannot be read: No such file or directory"),
        (b"[server]\nlisten = '127.0.0.1:1'", "there is no such setting"),
    ],
)
def test_an_unusable_file_is_reported_with_its_path(file: Path, content: bytes | None, problem: str) -> None:
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=f"{re.escape(str(file))}: {re.escape(problem)}"):
        read_settings(file)


@pytest.mark.parametrize(
    "address", ["127.0.0.1:0", "127.8.8.8:1", "[::1]:65535", "localhost:50051", "LOCALHOST:50051"]
)
def test_loopback_addresses_need_no_permission(address: str) -> None:
    assert read_settings(listen=address).listen == address


@pytest.mark.parametrize(
    "address", ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.com:1", "localhost.example:1"]
)
@pytest.mark.parametrize("setting", ["listen", "metrics_listen", "webhook_listen"])
def test_an_address_that_others_can_reach_needs_tls_or_permission(setting: str, address: str) -> None:
    [problem] = problems(**{setting: address})
    assert f"is {address}, which other machines can reach, but what is sent there would not be" in problem
    read_settings(None, **{setting: address}, tls_certificate="server.pem", tls_key="server.key")
    read_settings(None, **{setting: address}, allow_insecure=True)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost",
        ":50051",
        "::1:50051",
        "[::1]",
        "[1.2.3.4]:1",
        "[:::]:1",
        "h:65536",
        "h:-1",
        "h:\u0661",
        "unix:/s",
    ],
)
def test_an_invalid_address_is_refused(address: str) -> None:
    # As an option, because an empty environment variable counts as not set.
    [problem] = problems(listen=address)
    assert problem.startswith("--listen: must be host:port")


@pytest.mark.parametrize(
    "url", ["sqlite:///var/localdial.db", "sqlite:////srv/localdial.db", "sqlite:///a b.db"]
)
def test_urls_of_sqlite_files_are_accepted(url: str) -> None:
    settings = read_settings(database_url=url)
    assert settings.database_url.get_secret_value() == settings.shown_database_url == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("postgresql://app:hunter2@db", "must name the database"),
        ("postgresql://app:hunter2/hunter2@db:5432/localdial", "is not a PostgreSQL URL"),
        ("postgresql://app:22/hunter2@db:5432/localdial", "is not a PostgreSQL URL"),
        ("postgresql://app:hunter2@hunter2@db/localdial", "is not a PostgreSQL URL"),
        ("postgresql+psycopg://app:hunter2@db/localdial", "must be an SQLite or a PostgreSQL URL"),
        ("mysql://app:hunter2@db/localdial", "must be an SQLite or a PostgreSQL URL"),
        ("sqlite+aiosqlite:///x.db", "must be an SQLite or a PostgreSQL URL"),
        ("localdial.db", "must be an SQLite or a PostgreSQL URL"),
        ("sqlite://", "must name a file"),
        ("sqlite:///", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite://localdial.db", "must name a file"),
        ("sqlite:///x.db?mode=ro", "must name a file"),
    ],
)
def test_invalid_database_urls_are_refused_without_repeating_the_password(
    url: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALDIAL_DATABASE_URL", url)
    [line] = problems()
    assert line.startswith(f"LOCALDIAL_DATABASE_URL: {problem}")
    assert "hunter2" not in line


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app:hunter2@db:5433/localdial",
        "postgres://app@db:5433/localdial?password=hunter2&sslmode=require",
    ],
)
def test_a_password_is_shown_neither_in_messages_nor_by_the_object(url: str) -> None:
    settings = read_settings(database_url=url)
    assert settings.shown_database_url == "postgresql://db:5433/localdial"
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings.model_dump())


def test_several_workers_are_refused_on_sqlite() -> None:
    [problem] = problems(workers=2)
    assert problem.startswith("--workers: must be 1 on SQLite")
    assert read_settings(workers=2, database_url="postgresql://db/localdial").workers == 2


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "4000", "soon"])
def test_durations_are_finite_and_within_reason(value: str) -> None:
    [problem] = problems(drain_seconds=value)
    assert problem.startswith("--drain-seconds: must be ")


def test_a_log_level_may_be_in_upper_case() -> None:
    assert read_settings(log_level="WARNING").log_level == "warning"


@pytest.mark.parametrize(
    ("url", "taken_as"),
    [
        ("https://voice.example.com", "https://voice.example.com"),
        ("https://voice.example.com:8443/localdial/v1/", "https://voice.example.com:8443/localdial/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_the_webhooks_public_url_is_a_base_url(url: str, taken_as: str) -> None:
    assert read_settings(webhook_public_url=url).webhook_public_url == taken_as


@pytest.mark.parametrize(
    "url",
    [
        "voice.example.com",
        "ftp://voice.example.com",
        "https://",
        "https://user:hunter2@voice.example.com",
        "https://voice.example.com/%61",
        "https://voice.example.com/a?b=c",
        "https://voice.example.com/#",
        "https://voice.example.com//a",
        "https://voice.example.com/\u0661",
    ],
)
def test_a_public_url_that_a_proxy_could_rewrite_is_refused(url: str) -> None:
    [problem] = problems(webhook_public_url=url)
    assert problem.startswith("--webhook-public-url: must be the base of the URLs")
    assert "hunter2" not in problem


@pytest.mark.parametrize("pairs", ["hunter2", "AC1:", ":hunter2", "AC1:hunter2,AC2"])
@pytest.mark.parametrize(
    ("setting", "form"),
    [("webhook_account_tokens", "ACCOUNT_SID:TOKEN"), ("webhook_shared_keys", "KEY_ID:SECRET")],
)
def test_invalid_pairs_are_refused_without_repeating_them(setting: str, form: str, pairs: str) -> None:
    [problem] = problems(**{setting: pairs})
    assert problem.startswith(f"--{setting.replace('_', '-')}: must be {form} pairs")
    assert "hunter2" not in problem


def test_tokens_are_not_shown() -> None:
    settings = read_settings(
        webhook_account_tokens="AC1:hunter2, AC2:hunter2",
        webhook_shared_keys="key:hunter2",
        twilio_auth_token="hunter2",
    )
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings.model_dump())


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings().listen = "127.0.0.1:1"


def test_every_setting_is_described_with_its_default() -> None:
    described = describe_settings()
    assert len(described) == len(Settings.model_fields)
    for setting in described:
        assert setting.env.startswith("LOCALDIAL_")
        assert setting.default, setting.env
        assert setting.description.endswith("."), setting.env


def test_the_settings_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page.page(), "run scripts/generate"


def test_the_settings_page_has_every_setting() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [setting.env for setting in describe_settings() if f"| `{setting.env}` |" not in text] == []
