"""Every size, count and lifetime of the protocol, with its unit and its reason."""

from datetime import timedelta
from typing import Final

# Bytes of one payload. The largest statement is a trust bundle: 16 keys and 8 certificates of
# about 1 KiB fit four times over.
PAYLOAD_BYTES: Final = 64 * 1024

# Bytes of one gRPC message: a ScoreScale exchange of several payloads, with room; far below
# what would hurt the receiver.
MESSAGE_BYTES: Final = 256 * 1024

# Signatures on one envelope: old and new roots of a bundle at 8 each.
SIGNATURES: Final = 16

# Keys of one kind in a trust bundle.
KEYS: Final = 16

# Certificates in a trust bundle: the old, the new and a spare, for two processes each.
CERTIFICATES: Final = 8

# Bytes of one DER certificate: an ECDSA one takes about 600.
CERTIFICATE_BYTES: Final = 4096

# Endpoints in a trust bundle.
ENDPOINTS: Final = 8

# How far a bundle's sequence may jump in one step. A city that rotates weekly for ten years
# stays below it; a forged jump cannot burn the numbers up.
BUNDLE_JUMP: Final = 1000

# Agreements that one Partnership tells of: there is one in force, and perhaps one that ends.
PARTNERSHIP_AGREEMENTS: Final = 16

# How long a Partnership counts: a newer one replaces it, and each swap makes it anew.
PARTNERSHIP_LIFETIME: Final = timedelta(minutes=5)

# Bundles of one exchange at which the root changed: more roots than a city has in ten years.
BUNDLE_CHAIN: Final = 16

# Bands of one scale.
BANDS: Final = 32

# Scenarios of one agreement, consent or request.
SCENARIOS: Final = 32

# Commendations of one agreement or claim.
COMMENDATIONS: Final = 32

# Characters of a free text in a statement (names, sources, legal bases).
TEXT_CHARACTERS: Final = 1000

# Thousandths of a point: no score scale needs more than a million points.
SCORE_MILLI: Final = 1_000_000_000

# How far two cities' clocks may differ (DESIGN section 8).
CLOCK_SKEW: Final = timedelta(seconds=60)

# How long an attestation request counts: long enough for a call and its repetitions.
REQUEST_LIFETIME: Final = timedelta(seconds=60)

# How long a trust bundle counts without a newer one: a city that is silent for a year is gone.
TRUST_BUNDLE_LIFETIME: Final = timedelta(days=365)

# The longest life of an attestation that an agreement may set. Beyond it a standing is old news.
ATTESTATION_LIFETIME: Final = timedelta(days=30)

# The longest time that an agreement may let a host go on without asking.
STATUS_FRESHNESS: Final = timedelta(hours=24)

# The longest consent (rule 3).
CONSENT_LIFETIME: Final = timedelta(days=365)

# A presentation code lives this long, and works once (DESIGN section 1).
PRESENTATION_CODE_LIFETIME: Final = timedelta(minutes=5)

# Bytes of a presentation code and of a visitor pass: 128 bits, so that guessing is hopeless
# even at the highest rate over a code's whole life.
CODE_BYTES: Final = 16

# Bytes of a pseudonym: HMAC-SHA256.
PSEUDONYM_BYTES: Final = 32

# The longest notice that an agreement may ask for: who wants to leave is free within a year.
AGREEMENT_NOTICE: Final = timedelta(days=365)

# The longest life of a statement that says nothing else (a scale, an agreement).
STATEMENT_LIFETIME: Final = timedelta(days=3660)

# How long a code of onboarding works: a telephone call, with time to type.
ONBOARDING_CODE_LIFETIME: Final = timedelta(minutes=15)

# Wrong confirmations that burn a code: of 2^24 codes, three are guessed with 2 in 10 million.
ONBOARDING_TRIES: Final = 3

# Begins of one invitation. Who is in the middle and knows the code gets from each Begin one more
# try at the same six words on both sides: 32 of 2^48. An honest joiner needs one or two.
ONBOARDING_BEGINS: Final = 32

# Suites of one hello.
ONBOARDING_SUITES: Final = 16

# Bytes of a sealed bundle: the largest payload, 16 signatures of 150 bytes, a nonce, with room.
ONBOARDING_BUNDLE_BYTES: Final = 72 * 1024

# Places of one status list: its 8 KiB fit a payload even where nothing can be compressed.
STATUS_PLACES: Final = 65_536

# Status lists of one home city for one host: a hundred million attestations that have not ended.
STATUS_LISTS: Final = 2_048

# Status lists of one push: each of at most 9 KiB with its envelope, in one message.
STATUS_PUSH: Final = 16

# Pseudonyms of one renewal request: 34 bytes each, in one payload.
RENEWAL_ITEMS: Final = 1_000

# Results of one response of a renewal: about 1 KiB each, in one message.
RENEWAL_PORTION: Final = 128

# Hashes of one proof: a log of 2^40 entries is longer than a city's time.
PROOF_HASHES: Final = 64

# Leaf hashes of one response: 128 KiB.
LEAF_HASHES: Final = 4_096

# Bytes of one note: a checkpoint, a signature and cosignatures of a hundred partners.
NOTE_BYTES: Final = 32 * 1024

# Bytes of one receipt: a statement, two proofs, a note, and the trust bundles that it names.
RECEIPT_BYTES: Final = 1024 * 1024

# Trust bundles of one receipt: of the home city, and of more cosigners than anybody needs.
RECEIPT_BUNDLES: Final = 16

# Points of one concordance: each takes at most 30 bytes, and two tables fit a payload.
CONCORDANCE_POINTS: Final = 1_001

# The degree of a log-linear smoothing: beyond it a histogram is fitted to its noise.
CONCORDANCE_DEGREE: Final = 10

# Residents of each city that a concordance needs on either side of a score: with fewer, the
# normal law behind its error does not hold, and single people show.
CONCORDANCE_RESIDENTS: Final = 30

# Cells of one histogram: each takes at most 50 bytes in one payload.
HISTOGRAM_CELLS: Final = 1_000

# By how much one resident changes the counts of a histogram, in sum: a cell and the total by one,
# or two cells (Dwork & Roth, "The algorithmic foundations of differential privacy", 2014,
# definition 3.1). Each count has noise of this scale over epsilon.
HISTOGRAM_SENSITIVITY: Final = 2

# The privacy budget of one histogram, in thousandths of epsilon: ten is hardly noise.
EPSILON_MILLI: Final = 10_000

# Decisions of one check: each takes at most some hundred bytes of text, in one payload.
DECISIONS: Final = 50

# How long a venue may go by a signed decision without its node: a day at most.
OFFLINE_GRACE: Final = timedelta(hours=24)

# Uses of one kind that may live at once over the federation, and the longest life of one.
USES_AT_ONCE: Final = 100
USE_LEASE: Final = timedelta(days=366)

# Bytes of a resident's use key.
USE_KEY_BYTES: Final = 16
