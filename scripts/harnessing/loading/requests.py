"""The calls of a load: what is sent, and what of the answer others must know (`Act.said`)."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from federation.identifiers import parse_code
from federation.v1 import agreement_pb2
from node.model import Role
from node.v1 import department_service_pb2 as departments
from node.v1 import history_service_pb2 as histories
from node.v1 import resident_service_pb2 as residents
from node.v1 import venue_service_pb2 as venues
from scripts.harnessing.loading.calling import Call
from scripts.harnessing.loading.lines import Whom
from scripts.harnessing.records import Deed

RESIDENT: Final = Whom(Role.RESIDENT, "app")
_CONSENT_DAYS: Final = 90
_RESIDENTS: Final = "/node.v1.ResidentService/"
_VENUES: Final = "/node.v1.VenueService/"
_HISTORY: Final = "/node.v1.HistoryService/"
_DEPARTMENTS: Final = "/node.v1.DepartmentService/"


def venue(name: str) -> Whom:
    """The venue of that name."""
    return Whom(Role.VENUE, name)


def _id() -> str:
    # Never drawn from the seed: a load that is run again must not get recorded answers.
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Visit:
    """Whose journey it is, and where it leads."""

    journey: str
    resident: str
    home: str
    host: str
    venue: str

    def consent(self, scenarios: Sequence[str]) -> Call:
        """Consent to the host, at BAND."""
        request = residents.GiveConsentRequest(
            request_id=_id(),
            resident_id=self.resident,
            host_city=self.host,
            scenarios=scenarios,
            disclosure=agreement_pb2.DISCLOSURE_LEVEL_BAND,
        )
        request.expires_at.FromDatetime(datetime.now(UTC) + timedelta(days=_CONSENT_DAYS))

        def said(body: bytes) -> dict[str, Any]:
            consent = residents.GiveConsentResponse.FromString(body).consent
            return {
                "resident_id": consent.resident_id,
                "consent_id": consent.consent_id,
                "host": consent.host_city,
                "scenarios": list(consent.scenarios),
                "expires_at": consent.expires_at.ToNanoseconds() / 1e9,
            }

        return self._at_home(Deed.CONSENT, "GiveConsent", request, said)

    def withdraw(self, consent_id: str) -> Call:
        """Withdraw a consent."""
        request = residents.WithdrawConsentRequest(
            request_id=_id(), resident_id=self.resident, consent_id=consent_id
        )
        told = {"resident_id": self.resident, "consent_id": consent_id}
        return self._at_home(Deed.WITHDRAW, "WithdrawConsent", request, lambda _: told)

    def code(self, consent_id: str) -> Call:
        """Make a presentation code."""
        request = residents.CreatePresentationCodeRequest(
            request_id=_id(), resident_id=self.resident, consent_id=consent_id
        )
        told = {"resident_id": self.resident, "consent_id": consent_id}
        return self._at_home(Deed.CODE, "CreatePresentationCode", request, lambda _: told)

    def _at_home(self, deed: Deed, method: str, request: Any, said: Any) -> Call:  # noqa: ANN401 - a message, and what reads its answer
        return Call(
            deed,
            self.home,
            self.host,
            RESIDENT,
            _RESIDENTS + method,
            request.SerializeToString(),
            request.request_id,
            self.journey,
            said,
        )

    def standing(self) -> Call:
        """Look at the standing."""
        body = residents.GetStandingRequest(resident_id=self.resident).SerializeToString()
        method = f"{_RESIDENTS}GetStanding"
        return Call(Deed.STANDING, self.home, "", RESIDENT, method, body, journey=self.journey)

    def history(self) -> Call:
        """Look at what happened at home."""
        body = histories.ListHistoryRequest(resident_id=self.resident).SerializeToString()
        method = f"{_HISTORY}ListHistory"
        return Call(Deed.VISITS, self.home, "", RESIDENT, method, body, journey=self.journey)

    def visits(self, visitor_pass: str) -> Call:
        """Look at what happened at the host."""
        body = histories.ListVisitsRequest(visitor_pass=visitor_pass).SerializeToString()
        method = f"{_HISTORY}ListVisits"
        return Call(Deed.VISITS, self.host, self.home, RESIDENT, method, body, journey=self.journey)

    def check(self, consent_id: str, **shown: str) -> Call:
        """Have a presentation code or a visitor pass checked, for all that the venue offers."""
        request = venues.CheckEligibilityRequest(request_id=_id(), **shown)

        def said(body: bytes) -> dict[str, Any]:
            answer = venues.CheckEligibilityResponse.FromString(body)
            outcome = venues.RecognitionOutcome.Name(answer.outcome)
            return {
                "outcome": outcome.removeprefix("RECOGNITION_OUTCOME_"),
                "home": answer.home_city,
                "venue": self.venue,
                "visitor_pass_digest": pass_digest(answer.visitor_pass),
                "resident_id": self.resident,
                "consent_id": consent_id,
                "decisions": [
                    {
                        "decision_id": each.decision_id,
                        "incentive_id": each.incentive.incentive_id,
                        "eligible": each.eligible,
                    }
                    for each in answer.decisions
                ],
            }

        return self._at_venue(Deed.CHECK, "CheckEligibility", request, said)

    def redeem(self, decision_id: str, visitor_pass: str) -> Call:
        """Use what a decision opened; with the pass, where it is shown."""
        request = venues.RedeemRequest(
            request_id=_id(), decision_id=decision_id, visitor_pass=visitor_pass
        )

        def said(body: bytes) -> dict[str, Any]:
            answer = venues.RedeemResponse.FromString(body)
            return self._redeemed(answer.redemption_id, decision_id, answer.incentive.incentive_id)

        return self._at_venue(Deed.REDEEM, "Redeem", request, said)

    def reserve(self, decision_id: str) -> Call:
        """Hold a place."""
        request = venues.ReserveRequest(request_id=_id(), decision_id=decision_id)

        def said(body: bytes) -> dict[str, Any]:
            found = venues.ReserveResponse.FromString(body).reservation
            return {"reservation_id": found.reservation_id, "decision_id": found.decision_id}

        return self._at_venue(Deed.RESERVE, "Reserve", request, said)

    def confirm(self, reservation_id: str) -> Call:
        """Use what is held."""
        request = venues.ConfirmRequest(request_id=_id(), reservation_id=reservation_id)

        def said(body: bytes) -> dict[str, Any]:
            found = venues.ConfirmResponse.FromString(body).reservation
            return self._redeemed(found.redemption_id, found.decision_id, found.incentive_id)

        return self._at_venue(Deed.CONFIRM, "Confirm", request, said)

    def release(self, reservation_id: str) -> Call:
        """Give back what is held."""
        request = venues.ReleaseRequest(request_id=_id(), reservation_id=reservation_id)

        def said(body: bytes) -> dict[str, Any]:
            found = venues.ReleaseResponse.FromString(body).reservation
            return {"reservation_id": found.reservation_id, "decision_id": found.decision_id}

        return self._at_venue(Deed.RELEASE, "Release", request, said)

    def _redeemed(self, redemption: str, decision: str, incentive: str) -> dict[str, Any]:
        return {
            "redemption_id": redemption,
            "decision_id": decision,
            "incentive_id": incentive,
            "venue": self.venue,
        }

    def _at_venue(self, deed: Deed, method: str, request: Any, said: Any) -> Call:  # noqa: ANN401 - a message, and what reads its answer
        return Call(
            deed,
            self.host,
            self.home,
            venue(self.venue),
            _VENUES + method,
            request.SerializeToString(),
            request.request_id,
            self.journey,
            said,
        )


def records(
    city: str, department: str, rows: Sequence[departments.RecordRow], journey: str
) -> Call:
    """A load of a few records, in one batch."""
    request = departments.LoadRecordsRequest(
        load_id=_id(), file_name="load.csv", rows=rows, is_last=True
    )

    def said(body: bytes) -> dict[str, Any]:
        load = departments.LoadRecordsResponse.FromString(body).load
        return {
            "load_id": load.load_id,
            "accepted": load.accepted_count,
            "unchanged": load.unchanged_count,
            "quarantined": load.quarantined_count,
            "source": department,
            "numbers": [row.record_number for row in rows],
            "taken_back": all(row.action == departments.ROW_ACTION_WITHDRAW for row in rows),
        }

    return Call(
        Deed.RECORDS,
        city,
        "",
        Whom(Role.DEPARTMENT, department),
        f"{_DEPARTMENTS}LoadRecords",
        request.SerializeToString(),
        request.load_id,
        journey,
        said,
    )


def pass_digest(visitor_pass: str) -> str:
    """What a host's store knows a visitor pass by, in hexadecimal; "" for none."""
    if not visitor_pass:
        return ""
    return hashlib.sha256(parse_code(visitor_pass, where="visitor_pass")[1]).hexdigest()
