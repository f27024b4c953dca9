"""Every size, count and lifetime of a node, with its unit and its reason.

Those of the protocol are in `federation.limits`.
"""

from datetime import timedelta
from typing import Final

# Age in years from which one takes part (the source article: 年满18周岁).
ADULT_YEARS: Final = 18

# Items of one page of a list: the default, and the most.
PAGE_DEFAULT: Final = 50
PAGE_MOST: Final = 200

# Rows of one LoadRecords: at about 500 bytes each they fit one message.
RECORDS_PER_LOAD: Final = 500

# Points of one record, in thousandths: no single fact is worth more than a whole scale.
RECORD_POINTS_MILLI: Final = 1_000_000

# Incentives of one catalogue, and bytes of a file that an operator loads.
INCENTIVES: Final = 500
FILE_BYTES: Final = 200 * 1024

# Characters of the condition of an incentive: what it costs is bounded by its length.
CONDITION_CHARACTERS: Final = 1000

# The longest that a reservation of an incentive holds its places: a working day.
HOLD_MINUTES_MOST: Final = 8 * 60

# Reservations whose time is over that are ended in one transaction, and how often they are looked
# for: a place is free again a second after.
RESERVATIONS_ENDED: Final = 500
RESERVATIONS_EVERY: Final = timedelta(seconds=1)

# How long after a use without the node a venue may tell it: a day, whatever its line.
OFFLINE_TOLD: Final = timedelta(hours=24)

# Bytes on the local port: of one request, a load of records with the longest titles; of one answer,
# a standing with ten thousand records of long names and laws.
LOCAL_REQUEST_BYTES: Final = 1024 * 1024
LOCAL_ANSWER_BYTES: Final = 16 * 1024 * 1024

# Histograms. The privacy budget of one, in thousandths of epsilon: one is the usual choice, with
# noise of about three residents on each count. What may be spent in a year: a few versions of the
# scale. Residents that there must be at least: with fewer the noise is most of what is said. A
# count that is shown: ten at least, and five times the scale of the noise, which an empty cell
# passes once in three hundred times.
EPSILON_DEFAULT_MILLI: Final = 1000
PRIVACY_YEAR: Final = timedelta(days=365)
PRIVACY_YEAR_MILLI: Final = 5000
HISTOGRAM_RESIDENTS: Final = 100
SHOWN_LEAST: Final = 10
SHOWN_NOISES: Final = 5

# Scales that a partner may send at once, and their histograms: a city has one, and a few old
# versions.
PARTNER_SCALES: Final = 8

# How long a recorded answer is kept. Peers' requests count for a minute, local clients repeat
# within a day; a week covers a venue that was cut off.
ANSWERS_KEPT: Final = timedelta(days=7)

# How long sent questions are kept: for the same week.
ENDED_KEPT: Final = timedelta(days=7)

# How long used and expired codes are kept, for the resident to see when they were made and used.
CODES_KEPT: Final = timedelta(days=90)

# How often the sweeper looks, and how many rows it removes in one transaction.
SWEEP_EVERY: Final = timedelta(minutes=5)
SWEEP_ROWS: Final = 2000

# The longest that a decision stands, whatever the agreement's freshness: one visit to a counter.
DECISION_LIFETIME: Final = timedelta(minutes=15)

# A city's terms with itself: as an agreement would say.
DOMESTIC_ATTESTATION_LIFETIME: Final = timedelta(hours=24)
DOMESTIC_STATUS_FRESHNESS: Final = timedelta(minutes=5)

# How long a venue may go by a signed decision on one of its own city's residents without the node:
# as long as a network of a shop is down on a bad day.
DOMESTIC_OFFLINE_GRACE: Final = timedelta(minutes=60)

# Use cases that may wait for the writer, and how many share one commit: beyond the first the node
# refuses rather than let everybody wait.
WRITER_QUEUE: Final = 4096
WRITER_BATCH: Final = 256

# Under load the writer lets others join: it looks every so often whether more have come, and goes
# on when none has, or in the end. One commit for many costs less than many, and moves the
# interpreter between threads less often. A call that is alone never waits.
WRITER_LOOKS: Final = timedelta(milliseconds=2)
WRITER_GATHERS: Final = timedelta(milliseconds=16)

# How long the store may be locked by another process before a write is given up.
STORE_BUSY: Final = timedelta(seconds=5)

# KiB of pages that each connection to a SQLite file keeps: the upper parts of its indexes. What is
# not in them is in the system's own cache; 64 MiB were hardly faster, and a node's memory grew by
# as much for half an hour. Pages of 4 KiB that its write-ahead log may have before they are copied
# into the file: 16 MiB.
SQLITE_CACHE_KIB: Final = 8 * 1024
SQLITE_WAL_PAGES: Final = 4096

