"""The reasons for which tables are not served with, or not changed: each says what to type."""

from federation.errors import Reason, Status

STORE_OLD = Reason(
    "STORE_OLD",
    Status.FAILED_PRECONDITION,
    "The tables of the store are of version {found}, and this version of hutong needs {needed} or "
    "newer; nothing was changed. Run `hutong migrate`, then start the node again.",
    "存储的表版本为 {found}，本版 hutong 至少需要 {needed}；未作任何更改。"
    "请运行 `hutong migrate`，然后重新启动节点。",
)
STORE_NEWER = Reason(
    "STORE_NEWER",
    Status.UNAVAILABLE,
    "Only version {needed} of hutong or newer may serve with the tables of this store, and this is "
    "{newest}; nothing was changed. Install the newer hutong and start it in the place of this "
    "one; `hutong store status` says who serves.",
    "该存储的表只允许 {needed} 版或更新的 hutong 使用，本版为 {newest}；未作任何更改。"
    "请安装较新的 hutong 并以其代替本进程；`hutong store status` 可查看哪些进程在服务。",
)
STORE_HELD = Reason(
    "STORE_HELD",
    Status.ABORTED,
    "Migration {revision} waits for a table that something else reads or changes without end, such "
    "as a backup, `hutong score` or a forgotten session of psql; nothing of it was done, and "
    "nobody was held up. Run the same command again when that is over.",
    "迁移 {revision} 等待的表正被其他操作长期占用（如备份、`hutong score` 或遗留的 psql 会话）；"
    "该迁移未执行，也未阻塞他人。请待其结束后重新运行同一命令。",
)
OLDER_PROCESSES = Reason(
    "OLDER_PROCESSES",
    Status.FAILED_PRECONDITION,
    "Migration {revision} takes away what older versions use, and they still serve: {processes}. "
    "It was not run. Start each of them anew with this version, then run `hutong migrate "
    "--contract` again.",
    "迁移 {revision} 会移除旧版仍在使用的内容，而旧版进程仍在服务：{processes}。该迁移未执行。"
    "请逐一用本版重新启动它们，然后再次运行 `hutong migrate --contract`。",
)
