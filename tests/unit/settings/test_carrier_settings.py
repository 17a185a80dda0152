import re

import pytest

from localdial_server.carriers.twilio.adapter import TwilioCarriers
from localdial_server.domain.costly_numbers import CostlyKind
from localdial_server.domain.dialing_permissions import DialingPermission
from localdial_server.runtime.carriers import twilio_account
from localdial_server.settings.errors import SettingsError
from localdial_server.settings.settings import Settings, read_settings

_HEX = "0123456789abcdef" * 2
_ACCOUNT, _SUBACCOUNT, _KEY = f"AC{_HEX}", f"AC{_HEX[::-1]}", f"SK{_HEX}"
_TWILIO = {"carrier": "twilio", "twilio_account_sid": _ACCOUNT, "twilio_auth_token": "hunter2"}


def twilio(**changes: str) -> Settings:
    return read_settings(None, **{**_TWILIO, **changes})


def problems(**flags: object) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        read_settings(None, **flags)
    assert "hunter2" not in str(caught.value)
    return {problem.setting: problem.message for problem in caught.value.problems}


def test_twilio_needs_an_account_and_credentials_and_both_are_reported_at_once() -> None:
    found = problems(carrier="twilio", listen="nowhere")
    assert set(found) == {"LOCALDIAL_TWILIO_AUTH_TOKEN", "LOCALDIAL_TWILIO_ACCOUNT_SID", "--listen"}


def test_an_api_key_replaces_the_auth_token() -> None:
    settings = read_settings(
        None,
        carrier="twilio",
        twilio_account_sid=_ACCOUNT,
        twilio_api_key_sid=_KEY,
        twilio_api_key_secret="hunter2",
    )
    account = twilio_account(settings)
    assert (account.account_sid, account.username, account.password) == (_ACCOUNT, _KEY, "hunter2")
    account = twilio_account(twilio())
    assert (account.account_sid, account.username, account.password) == (_ACCOUNT, _ACCOUNT, "hunter2")


@pytest.mark.parametrize("half", [{"twilio_api_key_sid": _KEY}, {"twilio_api_key_secret": "hunter2"}])
def test_an_api_key_needs_both_its_sid_and_its_secret(half: dict[str, str]) -> None:
    (found,) = problems(**_TWILIO, **half).items()
    assert found[0].upper().replace("-", "_").endswith("TWILIO_API_KEY_SECRET")
    assert found[1].startswith("set both this and LOCALDIAL_TWILIO_API_KEY_SID")


@pytest.mark.parametrize(
    ("setting", "prefix"),
    [
        ("twilio_account_sid", "AC"),
        ("twilio_api_key_sid", "SK"),
        ("twilio_voice_application_sid", "AP"),
        ("twilio_trunk_sid", "TK"),
        ("twilio_address_sid", "AD"),
        ("twilio_bundle_sid", "BU"),
    ],
)
def test_twilio_identifiers_must_have_twilios_form(setting: str, prefix: str) -> None:
    rest = {"twilio_api_key_secret": "hunter2"} if setting == "twilio_api_key_sid" else {}
    assert getattr(twilio(**{setting: prefix + _HEX}, **rest), setting) == prefix + _HEX
    for wrong in ("XX" + _HEX, prefix + _HEX[1:], prefix + _HEX.upper(), "../x"):
        found = problems(**{**_TWILIO, setting: wrong}, **rest)
        assert found[f"--{setting.replace('_', '-')}"].startswith(f"must be {prefix} and 32")


def test_another_carriers_identifiers_may_have_another_form() -> None:
    settings = twilio(
        twilio_base_url="https://example.signalwire.com/api/laml/",
        twilio_account_sid="4b7f5d2e-0000-4000-8000-000000000000",
    )
    account = twilio_account(settings)
    assert account.base_url == "https://example.signalwire.com/api/laml"
    assert account.account_sid == "4b7f5d2e-0000-4000-8000-000000000000"
    found = problems(**{**_TWILIO, "twilio_account_sid": "../x"}, twilio_base_url="https://other.example")
    assert found == {"--twilio-account-sid": "must consist of letters, digits and hyphens"}


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8090", "http://[::1]:8090/x", "http://localhost", "https://a.example"]
)
def test_a_base_url_needs_https_unless_it_is_on_this_machine(url: str) -> None:
    assert twilio(twilio_base_url=url).twilio_base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://carrier.example",
        "http://localhost.example",
        "carrier.example",
        "https://",
        "https://user:hunter2@carrier.example",
        "https://carrier.example/?x=hunter2",
        "https://carrier.example/a b",
        "ftp://carrier.example",
    ],
)
def test_an_invalid_base_url_or_one_with_credentials_is_refused(url: str) -> None:
    assert set(problems(**_TWILIO, twilio_base_url=url)) == {"--twilio-base-url"}


def test_subaccounts_come_as_json_or_as_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALDIAL_TWILIO_SUBACCOUNTS", f'{{"acme": "{_SUBACCOUNT}"}}')
    assert twilio_account(twilio()).subaccounts == {"acme": _SUBACCOUNT}
    table = {"acme": _SUBACCOUNT, "other": _ACCOUNT}
    assert read_settings(None, **_TWILIO, twilio_subaccounts=table).twilio_subaccounts == table


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("acme=AC1", "must be a JSON object"),
        ('{"acme": "AC1"}', "must be AC and 32"),
        ('["acme"]', "must be a valid dictionary"),
        ('{"acme": 1}', "must be a valid string"),
    ],
)
def test_invalid_subaccounts_are_refused(value: str, problem: str) -> None:
    (found,) = problems(**_TWILIO, twilio_subaccounts=value).values()
    assert re.search(problem, found)