# How often use cases are run again after they met another process's: together, and each alone. The
# rest before it is at most so long at first, doubles, and is never longer than that.
CONFLICT_RETRIES: Final = 8
CONFLICT_REST: Final = timedelta(milliseconds=1)
CONFLICT_REST_LONGEST: Final = timedelta(milliseconds=50)

# How long a migration waits for one table that somebody reads, for others queue behind it so long;
# how often it tries again, and how long it rests before that: ten seconds in all.
MIGRATION_LOCK: Final = timedelta(milliseconds=100)
MIGRATION_TRIES: Final = 30
MIGRATION_REST: Final = timedelta(milliseconds=250)

# How long a process must say nothing before it counts as gone, where its tables are taken away; it
# says that it lives with each look of its health. One that hung is refused when it comes back.
PROCESS_WATCH: Final = timedelta(seconds=4)
PROCESS_LOOKS: Final = timedelta(milliseconds=200)

# Objects that may be made before the collector of cycles looks at the youngest ones: a few MiB.
COLLECTOR_THRESHOLD: Final = 20_000

# Deadline of one call to a partner (rule 10).
PEER_DEADLINE: Final = timedelta(seconds=5)

# What a city keeps to itself of its caller's deadline when it asks another city: a commit and the
# way back, also on a busy machine.
DEADLINE_KEPT: Final = timedelta(milliseconds=50)

# How long a connection to a partner may take to come about: three ways there and back for TCP and
# TLS, to the far end of the world and on busy machines. An endpoint that swallows all costs a call
# that much of its deadline before the next endpoint is tried.
PEER_CONNECTS: Final = timedelta(seconds=2)

# How long a call whose line was cut waits for a new one: longer than the longest back-off.
PEER_RECONNECTS: Final = timedelta(milliseconds=750)

# How long a server may take to show its certificate, and how long two nodes may take to find each
# other anew by their older ones: several attempts, each as long as a call.
SHOWN_DEADLINE: Final = timedelta(seconds=3)
REUNION_DEADLINE: Final = timedelta(seconds=30)

# Strangers that are served at once on the onboarding port: each costs some tens of milliseconds.
ONBOARDING_AT_ONCE: Final = 4

# Deadline of one call to another city's onboarding port.
ONBOARDING_DEADLINE: Final = timedelta(seconds=10)

# How often the node looks which partner is to be swapped with. What a partner's bundle asks for is
# kept inside these bounds: not so often that it hurts, nor so seldom that news is old.
REFRESH_EVERY: Final = timedelta(seconds=1)
REFRESH_SHORTEST: Final = timedelta(minutes=1)
REFRESH_LONGEST: Final = timedelta(hours=6)

# After a failure the first repetition comes soon; the wait doubles up to a minute, so that a
# network that returns after a night is noticed within that.
REFRESH_AFTER_FAILURE: Final = timedelta(seconds=1)
REFRESH_AFTER_FAILURES: Final = timedelta(minutes=1)

# How often a partner's bundle is fetched because a key is not known: garbage costs it little.
FETCH_EVERY: Final = timedelta(seconds=2)

# How long the seed of a way into another city is kept: longer than any code lives.
JOININGS_KEPT: Final = timedelta(hours=1)

# How long a trial agreement lives: the shortest that survives any skew of the clocks by far.
TRIAL_LIFETIME: Final = timedelta(hours=1)

# How long the room of a trial lives, as long as the presentation codes in it; and how long after
# its last use it counts as a trial that runs, so that a partner that died holds up nobody.
TRIAL_ROOM_LIFETIME: Final = timedelta(minutes=5)
TRIAL_IDLE: Final = timedelta(seconds=10)

# Rooms at once, each a database of a few hundred KiB in memory.
TRIAL_ROOMS: Final = 8

# How long one direction of a trial may take: a dozen calls, each of some milliseconds. The other
# direction is waited for a little longer, so that its answer comes. Both fit an operator's call.
TRIAL_RUN: Final = timedelta(seconds=5)
TRIAL_RUN_DEADLINE: Final = timedelta(seconds=7)

# Calls to one partner that may be on their way at once: a slow one cannot take all (rule 10).
CALLS_PER_PARTNER: Final = 256

# A refusal goes out on the next beat after the question came. Whatever the reason, the same work is
# done in about 2 ms; the beat hides what is left of a difference, some microseconds (rule 4).
REFUSAL_BEAT: Final = timedelta(milliseconds=20)

# How long before the beat the node begins to look at the clock: more than a timer may be late.
REFUSAL_LOOKS: Final = timedelta(milliseconds=1.5)

# How long a shutting-down node lets running calls finish.
DRAIN: Final = timedelta(seconds=10)

# How long a stream that ends waits for a message that is on its way out: a caller that reads takes
# milliseconds.
STREAM_WRITE: Final = timedelta(seconds=1)

