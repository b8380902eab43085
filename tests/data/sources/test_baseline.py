from collections import Counter
from importlib.resources import files

import pytest

from data.sources import baseline
from data.sources.base import Asked, Document, Input
from domain.errors import BadInput


def _input(**replaced: bytes) -> Input:
    folder = files(baseline.PACKAGE)
    documents = tuple(
        Document(name, replaced.get(name.partition("-")[0], (folder / name).read_bytes())) for name in baseline.FILES
    )
    return Input("built in", documents, whole=True)


def test_it_is_enterprise_18_1_and_says_that_texts_are_shortened() -> None:
    read = baseline.parse(_input(), Asked())
    assert (read.domain, read.version, read.shortened) == ("enterprise-attack", "18.1", True)
    assert [t.shortname for t in sorted(read.tactics, key=lambda t: t.position or 0)][:3] == [
        "reconnaissance",
        "resource-development",
        "initial-access",
    ]
    active = [t for t in read.techniques if not (t.revoked or t.deprecated)]
    assert (sum(not t.is_subtechnique for t in active), sum(t.is_subtechnique for t in active)) == (216, 475)
    kinds = Counter(item.kind for item in read.objects if not (item.revoked or item.deprecated))
    assert kinds == {
        "group": 172,
        "software": 784,
        "campaign": 52,
        "mitigation": 44,
        "data_component": 106,
        "detection_strategy": 691,
        "analytic": 1739,
    }
    assert len(read.relationships) == 20_048


def test_data_that_is_not_as_expected_is_one_sentence() -> None:
    with pytest.raises(BadInput, match="not as expected"):
        baseline.parse(_input(software=b"{}"), Asked())
