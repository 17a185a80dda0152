from urllib.parse import quote

import pytest

from tests.unit.carriers.twilio_simulator.conftest import MAIN, OTHER, SUB, TOKEN, Site

_NUMBER = "+14155550100"


def buy(site: Site, phone_number: str = _NUMBER, account: str = MAIN, **fields: str) -> str:
    answer = site.call("POST", f"{site.numbers(account)}.json", {"PhoneNumber": phone_number, **fields})
    assert answer.status == 201, answer.body
    return str(answer.body["sid"])


@pytest.mark.parametrize(
    ("user", "account"),
    [
        (None, MAIN),
        ((MAIN, "wrong"), MAIN),
        ((MAIN, ""), MAIN),
        (("", ""), MAIN),
        ((OTHER, "other-secret"), MAIN),
        # A subaccount's credentials give no access to its parent.
        ((SUB, "sub-secret"), MAIN),
        ((MAIN, TOKEN), "AC" + "9" * 32),
    ],
    ids=str,
)
def test_a_client_without_access_to_the_account_gets_twilios_401(
    site: Site, user: tuple[str, str] | None, account: str
) -> None:
    answer = site.call("GET", f"{site.numbers(account)}.json", user=user)
    assert answer.status == 401
    assert answer.body == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }


def test_a_main_account_has_access_to_its_subaccounts(site: Site) -> None:
    buy(site, account=SUB)
    assert site.call("GET", f"{site.numbers(SUB)}.json").body["incoming_phone_numbers"]
    assert site.call("GET", f"{site.numbers(SUB)}.json", user=(SUB, "sub-secret")).status == 200
    assert site.call("GET", f"{site.numbers()}.json").body["incoming_phone_numbers"] == []


def test_a_number_of_another_account_cannot_be_bought(site: Site) -> None:
    buy(site, account=SUB)
    answer = site.call("POST", f"{site.numbers()}.json", {"PhoneNumber": _NUMBER})
    assert (answer.status, answer.body["code"]) == (400, 21422)


def test_buying_an_owned_number_succeeds_for_free_and_changes_it(site: Site) -> None:
    sid = buy(site, FriendlyName="first", VoiceUrl="https://a.example/")
    assert buy(site, FriendlyName="second") == sid
    shown = site.call("GET", f"{site.numbers()}/{sid}.json").body
    assert (shown["friendly_name"], shown["voice_url"]) == ("second", "https://a.example/")
    journal = site.call("GET", "/simulator/journal", user=None).body
    assert (journal["bought"], journal["charged"]) == (1, "1.15")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, 21458),
        ({"AreaCode": "415"}, 21458),
        ({"PhoneNumber": "415555"}, 21421),
        ({"PhoneNumber": "+15005550001"}, 21421),
        ({"PhoneNumber": "+15005550000"}, 21422),
        ({"PhoneNumber": "+14155550999"}, 21421),
        ({"PhoneNumber": _NUMBER, "FriendlyName": "x" * 65}, 21450),
        ({"PhoneNumber": _NUMBER, "VoiceUrl": "nowhere"}, 21402),
    ],
    ids=str,
)
def test_a_number_that_cannot_be_bought_is_refused_with_twilios_code(
    site: Site, form: dict[str, str], code: int
) -> None:
    answer = site.call("POST", f"{site.numbers()}.json", form)
    assert (answer.status, answer.body["code"]) == (400, code)
    assert site.ledger.numbers == {}


def test_an_account_that_cannot_pay_is_suspended_with_its_subaccounts(site: Site) -> None:
    site.ledger.change_account(MAIN, {"balance": "1.20"})
    buy(site, account=SUB)
    answer = site.call("POST", f"{site.numbers(SUB)}.json", {"PhoneNumber": "+14155550101"})
    assert (answer.status, answer.body["code"]) == (403, 20005)
    assert site.call("GET", f"{site.numbers()}.json").status == 403
    assert site.call("GET", f"/2010-04-01/Accounts/{MAIN}.json").body["status"] == "suspended"
    balance = site.call("GET", f"/2010-04-01/Accounts/{MAIN}/Balance.json").body
    assert balance == {"account_sid": MAIN, "balance": "0.05", "currency": "USD"}


def test_a_subaccount_has_no_balance_of_its_own(site: Site) -> None:
    assert site.call("GET", f"/2010-04-01/Accounts/{SUB}/Balance.json").status == 404


def test_a_released_number_is_on_sale_again(site: Site) -> None:
    sid = buy(site)
    assert site.call("DELETE", f"{site.numbers()}/{sid}.json").status == 204
    for method in "GET", "DELETE":
        answer = site.call(method, f"{site.numbers()}/{sid}.json")
        assert (answer.status, answer.body["code"]) == (404, 20404)
    assert buy(site) != sid


def test_a_list_is_paged_with_the_newest_number_first(site: Site) -> None:
    numbers = [f"+14155550{line}" for line in range(100, 107)]
    for number in numbers:
        buy(site, number)
    path: str | None = f"{site.numbers()}.json?PageSize=3"
    seen, pages = [], 0
    while path is not None:
        page = site.call("GET", path).body
        assert len(page["incoming_phone_numbers"]) <= 3
        seen += [each["phone_number"] for each in page["incoming_phone_numbers"]]
        pages += 1
        path = page["next_page_uri"]
    assert (seen, pages) == (numbers[::-1], 3)


