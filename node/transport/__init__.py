"""The two ports and the way to partners: grpc.aio, mutual TLS, and wire to domain; only here.

It guarantees that a handler runs for a known caller of the right role only, with a request that
has no unknown field, and that whatever a handler raises leaves as one `google.rpc.Status`.
"""

import os

# gRPC's own notes on lines that failed are no log of ours: what counts of them, we say ourselves.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
