"""The promises of the `Store` port about numbers: claims, mappings, requests."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from localdial_server.app.ports.store import NumberQuery, Reader, Store, Transaction
from localdial_server.domain.model import NumberState, Organization
from tests.conformance.store_backend import StoreFixtures
from tests.conformance.store_records import A, B, X, Y, Z, create, number, own, request


class StoreNumbersSuite(StoreFixtures):
    """Every store: numbers, their owners and their mappings."""

    async def test_a_number_is_claimed_by_one_organization_at_most(self, store: Store) -> None:
        await store.write("test", create(A, B))
        assert await store.write("test", lambda transaction: transaction.claim(X, A))
        assert not await store.write("test", lambda transaction: transaction.claim(X, B))
        assert await store.read("test", lambda reader: reader.owner_of(X)) == A
        assert await store.read("test", lambda reader: reader.owner_of(Y)) is None

    async def test_of_several_numbers_those_that_are_free_or_its_own_are_claimed(self, store: Store) -> None:
        theirs, free = "+525512345678", "+5215587654321"
        await store.write("test", create(A, B))
        await store.write("test", lambda tx: (tx.claim(X, A), tx.claim(theirs, B)))
        claimed = await store.write("test", lambda tx: tx.claim_all([X, Y, "+5215512345678", free], A))
        assert sorted(claimed) == sorted([X, Y, free])
        owners = await store.read(
            "test", lambda r: r.owners_of([X, Y, theirs, "+5215512345678", free, "+525587654321"])
        )
        assert owners == {X: A, Y: A, theirs: B, "+5215512345678": B, free: A, "+525587654321": A}
        assert await store.write("test", lambda tx: len(tx.claim_all([], A))) == 0

    async def test_claiming_a_number_again_succeeds(self, store: Store) -> None:
        await store.write("test", create(A))
        for _ in range(2):
            assert await store.write("test", lambda transaction: transaction.claim(X, A))
        assert await store.read("test", lambda reader: reader.owner_of(X)) == A

    async def test_one_of_many_organizations_that_claim_a_number_gets_it(self, store: Store) -> None:
        rivals = [f"rival-{index}" for index in range(20)]
        await store.write("test", create(*rivals))

        def claim_as(organization_id: str) -> asyncio.Future[bool]:
            return asyncio.ensure_future(store.write("test", lambda tx: tx.claim(X, organization_id)))

        outcomes = await asyncio.gather(*(claim_as(rival) for rival in rivals))
        (winner,) = [rival for rival, won in zip(rivals, outcomes, strict=True) if won]
        assert await store.read("test", lambda reader: reader.owner_of(X)) == winner

    async def test_a_phone_with_several_numbers_is_claimed_with_all_of_them(self, store: Store) -> None:
        await store.write("test", create(A, B))
        assert await store.write("test", lambda tx: tx.claim("+525512345678", A))
        assert await store.write("test", lambda tx: tx.claim("+5215512345678", A))
        assert not await store.write("test", lambda tx: tx.claim("+5215512345678", B))
        owners = await store.read(
            "test", lambda reader: reader.owners_of(["+525512345678", "+5215512345678"])
        )
        assert owners == {"+525512345678": A, "+5215512345678": A}

    async def test_one_of_many_organizations_that_claim_numbers_of_one_phone_gets_it(
        self, store: Store
    ) -> None:
        spellings = "+541123456789", "+5491123456789", "+54111523456789"
        rivals = {f"rival-{index}": spellings[index % 3] for index in range(12)}
        await store.write("test", create(*rivals))
        outcomes = await asyncio.gather(
            *(
                store.write("test", lambda tx, id_=id_, number=number: tx.claim(number, id_))
                for id_, number in rivals.items()
            )
        )
        (winner,) = [rival for rival, won in zip(rivals, outcomes, strict=True) if won]
        owners = await store.read("test", lambda reader: reader.owners_of(spellings))
        assert owners == dict.fromkeys(spellings, winner)

    async def test_a_claim_is_kept_while_the_organization_has_another_number_of_the_phone(
        self, store: Store
    ) -> None:
        def change(transaction: Transaction) -> None:
            transaction.put_organization(Organization(A, organization_number="+5215512345678"))
            assert transaction.claim("+5215512345678", A)
            assert transaction.claim("+525512345678", A)
            transaction.add_numbers([number("+525512345678")])
            transaction.put_organization(Organization(A))
            transaction.disclaim("+5215512345678", A)

        await store.write("test", change)
        assert await store.read("test", lambda reader: reader.owner_of("+5215512345678")) == A

        def delete(transaction: Transaction) -> None:
            transaction.delete_number(A, "+525512345678")
            transaction.disclaim("+525512345678", A)

        await store.write("test", delete)
        assert await store.read("test", lambda reader: reader.owner_of("+5215512345678")) is None
        assert await store.read("test", lambda reader: reader.owner_of("+525512345678")) is None

    async def test_a_claim_needs_an_organization(self, store: Store) -> None:
        with pytest.raises(IntegrityError):
            await store.write("test", lambda transaction: transaction.claim(X, A))
        assert await store.read("test", lambda reader: reader.owner_of(X)) is None

    async def test_a_disclaimed_number_is_free_for_others(self, store: Store) -> None:
        await store.write("test", create(A, B))
        await store.write("test", lambda transaction: transaction.claim(X, A))
        await store.write("test", lambda transaction: transaction.disclaim(X, A))
        assert await store.read("test", lambda reader: reader.owner_of(X)) is None
        assert await store.write("test", lambda transaction: transaction.claim(X, B))

    async def test_an_organization_cannot_disclaim_the_number_of_another(self, store: Store) -> None:
        await store.write("test", create(A, B))
        await store.write("test", lambda transaction: transaction.claim(X, A))
        await store.write("test", lambda transaction: transaction.disclaim(X, B))
        await store.write("test", lambda transaction: transaction.disclaim(Y, B))
        assert await store.read("test", lambda reader: reader.owner_of(X)) == A

    async def test_a_claim_is_kept_while_it_is_the_organization_number(self, store: Store) -> None:
        await store.write("test", create(Organization(A, "", X)))
        await store.write("test", own(number(X)))

        def drop_from_inventory(transaction: Transaction) -> None:
            transaction.delete_number(A, X)
            transaction.disclaim(X, A)

        await store.write("test", drop_from_inventory)
        assert await store.read("test", lambda reader: reader.owner_of(X)) == A

        def drop_as_organization_number(transaction: Transaction) -> None:
            transaction.put_organization(Organization(A))
            transaction.disclaim(X, A)

        await store.write("test", drop_as_organization_number)
        assert await store.read("test", lambda reader: reader.owner_of(X)) is None

    @pytest.mark.parametrize("state", NumberState)
    async def test_a_claim_is_kept_while_the_number_is_in_the_inventory(
        self, store: Store, state: NumberState
    ) -> None:
        await store.write("test", create(A))
        await store.write("test", own(number(X, state=state)))
        await store.write("test", lambda transaction: transaction.disclaim(X, A))
        assert await store.read("test", lambda reader: reader.owner_of(X)) == A

    async def test_a_claim_is_not_kept_because_another_organization_uses_the_number(
        self, store: Store
    ) -> None:
        # B uses X without a claim; that must not keep A's claim.
        await store.write("test", create(A, Organization(B, "", X)))
        await store.write("test", lambda transaction: transaction.claim(X, A))
        await store.write("test", lambda transaction: transaction.disclaim(X, A))
        assert await store.read("test", lambda reader: reader.owner_of(X)) is None

    async def test_a_deleted_number_is_gone_with_its_mappings_and_the_claim_stays(self, store: Store) -> None:
        await store.write("test", create(A))
        kept = replace(number(Y), mapped_area_codes=("628", "650"))
        await store.write("test", own(replace(number(X), mapped_area_codes=("628",)), kept))
        await store.write("test", lambda transaction: transaction.delete_number(A, X))

        def left(reader: Reader) -> tuple[object, ...]:
            mapped = reader.numbers(NumberQuery(A, "628"), "", 9)
            return reader.number(A, X), reader.owner_of(X), reader.number(A, Y), mapped

        assert await store.read("test", left) == (None, A, kept, [kept])
        await store.write("test", own(number(X)))
        assert await store.read("test", lambda reader: reader.number(A, X)) == number(X)

    async def test_a_number_exists_once_and_only_in_its_organization(self, store: Store) -> None:
        await store.write("test", create(A, B))
        await store.write("test", own(number(X)))
        with pytest.raises(IntegrityError):
            await store.write("test", lambda transaction: transaction.add_numbers([number(X)]))
        assert await store.read("test", lambda reader: reader.number(A, X)) == number(X)
        assert await store.read("test", lambda reader: reader.number(B, X)) is None

    async def test_several_numbers_are_added_and_changed_at_once(self, store: Store) -> None:
        ours, theirs = [number(X), replace(number(Y), version=7)], number(Z, B)
        await store.write("test", create(A, B))
        await store.write("test", own(*ours))
        await store.write("test", own(theirs))
        changed = [
            replace(ours[0], locality="one"),
            replace(ours[1], region="CA"),
            replace(theirs, region="NY"),
        ]
        updated = await store.write("test", lambda tx: tx.update_numbers(changed))
        assert updated == [replace(each, version=each.version + 1) for each in changed]
        found = await store.read("test", lambda r: r.numbers_by_phone_number(A, [Y, Z, X, "+14155550199"]))
        assert found == {X: updated[0], Y: updated[1]}
        assert await store.read("test", lambda r: r.number(B, Z)) == updated[2]
        await store.write(
            "test", lambda tx: (tx.add_numbers([]), tx.update_numbers([]), tx.add_purchases([]))
        )

    async def test_a_number_needs_an_organization(self, store: Store) -> None:
        with pytest.raises(IntegrityError):
            await store.write("test", lambda transaction: transaction.add_numbers([number(X)]))
        assert await store.read("test", lambda reader: reader.number(A, X)) is None

    async def test_an_update_stores_the_fields_of_the_carrier_and_keeps_the_rest(self, store: Store) -> None:
        await store.write("test", create(A))
        order = replace(number(X, state=NumberState.PURCHASING), mapped_area_codes=("628",))
        await store.write("test", own(order, number(Y)))
        bought = replace(
            order,
            state=NumberState.ACTIVE,
            carrier_number_id="id",
            locality="San Francisco",
            region="CA",
            carrier_busy_until=2,
            release_refusal="Remove the emergency address.",
            release_refusal_cause="regulatory",
            release_refused_time=2**62,
            release_retry_time=2**62 + 1,
        )
        (updated,) = await store.write("test", lambda transaction: transaction.update_numbers([bought]))
        assert updated == replace(bought, version=order.version + 1)
        assert await store.read("test", lambda reader: reader.number(A, X)) == updated
        assert await store.read("test", lambda reader: reader.number(A, Y)) == number(Y)

    async def test_a_number_may_have_no_area_code(self, store: Store) -> None:
        await store.write("test", create(A))
        toll_free = replace(number("+18005550199"), area_code=None)
        await store.write("test", own(toll_free))
        assert await store.read("test", lambda reader: reader.number(A, "+18005550199")) == toll_free

    async def test_the_numbers_of_a_request_are_exactly_those_it_ordered(self, store: Store) -> None:
        def order(transaction: Transaction) -> None:
            for phone_number, organization_id, request_id in (
                (Y, A, "request"),
                (X, A, "request"),
                (Z, A, "other"),
                ("+14155550103", A, None),
                ("+14155550104", B, "request"),
            ):
                own(number(phone_number, organization_id))(transaction)
                ordered = replace(number(phone_number, organization_id), request_id=request_id)
                transaction.add_purchases([ordered])

        await store.write("test", create(A, B))
        await store.write("test", order)
        await store.write("test", lambda tx: tx.add_mappings(A, X, ["628"]))
        of_request = await store.read("test", lambda reader: reader.numbers_of_request(A, "request"))
        assert of_request == [replace(number(X), mapped_area_codes=("628",)), number(Y)]
        assert await store.read("test", lambda reader: reader.count_orders(A, "request")) == 2
        assert await store.read("test", lambda reader: reader.numbers_of_request(A, "unknown")) == []
        assert await store.read("test", lambda reader: reader.count_orders(A, "unknown")) == 0

    async def test_a_number_counts_for_its_request_after_it_is_gone_or_bought_by_another(
        self, store: Store
    ) -> None:
        await store.write("test", create(A))
        first = replace(number(X), request_id="request", reference="first")
        second = replace(number(X), request_id="another", reference="second")

        def buy_twice(transaction: Transaction) -> None:
            transaction.add_purchases([first])
            transaction.add_purchases([second])
            own(second)(transaction)

        await store.write("test", buy_twice)
        assert await store.read("test", lambda reader: reader.numbers_of_request(A, "request")) == [
            replace(first, state=NumberState.RELEASED, carrier="", request_id=None)
        ]
        assert await store.read("test", lambda reader: reader.numbers_of_request(A, "another")) == [
            replace(second, request_id=None)
        ]

    async def test_a_pending_order_is_read_with_its_request_until_it_ends(self, store: Store) -> None:
        await store.write("test", create(A, B))
        order = replace(number(X, A, NumberState.PURCHASING), request_id="request")
        other = replace(number(Y, B, NumberState.PURCHASING), reference=order.reference, request_id="other")
        an_import = number(Z, A, NumberState.PURCHASING)
        await store.write("test", own(order, other, an_import))
        await store.write("test", lambda tx: tx.add_purchases([order, other]))
        found = await store.read("test", lambda reader: reader.open_numbers())
        assert sorted(found, key=lambda item: item.phone_number) == [order, other, an_import]
        assert await store.read("test", lambda reader: reader.number(A, X)) == order
        assert await store.read("test", lambda reader: reader.numbers_of_request(A, "request")) == [order]
        bought = replace(order, state=NumberState.ACTIVE)
        await store.write("test", lambda tx: tx.update_numbers([bought]))
        found_then = await store.read("test", lambda reader: reader.number(A, X))
        assert found_then == replace(bought, request_id=None, version=1)

    async def test_an_abandoned_order_counts_for_no_request(self, store: Store) -> None:
        await store.write("test", create(A))
        ordered = replace(number(X), request_id="request")
        await store.write("test", lambda tx: tx.add_purchases([ordered]))
        await store.write("test", lambda tx: tx.delete_purchase(A, ordered.reference))
        assert await store.read("test", lambda reader: reader.numbers_of_request(A, "request")) == []

    async def test_open_numbers_are_those_being_bought_or_released_in_every_organization(
        self, store: Store
    ) -> None:
        await store.write("test", create(A, B))
        purchasing = number(X, A, NumberState.PURCHASING)
        releasing = replace(number(Y, B, NumberState.RELEASING), mapped_area_codes=("650",))
        await store.write("test", own(purchasing, number(Z, A), releasing, number("+14155550103", B)))
        found = await store.read("test", lambda reader: reader.open_numbers())
        assert sorted(found, key=lambda item: item.phone_number) == [purchasing, releasing]

    async def test_mapping_area_codes_again_adds_nothing(self, store: Store) -> None:
        await store.write("test", create(A))
        await store.write("test", own(number(X)))
        assert await store.write("test", lambda tx: tx.add_mappings(A, X, ["650", "628", "650"])) == 2
        assert await store.write("test", lambda tx: tx.add_mappings(A, X, ["628", "510"])) == 1
        assert await store.write("test", lambda tx: tx.add_mappings(A, X, ["628", "510"])) == 0
        assert await store.write("test", lambda tx: tx.add_mappings(A, X, [])) == 0
        mapped = replace(number(X), mapped_area_codes=("510", "628", "650"))
        assert await store.read("test", lambda reader: reader.number(A, X)) == mapped

    async def test_an_area_code_maps_to_many_numbers_and_each_mapping_ends_alone(self, store: Store) -> None:
        await store.write("test", create(A))
        await store.write("test", own(number(X), number(Y)))
        for phone_number in X, Y:
            await store.write("test", lambda tx, p=phone_number: tx.add_mappings(A, p, ["628", "650"]))
        assert await store.write("test", lambda tx: tx.delete_mappings(A, X, ["628", "510"])) == 1
        assert await store.write("test", lambda tx: tx.delete_mappings(A, X, ["628"])) == 0
        assert await store.write("test", lambda tx: tx.delete_mappings(A, X, [])) == 0
        assert await store.read("test", lambda reader: reader.numbers(NumberQuery(A), "", 9)) == [
            replace(number(X), mapped_area_codes=("650",)),
            replace(number(Y), mapped_area_codes=("628", "650")),
        ]

    async def test_all_mappings_of_a_number_can_be_ended_at_once(self, store: Store) -> None:
        await store.write("test", create(A))
        kept = replace(number(Y), mapped_area_codes=("650",))
        await store.write("test", own(replace(number(X), mapped_area_codes=("628", "650")), kept))
        assert await store.write("test", lambda tx: tx.delete_mappings(A, X, None)) == 2
        assert await store.write("test", lambda tx: tx.delete_mappings(A, X, None)) == 0
        assert await store.read("test", lambda reader: reader.numbers(NumberQuery(A), "", 9)) == [
            number(X),
            kept,
        ]

    async def test_a_mapping_needs_a_number(self, store: Store) -> None:
        await store.write("test", create(A))
        with pytest.raises(IntegrityError):
            await store.write("test", lambda transaction: transaction.add_mappings(A, X, ["628"]))
        assert await store.write("test", lambda transaction: transaction.delete_mappings(A, X, None)) == 0

    async def test_a_request_has_no_answer_until_it_is_set(self, store: Store) -> None:
        await store.write("test", create(A, B))
        for organization_id in A, B:
            await store.write("test", lambda tx, o=organization_id: tx.add_request(request("r", o)))
        assert await store.read("test", lambda reader: reader.request(A, "r")) == request("r")
        assert await store.read("test", lambda reader: reader.request(A, "unknown")) is None
        for answer in "first", "second":
            await store.write("test", lambda tx, a=answer: tx.set_answer(A, "r", a))
            answered = replace(request("r"), answer=answer)
            assert await store.read("test", lambda reader: reader.request(A, "r")) == answered
        assert await store.read("test", lambda reader: reader.request(B, "r")) == request("r", B)

    async def test_a_request_is_stored_once(self, store: Store) -> None:
        await store.write("test", create(A))
        await store.write("test", lambda transaction: transaction.add_request(request("r")))
        again = replace(request("r"), arguments="others")
        with pytest.raises(IntegrityError):
            await store.write("test", lambda transaction: transaction.add_request(again))
        assert await store.read("test", lambda reader: reader.request(A, "r")) == request("r")

    async def test_deleting_a_missing_request_is_no_error(self, store: Store) -> None:
        await store.write("test", create(A, B))
        for organization_id in A, B:
            await store.write("test", lambda tx, o=organization_id: tx.add_request(request("r", o)))
        for _ in range(2):
            await store.write("test", lambda transaction: transaction.delete_request(A, "r"))
        assert await store.read("test", lambda reader: reader.request(A, "r")) is None
        assert await store.read("test", lambda reader: reader.request(B, "r")) == request("r", B)

    async def test_purchases_since_a_time_are_counted_with_the_first_time(self, store: Store) -> None:
        await store.write("test", create(A, B))
        assert await store.read("test", lambda reader: reader.purchases_since(A, 0)) == (0, None)
        made = [
            replace(number(X), reference=f"r{time}", purchase_time=time, organization_id=organization_id)
            for organization_id, time in ((A, 10), (A, 30), (A, 20), (B, 5))
        ]
        await store.write("test", lambda tx: tx.add_purchases(made))
        assert await store.read("test", lambda reader: reader.purchases_since(A, 10)) == (3, 10)
        assert await store.read("test", lambda reader: reader.purchases_since(A, 11)) == (2, 20)
        await store.write("test", lambda tx: tx.delete_purchase(A, "r20"))
        await store.write("test", lambda tx: tx.delete_purchase(A, "unknown"))
        assert await store.read("test", lambda reader: reader.purchases_since(A, 11)) == (1, 30)
        await store.write("test", lambda tx: tx.delete_purchases_before(A, 30))
        assert await store.read("test", lambda reader: reader.purchases_since(A, 0)) == (1, 30)
        assert await store.read("test", lambda reader: reader.purchases_since(B, 0)) == (1, 5)

    async def test_an_old_purchase_is_kept_until_its_request_is_answered(self, store: Store) -> None:
        await store.write("test", create(A))
        ordered = replace(number(X), request_id="r")
        await store.write("test", lambda tx: (tx.add_request(request("r")), tx.add_purchases([ordered])))
        await store.write("test", lambda tx: tx.delete_purchases_before(A, 100))
        assert len(await store.read("test", lambda reader: reader.numbers_of_request(A, "r"))) == 1
        await store.write("test", lambda tx: tx.set_answer(A, "r", "answer"))
        await store.write("test", lambda tx: tx.delete_purchases_before(A, 100))
        assert await store.read("test", lambda reader: reader.numbers_of_request(A, "r")) == []
        assert await store.read("test", lambda reader: reader.purchases_since(A, 0)) == (0, None)

    async def test_purchases_outlive_the_organization_but_belong_to_no_request_then(
        self, store: Store
    ) -> None:
        await store.write("test", create(A))
        await store.write("test", lambda tx: tx.add_purchases([replace(number(X), request_id="r")]))
        await store.write("test", lambda tx: tx.delete_organization(A))
        await store.write("test", create(A))
        assert await store.read("test", lambda reader: reader.purchases_since(A, 0)) == (1, 1)
        assert await store.read("test", lambda reader: reader.numbers_of_request(A, "r")) == []

    async def test_the_owners_of_many_numbers_are_found_at_once(self, store: Store) -> None:
        await store.write("test", create(A, B))
        numbers = [f"+1415{line:07}" for line in range(2_000_000, 2_001_200)]
        await store.write("test", lambda tx: [tx.claim(one, A) for one in numbers[::2]])
        await store.write("test", lambda tx: tx.claim(X, B))
        owners = await store.read("test", lambda reader: reader.owners_of([*numbers, X, Y]))
        assert owners == {**dict.fromkeys(numbers[::2], A), X: B}
        assert await store.read("test", lambda reader: reader.owners_of([])) == {}
