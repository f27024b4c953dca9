"""Portions of a stream, in whatever order they come: no answer is put together wrong."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from federation.envelope import BatchedPayload, Envelope
from node.ports import RenewalPortion
from node.services.gathering import Gathered, Gathering

BATCH = Envelope("a batch", b"batch", ())


def portions(request_id: str, count: int, size: int) -> list[RenewalPortion]:
    """An honest answer: every third is refused, the first among them."""
    results = [
        None if i % 3 == 0 else BatchedPayload(request_id.encode(), i, b"") for i in range(count)
    ]
    found, told = list[RenewalPortion](), False
    for first in range(0, count, size):
        some = tuple(results[first : first + size])
        given_ = any(some) and not told
        told = told or given_
        found.append(RenewalPortion(request_id, BATCH if given_ else None, first, some))
    return found


def gathered(asked: dict[str, int], came: list[RenewalPortion]) -> dict[str, Gathered]:
    gathering, found = Gathering(), dict[str, Gathered]()
    for request_id, count in asked.items():
        gathering.expect(request_id, count)
    for portion in came:
        for each in gathering.take(portion):
            assert each.request_id not in found
            found[each.request_id] = each
    assert gathering.count == len(asked) - len(found)
    return found


def whole(request_id: str, count: int) -> tuple[BatchedPayload | None, ...]:
    return tuple(result for portion in portions(request_id, count, 5) for result in portion.results)


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 5)), min_size=1, max_size=4))
def test_honest_answers_are_put_together_one_result_for_each_in_order(
    sizes: list[tuple[int, int]],
) -> None:
    asked = {str(i): count for i, (count, _) in enumerate(sizes)}
    came = [p for i, (count, size) in enumerate(sizes) for p in portions(str(i), count, size)]
    found = gathered(asked, came)
    assert {key: (each.results, each.problem) for key, each in found.items()} == {
        key: (whole(key, count), "") for key, count in asked.items()
    }
    assert all((each.batch == BATCH) == any(each.results) for each in found.values())


@given(st.data())
def test_whatever_order_portions_come_in_an_answer_is_right_or_refused(data: st.DataObject) -> None:
    asked = {str(i): data.draw(st.integers(1, 9)) for i in range(3)}
    honest = [p for key, count in asked.items() for p in portions(key, count, 2)]
    stray = portions("of nobody", 4, 2)
    came = data.draw(st.lists(st.sampled_from(honest + stray), max_size=25))
    for key, each in gathered(asked, came).items():
        assert (each.results == whole(key, asked[key])) != bool(each.problem)
        assert not each.problem or (each.batch, each.results) == (None, ())


@given(st.permutations(range(5)))
def test_only_one_order_of_portions_is_taken(order: list[int]) -> None:
    honest = portions("0", 10, 2)
    found = gathered({"0": 10}, [honest[i] for i in order])
    assert (found["0"].problem == "") == (order == sorted(order))


def test_two_answers_mixed_refuse_the_first_and_leave_the_second() -> None:
    first, second = portions("0", 4, 2), portions("1", 4, 2)
    found = gathered({"0": 4, "1": 4}, [first[0], second[0], first[1], second[1]])
    assert found["0"].problem == "results are missing"
    assert found["1"].results == whole("1", 4)


def test_an_answer_that_skips_a_request_refuses_that_one_alone() -> None:
    found = gathered({"0": 4, "1": 4, "2": 4}, [*portions("0", 4, 4), *portions("2", 4, 4)])
    assert {key: each.problem for key, each in found.items()} == {
        "0": "",
        "1": "results are missing",
        "2": "",
    }


def test_results_that_are_left_over_twice_there_or_of_no_batch_are_refused() -> None:
    [honest] = portions("0", 4, 4)
    more = replace(honest, results=(*honest.results, None))
    assert gathered({"0": 4}, [more])["0"].problem == "there are more results than were asked for"
    nothing = replace(honest, results=())
    assert gathered({"0": 4}, [nothing])["0"].problem == "results are not in order"
    unsigned = replace(honest, batch=None)
    assert "no batch signs" in gathered({"0": 4}, [unsigned])["0"].problem
    first, second = portions("0", 4, 2)
    twice = [first, replace(second, batch=BATCH)]
    assert gathered({"0": 4}, twice)["0"].problem == "it has two batches"


def test_an_answer_that_is_cut_is_no_answer() -> None:
    assert gathered({"0": 6}, portions("0", 6, 2)[:2]) == {}
