"""The protocol that cities speak: bytes and `now` in, values out.

No clock, no I/O, no logging, no grpc. Start reading at `envelope`, then `codec`.
"""
