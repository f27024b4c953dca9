"""The reasons of the whole-city re-score."""

from federation.errors import HutongError, Reason, Status

__all__ = ["SPARK_FAILED", "SPARK_MISSING", "WORKSPACE_UNUSABLE", "HutongError"]

WORKSPACE_UNUSABLE = Reason(
    "WORKSPACE_UNUSABLE",
    Status.FAILED_PRECONDITION,
    "The copy of the city cannot be kept in {path}: {problem}. Give a directory with room for it: "
    "--work-dir DIR.",
    "无法在 {path} 保存全市数据副本：{problem}。请用 --work-dir 指定有足够空间的目录。",
)
SPARK_MISSING = Reason(
    "SPARK_MISSING",
    Status.FAILED_PRECONDITION,
    "Apache Spark is not usable here: {problem}. Install it with `pip install 'hutong[spark]'` (in "
    "a checkout: `scripts/setup --spark`), and Java 17; or leave out --spark.",
    "无法使用 Apache Spark：{problem}。请用 `pip install 'hutong[spark]'` 安装"
    "（在源码目录中：`scripts/setup --spark`），并安装 Java 17；或去掉 --spark。",
)
SPARK_FAILED = Reason(
    "SPARK_FAILED",
    Status.INTERNAL,
    "Apache Spark at {master} ended without an answer ({kind}); see its own log, and that every "
    "worker reaches the directory of --work-dir.",
    "位于 {master} 的 Apache Spark 未能给出结果（{kind}）；请查看其日志，"
    "并确认每个工作进程都能访问 --work-dir 指定的目录。",
)
