import hashlib

from hypothesis import assume, given
from hypothesis import strategies as st

from federation.identifiers import CityCode
from federation.limits import PSEUDONYM_BYTES
from federation.pseudonym import pairwise_pseudonym
from tests.federation.make import HANGZHOU, NANJING
from tests.federation.strategies import CITIES

SECRETS = st.binary(min_size=32, max_size=32)


@given(SECRETS, CITIES)
def test_a_host_knows_a_resident_by_the_same_32_bytes_each_time(
    secret: bytes, host: CityCode
) -> None:
    found = pairwise_pseudonym(secret, host)
    assert len(found) == PSEUDONYM_BYTES
    assert found == pairwise_pseudonym(secret, host)
    assert secret not in found


@given(SECRETS, CITIES, CITIES)
def test_two_hosts_know_a_resident_by_names_that_do_not_look_alike(
    secret: bytes, one: CityCode, other: CityCode
) -> None:
    assume(one != other)
    pair = [pairwise_pseudonym(secret, host) for host in (one, other)]
    differing = (int.from_bytes(pair[0], "big") ^ int.from_bytes(pair[1], "big")).bit_count()
    # Of 256 bits of chance 128 differ; fewer than 64 do once in 10^15.
    assert differing > 64


@given(SECRETS, SECRETS)
def test_two_residents_are_two_names(one: bytes, other: bytes) -> None:
    assume(one != other)
    assert pairwise_pseudonym(one, HANGZHOU) != pairwise_pseudonym(other, HANGZHOU)


def test_many_residents_at_two_hosts_share_no_name() -> None:
    secrets = [hashlib.sha256(str(n).encode()).digest() for n in range(1000)]
    names = {pairwise_pseudonym(secret, host) for secret in secrets for host in (HANGZHOU, NANJING)}
    assert len(names) == 2000


def test_a_pseudonym_stays_what_it_was_when_hosts_first_kept_it() -> None:
    # HMAC-SHA256 under 32 zero bytes of "hutong pairwise pseudonym v1", a zero byte and "330100".
    frozen = "7a7449ed721b4b41638daf43a5cdecd661ae3eff79497cd31a2cbe9ec891bec0"
    assert pairwise_pseudonym(bytes(32), HANGZHOU).hex() == frozen
