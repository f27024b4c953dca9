"""What keeps callers and partners apart under load: counts, rates, waits, each with its reason."""

from datetime import timedelta
from typing import Final

# Failures in a row after which a partner is left alone; the first wait until one call tries it, and
# the longest. A partner that hangs costs one call at a time its deadline, and not everybody's; one
# that comes back is found within half a second, as its line is.
CIRCUIT_FAILURES: Final = 5
CIRCUIT_FIRST: Final = timedelta(milliseconds=100)
CIRCUIT_LONGEST: Final = timedelta(milliseconds=500)

# How long a partner must at least have been waited for before its silence is a failure: a client
# that is in more of a hurry than any answer takes must not close the way for the others.
CIRCUIT_PATIENCE: Final = timedelta(seconds=1)

# What one caller may take of a process (rule 10): calls a second and at once, where the settings do
# not say otherwise. A partner's visitors come by some tens a second on the busiest day; a client
# such as the residents' app stands for all of a city: ten times as much is no reason to refuse. At
# once a partner has as many as a process of ours ever asks one (`limits.CALLS_PER_PARTNER`): what
# came while this process stood still is answered all at once, and takes memory for each.
PARTNER_RATE: Final = 500
PARTNER_AT_ONCE: Final = 256
CLIENT_RATE: Final = 1000
CLIENT_AT_ONCE: Final = 512

# Connections over which a partner's calls may come at once: each of its processes has one to each
# of ours, and some more while certificates change.
PARTNER_LINES: Final = 64

# Connections of each port in all, each of which is a file, and how long one stays on which nothing
# is called: partners call each other each minute. Both ports together leave most files of the unit
# (`docs/operating/hutong.service`) to the store and to calls of our own.
PEER_CONNECTIONS: Final = 4096
LOCAL_CONNECTIONS: Final = 16384
CONNECTION_IDLE: Final = timedelta(minutes=2)

# Calls that one connection has open at once, at the peer port and at the local one; what is above
# waits at its caller, where nobody sees how long. And calls that have arrived and were not yet
# looked at. gRPC has bounds of its own for both, and refuses without a reason or a hint: so these
# are beyond what `node.transport.shares` and `node.transport.pressure` turn away with both; where a
# caller may have more at once by the settings, a connection has twice that.
PEER_CALLS_PER_CONNECTION: Final = 2 * PARTNER_AT_ONCE
LOCAL_CALLS_PER_CONNECTION: Final = 8 * CLIENT_AT_ONCE
CALLS_UNSEEN: Final = 4 * LOCAL_CALLS_PER_CONNECTION

# For how long a caller may have saved up, and the bytes of a message that cost as much as a call
# does: to read and verify them takes as long.
SHARE_BURST: Final = timedelta(seconds=2)
TOKEN_BYTES: Final = 64 * 1024

# What a request of a partner costs beyond its call where it cannot be read. Nobody sends such by
# mistake for long, and by the dozen they cost the others what a partner's real calls may.
UNREADABLE_TOKENS: Final = 20

# Refusals that a caller gets at once, how many a second come after those, and for how long the rest
# is kept waiting, half as long to half as long again in so many steps: who floods regardless floods
# slowly, and evenly. The longest is over before a city that asks gives up (`limits.PEER_DEADLINE`),
# as long as no more are kept waiting than may be inside; more wait longer, so that as many come
# back in a second whatever a caller asks at once. No more are kept waiting than these: each takes
# memory.
REFUSALS_AT_ONCE: Final = 100
REFUSALS_RATE: Final = 20
REFUSAL_HELD: Final = timedelta(seconds=3)
REFUSALS_SPREAD: Final = 128
REFUSALS_HELD: Final = 4096

# How often a caller that is over its share is told of in the log, and of how many callers it is
# known what they took, before those are forgotten that take nothing.
OVER_TOLD: Final = timedelta(seconds=10)
SHARES_KEPT: Final = 4096

# When a caller is told to come again: in steps, at the longest, and where too many calls of it run.
RETRY_STEP: Final = timedelta(milliseconds=50)
RETRY_LONGEST: Final = timedelta(seconds=5)
LIMIT_RETRY: Final = timedelta(milliseconds=250)

# How often in all this city asks a partner that is busy, and a client its node, before that is
# told; and by how much more than was said each waits, by chance: they do not come back together.
PEER_TRIES: Final = 2
CLIENT_TRIES: Final = 4
RETRY_JITTER: Final = 0.5

# Connections by which a trial is looked for among a partner's processes behind one address: where
# each is as likely, eight miss one of two once in 256 times, and one of three once in 26.
TRIAL_DIALS: Final = 8

# How often it is looked how long calls wait, and how long they may: before a port sees them, and in
# the store's queue. Twenty times what they wait on a busy day, so that a machine that stumbles for
# a moment turns nobody away; a venue has its answer in two seconds yet.
PRESSURE_EVERY: Final = timedelta(milliseconds=50)
QUEUE_TARGET: Final = timedelta(milliseconds=400)
STORE_TARGET: Final = timedelta(milliseconds=800)

# Calls are turned away once the wait was over its target for so long: a burst is taken whole. Which
# part of them follows at first from how fast the wait has grown, and is at most so large. From
# there on it grows by so much a second for each target that the wait is over, of at most so many,
# and by so much for each target that it has grown. The first of these alone would swing; together
# they settle in a few seconds, from a tenth too much to four times what can be done.
SHED_AFTER: Final = timedelta(milliseconds=500)
SHED_FIRST: Final = 0.75
SHED_GAIN: Final = 0.3
SHED_EXCESS: Final = 5.0
SHED_TREND: Final = 0.15

# Where hardly anybody waits the part is halved in so long. It is never more than the one, and is
# nothing below the other.
SHED_HALVES: Final = timedelta(seconds=1)
SHED_MOST: Final = 0.98
SHED_LEAST: Final = 0.005

# Of what was done in a second at most, the part that is let in whatever the wait; and which part of
# that is still believed a second later.
LET_IN_LEAST: Final = 0.8
DONE_KEPT: Final = 0.95

# How long it is remembered how often a caller called; when those that are turned away come again,
# at first, and how much later where everybody is.
SHED_REMEMBERS: Final = timedelta(milliseconds=250)
SHED_RETRY: Final = timedelta(milliseconds=250)
SHED_RETRY_GROWS: Final = 8.0
