from localdial_server.rpc.fair_queue import FairQueue


def names_popped(queue: FairQueue[str]) -> list[str]:
    return [queue.pop() for _ in range(len(queue))]


def test_names_take_turns_whoever_came_first() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(3):
        queue.push(["a", "key"], 1, f"a{number}")
    queue.push(["b", "key"], 1, "b0")

    assert names_popped(queue) == ["a0", "b0", "a1", "a2"]


def test_a_name_with_dear_items_gets_fewer_turns() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(2):
        queue.push(["dear", "key"], 3, f"dear{number}")
    for number in range(5):
        queue.push(["cheap", "key"], 1, f"cheap{number}")

    assert names_popped(queue) == ["dear0", "cheap0", "cheap1", "cheap2", "dear1", "cheap3", "cheap4"]


def test_the_keys_of_a_name_share_its_turns() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in "a1", "a2":
        queue.push(["acme", "first"], 1, item)
    queue.push(["acme", "second"], 1, "a3")
    queue.push(["zenith", "third"], 1, "z1")

    assert names_popped(queue) == ["a1", "z1", "a3", "a2"]


def test_a_name_that_comes_back_pays_for_what_it_used_while_others_wait() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.push(["batches"], 100, "batch")
    for number in range(3):
        queue.push(["calls"], 1, f"call{number}")
    assert queue.pop() == "batch"
    queue.push(["batches"], 100, "batch")

    assert names_popped(queue) == ["call0", "call1", "call2", "batch"]


def test_a_name_that_was_away_gets_no_credit_for_it() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(10):
        queue.push(["a"], 1, f"a{number}")
    for _ in range(5):
        queue.pop()
    for number in range(3):
        queue.push(["b"], 1, f"b{number}")

    assert names_popped(queue)[:4] == ["b0", "a5", "b1", "a6"]


def test_it_remembers_no_more_names_than_wait_and_two_thousand() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.push(["stays"], 1_000_000, "first")
    queue.push(["stays"], 1, "last")
    for number in range(5_000):
        queue.push([f"name{number}"], 1, "item")
        queue.pop()

    assert len(queue._next_start) <= 2_002
