"""Check a Twilio account as the adapter would use it. Changes and buys nothing."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from localdial_server.admin.doctor_finding import Check, Finding, State
from localdial_server.app.ports.carrier import CarrierError, RefusalCause, Refused
from localdial_server.carriers.twilio.account import NO_CALL_ROUTE, TwilioAccount
from localdial_server.carriers.twilio.adapter import TwilioCarrier, TwilioCarriers
from localdial_server.carriers.twilio.error_codes import SEE_DOCTOR

_ACTIVE: Final = "active"
_TRIAL: Final = "trial"
_AREA_CODE: Final = "415"
_MICROS: Final = 1_000_000

# How many numbers a finding names.
_SHOWN: Final = 5


async def diagnose(
    account: TwilioAccount, active_numbers: Sequence[tuple[str, str]]
) -> AsyncIterator[Finding]:
    """Yield the findings: whether numbers can be bought, and where their calls go.

    `active_numbers` are those of the inventory: carrier account and phone number.
    """
    carriers = TwilioCarriers(account)
    try:
        main = carriers.by_account(account.account_sid)
        assert main is not None
        found = await _credentials(main, account)
        yield found
        if found.state is State.PROBLEM:
            # Every other request would fail in the same way.
            return
        yield await _status(main)
        for subaccount in carriers.all()[1:]:
            yield await _subaccount(subaccount, account)
        yield await _balance(main)
        yield await _search(main)
        yield await _owned(main)
        yield await _voice(main, account)
        if active_numbers and not main.callback_warning:
            yield await _routes(carriers, active_numbers)
    finally:
        carriers.close()


async def _credentials(carrier: TwilioCarrier, account: TwilioAccount) -> Finding:
    check = Check("credentials")
    names = (
        "LOCALDIAL_TWILIO_API_KEY_SID and LOCALDIAL_TWILIO_API_KEY_SECRET"
        if account.username != account.account_sid
        else "LOCALDIAL_TWILIO_AUTH_TOKEN"
    )
    try:
        await carrier.look(lambda api: api.probe(account.account_sid))
    except Refused as refused:
        if refused.cause is RefusalCause.CREDENTIALS:
            return check.problem(
                f"Twilio does not accept them: {names} must belong to the account"
                f" {account.account_sid} (LOCALDIAL_TWILIO_ACCOUNT_SID). Test credentials cannot be used."
                " Twilio may respond the same if the account is suspended"
            )
        return check.problem(_sentence(refused.explanation))
    except CarrierError as error:
        where = account.base_url or "Twilio"
        return check.problem(f"{where} does not answer: {error}")
    return check.ok(f"Twilio accepts {names}")


async def _status(carrier: TwilioCarrier) -> Finding:
    check = Check("account")
    try:
        status, kind = await carrier.look(lambda api: api.account(carrier.account))
    except Refused:
        # Twilio shows the account to a main API key, but not to a standard one.
        return check.warning("its status is unknown: these credentials may not read it")
    except CarrierError as error:
        return check.problem(f"cannot be read: {error}")
    if not status:
        return check.warning("its status is unknown: the response has none; is it Twilio that answers?")
    if status != _ACTIVE:
        return check.problem(f"is {status}: it can neither buy nor take calls; ask Twilio's support")
    if kind.lower() == _TRIAL:
        return check.warning(
            "is a trial account: it can have only one number, and call only verified numbers; upgrade it"
        )
    return check.ok(f"is {status}")


async def _subaccount(carrier: TwilioCarrier, account: TwilioAccount) -> Finding:
    organizations = sorted(name for name, sid in account.subaccounts.items() if sid == carrier.account)
    check = Check(f"subaccount of {', '.join(organizations)}")
    try:
        await carrier.look(lambda api: api.probe(carrier.account))
    except Refused as refused:
        return check.problem(
            f"{carrier.account} cannot be used: it must be an active subaccount of the main account, and the"
            f" credentials must be the main account's auth token. {_sentence(refused.explanation)}"
        )
    except CarrierError as error:
        return check.problem(f"{carrier.account} cannot be read: {error}")
    return check.ok(f"{carrier.account} can be used")


async def _balance(carrier: TwilioCarrier) -> Finding:
    check = Check("balance")
    try:
        text, currency = await carrier.look(lambda api: api.balance(carrier.account))
        price = await carrier.monthly_price(f"+1{_AREA_CODE}5550100")
        balance = Decimal(text)
    except (Refused, InvalidOperation):
        return check.warning("is unknown: these credentials may not read it")
    except CarrierError as error:
        return check.warning(f"cannot be read: {error}")
    shown = f"{balance} {currency}"
    if balance <= 0:
        return check.problem(f"{shown}: you can buy nothing; add money in the Twilio console")
    if price is not None and balance * _MICROS < price.micros:
        return check.warning(f"{shown}: less than one number costs a month; add money in the Twilio console")
    return check.ok(shown)


async def _search(carrier: TwilioCarrier) -> Finding:
    check = Check("search")
    try:
        found = await carrier.search(_AREA_CODE, 1)
        price = await carrier.monthly_price(f"+1{_AREA_CODE}5550100")
    except CarrierError as error:
        return check.problem(f"failed: {_text(error)}")
    cost = (
        f"a local number in the United States costs {Decimal(price.micros) / _MICROS:.2f}"
        f" {price.currency_code} a month"
        if price is not None
        else "prices are unknown"
    )
    if not found:
        return check.warning(f"found no number on sale in {_AREA_CODE}; {cost}")
    return check.ok(f"found numbers on sale in {_AREA_CODE}; {cost}")


async def _owned(carrier: TwilioCarrier) -> Finding:
    check = Check("numbers")
    try:
        owned = len(await carrier.list_owned())
    except CarrierError as error:
        return check.problem(f"cannot be listed: {_text(error)}")
    return check.ok(
        f"the main account owns {owned}; `localdial reconcile` compares all accounts with the inventory"
    )


async def _voice(carrier: TwilioCarrier, account: TwilioAccount) -> Finding:
    check = Check("calls")
    numbers = account.numbers
    if numbers.trunk_sid:
        return check.ok(f"to new numbers go to the SIP trunk {numbers.trunk_sid}")
    if numbers.voice_application_sid:
        return await _application(carrier, numbers.voice_application_sid)
    if not numbers.voice_url:
        return check.problem(
            f"to new numbers reach nobody, and where calls to the others go was not checked: {NO_CALL_ROUTE}"
        )
    if not numbers.voice_url.startswith("https://"):
        return check.warning(
            f"to new numbers go to {numbers.voice_url} without encryption, phone numbers and signatures"
            " included: use https"
        )
    return check.ok(f"to new numbers go to {numbers.voice_url}")


async def _routes(carriers: TwilioCarriers, active_numbers: Sequence[tuple[str, str]]) -> Finding:
    check = Check("call-backs")
    owned_count = 0
    elsewhere: list[str] = []
    voiceless: list[str] = []
    try:
        for account in sorted({account for account, _ in active_numbers}):
            carrier = carriers.by_account(account)
            owned = {} if carrier is None else {one.phone_number: one for one in await carrier.list_owned()}
            for number in sorted(
                number for of, number in active_numbers if of == account and number in owned
            ):
                owned_count += 1
                route = owned[number].call_route
                if not owned[number].takes_calls:
                    voiceless.append(f"{number} takes no voice calls")
                elif carrier is not None and route.in_effect != carrier.call_route.in_effect:
                    elsewhere.append(f"{number} to {route}")
    except CarrierError as error:
        return check.warning(f"cannot be checked: {_text(error)}")
    lost = [*voiceless, *elsewhere]
    if lost:
        more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
        cures = ["delete those that take no voice calls"] if voiceless else []
        cures += ["`localdial reconcile --configure` repairs this"] if elsewhere else []
        return check.warning(
            f"to {len(lost)} of {len(active_numbers)} active numbers go elsewhere:"
            f" {', '.join(lost[:_SHOWN])}{more}; {', and '.join(cures)}"
        )
    here = f"to {owned_count} of {len(active_numbers)} active numbers come here"
    if owned_count < len(active_numbers):
        return check.warning(f"{here}; `localdial reconcile` lists those that the account does not own")
    return check.ok(here)


async def _application(carrier: TwilioCarrier, sid: str) -> Finding:
    check = Check("calls")
    try:
        url = await carrier.look(lambda api: api.application(carrier.account, sid))
    except CarrierError as error:
        return check.warning(f"the TwiML application {sid} cannot be read: {_text(error)}")
    if url is None:
        return check.problem(
            f"the account has no TwiML application {sid} (LOCALDIAL_TWILIO_VOICE_APPLICATION_SID)"
        )
    if not url:
        return check.problem(f"the TwiML application {sid} has no voice URL: set one, or calls reach nobody")
    return check.ok(f"to new numbers go to {url}, by the TwiML application {sid}")


def _text(error: CarrierError) -> str:
    return _sentence(error.explanation) if isinstance(error, Refused) else str(error)


def _sentence(text: str) -> str:
    return text.removesuffix(f" {SEE_DOCTOR}").removesuffix(".")