@pytest.mark.parametrize("value", ["{acme", "acme=2", "[1]", '{"acme": 2}', '{"acme": {"max": 2}}'])
def test_invalid_limits_of_organizations_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LOCALDIAL_ORGANIZATION_LIMITS", value)
    (problem,) = problems()
    assert problem.startswith("LOCALDIAL_ORGANIZATION_LIMITS")


def test_calls_go_to_the_webhook_unless_something_else_is_configured() -> None:
    def goes(**settings: str) -> tuple[str, str, str]:
        numbers = twilio_account(twilio(**settings)).numbers
        return numbers.voice_url, numbers.voice_application_sid, numbers.trunk_sid

    webhook = {"webhook_public_url": "https://voice.example.com/localdial"}
    application, trunk = f"AP{_HEX}", f"TK{_HEX}"
    assert goes() == ("", "", "")
    assert goes(**webhook) == ("https://voice.example.com/localdial/voice", "", "")
    assert goes(**webhook, twilio_voice_url="https://a.example/b") == ("https://a.example/b", "", "")
    assert goes(**webhook, twilio_voice_application_sid=application) == ("", application, "")
    assert goes(**webhook, twilio_trunk_sid=trunk) == ("", "", trunk)


def test_an_order_ends_long_before_another_server_gives_it_up() -> None:
    longest = 60
    assert longest * 2 <= TwilioCarriers(twilio_account(twilio())).all()[0].capabilities.read_lag_seconds
    assert twilio(carrier_timeout_seconds=str(longest)).carrier_timeout_seconds == longest
    (found,) = problems(**{**_TWILIO, "carrier_timeout_seconds": longest + 1})
    assert "timeout" in found.lower()


def test_only_one_handler_of_calls_can_be_configured() -> None:
    found = problems(
        **_TWILIO,
        twilio_voice_url="https://a.example/b",
        twilio_voice_application_sid=f"AP{_HEX}",
        twilio_trunk_sid=f"TK{_HEX}",
    )
    assert set(found) == {"--twilio-voice-application-sid", "--twilio-trunk-sid"}
    assert "LOCALDIAL_TWILIO_VOICE_URL" in found["--twilio-trunk-sid"]


def test_secrets_are_not_shown() -> None:
    settings = twilio(twilio_api_key_sid=_KEY, twilio_api_key_secret="hunter2")
    for shown in repr(settings), str(settings.model_dump()), repr(twilio_account(settings)):
        assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("organization_limits", '{"acme ": {"max_numbers": 1}}'),
        ("organization_limits", '{"": {"max_numbers": 1}}'),
        ("twilio_subaccounts", f'{{"ac\\nme": "{_SUBACCOUNT}"}}'),
    ],
)
def test_an_organization_that_cannot_exist_is_refused(setting: str, value: str) -> None:
    found = problems(**{setting: value})
    assert list(found.values()) == [
        "each organization must be 1 to 128 visible ASCII characters, without spaces"
    ]


def test_an_organization_may_dial_the_countries_of_all_unless_it_has_its_own() -> None:
    settings = read_settings(
        None,
        destination_countries="us, ca",
        organization_limits='{"acme": {"destination_countries": ["JM"]}, "other": {"max_numbers": 1},'
        ' "anywhere": {"destination_countries": []}, "ship": {"allowed_number_kinds": ["satellite"]}}',
    )
    permissions = settings.dialing_permissions
    assert permissions.of("acme") == DialingPermission(countries=frozenset({"JM"}))
    assert (
        permissions.of("other") == permissions.default == DialingPermission(countries=frozenset({"US", "CA"}))
    )
    assert permissions.of("anywhere") == DialingPermission()
    assert permissions.of("ship") == DialingPermission(
        frozenset({CostlyKind.SATELLITE}), frozenset({"US", "CA"})
    )


def test_by_default_all_countries_may_be_dialed_and_no_costly_number() -> None:
    assert read_settings(None).dialing_permissions.of("acme") == DialingPermission()


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        (
            "destination_countries",
            "US,XX",
            "must be the ISO 3166-1 alpha-2 code of a country, such as US or GB",
        ),
        (
            "destination_countries",
            "USA",
            "must be the ISO 3166-1 alpha-2 code of a country, such as US or GB",
        ),
        (
            "organization_limits",
            '{"acme": {"destination_countries": ["United States"]}}',
            "must be the ISO 3166-1 alpha-2 code of a country, such as US or GB",
        ),
        (
            "organization_limits",
            '{"acme": {"allowed_number_kinds": ["premium"]}}',
            "must be 'premium_rate', 'satellite', 'personal' or 'pager'",
        ),
    ],
)
def test_a_country_or_kind_that_does_not_exist_is_refused(setting: str, value: str, problem: str) -> None:
    assert list(problems(**{setting: value}).values()) == [problem]
