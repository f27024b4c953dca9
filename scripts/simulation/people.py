"""People of a simulated world: who they are, what their phones keep, and where they go."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from stdnum.iso7064 import mod_11_2

from federation.identifiers import CityCode

OFFICE: Final = "credit-office"
OFFICER: Final = "credit-office.wang"
VENUES: Final = ("library", "rental-shop", "scenic-spot", "hospital-desk")
SHOP: Final = "rental-shop"
LONG: Final = "rental-long-no-deposit"
GOOD: Final = ("honesty-model.national", "blood-donor.national")
BAD: Final = "price.fraud"
SMALL: Final = "library-loan.overdue-month"
SCENARIOS: Final = (
    "hospital.pay_later",
    "library.deposit_free",
    "rental.deposit_free",
    "scenic.discount",
)


@dataclass(slots=True)
class Person:
    """One resident, and what their phone keeps."""

    name: str
    home: CityCode
    number: str
    key: bytes
    resident_id: str = ""
    consents: dict[CityCode, str] = field(default_factory=dict)
    passes: dict[CityCode, str] = field(default_factory=dict)
    rented: list[tuple[CityCode, str]] = field(default_factory=list)
    weighs: list[tuple[str, str]] = field(default_factory=list)
    """Records that deduct, with their indicators: they are put right some day."""
    records: int = 0
    gone: bool = False


def fictional_number(serial: int) -> str:
    """A valid ID number of an adult, in the unassigned area 999999 (GB 11643)."""
    born = date(1960, 1, 1) + timedelta(days=serial // 1000)
    body = f"999999{born:%Y%m%d}{serial % 1000:03d}"
    return body + str(mod_11_2.calc_check_digit(body))
