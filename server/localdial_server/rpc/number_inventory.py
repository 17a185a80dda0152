"""The NumberInventory service."""

from collections.abc import Sequence

from localdial.v1 import number_inventory_pb2 as pb
from localdial.v1 import number_pb2
from localdial_server.app.failures import NumberFailure
from localdial_server.app.numbers.reconcile import Drifted
from localdial_server.app.numbers.usable import obstacle
from localdial_server.app.ports.carrier import OwnedNumber
from localdial_server.app.ports.store import NumberQuery
from localdial_server.app.use_cases import UseCases
from localdial_server.concurrency.time_slices import TimeSlices
from localdial_server.domain.errors import FieldViolation, InvalidFields
from localdial_server.domain.model import EXTERNAL, Number
from localdial_server.rpc.encoding import number_message, number_state, price_message, timestamp
from localdial_server.rpc.paging import Page
from localdial_server.rpc.status import status_of

_DEFAULT_SEARCH_LIMIT = 20
_DEFAULT_USAGE_DAYS = 7

_NOT_CONFIGURABLE = (
    "must be false if carrier is `external`: set up at the other carrier where the calls to its numbers go"
)

# How many entries each list of a reconciliation may have.
_LISTED = 1000


class NumberInventoryServicer:
    """Serves numbers and area code mappings, and what is done with numbers at the carrier."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    async def list_numbers(self, request: pb.ListNumbersRequest) -> pb.ListNumbersResponse:
        page = Page(request, ("",))
        query = NumberQuery(request.organization_id, request.area_code or None, number_state(request.state))
        found, total = await self._use_cases.inventory.list_numbers(query, *page.cursor, page.limit)
        numbers, token = page.cut(found, lambda number: (number.phone_number,))
        return pb.ListNumbersResponse(
            numbers=await self._messages(numbers), next_page_token=token, total_size=total
        )

    async def get_number(self, request: pb.GetNumberRequest) -> pb.GetNumberResponse:
        found = await self._use_cases.inventory.get_number(request.organization_id, request.phone_number)
        return pb.GetNumberResponse(number=await self._message(found))

    async def search_available_numbers(
        self, request: pb.SearchAvailableNumbersRequest
    ) -> pb.SearchAvailableNumbersResponse:
        limit = request.limit if request.HasField("limit") else _DEFAULT_SEARCH_LIMIT
        found = await self._use_cases.inventory.search_available(
            request.organization_id, request.area_code, limit
        )
        prices = await self._use_cases.prices.of_offers(
            request.organization_id, [offer.phone_number for offer in found]
        )
        return pb.SearchAvailableNumbersResponse(
            available=[
                number_pb2.AvailableNumber(
                    phone_number=offer.phone_number,
                    locality=offer.locality,
                    region=offer.region,
                    monthly_price=price_message(prices.get(offer.phone_number)),
                )
                for offer in found
            ],
            callback_warning=self._use_cases.inventory.callback_warning(request.organization_id),
        )

    async def purchase_numbers(self, request: pb.PurchaseNumbersRequest) -> pb.PurchaseNumbersResponse:
        answer = await self._use_cases.purchasing.purchase(
            request.organization_id,
            request.area_code,
            request.quantity if request.HasField("quantity") else 1,
            request.request_id,
        )
        return pb.PurchaseNumbersResponse(
            numbers=await self._messages(answer.numbers),
            unfilled_count=answer.unfilled_count,
            revision=answer.revision,
            unfilled_status=status_of(answer.unfilled_error) if answer.unfilled_error is not None else None,
        )

    async def import_numbers(self, request: pb.ImportNumbersRequest) -> pb.ImportNumbersResponse:
        organization_id, phone_numbers = request.organization_id, list(request.phone_numbers)
        if request.carrier == EXTERNAL:
            if request.configure:
                raise InvalidFields([FieldViolation("configure", _NOT_CONFIGURABLE)])
            answer = await self._use_cases.external.import_numbers(organization_id, phone_numbers)
        else:
            answer = await self._use_cases.importing.import_numbers(
                organization_id, phone_numbers, configure=request.configure
            )
        return pb.ImportNumbersResponse(
            numbers=await self._messages(answer.numbers),
            failures=map(_number_failure, answer.failures),
            revision=answer.revision,
            notice=answer.notice,
        )

    async def list_importable_numbers(
        self, request: pb.ListImportableNumbersRequest
    ) -> pb.ListImportableNumbersResponse:
        page = Page(request, ("",))
        (after,) = page.cursor
        importable = await self._use_cases.importing.importable(
            request.organization_id, continued=bool(request.page_token)
        )
        left = [number for number in importable if number.phone_number > after]
        numbers, token = page.cut(left[: page.limit], lambda number: (number.phone_number,))
        return pb.ListImportableNumbersResponse(
            numbers=map(_carrier_number, numbers), next_page_token=token, total_size=len(importable)
        )

    async def reconcile_numbers(self, request: pb.ReconcileNumbersRequest) -> pb.ReconcileNumbersResponse:
        report = await self._use_cases.reconciling.reconcile(
            request.organization_id or None, configure=request.configure
        )
        return pb.ReconcileNumbersResponse(
            adopted=await self._messages(report.adopted[:_LISTED]),
            adopted_count=len(report.adopted),
            failed=await self._messages(report.abandoned[:_LISTED]),
            failed_count=len(report.abandoned),
            released=await self._messages(report.released[:_LISTED]),
            released_count=len(report.released),
            open=map(_number_failure, report.still_open[:_LISTED]),
            open_count=len(report.still_open),
            missing=await self._messages(report.missing[:_LISTED]),
            missing_count=len(report.missing),
            strays=map(_carrier_number, report.strays[:_LISTED]),
            strays_count=len(report.strays),
            unusable=map(_carrier_number, report.unusable[:_LISTED]),
            unusable_count=len(report.unusable),
            drifted=await self._drifted(report.drifted[:_LISTED]),
            drifted_count=len(report.drifted),
            configured=await self._messages(report.configured[:_LISTED]),
            configured_count=len(report.configured),
            callback_warning=report.callback_warning,
            monthly_costs=[
                pb.MonthlyCost(
                    currency_code=cost.currency_code, micros=cost.micros, number_count=cost.number_count
                )
                for cost in report.costs
            ],
        )

    async def delete_numbers(self, request: pb.DeleteNumbersRequest) -> pb.DeleteNumbersResponse:
        answer = await self._use_cases.deleting.delete(
            request.organization_id, list(request.phone_numbers), request.request_id
        )
        return pb.DeleteNumbersResponse(
            deleted=await self._messages(answer.deleted),
            failures=map(_number_failure, answer.failures),
            revision=answer.revision,
        )

    async def map_area_codes(self, request: pb.MapAreaCodesRequest) -> pb.MapAreaCodesResponse:
        number, revision = await self._use_cases.inventory.map_area_codes(
            request.organization_id, request.phone_number, list(request.area_codes)
        )
        return pb.MapAreaCodesResponse(number=await self._message(number), revision=revision)

    async def unmap_area_codes(self, request: pb.UnmapAreaCodesRequest) -> pb.UnmapAreaCodesResponse:
        number, revision = await self._use_cases.inventory.unmap_area_codes(
            request.organization_id, request.phone_number, list(request.area_codes)
        )
        return pb.UnmapAreaCodesResponse(number=await self._message(number), revision=revision)

    async def get_usage(self, request: pb.GetUsageRequest) -> pb.GetUsageResponse:
        days = request.days if request.HasField("days") else _DEFAULT_USAGE_DAYS
        report = await self._use_cases.usage.report(request.organization_id, days, request.time_zone)
        response = pb.GetUsageResponse(
            days=[
                pb.DailyUsage(
                    date=day.date.isoformat(), call_count=day.call_count, local_count=day.local_count
                )
                for day in report.days
            ],
            area_codes_without_local_number=[
                pb.AreaCodeUsage(area_code=area_code, call_count=count)
                for area_code, count in report.not_local
            ],
        )
        if report.counted_until is not None:
            response.counted_until_time.CopyFrom(timestamp(report.counted_until))
        slices = TimeSlices()
        for caller_id, counts in report.shown.items():
            response.numbers.add(
                phone_number=caller_id,
                shown_counts=counts,
                last_shown_time=timestamp(report.shown_times[caller_id]),
            )
            await slices.pause()
        return response

    async def _messages(self, numbers: Sequence[Number]) -> list[number_pb2.LocalPresenceNumber]:
        prices = await self._use_cases.prices.of_numbers(numbers)
        return [number_message(number, prices.get(number.phone_number)) for number in numbers]

    async def _message(self, number: Number) -> number_pb2.LocalPresenceNumber:
        return (await self._messages([number]))[0]

    async def _drifted(self, drifted: Sequence[Drifted]) -> list[pb.DriftedNumber]:
        numbers = await self._messages([each.number for each in drifted])
        return [_drifted_number(each, number) for each, number in zip(drifted, numbers, strict=True)]


def _number_failure(failure: NumberFailure) -> number_pb2.NumberFailure:
    return number_pb2.NumberFailure(phone_number=failure.phone_number, status=status_of(failure.error))


def _drifted_number(drifted: Drifted, number: number_pb2.LocalPresenceNumber) -> pb.DriftedNumber:
    route = drifted.call_route
    return pb.DriftedNumber(
        number=number,
        voice_url=route.voice_url,
        voice_method=route.voice_method,
        application_id=route.application_id,
        trunk_id=route.trunk_id,
        takes_no_calls=not drifted.takes_calls,
        configure_status=status_of(drifted.error) if drifted.error is not None else None,
    )


def _carrier_number(number: OwnedNumber) -> number_pb2.CarrierNumber:
    return number_pb2.CarrierNumber(
        phone_number=number.phone_number,
        carrier_number_id=number.carrier_number_id,
        reference=number.reference,
        locality=number.locality,
        region=number.region,
        obstacle=obstacle(number),
    )