@pytest.mark.parametrize("query", ["PageSize=0", "PageSize=1001", "PageSize=x", "PageToken=-1", "Page=%00"])
def test_an_invalid_page_is_refused(site: Site, query: str) -> None:
    assert site.call("GET", f"{site.numbers()}.json?{query}").status == 400


def test_a_list_is_filtered_by_name_and_by_number(site: Site) -> None:
    buy(site, FriendlyName="a b&c")
    buy(site, "+14155550101", FriendlyName="a b")
    buy(site, "+14155550102")

    def found(query: str) -> list[str]:
        page = site.call("GET", f"{site.numbers()}.json?{query}").body
        return sorted(each["phone_number"] for each in page["incoming_phone_numbers"])

    assert found("FriendlyName=a%20b%26c") == [_NUMBER]
    assert found(f"FriendlyName={quote('(415) 555-0102')}") == ["+14155550102"]
    assert found("PhoneNumber=%2B14155550101") == ["+14155550101"]
    assert found("PhoneNumber=555010*") == [_NUMBER, "+14155550101", "+14155550102"]
    assert found("PhoneNumber=%2B14155550199") == []


@pytest.mark.parametrize(
    ("path", "numbers"),
    [
        ("US/Local.json?AreaCode=415&PageSize=2", ["+14155550100", "+14155550101"]),
        ("US/Local.json?AreaCode=907", []),
        ("US/Local.json?AreaCode=416", []),
        ("CA/Local.json?AreaCode=416&PageSize=1", ["+14165550100"]),
        ("GB/Local.json?Contains=%2B4420&PageSize=1", ["+442079460000"]),
        ("GB/Local.json?Contains=%2B442079460001", ["+442079460001"]),
        ("US/Local.json?AreaCode=415&Contains=0100%24", ["+14155550100"]),
        # Twilio documents that `AreaCode` and `InRegion` apply to the US and Canada only.
        ("PR/Local.json?AreaCode=939&PageSize=1", ["+17875550100"]),
        ("PR/Local.json?Contains=%2B1939&PageSize=1", ["+19395550100"]),
        ("JM/Local.json?AreaCode=658&InRegion=JM&PageSize=1", ["+16585550100"]),
        ("JM/Local.json?Contains=%2B1876&PageSize=1", ["+18765550100"]),
        ("US/Local.json?AreaCode=415&Contains=555010*&PageSize=50", [f"+141555501{n:02}" for n in range(10)]),
        ("US/Local.json?AreaCode=415&Contains=%25KLL0100", ["+14155550100"]),
        ("US/Local.json?AreaCode=415&Contains=*0100%24", ["+14155550100"]),
        ("US/Local.json?InRegion=WY&PageSize=9", ["+13075550100", "+13075550101", "+13075550102"]),
    ],
)
def test_a_search_finds_the_countrys_numbers_on_sale(site: Site, path: str, numbers: list[str]) -> None:
    found = site.call("GET", f"/2010-04-01/Accounts/{MAIN}/AvailablePhoneNumbers/{path}").body
    assert [each["phone_number"] for each in found["available_phone_numbers"]] == numbers


@pytest.mark.parametrize(
    "contains", ["4", "4" * 17, "4*5", "**55", "+*55", "55*$", "*5", "5%", "+", "4 5", "-55"]
)
def test_a_pattern_that_twilio_does_not_allow_is_refused(site: Site, contains: str) -> None:
    path = f"/2010-04-01/Accounts/{MAIN}/AvailablePhoneNumbers/US/Local.json?Contains={quote(contains)}"
    assert site.call("GET", path).status == 400


def test_a_search_in_a_country_without_stock_is_not_found(site: Site) -> None:
    path = f"/2010-04-01/Accounts/{MAIN}/AvailablePhoneNumbers/ZZ/Local.json"
    assert site.call("GET", path).body["code"] == 20404


def test_a_trunk_and_an_application_exclude_each_other(site: Site) -> None:
    application, trunk = "AP" + "1" * 32, "TK" + "2" * 32
    sid = buy(site, VoiceApplicationSid=application)
    path = f"{site.numbers()}/{sid}.json"
    shown = site.call("POST", path, {"TrunkSid": trunk}).body
    assert (shown["trunk_sid"], shown["voice_application_sid"]) == (trunk, None)
    shown = site.call("POST", path, {"TrunkSid": ""}).body
    assert (shown["trunk_sid"], shown["voice_application_sid"]) == (None, None)


def test_accounts_are_shown_without_their_secrets(site: Site) -> None:
    listed = site.call("GET", "/2010-04-01/Accounts.json").body["accounts"]
    assert sorted(each["sid"] for each in listed) == [MAIN, SUB]
    assert TOKEN not in str(listed)


def test_prices_depend_on_the_country(site: Site) -> None:
    assert site.call("GET", "/v1/PhoneNumbers/Countries/AU").body["phone_number_prices"][0] == {
        "number_type": "local",
        "base_price": "3.00",
        "current_price": "3.00",
    }
    assert site.call("GET", "/v1/PhoneNumbers/Countries/ZZ").status == 404


def test_an_unknown_path_gets_twilios_404(site: Site) -> None:
    answer = site.call("GET", "/2010-04-01/Nothing.json")
    assert (answer.status, answer.body["code"]) == (404, 20404)
