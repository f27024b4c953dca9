"""What may be recorded of a subject, by its family: each aspect of a subject is one indicator.

In the names {zh} and {en} stand for the subject. Points have their sign; a deducting aspect has its
severity and the months after which it may be repaired (信用修复管理办法). All figures are
illustrative.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Aspect:
    """One aspect: `few` says that the smaller catalogues have it, too."""

    aspect_id: str
    zh: str
    en: str
    points: int
    months: int
    shown: str
    severity: str
    repair: int
    attestable: bool
    few: bool


def _aspects(text: str) -> tuple[Aspect, ...]:
    """The aspects of a table.

    Each line: id and names; points, months, class; for one that deducts its severity and the months
    until a repair; `home` where it is not attestable, `few` where the smaller catalogues have it.
    """
    found = []
    for line in text.strip().splitlines():
        aspect_id, zh, en, rest = (part.strip() for part in line.split("|"))
        points, months, shown, *more = rest.split()
        flags = {word for word in more if word in ("home", "few")}
        severity, repair = [word for word in more if word not in flags] or ("", "0")
        found.append(
            Aspect(
                aspect_id=aspect_id,
                zh=zh,
                en=en,
                points=int(points),
                months=int(months),
                shown=shown,
                severity=severity,
                repair=int(repair),
                attestable="home" not in flags,
                few="few" in flags,
            )
        )
    return tuple(found)


HONOUR: Final = _aspects("""
national | 获评全国{zh} | named national {en} | 50 60 A few
provincial | 获评全省{zh} | named provincial {en} | 20 60 A few
city | 获评全市{zh} | named {en} of the city | 10 60 A few
district | 获评区县级{zh} | named {en} of a district | 5 36 A few
zone | 获评开发区{zh} | named {en} of a development zone | 5 36 A
township | 获评街道（乡镇）{zh} | named {en} of a township | 2 36 A
nominated | 获{zh}提名 | nominated as {en} | 1 36 A
thrice | 连续三年获评{zh} | named {en} three years running | 20 60 A
speaker | 参加{zh}先进事迹宣讲 | spoke in public as {en} | 2 36 A
""")
SERVICE: Final = _aspects("""
20-hours | {zh}满二十小时 | twenty hours of {en} | 1 36 B few
50-hours | {zh}满五十小时 | fifty hours of {en} | 2 36 B
100-hours | {zh}满一百小时 | a hundred hours of {en} | 5 36 B few
300-hours | {zh}满三百小时 | three hundred hours of {en} | 10 36 B
1000-hours | {zh}满一千小时 | a thousand hours of {en} | 20 60 B few
lead | {zh}骨干服务满一年 | a year of leading {en} | 5 36 B
outstanding | 获评{zh}优秀志愿者 | outstanding in {en} | 10 60 A
absent | 报名{zh}后三次无故缺席 | absent three times from {en} | -1 36 B minor 1 few
false-hours | 虚报{zh}时长 | false hours of {en} | -5 48 B ordinary 6
""")
BLOOD: Final = _aspects("""
first | 首次{zh} | first {en} | 2 36 B few
three | {zh}满三次 | three times {en} | 5 60 B few
five | {zh}满五次 | five times {en} | 10 60 B few
ten | {zh}满十次 | ten times {en} | 20 60 B few
twenty | {zh}满二十次 | twenty times {en} | 50 120 B
emergency | 参加应急{zh} | {en} in an emergency | 10 60 B
platelets | {zh}（成分献血） | {en} (platelets) | 5 60 B
stem-cells | 捐献造血干细胞 | donation of stem cells | 50 120 B
organs | 登记人体器官捐献志愿 | registered as a donor of organs | 5 120 D home
""")
USE: Final = _aspects("""
one-year | {zh}连续一年守约 | a year of {en} as agreed | 1 36 B few
three-years | {zh}连续三年守约 | three years of {en} as agreed | 2 60 B few
suggestion | 为{zh}提出建议被采纳 | a suggestion on {en} was adopted | 1 36 B
paid | {zh}费用连续两年按期缴清 | two years of paying for {en} in time | 2 36 B
overdue-month | {zh}逾期三十日以上 | {en}: overdue by a month | -1 36 B minor 0 few
overdue-year | {zh}逾期一年以上 | {en}: overdue by a year | -5 48 B ordinary 6 few
unpaid | {zh}费用经两次催告仍未缴清 | {en}: unpaid after two reminders | -2 36 B minor 3
passed-on | 转借、转让{zh}资格 | passed on the right to {en} | -5 48 B ordinary 3
impostor | 冒用他人身份办理{zh} | {en} in another person's name | -10 60 B serious 12
""")
TRADE: Final = _aspects("""
national | 获评全国优秀{zh} | outstanding {en} of the nation | 20 60 A
city | 获评全市优秀{zh} | outstanding {en} of the city | 5 60 A few
skills | {zh}职业技能竞赛获奖 | prize in a contest of skills as {en} | 5 36 A few
appraisal | {zh}连续五年考核优秀 | five years of excellent appraisal as {en} | 10 60 A
warned | {zh}违反执业规范受警告 | {en}: warned for a breach of duty | -2 36 B minor 3 few
fined | {zh}违反执业规范受罚款 | {en}: fined for a breach of duty | -5 48 B ordinary 6 few
pledge | {zh}违反行业诚信公约 | {en}: broke the pledge of the trade | -2 36 B ordinary 3
false-papers | {zh}提供虚假执业材料 | {en}: false papers | -20 60 A serious 24
""")
FAMILY: Final = _aspects("""
national | 获评全国{zh} | named national {en} | 20 60 C
provincial | 获评全省{zh} | named provincial {en} | 10 60 C few
city | 获评全市{zh} | named {en} of the city | 5 60 C few
district | 获评区县级{zh} | named {en} of a district | 2 36 C few
township | 获评街道（乡镇）{zh} | named {en} of a township | 1 36 C few
shared | 在社区分享{zh}经验 | shared experience as {en} | 1 36 C home
lesson | 参加{zh}公益课堂 | took part in lessons as {en} | 1 36 C home
revoked | {zh}称号被撤销 | title of {en} revoked | -5 36 C ordinary 6 home
""")
DUTY: Final = _aspects("""
praised | {zh}受社区表扬 | praised for {en} | 2 36 C home
mediated | {zh}纠纷经调解后履行 | {en} after mediation | 1 36 C home
helped | 帮助邻里履行{zh} | helped neighbours with {en} | 1 36 C home
course | 参加{zh}公益辅导 | took a course on {en} | 1 36 D home
complied | 按判决履行{zh} | {en} as a court ruled | 1 36 D home
reproached | 不履行{zh}经基层组织批评 | reproached for neglect of {en} | -2 24 D minor 3 home
warned | 因违反{zh}收到告诫书 | warned in writing for a breach of {en} | -5 48 D ordinary 6 home
restrained | 因违反{zh}被发人身保护令 | restrained for a breach of {en} | -20 60 D serious 24 home
refused | 拒不执行{zh}判决 | refused to obey a ruling on {en} | -20 60 C serious 12 home
""")
LAW: Final = _aspects("""
reported | 举报{zh}违法行为经查实 | {en}: reported a breach that was found | 5 36 C
assisted | 协助处置{zh}突发事件 | {en}: helped in an emergency | 5 36 B
three-years | 连续三年无{zh}违法记录 | {en}: three years without a breach | 2 36 B
warned | 违反{zh}规定受警告 | {en}: warned | -1 36 B minor 0
fine-small | 违反{zh}规定受小额罚款 | {en}: small fine | -2 36 B minor 3 few
fine-large | 违反{zh}规定受较大数额罚款 | {en}: large fine | -10 60 B ordinary 12 few
repeated | 一年内三次以上违反{zh}规定 | {en}: three breaches in a year | -10 48 B ordinary 9
refused | 拒不履行{zh}行政处罚决定 | {en}: refused to obey a decision | -20 60 B serious 24 few
fraud | 在{zh}事项中提供虚假材料 | {en}: false papers | -50 60 B serious 36 few
""")
PROMISE: Final = _aspects("""
kept | 履行{zh} | kept a {en} | 1 36 B home few
broken | 违背{zh} | broke a {en} | -2 36 B minor 3 home few
one-year | 连续一年履行全部{zh} | a year of keeping every {en} | 2 36 B home few
three-years | 连续三年履行全部{zh} | three years of keeping every {en} | 5 60 B home few
public | 公开作出{zh} | made a {en} in public | 1 36 B home
approval-kept | 容缺受理{zh}按期补齐材料 | {en} of missing papers kept | 1 36 B home
approval-late | 容缺受理{zh}逾期未补齐材料 | {en} of missing papers not kept | -2 36 B minor 3 home
repair | 信用修复{zh}履行完毕 | {en} of a repair fulfilled | 2 36 C home
false | 以虚假{zh}取得办理便利 | benefit by a false {en} | -10 60 B serious 12 home
""")
