"""An agreement is drawn up from an operator's file, and what it rests on is looked at again.

A concordance is never believed: whoever signs builds it from the histograms that both cities have
published, of the scale versions that the agreement names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from federation import codec
from federation.agreement import check_agreement
from federation.concordance_table import Table, table_of
from federation.identifiers import CityCode
from federation.limits import CLOCK_SKEW
from federation.mapping import check_same_table
from federation.messages import Agreement, Header, ScoreScale
from federation.methods import Concordance
from node.errors import NOTHING_IN_FORCE, HutongError
from node.files import ConcordancePlan, parse_agreement
from node.ports import Transaction
from node.registry import Registry
from node.services.concordances import kept_histogram, missing

Scales = Mapping[CityCode, ScoreScale]


@dataclass(frozen=True, slots=True)
class Draft:
    """What an operator wants to propose; `version` is the one that it amends, None for the first.

    The statement's id follows from the request, so that a repetition sends the same bytes.
    """

    statement_id: str
    city: CityCode
    file_name: str
    content: bytes
    version: int | None


def newest_scales(registry: Registry, here: CityCode, city: CityCode) -> dict[CityCode, ScoreScale]:
    """The scales in force of this city and a partner; raises NOTHING_IN_FORCE."""
    own, other = registry.own_scale(), registry.partner_scale(city)
    if own is None:
        raise HutongError(NOTHING_IN_FORCE, what="scale", command="hutong scale load FILE")
    if other is None:
        command = f"hutong partner sync {city}"
        raise HutongError(NOTHING_IN_FORCE, what=f"scale of {city}", command=command)
    return {here: own.exported, city: other.exported}


def draw_up(
    tx: Transaction, here: CityCode, draft: Draft, agreement_id: str, version: int, now: datetime
) -> Agreement:
    """The agreement of a file, each of its tables built; raises why it cannot be.

    HISTOGRAM_MISSING names the city that has to publish before a concordance can be built.
    """
    scales = newest_scales(tx.registry, here, draft.city)
    file = parse_agreement(
        draft.file_name, draft.content, here=scales[here], there=scales[draft.city]
    )
    one, other = sorted(scales)
    # The partner's clock may be behind: what both have signed is in force at once.
    valid_from = now - CLOCK_SKEW

    def build(plan: ConcordancePlan) -> Concordance:
        table = _table(tx, scales, plan.home_city, plan.host_city, plan.degree)
        return table.until(valid_from + timedelta(days=plan.valid_days))

    agreement = file.agreement(
        header=Header(
            draft.statement_id, here, (one, other), now, now + timedelta(days=file.valid_days)
        ),
        agreement_id=agreement_id,
        version=version,
        parties=(one, other),
        scales=(codec.scale_reference(scales[one]), codec.scale_reference(scales[other])),
        valid_from=valid_from,
        build=build,
    )
    check_agreement(agreement, scales)
    return agreement


def check_signable(tx: Transaction, here: CityCode, agreement: Agreement) -> None:
    """Refuse to sign what does not fit the scales in force, or a table that nobody can build again.

    Raises:
        HutongError: AGREEMENT_MISMATCH; HISTOGRAM_MISSING where a city has not published.

    """
    scales = newest_scales(tx.registry, here, agreement.other(here))
    check_agreement(agreement, scales)
    for mapping in agreement.mappings:
        signed = mapping.method
        if isinstance(signed, Concordance):
            home, host = mapping.home_city, mapping.host_city
            built = _table(tx, scales, home, host, signed.degree).until(signed.valid_until)
            check_same_table(signed, built, f"mapping {home} to {host}")


def _table(
    tx: Transaction, scales: Scales, home: CityCode, host: CityCode, degree: int | None
) -> Table:
    found = []
    for city in (home, host):
        reference = codec.scale_reference(scales[city])
        histogram = kept_histogram(tx, reference)
        if histogram is None:
            raise missing(reference)
        found.append(histogram)
    return table_of(found[0], found[1], scales[home], scales[host], degree)