# How long answers that are written take to leave.
DRAIN_LAST: Final = timedelta(milliseconds=100)

# How often health looks at the store and the signing key, and the registry is read again for
# changes by another process of the same city.
HEALTH_EVERY: Final = timedelta(seconds=1)

# How often the process that has the duty says so, and after how many looks without a word another
# takes it over: two seconds after a process was killed its timed work goes on.
DUTY_EVERY: Final = timedelta(milliseconds=500)
DUTY_LOOKS: Final = 3

# Certificates that `doctor` warns of: a month is time to act.
EXPIRY_WARNING: Final = timedelta(days=30)

# Bytes that are free where a node writes: below the first `doctor` warns, and there is a day to act
# where each call writes a few KiB; below the second the write-ahead log alone may fill the rest.
DISK_WARNING: Final = 2 * 1024**3
DISK_ERROR: Final = 256 * 1024**2

# How long lines of one kind are held together in the log, at first and at the longest: an hour of a
# dead partner is some lines. Of calls that were refused so many are told each by itself. Kinds that
# are held apart, of some hundred bytes each; and characters of one text: a traceback's.
LOG_TOGETHER: Final = timedelta(minutes=1)
LOG_TOGETHER_LONGEST: Final = timedelta(minutes=15)
LOG_REFUSALS: Final = 10
LOG_KINDS: Final = 2000
LOG_CHARACTERS: Final = 16_000

# How often it is looked whether a count is to be told.
LOG_HELD_EVERY: Final = timedelta(seconds=5)

# How long timed work may fail, or run without an end, before `doctor` warns of it: what fails is
# tried again after seconds or minutes, and a whole city is scored in less than the second.
WORK_FAILS: Final = timedelta(minutes=10)
WORK_HANGS: Final = timedelta(hours=1)

# How often memory that nobody uses is given back to the system.
MEMORY_EVERY: Final = timedelta(minutes=1)

# How often the stored state of keys and partners is examined for what health and metrics say.
EXAMINE_EVERY: Final = timedelta(minutes=1)

# How long `doctor` waits for one partner: a call, and a reunion that has begun.
EXAMINE_DEADLINE: Final = timedelta(seconds=10)

# How long a scrape of the metrics waits for the store; then it goes on without it.
SCRAPE_DEADLINE: Final = timedelta(seconds=2)

# Traces. Spans that wait to be brought (some MiB), how many go at once, and how often: what comes
# beyond that is dropped. How long a collector may take for it, and how long a node that stops waits
# for one. And how much of the ratio a partner's calls may save up for later.
TRACES_QUEUE: Final = 2048
TRACES_BATCH: Final = 256
TRACES_EVERY: Final = timedelta(seconds=1)
TRACES_DEADLINE: Final = timedelta(seconds=2)
TRACES_LAST: Final = timedelta(seconds=1)
TRACES_CREDIT: Final = 100.0

# Failed contacts in a row that are a warning (a packet lost, or a restart, is none), and how long
# a silence is an error: by then three officers' shifts have passed.
FAILURES_WARNING: Final = 3
SILENCE_ERROR: Final = timedelta(days=1)

# Lives of what `init` and `client issue` make.
ROOT_KEY_LIFETIME: Final = timedelta(days=3650)
# A peer certificate counts while a trust bundle names it. X.509 only must not end it before: a city
# that was cut off for years is known by it when it comes back.
PEER_CERTIFICATE_LIFETIME: Final = timedelta(days=3650)
SIGNING_KEY_LIFETIME: Final = timedelta(days=365)
TLS_LIFETIME: Final = timedelta(days=365)
LOCAL_CA_LIFETIME: Final = timedelta(days=3650)
CLIENT_LIFETIME: Final = timedelta(days=365)
BUNDLE_REFRESH: Final = timedelta(hours=6)

# A new key is published so long before it is used: four times the refresh hint, so that a partner
# that misses three refreshes knows it in time. The old one counts for as long after.
KEY_LEAD: Final = timedelta(hours=24)
KEY_OVERLAP: Final = timedelta(hours=24)

# The longest lead and overlap: what is known for longer than a month ahead is forgotten.
KEY_LEAD_LONGEST: Final = timedelta(days=30)

# A successor is made so long before an end: a month is time to act where the timer cannot.
KEY_RENEWAL: Final = timedelta(days=30)

# How often the node looks whether a key is to be renewed: ends are days away.
KEYS_EVERY: Final = timedelta(minutes=1)

# A peer certificate has a successor after a year, whatever its X.509 end.
TLS_ROTATION: Final = timedelta(days=365)

