"""Every size of a backup, each with its unit and its reason."""

from typing import Final

# Bytes of rows of one member: enough that its head costs nothing, and little to hold at a time.
PART_BYTES: Final = 1024 * 1024

# Bytes of one member, which is read whole: a part with one row that is as large as a row can be.
MEMBER_BYTES: Final = 64 * 1024 * 1024

# Bytes of all files beside the store: keys, certificates and bundles of many years, of a few KiB
# each.
FILES_BYTES: Final = 256 * 1024 * 1024

# Rows that the store hands over at a time: of the largest, a statement of 64 KiB, some 13 MB.
DUMP_ROWS: Final = 200

# Bytes of a file with identities or recipients: a hundred of them.
AGE_FILE_BYTES: Final = 16 * 1024
