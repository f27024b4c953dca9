"""What a load does otherwise than people would: listed in each load, so that nobody is misled."""

from collections.abc import Mapping
from typing import Final

CONCESSIONS: Final[Mapping[str, str]] = {
    "The generators run on the machine of the nodes, before them where the system allows that.": (
        "负载发生器与节点在同一台机器上运行，并在系统允许时优先于节点。"
    ),
    "The proportions of the journeys are ours: nobody has published them.": (
        "各类办事流程的比例由我们设定，尚无公开数据。"
    ),
    "Between two steps of a journey somebody thinks for at most a second; people take longer.": (
        "流程各步之间最多停顿一秒；真人更慢。"
    ),
    "All visitors at venues of one name share a connection; real venues have one each.": (
        "同名服务点共用一个连接；现实中每个服务点各有一个。"
    ),
    "Incentives that are counted over all cities together are not used.": (
        "未使用跨城市合并计数的激励。"
    ),
    "Four of a hundred requests are sent again by design, and all whose answer was lost.": (
        "按设计有百分之四的请求会重复发送；答复丢失时也会重发。"
    ),
}
"""In Chinese by the English text."""
