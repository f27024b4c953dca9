"""Every size of a backup, each with its unit and its reason.

What is made keeps within them, and what is read is refused beyond: until its end a backup may be
anybody's, and costs who verifies it no more memory than these add up to.
"""

from typing import Final

# Bytes of rows of one member: enough that its head costs nothing, and little to hold at a time.
PART_BYTES: Final = 1024 * 1024

# Bytes of one row: the largest answer that a node keeps, in base64, and what else is in its row.
ROW_BYTES: Final = 24 * 1024 * 1024

# Bytes of one member of the store, which is read whole: a part that ends with such a row.
MEMBER_BYTES: Final = PART_BYTES + ROW_BYTES

# Bytes of a row that is parsed at once. What is nested takes twenty times as much as its text: a
# longer row is parsed value by value.
ROW_AT_ONCE_BYTES: Final = 64 * 1024

# Bytes of the head, and of the manifest: every table with its columns, and a hash of each part,
# some 30 KiB.
ABOUT_BYTES: Final = 1024 * 1024

# Files beside the store, bytes of one, and of all: keys, certificates, bundles and clients of many
# years, of a few KiB each; and of these bundles, of each of which the keys are held.
FILES: Final = 65_536
FILE_BYTES: Final = 1024 * 1024
FILES_BYTES: Final = 64 * 1024 * 1024
BUNDLES: Final = 10_000

# Checkpoints of which the root is held until the log has come to them: a week of one each ten
# seconds, and one a day, are kept; so many come in months in which nothing is removed.
CHECKPOINTS: Final = 1_000_000

# Rows that the store hands over at a time: of the largest, a statement of 64 KiB, some 13 MB.
DUMP_ROWS: Final = 200

# Bytes of a file with identities or recipients, a hundred of them; recipients of one backup, and
# bytes of the head that names them, which the library holds whole.
AGE_FILE_BYTES: Final = 16 * 1024
RECIPIENTS: Final = 256
AGE_HEAD_BYTES: Final = 64 * 1024
