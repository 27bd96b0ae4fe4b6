"""Objects that answers name."""

import pytest

from bot.rules.objects import Answer, Thing, best, found_in, suggested, workload_of


def answer(text: str, **about: str) -> Answer:
    return Answer("get", about, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("shop  cart-5f6d8-abcde  0/1  Pending  0  3m", ("cart-5f6d8-abcde", "pod", "shop", 0.8), id="bad"),
        pytest.param("cart-5f6d8-abcde  1/1  Running  0  3m", ("cart-5f6d8-abcde", "pod", "here", 0.4), id="fine"),
        pytest.param("  Node:  w-2/10.0.0.2", ("w-2", "node", "", 0.6), id="node-of-a-pod"),
        pytest.param("    ClaimName:  data", ("data", "persistentvolumeclaim", "here", 0.6), id="claim"),
        pytest.param("StorageClass:  fast", ("fast", "storageclass", "", 0.6), id="class-has-no-namespace"),
        pytest.param("Created pod: job-x-1a2b3", ("job-x-1a2b3", "pod", "here", 0.6), id="created"),
        pytest.param("Deployment/cart-api scaled", ("cart-api", "deployment", "here", 0.5), id="reference"),
    ],
)
def test_answers_name_objects(text: str, expected: tuple[str, str, str, float]) -> None:
    assert found_in(answer(text, kind="pod", namespace="here")) == [Thing(*expected)]


def test_rows_are_of_the_kind_that_was_asked_for() -> None:
    [found] = found_in(answer("cart  0/2  2  0  5m", kind="deployments", namespace="shop"))

    assert found == Thing("cart", "deployment", "shop", 0.8)


def test_a_taint_is_no_node() -> None:
    assert found_in(answer("Tolerations: node.kubernetes.io/not-ready:NoExecute op=Exists")) == []


@pytest.mark.parametrize(
    ("pod", "workload"),
    [
        pytest.param("cart-7c9f8d6b54-x2x4z", "cart", id="deployment"),
        pytest.param("import-x9k2p", "import", id="job"),
        pytest.param("cart-api", "", id="no-pod"),
    ],
)
def test_a_pods_name_tells_its_workload(pod: str, workload: str) -> None:
    assert workload_of(pod) == workload


def test_arguments_are_read_out_of_a_refusal_without_those_that_stand_for_anything() -> None:
    text = 'Nothing for x. Recorded: {"kind": "pod", "name": "cart", "*": "*"}; {"name": "*"} and {broken'

    assert list(suggested(text)) == [{"kind": "pod", "name": "cart"}, {}]


def test_a_thing_keeps_its_best_rank_and_the_namespace_that_is_known() -> None:
    things = [Thing("cart", "pod", "", 0.9), Thing("cart", "pod", "shop", 0.4), Thing("cart", "", "", 1.0)]

    assert best(things) == [Thing("cart", "pod", "shop", 0.9)]