# How long an attestation is kept after its end, with what proves it: the resident sees it, and can
# take a receipt. Its batch is kept longer than any attestation in it.
ATTESTATIONS_KEPT: Final = timedelta(days=90)
BATCHES_KEPT: Final = timedelta(days=125)

# How long the places of ended attestations are kept beyond their end: clocks differ.
STATUSES_KEPT: Final = timedelta(hours=1)

# How long a use that was counted over all cities is kept after its end, for the resident to see.
LEASES_KEPT: Final = timedelta(days=90)

# How long a host goes on to give a use back: longer than any use lives.
RELEASES_KEPT: Final = timedelta(days=367)

# Uses that are given back to one home city in one turn: each is one call.
RELEASES_AT_ONCE: Final = 64

# How often a host looks for questions without an answer, and for uses to be given back.
RELEASE_EVERY: Final = timedelta(seconds=1)

# How long a host keeps what it decided for a visitor, for the visitor to see, and to have reviewed.
VISITS_KEPT: Final = timedelta(days=90)

# How often status changes that a host does not have yet are looked for, how soon a delivery that
# failed is tried again, and the longest wait after many failures: a host that is back has news
# within it.
PUSH_EVERY: Final = timedelta(milliseconds=250)
PUSH_AFTER_FAILURE: Final = timedelta(milliseconds=250)
PUSH_AFTER_FAILURES: Final = timedelta(seconds=2)

# How long a home city may take to send all its lists. A venue waits no longer than for one call.
STATUS_FETCH: Final = timedelta(seconds=30)

# How long a host that starts waits for its home cities' status lists before it decides anything.
CATCH_UP: Final = timedelta(seconds=2)

# Statements of each kind that stay opened for the next reading of the registry, which a change of
# one partner makes: those of some hundreds of partners, at a few KiB each.
REGISTRY_OPENED: Final = 1024

# How often a checkpoint is made where the log has grown, and brought to WITNESSES_AT_ONCE partners.
CHECKPOINT_EVERY: Final = timedelta(seconds=10)

# Partners that one checkpoint is brought to, and that a receipt waits for at once. With hundreds of
# partners most calls between cities would be checkpoints; so those that have waited longest come
# first, and each of 336 has its turn in 7 minutes, well within COSIGNING_WARNING.
WITNESSES_AT_ONCE: Final = 8

# How long a receipt waits for a checkpoint to be cosigned.
COSIGNING_DEADLINE: Final = timedelta(seconds=5)

# How long an entry of the log may be under no checkpoint before `doctor` warns of it: sixty times
# as long as it should be.
CHECKPOINT_WARNING: Final = timedelta(minutes=10)

# How long a partner may leave checkpoints without its cosignature before `doctor` warns of it.
COSIGNING_WARNING: Final = timedelta(hours=1)

# Checkpoints of one partner that are kept: one in so long, whoever brings them how often.
PARTNER_CHECKPOINT_EVERY: Final = timedelta(seconds=5)

# How long every checkpoint is kept; of older ones the last of each day.
CHECKPOINTS_KEPT: Final = timedelta(days=7)

# Entries of the log in one answer to an auditor: some hundred KiB.
AUDITED_ENTRIES: Final = 2048

# A recognition is renewed in the last third of its attestation's life; how often it is looked.
RENEWAL_PART: Final = 3
RENEWAL_EVERY: Final = timedelta(minutes=5)

# How long the timer waits for the renewals that it began, before it looks at other cities again.
RENEWAL_PATIENCE: Final = timedelta(seconds=30)

# Deadline of one batch of a renewal: a thousand attestations, signed, kept and sent.
RENEWAL_DEADLINE: Final = timedelta(seconds=30)

# Batches of a renewal on their way to one home city at once: the city answers one while the one
# before is kept. And how many recognitions wait for others of the same scenarios to be asked with.
RENEWALS_AT_ONCE: Final = 2
RENEWALS_WAITING: Final = 64_000

# How often an operator hears how far a renewal is, and how long one that was given up waits for the
# batches on their way.
RENEWAL_TOLD: Final = timedelta(seconds=1)
RENEWAL_LAST: Final = timedelta(seconds=5)

# How long before its end a resident is reminded of a consent, and how often that is looked for.
CONSENT_REMINDER: Final = timedelta(days=14)
REMIND_EVERY: Final = timedelta(minutes=10)

# How often partners are asked what they know of each other's logs: who shows two histories is found
# within minutes.
COMPARE_EVERY: Final = timedelta(minutes=1)

# Logs that one partner is asked about at a time, and so witnesses of each log: up to five partners
# it is all of all, and beyond that what is asked grows with the partners and not with their square.
# Who shows one partner another log than the rest is still found by that one within a minute.
COMPARED_AT_ONCE: Final = 4

# Recognitions that are put in order before they are asked about in batches: some tens of MiB.
RENEWALS_SORTED: Final = 32_000
